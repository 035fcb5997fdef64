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
from tocsin.detection.rules.burn_rate import budgets
from tocsin.detection.rules.surprise import Numbers, Surprise, surprise
from tocsin.kernel.intervals import floor_to
from tocsin.observations.rules.model import DURATION_BINS, DURATION_EDGES_MS, Rollups

QUARTER_S = 900
SHOWN = timedelta(days=7)
BAR = 2.25
"""In usual worst deviations: on public telemetry about one false alarm in five series-weeks (bench/microsoft.py)."""
ONE_TIME = timedelta(hours=6)
"""What follows within six hours is the same time, told by its worst quarter of an hour."""
TRUST = 3.0
"""Practices open and close: the last half day says little of what is usual now (see `surprise`)."""
GRAIN: Mapping[str, float] = {"calls": 0.0, "latency": float(np.log(DURATION_EDGES_MS[1] / DURATION_EDGES_MS[0]))}
"""Durations are kept in steps of a quarter; a typical one that moves by a step has not moved."""
LEAST_CALLS = 20
"""Fewer answers have no typical duration."""

type Measure = Literal["calls", "latency"]


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
    """A quarter of an hour at the front that no way of expecting it explains; latency in milliseconds."""

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
            is_burning=any(burn.is_burning for burn in each.burns),
        )
        for name, each in found.items()
    }
    unusual = [each for service in pack.services for each in _of(service, history, pack.timezone, now)]
    return Lookback(now, accounts, tuple(sorted(unusual, key=lambda each: -each.at.timestamp())))


def _of(service: str, history: Rollups, timezone: str, now: datetime) -> Iterator[Unusual]:
    if service not in history.services or "front" not in history.vantages:
        return
    is_own = history.service == history.services.index(service)
    rows = np.flatnonzero(is_own & (history.vantage == history.vantages.index("front")))
    if rows.size == 0:
        return
    # The quarter that is not over yet would look like a fall.
    end_s = int(floor_to(now, timedelta(seconds=QUARTER_S)).timestamp())
    first_s = int(history.bucket_s[rows[0]]) // QUARTER_S * QUARTER_S
    at_s = np.arange(first_s, end_s, QUARTER_S)
    rows = rows[history.bucket_s[rows] < end_s]
    quarter = (history.bucket_s[rows] - first_s) // QUARTER_S
    calls = np.bincount(quarter, history.outcomes[rows].sum(axis=1), at_s.size)
    durations = np.zeros((at_s.size, DURATION_BINS))
    np.add.at(durations, quarter, history.durations[rows])
    local_s = _local(at_s, timezone)
    measured: dict[Measure, Numbers] = {"calls": calls, "latency": np.log(_typical_ms(durations))}
    for measure, values in measured.items():
        found = surprise(local_s, values, grain=GRAIN[measure], trust=TRUST)
        for index in _worst(found.score, at_s, since_s=(now - SHOWN).timestamp()):
            yield _unusual(
                service, measure, at_s=int(at_s[index]), value=float(values[index]), found=found, index=index
            )


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


def _worst(score: Numbers, at_s: NDArray[np.int64], *, since_s: float) -> Iterator[int]:
    left = np.flatnonzero((score > BAR) & (at_s >= since_s))
    while left.size:
        one = left[at_s[left] < at_s[left[0]] + ONE_TIME.total_seconds()]
        yield int(one[score[one].argmax()])
        left = left[one.size :]


def _unusual(service: str, measure: Measure, *, at_s: int, value: float, found: Surprise, index: int) -> Unusual:
    told = (value, float(found.low[index]), float(found.high[index]))
    shown = [float(np.exp(each)) for each in told] if measure == "latency" else [max(0.0, each) for each in told]
    value, low, high = (round(each, 1) for each in shown)
    moment = datetime.fromtimestamp(at_s, tz=UTC)
    return Unusual(service, measure, moment, value, low, high, round(float(found.score[index]), 2))
