"""Signals from synthetic checks: runs of failures, and answers that take several times as long as usual.

A single failed check means little (some fail once an hour). Two in a row confirm what others see; three carry a
verdict of their own.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median

import numpy as np

from tocsin.detection.rules.findings import Found, Key
from tocsin.detection.rules.model import Signal
from tocsin.detection.rules.scores import excess
from tocsin.observations.rules.model import Eye, ProbeResult

_LATEST = 5
_WINDOWS = (2, 3, 5)
_USUAL_FAILURES = 0.01
_PRIOR_CHECKS = 50.0
_BAR_CONFIRMING = 7.0
_BAR_LEADING = 11.0
_KEPT = 4
"""A signal lasts while one of the last four checks is bad: an overloaded service answers now and then."""
_LASTING_SHARE = 0.4
_SLOW_TIMES_USUAL = 2.0
_SLOWER_THAN_WORST = 1.3
"""Slow is twice the usual time and clearly beyond the slowest of the last half hour: a quick service's trouble shows
in milliseconds that a fixed limit would not see. It only ever confirms what another eye sees."""
_MIN_USUAL = 5
_FRESH = timedelta(minutes=5)
_KEPT_STRENGTH = 6.0
_SLOW_STRENGTH = 5.0


def probe_signals(
    results: Sequence[ProbeResult], *, services: Sequence[str], previous: Mapping[Key, Signal], now: datetime
) -> Iterator[Found]:
    """Yield a signal for each service whose checks fail, or are slow, in the order of the services given."""
    by_probe: dict[tuple[str, str], list[ProbeResult]] = {}
    for result in results:
        by_probe.setdefault((result.service, result.probe), []).append(result)
    ordered = dict.fromkeys((*services, *(service for service, _ in by_probe)))
    for service in ordered:
        mine = [found for (checked, _), found in by_probe.items() if checked == service]
        fresh = [found for found in mine if found[-1].at >= now - _FRESH]
        for judge, kind in ((_failing, "probe"), (_slow, "latency")):
            before = previous.get((service, Eye.PROBES, kind))  # type: ignore[arg-type]  # both are signal kinds
            signals = [signal for found in fresh if (signal := judge(found, before)) is not None]
            if signals:
                yield max(signals, key=lambda candidate: candidate.signal.strength)


def _failing(results: list[ProbeResult], before: Signal | None) -> Found | None:
    """Judge failures over the last two, three and five checks against the probe's own habit."""
    older = results[:-_LATEST]
    habit = (sum(not result.is_ok for result in older) + _USUAL_FAILURES * _PRIOR_CHECKS) / (len(older) + _PRIOR_CHECKS)
    habit = min(habit, _USUAL_FAILURES * 3) if before is None else _USUAL_FAILURES
    strength = _failure_score(results, habit)
    bad = [result for result in results[-_KEPT:] if not result.is_ok]
    if strength < _BAR_CONFIRMING and (before is None or not bad):
        return None
    share = sum(not result.is_ok for result in results[-_LATEST:]) / len(results[-_LATEST:])
    since = _first_of_run(results) if before is None else before.since
    signal = Signal(
        service=results[-1].service,
        eye=Eye.PROBES,
        kind="probe",
        strength=round(max(strength, _KEPT_STRENGTH), 3),
        observed=round(share, 5),
        expected=round(habit, 5),
        since=since,
    )
    return Found(signal, share, is_leading=strength >= _BAR_LEADING, is_lasting=share >= _LASTING_SHARE)


def _failure_score(results: list[ProbeResult], habit: float) -> float:
    """Return the best score over the latest windows; one failed check alone scores nothing."""
    bad = np.array([sum(not result.is_ok for result in results[-count:]) for count in _WINDOWS], float)
    if bad[-1] < _WINDOWS[0]:
        return 0.0
    done = np.array([min(count, len(results)) for count in _WINDOWS], float)
    return float(excess(bad, done, usual=np.asarray(habit), spread=np.asarray(0.0)).max())


def _first_of_run(results: list[ProbeResult]) -> datetime:
    """Return when the first of the latest failures was seen."""
    return next(result.at for result in results[-_LATEST:] if not result.is_ok)


def _slow(results: list[ProbeResult], before: Signal | None) -> Found | None:
    """Judge whether most of the last three answers took several times the probe's usual time."""
    usual_ms = before.expected if before is not None else _usual_ms(results)
    if usual_ms is None:
        return None
    limit_ms = usual_ms * _SLOW_TIMES_USUAL
    if before is None:
        limit_ms = max(limit_ms, _SLOWER_THAN_WORST * max(result.duration_ms for result in _older(results)))
    slow = [result for result in results[-_WINDOWS[1] :] if result.duration_ms > limit_ms]
    if len(slow) < (_WINDOWS[0] if before is None else 1):
        return None
    signal = Signal(
        service=results[-1].service,
        eye=Eye.PROBES,
        kind="latency",
        strength=_SLOW_STRENGTH * len(slow),
        observed=round(median(result.duration_ms for result in slow), 3),
        expected=usual_ms,
        since=slow[0].at if before is None else before.since,
    )
    return Found(signal, 0.0, is_leading=False, is_lasting=False)


def _usual_ms(results: list[ProbeResult]) -> float | None:
    older = [result.duration_ms for result in _older(results)]
    return round(median(older), 3) if len(older) >= _MIN_USUAL else None


def _older(results: list[ProbeResult]) -> list[ProbeResult]:
    return [result for result in results[: -_WINDOWS[1]] if result.is_ok]
