"""Signals from synthetic checks: results that speak for trouble, and answers that take longer than the probe's usual.

What failures are worth is `checking`'s, with each probe's own rates: how often it fails in calm, how often in
confirmed trouble. Of a good probe one failure confirms a little, two in a row clearly, three carry a verdict; of one
that fails every third time, none does. All probes look from one place as far as anybody knows: those of one service are
one witness (the strongest counts), and when nearly everything fails that is looked at, the place has lost its line, or
all of it is down, which other eyes will tell.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median

from tocsin.detection.rules.checking import course
from tocsin.detection.rules.credence import NOBODY_KNOWN, Credence, ProbeRecord
from tocsin.detection.rules.findings import Found, Key
from tocsin.detection.rules.model import Signal
from tocsin.observations.rules.model import Eye, ProbeResult

_LATEST = 5
_BAR_CONFIRMING = 4.0
_BAR_LEADING = 11.0
_LASTING_SHARE = 0.4
_SLOW_OF = 3
_SLOW_ENOUGH = 2
_SLOW_TIMES_USUAL = 2.0
_SLOWER_THAN_WORST = 1.3
"""Slow is twice the usual time and clearly beyond the slowest of the last half hour: a quick service's trouble shows
in milliseconds that a fixed limit would not see. It only ever confirms what another eye sees."""
_MIN_USUAL = 5
_FRESH = timedelta(minutes=5)
_SLOW_STRENGTH = 3.4
"""One answer in a hundred is that slow in calm, three in ten at least in trouble."""
_PLACE_SERVICES, _PLACE_SHARE = 4, 0.8
"""From so many services looked at, when so many of them just failed, it may be the place that is cut off."""

type History = list[ProbeResult]


def probe_signals(
    results: Sequence[ProbeResult],
    *,
    services: Sequence[str],
    previous: Mapping[Key, Signal],
    now: datetime,
    credence: Credence = NOBODY_KNOWN,
) -> Iterator[Found]:
    """Yield a signal for each service whose checks fail, or are slow, in the order of the services given."""
    fresh = _fresh(results, now)
    may_lead = not _is_cut_off(fresh)
    ordered = dict.fromkeys((*services, *(mine[-1].service for mine in fresh)))
    for service in ordered:
        mine = [history for history in fresh if history[-1].service == service]
        failing = previous.get((service, Eye.PROBES, "probe"))
        slow = previous.get((service, Eye.PROBES, "latency"))
        records = [credence.of_probe(history[-1].probe) for history in mine]
        of_each = zip(mine, records, strict=True)
        yield from _strongest([_failing(each, record, failing, may_lead=may_lead) for each, record in of_each])
        yield from _strongest([_slow(each, record, slow) for each, record in zip(mine, records, strict=True)])


def _strongest(signals: Sequence[Found | None]) -> Iterator[Found]:
    some = [signal for signal in signals if signal is not None]
    if some:
        yield max(some, key=lambda candidate: candidate.signal.strength)


def _fresh(results: Sequence[ProbeResult], now: datetime) -> list[History]:
    """Return each probe's results, oldest first, of those that looked lately."""
    by_probe: dict[tuple[str, str], History] = {}
    for result in results:
        if result.at <= now:
            by_probe.setdefault((result.service, result.probe), []).append(result)
    return [history for history in by_probe.values() if history[-1].at >= now - _FRESH]


def _is_cut_off(histories: Sequence[History]) -> bool:
    services = {history[-1].service for history in histories}
    failing = {history[-1].service for history in histories if not history[-1].is_ok}
    return len(services) >= _PLACE_SERVICES and len(failing) >= _PLACE_SHARE * len(services)


def _failing(results: History, record: ProbeRecord, before: Signal | None, *, may_lead: bool) -> Found | None:
    """Judge failures against the probe's own habits in calm and in trouble."""
    if all(result.is_ok for result in results):
        return None
    found = course([result.is_ok for result in results], record)
    if found.strength < _BAR_CONFIRMING:
        return None
    share = sum(not result.is_ok for result in results[-_LATEST:]) / len(results[-_LATEST:])
    signal = Signal(
        service=results[-1].service,
        eye=Eye.PROBES,
        kind="probe",
        strength=round(found.strength, 3),
        observed=round(share, 5),
        expected=round(record.calm.mean, 5),
        since=results[found.began].at if before is None else before.since,
    )
    is_leading = may_lead and found.strength >= _BAR_LEADING
    return Found(signal, share, is_leading=is_leading, is_lasting=may_lead and share >= _LASTING_SHARE)


def _slow(results: History, record: ProbeRecord, before: Signal | None) -> Found | None:
    """Judge whether most of the last three answers took far longer than the probe's usual time."""
    usual_ms = before.expected if before is not None else _usual_ms(results)
    if usual_ms is None:
        return None
    limit_ms = max(usual_ms * _SLOW_TIMES_USUAL, record.slow_ms or 0.0)
    if before is None:
        limit_ms = max(limit_ms, _SLOWER_THAN_WORST * max(result.duration_ms for result in _older(results)))
    slow = [result for result in results[-_SLOW_OF:] if result.duration_ms > limit_ms]
    if len(slow) < (_SLOW_ENOUGH if before is None else 1):
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


def _usual_ms(results: History) -> float | None:
    older = [result.duration_ms for result in _older(results)]
    return round(median(older), 3) if len(older) >= _MIN_USUAL else None


def _older(results: History) -> History:
    return [result for result in results[:-_SLOW_OF] if result.is_ok]
