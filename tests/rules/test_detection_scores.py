"""Scores, slices and what is usual."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry_world import START, World, no_profile, pack, profile, shifted, telemetry, watch
from tocsin.detection.rules.course import DAY_SLOTS, slot_of
from tocsin.detection.rules.profile import learn
from tocsin.detection.rules.scores import excess, likeness
from tocsin.detection.rules.slices import Grid, Slice, narrowed
from tocsin.detection.rules.tallies import Names
from tocsin.observations.rules.model import DURATION_BINS, Outcome, Rollups
from tocsin.observations.rules.rollup import five_minute_sums

SHARE = st.floats(0.001, 0.5)
CALLS = st.integers(1, 5000)


def number(value: float) -> np.ndarray:
    return np.asarray(float(value))


@given(CALLS, SHARE, st.floats(0, 1), st.floats(0, 0.05))
def test_an_excess_is_never_negative_and_only_above_the_usual(
    calls: int, usual: float, part: float, spread: float
) -> None:
    bad = round(calls * part)
    score = float(excess(number(bad), number(calls), usual=number(usual), spread=number(spread)))
    assert score >= 0
    assert score == 0 or bad / calls > usual


@given(CALLS, SHARE, st.integers(1, 5000))
def test_more_bad_calls_never_score_less(calls: int, usual: float, bad: int) -> None:
    bad = min(bad, calls)
    fewer, more = (
        float(excess(number(count), number(calls), usual=number(usual), spread=number(0))) for count in (bad - 1, bad)
    )
    assert more >= fewer - 1e-9


@given(CALLS, SHARE)
def test_calls_that_go_together_tell_less(calls: int, usual: float) -> None:
    apart, together = (
        float(excess(number(calls), number(calls), usual=number(usual), spread=number(spread))) for spread in (0, 0.01)
    )
    assert together <= apart


def test_nobody_calling_scores_nothing() -> None:
    assert float(excess(number(0), number(0), usual=number(0.1), spread=number(0))) == 0


def test_likeness_parts_the_hit_from_the_spared() -> None:
    calls = np.full(3, 100.0)
    ratio = likeness(np.array([60.0, 1.0, 35.0]), calls, usual=0.01, hit=0.6)
    assert [bool(value > 0) for value in ratio] == [True, False, True]


NAMES = Names(services=("s",), packages=("p1", "p2", "p3"), regions=("r1", "r2"))


def slice_of(bad: Sequence[Sequence[float]], calls: Sequence[Sequence[float]], previous: Slice | None = None) -> Slice:
    grid = Grid(np.array(bad), np.array(calls))
    found, part = narrowed(grid, usual=0.005, effect=0.06, names=NAMES, previous=previous or Slice())
    assert part.calls.sum() <= grid.calls.sum()
    return found


def test_everybody_hit_is_no_slice() -> None:
    assert slice_of([[20, 20], [25, 25], [22, 21]], [[50, 50], [50, 50], [50, 50]]) == Slice()


def test_a_package_hit_alone_is_named() -> None:
    assert slice_of([[20, 20], [0, 1], [0, 0]], [[50, 50], [80, 80], [80, 80]]) == Slice(packages=("p1",))


def test_a_region_hit_alone_is_named() -> None:
    assert slice_of([[20, 0], [20, 0], [20, 0]], [[50, 80], [50, 80], [50, 80]]) == Slice(regions=("r1",))


def test_one_package_in_one_region_is_named_as_both() -> None:
    found = slice_of([[30, 0], [0, 0], [0, 0]], [[50, 80], [80, 80], [80, 80]])
    assert found == Slice(packages=("p1",), regions=("r1",))


def test_those_of_whom_too_little_is_known_keep_their_place() -> None:
    bad, calls = [[20, 20], [0, 0], [1, 0]], [[50, 50], [100, 100], [3, 3]]
    assert slice_of(bad, calls).packages in {("p1",), ("p1", "p3")}
    assert slice_of(bad, calls, Slice(packages=("p1", "p3"))).packages == ("p1", "p3")


def test_a_few_spared_calls_do_not_make_a_slice() -> None:
    assert slice_of([[40, 40], [40, 40], [0, 0]], [[100, 100], [100, 100], [30, 30]]) == Slice()


def test_nothing_bad_is_no_slice() -> None:
    assert slice_of([[0, 0]] * 3, [[50, 50]] * 3) == Slice()


def test_usual_shares_are_learnt_and_the_rest_guessed() -> None:
    learnt, guessed = profile(), no_profile()
    place = (0, learnt.services.index("rx"))
    assert learnt.shares[place][Outcome.REJECTED] == pytest.approx(0.01, rel=0.15)
    assert learnt.shares[place].sum() == pytest.approx(1)
    assert bool(learnt.is_known[place])
    assert not guessed.is_known.any()
    assert guessed.shares[0, 0] == pytest.approx([0.984, 0.01, 0.004, 0.002])
    assert bool((guessed.slow_from_bin == DURATION_BINS).all())
    assert bool((guessed.rates == 0).all())


def test_services_come_in_pack_order_then_by_appearance() -> None:
    assert profile().services == tuple(pack().services)
    stranger = five_minute_sums(telemetry(World(minutes=5)))
    renamed = learn(_renamed(stranger, {"rx": "unheard-of"}), pack=pack())
    assert renamed.services == (*pack().services, "unheard-of")


def test_the_course_of_a_day_follows_the_clock_on_the_wall() -> None:
    local = datetime(2024, 3, 4, 0, 5, tzinfo=UTC)
    assert slot_of(local) == 1
    assert slot_of(local + timedelta(days=6)) == 6 * DAY_SLOTS + 1
    rates = profile().rates_over([START, START + timedelta(days=7)])
    place = profile().services.index("rx")
    assert rates[0, place, 0] == pytest.approx(0.6, rel=0.02)
    assert rates[0, place, 1] == rates[0, place, 0]


def _renamed(rollups: Rollups, names: dict[str, str]) -> Rollups:
    from dataclasses import replace

    return replace(rollups, services=tuple(names.get(name, name) for name in rollups.services))


def days_of(levels: list[float], *, bad_day: int | None = None) -> Rollups:
    """Build history from Monday 1 January 2024: one service, steady within each day."""
    begin = int(datetime(2023, 12, 31, 23, 0, tzinfo=UTC).timestamp())
    slots = np.arange(len(levels) * DAY_SLOTS)
    calls = np.rint(300 * np.array(levels)[slots // DAY_SLOTS]).astype(np.int64)
    share = np.where(slots // DAY_SLOTS == (bad_day if bad_day is not None else -1), 0.5, 0.01)
    errors = np.rint(calls * share).astype(np.int64)
    zero = np.zeros(slots.size, np.int16)
    durations = np.zeros((slots.size, DURATION_BINS), np.int32)
    durations[:, 20] = calls
    return Rollups(
        bucket_s=begin + slots * 300,
        vantage=zero,
        service=zero,
        package=zero,
        region=zero,
        outcomes=np.stack([calls - errors, calls * 0, errors, calls * 0], axis=1),
        durations=durations,
        services=("rx",),
        packages=("*",),
        regions=("*",),
    )


WEEK = [1.0, 1.0, 1.0, 1.0, 1.0, 0.2, 0.1]


def test_holidays_do_not_lower_what_a_working_day_brings() -> None:
    with_holiday = [*WEEK, 0.1, *WEEK[1:], *WEEK]
    learnt = learn(days_of(with_holiday), pack=pack())
    monday, saturday = (datetime(2024, 2, day, 9, 2, tzinfo=UTC) for day in (5, 10))
    place = learnt.services.index("rx")
    rates = learnt.rates_over([monday, saturday])[0, place]
    assert rates[0] == pytest.approx(1.0, rel=0.03)
    assert rates[1] == pytest.approx(0.2, rel=0.05)


def test_a_day_of_outage_is_not_usual() -> None:
    learnt = learn(days_of(WEEK * 3, bad_day=9), pack=pack())
    share = learnt.shares[0, learnt.services.index("rx"), Outcome.ERROR]
    assert share == pytest.approx(0.01, rel=0.1)


def test_summer_time_moves_the_course_with_the_people() -> None:
    history = days_of(WEEK * 2)
    summer = learn(shifted(history, timedelta(weeks=20) - timedelta(hours=1)), pack=pack())
    winter = learn(history, pack=pack())
    assert np.allclose(summer.rates, winter.rates)


def test_the_same_telemetry_gives_the_same_judgements() -> None:
    world = World(minutes=3)
    assert watch(world) == watch(world)
