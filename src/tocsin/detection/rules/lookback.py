"""A look back over past weeks, once a day: error budgets, and quarters of an hour unlike all others.

It raises no alarm. It is a second opinion, by other rules than those that do: what stands here and belongs to no
incident is worth a question, and so is an incident of which nothing stands here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.burn_rate import PAIRS, budgets
from tocsin.detection.rules.surprise import Numbers, Surprise, surprise
from tocsin.kernel.intervals import floor_to
from tocsin.observations.rules.model import DURATION_BINS, DURATION_EDGES_MS, Outcome, Rollups

QUARTER_S = 900
SHOWN = timedelta(days=7)
BAR = 3.0
"""In usual worst deviations; lower bars told of the simulator's calm nights."""
ONE_TIME = timedelta(hours=6)
"""What follows within six hours is the same time, told by its worst quarter of an hour."""
FAST = PAIRS[:2]
"""The slow pair says no more than what share is spent."""
TRUST = 3.0
"""Practices open and close: the last half day says little of what is usual now (see `surprise`)."""
LEAST_CALLS = 100
"""Fewer calls have neither a typical duration nor a share that fails."""

type Measure = Literal["failing", "latency"]
"""The number of calls is left to the week's profile: Sundays and holidays are unlike other days, and usual."""

GRAIN: Mapping[Measure, float] = {
    "failing": 0.01,
    "latency": float(np.log(DURATION_EDGES_MS[1] / DURATION_EDGES_MS[0])),
}
"""The least unit: a hundredth of the calls; and a step of the histogram, for durations are compared as ratios."""


@dataclass(frozen=True, slots=True)
class Account:
    """A function's error budget of four weeks: what was called, what failed and may fail, and the share of it spent."""

    service: str
    objective: float
    calls: int
    failed: int
    allowed: int
    spent_share: float
    is_burning: bool


@dataclass(frozen=True, slots=True)
class Unusual:
    """A quarter of an hour at the front that no way of expecting it explains; latency in milliseconds, else a share."""

    service: str
    measure: Measure
    at: datetime
    value: float
    low: float
    high: float
    score: float


@dataclass(frozen=True, slots=True)
class Lookback:
    """What the past weeks look like at a moment."""

    at: datetime
    accounts: Mapping[str, Account]
    unusual: tuple[Unusual, ...]


def lookback(history: Rollups, *, pack: Pack, now: datetime) -> Lookback:
    """Return each function's account and the unusual times of each service, latest first, ties in the pack's order."""
    found = budgets(history, tuple(pack.functions.values()), now=now)
    accounts = {
        name: Account(
            service=each.service,
            objective=each.objective,
            calls=each.calls,
            failed=each.failed,
            allowed=round(each.allowed),
            spent_share=each.spent_share,
            is_burning=any(burn.is_burning for burn in each.burns if burn.pair in FAST),
        )
        for name, each in found.items()
    }
    return Lookback(now, accounts, tuple(sorted(_all(history, pack, now), key=lambda each: -each.at.timestamp())))


def _all(history: Rollups, pack: Pack, now: datetime) -> Iterator[Unusual]:
    # The quarter that is not over yet is not looked at.
    end_s = int(floor_to(now, timedelta(seconds=QUARTER_S)).timestamp())
    is_front = np.array([name == "front" for name in history.vantages])[history.vantage] & (history.bucket_s < end_s)
    rows = np.flatnonzero(is_front)
    if rows.size == 0:
        return
    at_s = np.arange(int(history.bucket_s[rows].min()) // QUARTER_S * QUARTER_S, end_s, QUARTER_S)
    cell = history.service[rows] * np.int64(at_s.size) + (history.bucket_s[rows] - at_s[0]) // QUARTER_S
    shape = (len(history.services), at_s.size)
    outcomes = np.stack(
        [np.bincount(cell, each, shape[0] * shape[1]).reshape(shape) for each in history.outcomes[rows].T]
    )
    where, which = np.nonzero(history.durations[rows])
    durations = np.bincount(
        cell[where] * DURATION_BINS + which, history.durations[rows][where, which], shape[0] * shape[1] * DURATION_BINS
    ).reshape(*shape, DURATION_BINS)
    local_s = _local(at_s, pack.timezone)
    for name in (each for each in pack.services if each in history.services):
        index = history.services.index(name)
        failing, typical_ms = _failing(outcomes[:, index]), _typical_ms(durations[index])
        yield from _times(name, "failing", at_s=at_s, local_s=local_s, values=failing, now=now)
        yield from _times(name, "latency", at_s=at_s, local_s=local_s, values=np.log(typical_ms), now=now)


def _failing(outcomes: Numbers) -> Numbers:
    """Return the share of calls that were not answered well, not a number where too few called."""
    calls = outcomes.sum(axis=0)
    return np.where(calls >= LEAST_CALLS, 1.0 - outcomes[Outcome.OK] / np.maximum(calls, 1.0), np.nan)


def _local(at_s: NDArray[np.int64], timezone: str) -> Numbers:
    """Return the moments on the wall clock, so that a day's slots stay where people's days are."""
    zone = ZoneInfo(timezone)
    offsets = {day: datetime.fromtimestamp(day * 3600, tz=zone).utcoffset() or timedelta() for day in set(at_s // 3600)}
    shifted = at_s + np.array([offsets[hour].total_seconds() for hour in at_s // 3600])
    # The hour that comes twice in autumn must not run backwards.
    return np.asarray(np.maximum.accumulate(shifted), float)


def _typical_ms(durations: Numbers) -> Numbers:
    """Return the median of each histogram, not a number where too few answered."""
    total = durations.sum(axis=1)
    place = (durations.cumsum(axis=1) >= total[:, None] / 2.0).argmax(axis=1)
    edges = np.asarray(DURATION_EDGES_MS, float)
    return np.where(total >= LEAST_CALLS, edges[np.minimum(place, edges.size - 1)], np.nan)


def _times(
    service: str, measure: Measure, *, at_s: NDArray[np.int64], local_s: Numbers, values: Numbers, now: datetime
) -> Iterator[Unusual]:
    found = surprise(local_s, values, grain=GRAIN[measure], trust=TRUST)
    for index in _worst(found.score, at_s, since_s=(now - SHOWN).timestamp()):
        yield _unusual(service, measure, at_s=int(at_s[index]), value=float(values[index]), found=found, index=index)


def _worst(score: Numbers, at_s: NDArray[np.int64], *, since_s: float) -> Iterator[int]:
    left = np.flatnonzero((score > BAR) & (at_s >= since_s))
    while left.size:
        one = left[at_s[left] < at_s[left[0]] + ONE_TIME.total_seconds()]
        yield int(one[score[one].argmax()])
        left = left[one.size :]


def _unusual(service: str, measure: Measure, *, at_s: int, value: float, found: Surprise, index: int) -> Unusual:
    told = (value, float(found.low[index]), float(found.high[index]))
    shown = [float(np.exp(each)) for each in told] if measure == "latency" else [max(0.0, each) for each in told]
    value, low, high = (round(each, 4) for each in shown)
    moment = datetime.fromtimestamp(at_s, tz=UTC)
    return Unusual(service, measure, moment, value, low, high, round(float(found.score[index]), 2))
