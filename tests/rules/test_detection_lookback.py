"""The look back: budgets and unusual times, by other rules than those that raise alarms."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from situations import belgium
from tocsin.detection.rules.lookback import Lookback, lookback
from tocsin.observations.rules.model import DURATION_BINS, Rollups
from tocsin.observations.rules.rollup import empty

NOW = datetime(2020, 3, 31, 9, 7, tzinfo=UTC)
STEP_S = 300
DAYS = 21


def _history(*, service: str = "sts", vantage: str = "front") -> Rollups:
    """Return three weeks of five-minute sums of one service: more calls by day, the clocks changing on 29 March."""
    start = int((NOW - timedelta(days=DAYS)).timestamp()) // STEP_S * STEP_S
    bucket_s = np.arange(start, int(NOW.timestamp()), STEP_S, dtype=np.int64)
    random = np.random.default_rng(7)
    calls = random.poisson(300 + 200 * np.sin(bucket_s / 86_400 * 2 * np.pi))
    outcomes = np.zeros((bucket_s.size, 4), np.int64)
    outcomes[:, 0] = calls
    durations = np.zeros((bucket_s.size, DURATION_BINS), np.int32)
    durations[:, 20] = calls
    zeros = np.zeros(bucket_s.size, np.int16)
    return Rollups(
        bucket_s=bucket_s,
        vantage=np.full(bucket_s.size, ("front", "client").index(vantage), np.int16),
        service=zeros,
        package=zeros,
        region=zeros,
        outcomes=outcomes,
        durations=durations,
        services=(service,),
        packages=("*",),
        regions=("*",),
    )


def _within(history: Rollups, *, hours_ago: float, minutes: int = 30) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    begin = (NOW - timedelta(hours=hours_ago)).timestamp()
    return np.asarray((history.bucket_s >= begin) & (history.bucket_s < begin + 60 * minutes))


def _look(history: Rollups) -> Lookback:
    return lookback(history, pack=belgium(), now=NOW)


def test_calm_weeks_hold_nothing_unusual() -> None:
    assert _look(_history()).unusual == ()


def test_a_half_hour_of_failures_is_unusual_whatever_the_failure() -> None:
    history = _history()
    outcomes = history.outcomes.copy()
    late = _within(history, hours_ago=20)
    outcomes[late, 1] = outcomes[late, 0] // 2
    outcomes[late, 0] -= outcomes[late, 1]
    (found,) = _look(replace(history, outcomes=outcomes)).unusual
    assert (found.service, found.measure) == ("sts", "failing")
    assert found.value == pytest.approx(0.5, abs=0.01)
    assert 0 <= found.low <= found.high < 0.05
    assert NOW - timedelta(hours=20, minutes=15) <= found.at <= NOW - timedelta(hours=19, minutes=30)


def test_a_quiet_sunday_is_no_news() -> None:
    history = _history()
    is_sunday = (history.bucket_s // 86_400 + 3) % 7 == 6
    outcomes, durations = history.outcomes.copy(), history.durations.copy()
    outcomes[is_sunday] //= 5
    durations[is_sunday] //= 5
    assert _look(replace(history, outcomes=outcomes, durations=durations)).unusual == ()


def test_slow_answers_are_unusual_and_two_times_are_told_latest_first() -> None:
    history = _history()
    durations = history.durations.copy()
    for hours_ago in (50.0, 20.0):
        late = _within(history, hours_ago=hours_ago)
        durations[late, 40] = durations[late, 20]
        durations[late, 20] = 0
    found = _look(replace(history, durations=durations)).unusual
    assert [each.measure for each in found] == ["latency", "latency"]
    assert found[0].at > found[1].at


def test_what_lasts_hours_is_told_once() -> None:
    history = _history()
    outcomes = history.outcomes.copy()
    outcomes[_within(history, hours_ago=24, minutes=240), 3] = 100
    assert len(_look(replace(history, outcomes=outcomes)).unusual) == 1


def test_what_is_older_than_a_week_is_not_told() -> None:
    history = _history()
    outcomes = history.outcomes.copy()
    outcomes[_within(history, hours_ago=24 * 9), 3] = 100
    assert _look(replace(history, outcomes=outcomes)).unusual == ()


def test_the_budget_stands_for_each_function_whose_service_was_called() -> None:
    history = _history()
    outcomes = history.outcomes.copy()
    outcomes[:, 2] = 1
    account = _look(replace(history, outcomes=outcomes)).accounts["open_session"]
    assert account.service == "sts"
    assert account.failed == len(history)
    assert account.spent_share == pytest.approx(account.failed / (account.calls * 0.001))


@pytest.mark.parametrize(
    "history",
    [
        pytest.param(empty(), id="no history"),
        pytest.param(_history(vantage="client"), id="only clients saw it"),
        pytest.param(_history(service="unheard-of"), id="a service that the pack does not know"),
        pytest.param(replace(empty(), vantages=("client",), services=("sts",)), id="no front at all"),
        pytest.param(replace(empty(), services=("sts",)), id="a name without a row"),
    ],
)
def test_without_anything_to_go_by_nothing_is_said(history: Rollups) -> None:
    found = _look(history)
    assert (found.accounts, found.unusual) == ({}, ())
