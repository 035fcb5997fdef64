"""What is usual: days of a class from days of their class, both clock changes, little history, spoilt history."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry_world import pack
from tocsin.catalog.rules.calendar import Calendar, Community, Span
from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.profile import Profile, learn
from tocsin.observations.rules.model import DURATION_BINS, Rollups

BRUSSELS = ZoneInfo("Europe/Brussels")
MONDAY = datetime(2024, 1, 8, tzinfo=BRUSSELS)
CHRISTMAS = Calendar(fixed=((12, 25), (1, 18)), eves=((12, 24), (1, 23)))
type Level = Callable[[datetime], float]


def history(
    level: Level, *, start: datetime = MONDAY, days: float = 28, services: tuple[str, ...] = ("rx",)
) -> Rollups:
    """Five-minute sums of services that get the same, so many calls a slot as the level of the local moment says."""
    begin = int(start.timestamp()) // 300 * 300
    at = begin + np.arange(int(days * 288)) * 300
    local = [datetime.fromtimestamp(int(one), tz=UTC).astimezone(BRUSSELS) for one in at]
    calls = np.repeat(np.rint([300 * level(one) for one in local]).astype(np.int64), len(services))
    rows = calls.size
    durations = np.zeros((rows, DURATION_BINS), np.int32)
    durations[:, 20] = calls
    zero = np.zeros(rows, np.int16)
    return Rollups(
        bucket_s=np.repeat(at, len(services)),
        vantage=zero,
        service=np.tile(np.arange(len(services)), at.size).astype(np.int16),
        package=zero,
        region=zero,
        outcomes=np.stack([calls, calls * 0, calls * 0, calls * 0], axis=1),
        durations=durations,
        services=services,
        packages=("*",),
        regions=("*",),
    )


def rate(profile: Profile, at: datetime, service: str = "rx") -> float:
    """Calls a second expected at the front."""
    return float(profile.rates_over([at.astimezone(UTC)])[0, profile.services.index(service), 0])


def with_calendar(calendar: Calendar) -> Pack:
    return replace(pack(), calendar=calendar)


def by_weekend(moment: datetime) -> float:
    return {5: 0.3, 6: 0.1}.get(moment.weekday(), 1.0)


def test_a_holiday_is_expected_like_a_sunday_until_one_was_seen() -> None:
    learnt = learn(history(by_weekend), pack=with_calendar(Calendar(fixed=((12, 25),))))
    assert rate(learnt, datetime(2024, 12, 25, 10, tzinfo=BRUSSELS)) == pytest.approx(0.1, rel=0.1)
    assert rate(learnt, datetime(2024, 12, 18, 10, tzinfo=BRUSSELS)) == pytest.approx(1.0, rel=0.05)


def test_a_holiday_teaches_about_holidays_and_of_nothing_else() -> None:
    def level(moment: datetime) -> float:
        return 0.5 if moment.date() == date(2024, 1, 18) else by_weekend(moment)

    learnt = learn(history(level), pack=with_calendar(CHRISTMAS))
    assert 0.2 < rate(learnt, datetime(2024, 12, 25, 10, tzinfo=BRUSSELS)) < 0.5
    assert rate(learnt, datetime(2024, 2, 8, 10, tzinfo=BRUSSELS)) == pytest.approx(1.0, rel=0.03)


def test_an_eve_ends_at_noon_and_is_learnt_from_earlier_eves() -> None:
    morning, afternoon = (datetime(2024, 12, 24, hour, 2, tzinfo=BRUSSELS) for hour in (10, 15))
    guessed = learn(history(by_weekend), pack=with_calendar(replace(CHRISTMAS, eves=((12, 24),))))
    assert rate(guessed, morning) == pytest.approx(1.0, rel=0.03)
    assert rate(guessed, afternoon) == pytest.approx(0.6, rel=0.05)

    def level(moment: datetime) -> float:
        return 0.2 if moment.date() == date(2024, 1, 23) and moment.hour >= 12 else by_weekend(moment)

    learnt = learn(history(level), pack=with_calendar(CHRISTMAS))
    assert rate(learnt, afternoon) < 0.5


def test_school_holidays_weigh_by_how_many_schools_are_closed() -> None:
    spans = (Span(date(2024, 2, 12), date(2024, 2, 18)),)
    some, every = (Calendar(communities={"c": Community("c", share, spans)}) for share in (0.4, 1.0))
    at = datetime(2024, 2, 14, 10, tzinfo=BRUSSELS)
    partly, wholly = (rate(learn(history(by_weekend), pack=with_calendar(one)), at) for one in (some, every))
    assert wholly < partly < 1.0


@pytest.mark.parametrize("change", [date(2024, 3, 31), date(2024, 10, 27)], ids=["spring", "autumn"])
def test_the_course_keeps_to_the_clock_on_the_wall_across_a_clock_change(change: date) -> None:
    def level(moment: datetime) -> float:
        return 2.0 if 8 <= moment.hour < 18 else 0.5

    monday = datetime.combine(change - timedelta(days=20), datetime.min.time(), BRUSSELS)
    learnt = learn(history(level, start=monday), pack=pack())
    days = (change - timedelta(days=1), change, change + timedelta(days=1))
    for day in days:
        at = [datetime.combine(day, datetime.min.time(), BRUSSELS).replace(hour=hour, minute=32) for hour in (6, 9, 20)]
        assert [rate(learnt, one) for one in at] == pytest.approx([0.5, 2.0, 0.5], rel=0.05)


def test_the_first_hour_is_enough_to_say_something_of_the_next() -> None:
    learnt = learn(history(lambda _: 1.0, start=MONDAY + timedelta(hours=10), days=1 / 24), pack=pack())
    assert bool(learnt.is_known[0, learnt.services.index("rx")])
    assert 0.4 < rate(learnt, MONDAY + timedelta(hours=11, minutes=10)) < 1.6
    assert rate(learnt, MONDAY + timedelta(hours=27)) < 0.3


def test_without_history_nothing_is_known_and_that_is_said() -> None:
    guessed = learn(history(lambda _: 1.0, days=0), pack=pack())
    assert not guessed.is_known.any()
    assert not guessed.rates_over([MONDAY]).any()


def test_a_past_outage_teaches_nothing_whether_it_was_known_or_not() -> None:
    begin, end = MONDAY + timedelta(days=8, hours=9), MONDAY + timedelta(days=8, hours=13)

    def level(moment: datetime) -> float:
        return 0.1 if begin <= moment < end else 1.0

    at = MONDAY + timedelta(days=29, hours=11)
    for spans in ((), ((begin, end),)):
        assert rate(learn(history(level), pack=pack(), troubled=spans), at) == pytest.approx(1.0, rel=0.03)


def test_the_last_weeks_teach_more_than_those_before() -> None:
    learnt = learn(history(lambda moment: 1.0 if moment < MONDAY + timedelta(days=21) else 1.4), pack=pack())
    assert rate(learnt, MONDAY + timedelta(days=29, hours=10)) > 1.0


def test_a_small_service_takes_its_shape_from_its_vantage() -> None:
    def level(moment: datetime) -> float:
        return 1.0 if 8 <= moment.hour < 18 else 0.1

    both = history(level, services=("rx", "disp"))
    small = np.where(both.service == 1, (np.arange(len(both)) // 2) % 7 == 0, both.outcomes[:, 0])
    thin = replace(both, outcomes=np.stack([small, small * 0, small * 0, small * 0], axis=1).astype(np.int64))
    learnt = learn(thin, pack=pack())
    day = [rate(learnt, MONDAY + timedelta(days=29, hours=10, minutes=5 * slot), "disp") for slot in range(24)]
    assert max(day) < 2 * min(day)


def test_hours_that_vary_more_are_expected_to() -> None:
    rng = np.random.default_rng(3)

    def level(moment: datetime) -> float:
        return float(rng.normal(1.0, 0.2 if moment.hour == 9 else 0.02))

    learnt = learn(history(level), pack=pack())
    place = (0, learnt.services.index("rx"))
    calm, wild = (learnt.rate_spread_at(MONDAY + timedelta(hours=hour))[place] for hour in (15, 9))
    assert wild > 3 * calm


def test_an_expectation_does_not_jump_from_one_five_minutes_to_the_next() -> None:
    learnt = learn(history(lambda moment: 0.5 + moment.hour / 24), pack=pack())
    edge = MONDAY + timedelta(days=29, hours=10)
    before, after = (rate(learnt, edge + timedelta(seconds=second)) for second in (-1, 1))
    assert before == pytest.approx(after, rel=0.01)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 500), min_size=1, max_size=40), st.integers(0, 6))
def test_whatever_the_history_expectations_are_finite_and_never_negative(counts: list[int], day: int) -> None:
    levels = iter(counts * 400)
    learnt = learn(history(lambda _: next(levels) / 300, days=len(counts) / 20), pack=with_calendar(CHRISTMAS))
    rates = learnt.rates_over([MONDAY + timedelta(days=day, hours=hour) for hour in range(24)])
    assert bool(np.isfinite(rates).all())
    assert bool((rates >= 0).all())
    assert bool((learnt.rate_spread > 0).all())
