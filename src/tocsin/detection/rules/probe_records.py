"""How often each probe fails when its service is well, and when it is in confirmed trouble: counted from past results.

A pass over the results in the order of time, one by one, because there are very many. What lies shortly before or after
a trouble counts for neither side: onsets are estimates, and services recover at different speeds.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import accumulate

from tocsin.detection.rules.credence import UNKNOWN_PROBE, ProbeRecord
from tocsin.detection.rules.past import Trouble
from tocsin.observations.rules.model import DURATION_EDGES_MS, ProbeResult

_MARGIN = timedelta(minutes=15)
_NEAR = timedelta(minutes=10)
"""Results further apart than this do not follow one another."""
_SLOW_QUANTILE = 0.99
_ENOUGH_DURATIONS = 500
_EDGES: tuple[float, ...] = tuple(float(edge) for edge in DURATION_EDGES_MS)


@dataclass(slots=True)
class _Count:
    """Of one probe: [good, failed] in calm after a success, in calm after a failure, and in trouble; good durations."""

    calm: list[int] = field(default_factory=lambda: [0, 0])
    again: list[int] = field(default_factory=lambda: [0, 0])
    hit: list[int] = field(default_factory=lambda: [0, 0])
    durations: list[int] = field(default_factory=lambda: [0] * (len(_EDGES) + 1))
    last: ProbeResult | None = None

    def record(self) -> ProbeRecord:
        usual = UNKNOWN_PROBE
        return ProbeRecord(
            calm=usual.calm.seen(self.calm[1], self.calm[0]),
            again=usual.again.seen(self.again[1], self.again[0]),
            hit=usual.hit.seen(self.hit[1], self.hit[0]),
            slow_ms=self._slow_ms(),
        )

    def _slow_ms(self) -> float | None:
        total = sum(self.durations)
        if total < _ENOUGH_DURATIONS:
            return None
        place = next(at for at, reached in enumerate(accumulate(self.durations)) if reached >= _SLOW_QUANTILE * total)
        return _EDGES[min(place, len(_EDGES) - 1)]


def probe_records(checks: Iterable[ProbeResult], troubles: Sequence[Trouble]) -> dict[str, ProbeRecord]:
    """Return each probe's record; `checks` in the order of time."""
    counts: dict[str, _Count] = {}
    for check in checks:
        count = counts.setdefault(check.probe, _Count())
        _count(count, check, troubles)
        count.last = check
    return {probe: count.record() for probe, count in counts.items()}


def _count(count: _Count, check: ProbeResult, troubles: Sequence[Trouble]) -> None:
    own = [trouble for trouble in troubles if check.service in trouble.services]
    if any(trouble.began <= check.at <= trouble.ended for trouble in own):
        count.hit[not check.is_ok] += 1
    elif not any(trouble.began - _MARGIN <= check.at <= trouble.ended + _MARGIN for trouble in own):
        follows = count.last is not None and check.at - count.last.at <= _NEAR
        after_failure = follows and count.last is not None and not count.last.is_ok
        (count.again if after_failure else count.calm)[not check.is_ok] += 1
        if check.is_ok:
            count.durations[bisect_right(_EDGES, check.duration_ms)] += 1
