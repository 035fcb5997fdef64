"""How each service ran, minute by minute, over the look-back window: for graded health and for the plots.

A service that raised no signal is not thereby well: a signal waits until it is sure. How far its failing share has
left its own level of the minutes before the onset says how well it can be cleared. The onset is an estimate, so the
minutes around it count for neither side.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.rules.model import Signal
from tocsin.diagnosis.rules.deviation import SURPRISING, Floats, Measures, excess, onsets, usual
from tocsin.diagnosis.rules.model import Course
from tocsin.observations.rules.model import DURATION_EDGES_MS, VANTAGES, Outcome, Rollups

STEP_S = 60
STEPS = 30
"""Half-hour of minutes: what the look-back window holds."""

LEAST_BEFORE = 3
"""Fewer minutes before the onset than this say nothing of what is usual."""

_MIDDLE_S: Floats = np.sqrt(DURATION_EDGES_MS[:-1] * DURATION_EDGES_MS[1:]) / 1000.0


def first_step_at(now: datetime) -> datetime:
    """Return when the first of the steps began: whole minutes, the last of them ending at or just after `now`."""
    end_s = -(-int(now.timestamp()) // STEP_S) * STEP_S
    return datetime.fromtimestamp(end_s - STEPS * STEP_S, UTC)


def measured(rollups: Rollups, services: Sequence[str], *, now: datetime, with_durations: bool = False) -> Measures:
    """Return what was measured of the services: rows are vantage by vantage the services in their order.

    Unknown services and empty minutes are NaN. Durations are left out (NaN) unless asked for: they cost the most.
    """
    start_s = int(first_step_at(now).timestamp())
    rows, cells = _cells(rollups, services, start_s=start_s)
    size = len(VANTAGES) * len(services) * STEPS
    # Column by column: summing over a short last axis is many times slower.
    ok, rejected, error, timeout = (rollups.outcomes[rows, outcome] for outcome in Outcome)
    not_ok = rejected + error + timeout
    calls = np.bincount(cells, weights=ok + not_ok, minlength=size)
    failed = np.bincount(cells, weights=not_ok, minlength=size)
    seconds = np.full(size, np.nan)
    if with_durations:
        histograms = rollups.durations[rows]
        answered = np.bincount(cells, weights=histograms.sum(axis=1), minlength=size)
        took = np.bincount(cells, weights=histograms @ _MIDDLE_S, minlength=size)
        seconds = _ratio(took, answered)
    shape = (len(VANTAGES) * len(services), STEPS)
    return Measures(calls.reshape(shape), _ratio(failed, calls).reshape(shape), seconds.reshape(shape))


def unease(rollups: Rollups, services: Sequence[str], *, onset: datetime, now: datetime) -> dict[str, float]:
    """Return for each service how far it can not be called well (0..1), by its failing share since the onset.

    Each eye is taken for itself and the worse one counts; where too little was seen before the onset, it is 0.
    """
    noticed = int((onset - first_step_at(now)).total_seconds() // STEP_S)
    if not services or noticed - 1 < LEAST_BEFORE:
        return {}
    now_measured = measured(rollups, services, now=now)
    before = _first(now_measured, noticed - 1)
    known = usual(before, "failing")
    worst = np.zeros(len(VANTAGES) * len(services))
    for step in onsets(min(noticed, STEPS - 1), steps=STEPS):
        found = excess(now_measured, known, "failing", onset=step, span=STEPS).surprise
        worst = np.fmax(worst, np.where(np.isfinite(found), found, 0.0))
    worse = worst.reshape(len(VANTAGES), len(services)).max(axis=0)
    squared = worse**2
    return {name: float(value) for name, value in zip(services, squared / (squared + SURPRISING**2), strict=True)}


def courses(
    rollups: Rollups, services: Sequence[str], *, onset: datetime, now: datetime, worst: Mapping[str, Signal]
) -> tuple[Course, ...]:
    """Return the course of each service that was measured: deviations from its own usual before the onset.

    A service's measure is the one in which its worst signal shows (`worst`, failing calls where it has none), seen by
    that signal's eye.
    """
    # How long answers took is read only where that is what is wrong, for it costs the most.
    slow = [name for name in services if name in worst and worst[name].kind == "latency"]
    others = [name for name in services if name not in slow]
    noticed = int((onset - first_step_at(now)).total_seconds() // STEP_S)
    before = max(LEAST_BEFORE, min(noticed - 1, STEPS))
    found: dict[str, Course | None] = {}
    for group in filter(None, (others, slow)):
        seen = measured(rollups, group, now=now, with_durations=group is slow)
        for index, name in enumerate(group):
            row = _row(name, index, len(group), worst)
            found[name] = _course(name, seen, row, worst.get(name), before=before, now=now)
    return tuple(course for name in services if (course := found[name]) is not None)


def _row(name: str, index: int, count: int, worst: Mapping[str, Signal]) -> int:
    signal = worst.get(name)
    eye = VANTAGES.index(signal.eye) if signal is not None and signal.eye in VANTAGES else 0
    return eye * count + index


def _course(name: str, seen: Measures, row: int, signal: Signal | None, *, before: int, now: datetime) -> Course | None:
    kind = signal.kind if signal is not None else "errors"
    values = {"latency": seen.seconds, "volume": -seen.calls}.get(kind, seen.failing)[row]
    calm = values[:before][np.isfinite(values[:before])]
    if not len(calm):
        return None
    level = float(np.median(calm))
    spread = 1.4826 * float(np.median(np.abs(calm - level)))
    least = 0.01 if kind not in {"latency", "volume"} else 0.1 * abs(level)
    deviations = (values - level) / max(spread, least, 1e-12)
    listed = tuple(round(float(value), 1) if np.isfinite(value) else None for value in deviations)
    return Course(name, first_step_at(now), listed)


def _cells(rollups: Rollups, services: Sequence[str], *, start_s: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows that count, and the cell [vantage, service, step] of each."""
    known = {name: index for index, name in enumerate(services)}
    place = np.array([known.get(name, -1) for name in rollups.services] or [-1], np.int64)
    eyes = [eye.value for eye in VANTAGES]
    eye = np.array([eyes.index(name) if name in eyes else -1 for name in rollups.vantages] or [-1], np.int64)
    first, last = np.searchsorted(rollups.bucket_s, [start_s, start_s + STEPS * STEP_S])
    is_asked = (place >= 0)[rollups.service[first:last]]
    if (eye < 0).any():
        is_asked &= (eye >= 0)[rollups.vantage[first:last]]
    rows = first + np.flatnonzero(is_asked)
    step = (rollups.bucket_s[rows] - start_s) // STEP_S
    return rows, (eye[rollups.vantage[rows]] * len(services) + place[rollups.service[rows]]) * STEPS + step


def _ratio(part: Floats, whole: Floats) -> Floats:
    ratio: Floats = np.where(whole > 0, part / np.maximum(whole, 1e-12), np.nan)
    return ratio


def _first(seen: Measures, steps: int) -> Measures:
    return Measures(seen.calls[:, :steps], seen.failing[:, :steps], seen.seconds[:, :steps])


def recently_called(rollups: Rollups, *, since: datetime) -> frozenset[str]:
    """Return the services that were called since a moment."""
    first = int(np.searchsorted(rollups.bucket_s, since.timestamp()))
    counts = np.bincount(rollups.service[first:].astype(np.int64), minlength=len(rollups.services))
    return frozenset(name for name, count in zip(rollups.services, counts.tolist(), strict=False) if count)
