"""How many calls there would be at each moment if nothing were wrong: the course of the week, the day's level, swings.

Two things vary beyond chance: everybody at once (the weather of a minute) and each function by itself.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from tocsin.rehearsal.rules.world import Demand, World

type Numbers = NDArray[np.float64]

SLOT_S = 10
WEATHER, OWN_WEATHER = 0.045, 0.03
"""Standard deviation of a minute's level, common and of each function: about what the recordings show."""
DAY_LEVEL = 0.1
MONDAY, SATURDAY, SUNDAY = 0, 5, 6


@dataclass(frozen=True, slots=True)
class Swing:
    """A change of demand with nothing wrong: a strike, a wave of flu; `factor` at full size, reached over `ramp_s`."""

    factor: float
    start_s: float
    end_s: float
    ramp_s: float = 1200.0
    audiences: tuple[str, ...] | None = None


def usual_rate(demand: Demand, at: datetime, *, world: World, holidays: frozenset[date]) -> float:
    """Return the national calls a second of a function at a moment, without any chance."""
    local = at.astimezone(ZoneInfo(world.pack.timezone))
    hour = local.hour + local.minute / 60.0 + local.second / 3600.0 - 0.5
    before = int(np.floor(hour))
    share = hour - before
    course = demand.course[before % 24] * (1.0 - share) + demand.course[(before + 1) % 24] * share
    return float(demand.calls_a_day * course / 3600.0 * _day_factor(demand, local.date(), world, holidays))


def _day_factor(demand: Demand, day: date, world: World, holidays: frozenset[date]) -> float:
    if day in holidays:
        return world.holiday
    if day.weekday() == SUNDAY:
        return demand.sunday
    if day.weekday() == SATURDAY:
        return demand.saturday
    return world.monday if day.weekday() == MONDAY else 1.0


def slot_rates(
    world: World, *, start: datetime, slots: int, level: float, holidays: frozenset[date], rng: np.random.Generator
) -> Numbers:
    """Return the national calls a slot, [function, slot], with the weather in them."""
    minutes = slots * SLOT_S // 60 + 2
    usual = np.array(
        [
            [
                usual_rate(each, start + timedelta(minutes=number), world=world, holidays=holidays)
                for number in range(minutes)
            ]
            for each in world.demands
        ]
    )
    common = rng.normal(0.0, WEATHER, minutes)
    own = rng.normal(0.0, OWN_WEATHER, usual.shape)
    rates = usual * np.exp(common + own) * level * SLOT_S
    return np.asarray(np.repeat(rates, 60 // SLOT_S, axis=1)[:, :slots])


def swing_factors(swings: tuple[Swing, ...], world: World, slots: int) -> Numbers:
    """Return by how much demand is moved, [package, slot]."""
    seconds = np.arange(slots) * float(SLOT_S)
    factors = np.ones((len(world.packages), slots))
    for swing in swings:
        grown = np.clip((seconds - swing.start_s) / max(swing.ramp_s, 1.0), 0.0, 1.0)
        shrunk = np.clip((swing.end_s - seconds) / max(swing.ramp_s, 1.0), 0.0, 1.0)
        moved = swing.factor ** np.minimum(grown, shrunk)
        for place, audience in enumerate(world.audiences):
            if swing.audiences is None or audience in swing.audiences:
                factors[place] *= moved
    return factors
