"""Since when is it good again? Read back from the minutes that are known to be good.

Detection says with some delay that the trouble is over: its windows must empty first. Once it has, the last minutes
are good by its word, and the good run reaches back as far as minutes look like them: no more failed calls, not
clearly fewer calls, not clearly slower answers, at any of the services concerned. No baseline is needed.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from tocsin.observations.rules.model import DURATION_BINS, Outcome, Rollups

MINUTE_S = 60
PRESENT = 3
"""So many minutes, the last ones, show what good looks like now."""

FURTHEST = 12
"""No good run is read back further: two intervals, and a little for the reading."""

ENOUGH_CALLS = 5.0
"""A minute with fewer calls says nothing, for or against."""

SURPRISE = 3.0
FLOOR = 0.02
"""A minute's failing share may exceed the present one by three standard deviations and two in a hundred."""

FEWER = 0.7
CALLS_SURPRISE = 2.0
"""Below this share of the present calls, less two standard deviations, a minute still lacked some."""

SLOWER_BINS = 2.0
"""Histogram bins, each 28 % wider than the last, by which a minute's typical answer may be slower."""

type Numbers = NDArray[np.float64]


def good_run_start(
    rollups: Rollups, services: Collection[str], *, now: datetime, only_calls: bool = False
) -> datetime | None:
    """Return since when the services' minutes look like the present ones; None when nothing can be read.

    With `only_calls` it is looked at calls alone: while more and more come back, what looked like enough was not.
    """
    runs = [
        run
        for vantage in range(len(rollups.vantages))
        for service in services
        if (run := _good_minutes(rollups, vantage, service, now, only_calls=only_calls)) is not None
    ]
    return now - timedelta(seconds=MINUTE_S * min(runs)) if runs else None


def _good_minutes(rollups: Rollups, vantage: int, service: str, now: datetime, *, only_calls: bool) -> int | None:
    if service not in rollups.services:
        return None
    mine = (rollups.vantage == vantage) & (rollups.service == rollups.services.index(service))
    age = (int(now.timestamp()) - 1 - rollups.bucket_s) // MINUTE_S
    mine &= (age >= 0) & (age < FURTHEST)
    calls, failed, slowness = _by_minute(rollups, mine, age)
    if calls[:PRESENT].sum() < ENOUGH_CALLS:
        return None
    bad = _lacks_calls(calls)
    if not only_calls:
        bad |= _answers_worse(calls, failed, slowness)
    # The present is good by detection's word.
    bad[:PRESENT] = False
    return int(np.argmax(bad)) if bad.any() else FURTHEST


def _by_minute(rollups: Rollups, mine: NDArray[np.bool_], age: NDArray[np.int64]) -> tuple[Numbers, Numbers, Numbers]:
    outcomes, minutes = rollups.outcomes[mine], age[mine]
    histogram = rollups.durations[mine].sum(axis=1)
    place = rollups.durations[mine] @ np.arange(DURATION_BINS)
    calls, failed, timed, places = (
        np.bincount(minutes, weights=weights, minlength=FURTHEST)
        for weights in (outcomes.sum(axis=1), outcomes.sum(axis=1) - outcomes[:, Outcome.OK], histogram, place)
    )
    return calls, failed, places / np.maximum(timed, 1.0)


def _lacks_calls(calls: Numbers) -> NDArray[np.bool_]:
    present = calls[:PRESENT].mean()
    return np.asarray(calls < FEWER * present - CALLS_SURPRISE * np.sqrt(present), bool)


def _answers_worse(calls: Numbers, failed: Numbers, slowness: Numbers) -> NDArray[np.bool_]:
    usual_share = failed[:PRESENT].sum() / calls[:PRESENT].sum()
    share = failed / np.maximum(calls, 1.0)
    chance = np.sqrt(max(usual_share, FLOOR) * (1.0 - usual_share) / np.maximum(calls, 1.0))
    is_failing = share > usual_share + FLOOR + SURPRISE * chance
    is_slow = slowness > slowness[:PRESENT].mean() + SLOWER_BINS
    return np.asarray((is_failing | is_slow) & (calls >= ENOUGH_CALLS), bool)
