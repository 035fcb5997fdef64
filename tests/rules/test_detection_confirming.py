"""A slow probe of a service further down confirms what another eye sees there, and never says anything alone."""

from datetime import timedelta

from situations import NOW, belgium
from tocsin.detection.rules.findings import Found
from tocsin.detection.rules.model import Signal, SignalKind
from tocsin.detection.rules.probing import probe_signals
from tocsin.detection.rules.reach import Reach
from tocsin.observations.rules.model import Eye, ProbeResult


def answers(*latest_ms: float) -> list[ProbeResult]:
    """A quick service's probe: half an hour at 20 ms, then these."""
    durations = (*(20.0 + minute % 5 for minute in range(27)), *latest_ms)
    start = NOW - timedelta(minutes=len(durations))
    return [
        ProbeResult(
            start + timedelta(minutes=minute), "p-access", "access", None, is_ok=True, duration_ms=duration, detail=""
        )
        for minute, duration in enumerate(durations)
    ]


def slow(*latest_ms: float) -> list[Found]:
    return list(probe_signals(answers(*latest_ms), services=("access",), previous={}, now=NOW))


def test_a_quick_service_that_takes_thrice_its_time_is_slow() -> None:
    (found,) = slow(36.0, 53.0, 61.0)
    assert (found.signal.kind, found.signal.eye, found.is_leading) == ("latency", Eye.PROBES, False)


def test_one_slow_answer_or_slightly_slow_ones_are_not() -> None:
    assert slow(20.0, 20.0, 90.0) == []
    assert slow(30.0, 31.0, 30.0) == []


def found(eye: Eye, kind: SignalKind, *, is_leading: bool) -> Found:
    return Found(Signal("access", eye, kind, 20.0, 0.3, 0.01, NOW), 0.3, is_leading=is_leading)


def test_it_confirms_for_functions_that_need_the_service_only_through_others() -> None:
    reach, pack = Reach.of(belgium()), belgium()
    front = found(Eye.FRONT, "rejected", is_leading=True)
    probe = found(Eye.PROBES, "latency", is_leading=False)
    assert reach.telling(pack.functions["dispense"], "pharmacist", [front, probe]) == [front, probe]
    assert reach.telling(pack.functions["dispense"], "pharmacist", [probe]) == []
