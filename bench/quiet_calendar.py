"""Three years in which nothing breaks, and much is unusual: holidays, bridge days, strikes, flu, steps of the level.

Each day is a plan for the simulator; whoever is not at work, or at work twice, is drawn from the calendar, the rest
from the day's own seed.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np

from tocsin.rehearsal.rules.demand import Swing
from tocsin.rehearsal.rules.plan import Flood, Plan

FIRST = date(2021, 1, 1)
EASTER = {2021: date(2021, 4, 4), 2022: date(2022, 4, 17), 2023: date(2023, 4, 9)}
FIXED = ((1, 1), (5, 1), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25))
AFTER_EASTER = (1, 39, 50)
LEAD_MIN = 40
"""Before each day, so that no window of the first tick is empty."""
FRIDAY = 4
STRIKES = {
    date(2021, 3, 16): (0.35, ("doctor",)),
    date(2021, 10, 5): (0.25, ("pharmacist",)),
    date(2022, 2, 8): (0.4, ("nurse",)),
    date(2022, 6, 20): (0.55, None),
    date(2022, 11, 9): (0.45, None),
    date(2023, 3, 10): (0.3, ("doctor", "dentist")),
    date(2023, 10, 17): (0.5, ("pharmacist", "hospital")),
}
LEVEL_STEPS = ((date(2021, 5, 3), 1.12), (date(2022, 1, 10), 0.85), (date(2022, 9, 5), 1.2), (date(2023, 6, 1), 0.9))
FLOODS = (date(2021, 6, 9), date(2022, 3, 23), date(2022, 12, 1), date(2023, 9, 14))
LIARS = (date(2021, 9, 21), date(2022, 5, 11), date(2023, 2, 16))


def holidays() -> frozenset[date]:
    """Return the public holidays of the three years."""
    fixed = {date(year, month, day) for year in EASTER for month, day in FIXED}
    return frozenset(fixed | {day + timedelta(days=later) for day in EASTER.values() for later in AFTER_EASTER})


def days(years: int) -> Iterator[date]:
    """Return the days of so many years."""
    day = FIRST
    while day.year < FIRST.year + years:
        yield day
        day += timedelta(days=1)


def plan_of_day(day: date, *, volume_scale: float) -> Plan:
    """Return the plan of a day, with the time before it that its first tick looks back upon."""
    seed = 50_000_000 + day.toordinal()
    rng = np.random.default_rng(seed)
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(minutes=LEAD_MIN)
    return Plan(
        id=day.isoformat(),
        title="A day on which nothing breaks",
        start=start,
        minutes=24 * 60 + LEAD_MIN,
        seed=seed,
        swings=tuple(_swings(day, rng)),
        floods=tuple(_floods(day, rng)),
        holidays=holidays(),
        liar=("recipe", "recipe_executor") if day in LIARS else None,
        volume_scale=volume_scale,
        level=_level(day) * float(np.exp(rng.normal(0.0, 0.1))),
    )


def _level(day: date) -> float:
    level = 1.0
    for since, factor in LEVEL_STEPS:
        level *= factor if day >= since else 1.0
    if day.month in {7, 8}:
        level *= 0.82
    return level * (0.6 if _is_bridge(day) else 1.0)


def _is_bridge(day: date) -> bool:
    return day.weekday() == FRIDAY and day - timedelta(days=1) in holidays()


def _swings(day: date, rng: np.random.Generator) -> Iterator[Swing]:
    hour_s = 3600.0
    if day in STRIKES:
        factor, audiences = STRIKES[day]
        begins_s = (float(rng.uniform(5.0, 9.0)) + LEAD_MIN / 60.0) * hour_s
        yield Swing(factor, begins_s, begins_s + 10.0 * hour_s, ramp_s=900.0, audiences=audiences)
    if day.month in {1, 2} and day.day % 28 > 9:  # noqa: PLR2004  # the weeks of the flu
        begins_s = float(rng.uniform(5.5, 8.5)) * hour_s
        yield Swing(
            float(rng.uniform(1.2, 1.7)),
            begins_s,
            begins_s + 9.0 * hour_s,
            ramp_s=3600.0,
            audiences=("doctor", "pharmacist"),
        )
    if rng.random() < 0.05:  # noqa: PLR2004  # now and then everybody stops for half an hour, or comes at once
        begins_s = float(rng.uniform(7.0, 17.0)) * hour_s
        yield Swing(float(rng.choice([0.6, 1.5])), begins_s, begins_s + 1800.0, ramp_s=600.0)


def _floods(day: date, rng: np.random.Generator) -> Iterator[Flood]:
    if day in FLOODS:
        at_s = float(rng.uniform(8.0, 16.0)) * 3600.0
        yield Flood("prescribe", at_s, members=3, reports=40, package="gp-a")
