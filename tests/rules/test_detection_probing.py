"""What checks come to: a good probe is soon believed, one that flaps or is stuck hardly ever, a place cut off never."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry_world import minute, pack
from tocsin.detection.rules.checking import course
from tocsin.detection.rules.credence import NOBODY_KNOWN, Beta, Credence, ProbeRecord
from tocsin.detection.rules.findings import Found
from tocsin.detection.rules.model import Signal
from tocsin.detection.rules.past import Trouble
from tocsin.detection.rules.probe_records import probe_records
from tocsin.detection.rules.probing import probe_signals
from tocsin.observations.rules.model import Eye, ProbeResult

NOW = minute(30)
FLAPPING = ProbeRecord(calm=Beta(300.0, 700.0), again=Beta(130.0, 300.0))
STUCK = ProbeRecord(calm=Beta(5.0, 2000.0), again=Beta(700.0, 20.0))


def results(pattern: str, *, probe: str = "p-rx", service: str = "rx") -> list[ProbeResult]:
    """One result a minute up to now: `.` good, `x` failed, `s` slow; before them twenty good ones."""
    every = "." * 20 + pattern
    return [
        ProbeResult(
            at=NOW - timedelta(minutes=len(every) - place),
            probe=probe,
            service=service,
            function=None,
            is_ok=mark != "x",
            duration_ms=900.0 if mark == "s" else 100.0 + place % 7,
            detail="",
        )
        for place, mark in enumerate(every)
    ]


def found(
    checks: Sequence[ProbeResult], *, credence: Credence = NOBODY_KNOWN, previous: Sequence[Signal] = ()
) -> list[Found]:
    before = {(one.service, one.eye, one.kind): one for one in previous}
    return list(probe_signals(checks, services=tuple(pack().services), previous=before, now=NOW, credence=credence))


@pytest.mark.parametrize(
    ("pattern", "says", "leads"),
    [(".", False, False), ("x", True, False), ("xx", True, False), ("xxx", True, True), ("xxx......", False, False)],
    ids=["good", "one", "two", "three", "over"],
)
def test_of_a_good_probe_one_failure_confirms_and_three_carry_a_verdict(
    pattern: str, *, says: bool, leads: bool
) -> None:
    signals = found(results(pattern))
    assert bool(signals) == says
    assert any(each.is_leading for each in signals) == leads


def test_a_service_that_fails_every_other_check_is_believed_to() -> None:
    (signal,) = found(results("x.x.x.x"))
    assert signal.is_leading
    assert signal.is_lasting


def test_a_probe_that_fails_every_third_time_says_nothing_by_failing() -> None:
    flapping = Credence(probes={"p-rx": FLAPPING})
    assert found(results("x..xx.x..x"), credence=flapping) == []
    assert not any(each.is_leading for each in found(results("xxxx"), credence=flapping))


def test_a_probe_that_was_stuck_before_says_nothing_by_failing_all_night() -> None:
    stuck = Credence(probes={"p-rx": STUCK})
    assert not any(each.is_leading for each in found(results("x" * 30), credence=stuck))
    assert course([False] * 400, STUCK).strength < 4.0


def test_a_probe_that_fails_no_oftener_in_trouble_says_nothing() -> None:
    blunt = ProbeRecord(hit=Beta(1.0, 99.0))
    assert course([False, False, False], blunt).strength < 4.0 < course([False, False, False], ProbeRecord()).strength


def test_it_began_with_the_first_failure_and_stays_so() -> None:
    (signal,) = found(results("xx.x"))
    assert signal.signal.since == NOW - timedelta(minutes=4)
    (later,) = found(results("x.x"), previous=[signal.signal])
    assert later.signal.since == signal.signal.since


def test_two_probes_of_one_service_are_one_witness() -> None:
    one, other = results("xx"), results("xxx", probe="p-rx-2")
    (signal,) = found([*one, *other])
    assert signal == found(other)[0]


def test_when_nearly_everything_fails_it_may_be_the_place_and_carries_nothing() -> None:
    services = tuple(pack().services)[:5]
    failing = [each for service in services for each in results("xxx", probe=f"p-{service}", service=service)]
    signals = found(failing)
    assert len(signals) == len(services)
    assert not any(each.is_leading or each.is_lasting for each in signals)
    well = [each for service in services[2:] for each in results("...", probe=f"p-{service}", service=service)]
    part = [each for service in services[:2] for each in results("xxx", probe=f"p-{service}", service=service)]
    assert all(each.is_leading for each in found([*part, *well]))


def test_what_was_looked_at_long_ago_or_is_dated_ahead_says_nothing() -> None:
    old = [each for each in results("xxx......") if each.at < NOW - timedelta(minutes=6)]
    ahead = ProbeResult(NOW + timedelta(minutes=1), "p-rx", "rx", None, is_ok=False, duration_ms=1.0, detail="")
    assert found(old) == []
    assert found([*results(""), ahead, ahead, ahead]) == []


def test_slow_answers_are_measured_by_the_probes_own_past() -> None:
    (signal,) = found(results("sss"))
    assert (signal.signal.kind, signal.signal.eye, signal.is_leading) == ("latency", Eye.PROBES, False)
    often_slow = Credence(probes={"p-rx": ProbeRecord(slow_ms=1200.0)})
    assert found(results("sss"), credence=often_slow) == []


@given(st.lists(st.booleans(), max_size=30))
def test_one_more_failure_never_speaks_for_health(good: list[bool]) -> None:
    record = ProbeRecord(again=ProbeRecord().calm)
    assert course([*good, False], record).strength >= course(good, record).strength - 1e-9
    assert course([*good, True], record).strength <= max(course(good, record).strength, 0.0) + 1e-9


@given(st.lists(st.booleans(), max_size=60))
def test_what_failures_weigh_stays_within_bounds_and_fades(good: list[bool]) -> None:
    assert course(good, ProbeRecord()).strength < 16.0
    assert course([*good, *[True] * 30], ProbeRecord()).strength < 4.0


def trouble(began: float, ended: float) -> Trouble:
    return Trouble(minute(began), minute(ended), frozenset({"prescribe"}), frozenset({"rx"}))


def test_rates_are_counted_apart_in_calm_after_a_failure_and_in_trouble() -> None:
    checks = [
        ProbeResult(
            minute(number), "p-rx", "rx", None, is_ok=number not in {50, 51, 200, 202}, duration_ms=100.0, detail=""
        )
        for number in range(300)
    ]
    record = probe_records(checks, [trouble(198, 207)])["p-rx"]
    usual = ProbeRecord()
    assert record.hit == usual.hit.seen(2, 8)
    assert record.again == usual.again.seen(1, 1)
    # Ten minutes lie in trouble and fifteen on either side of it count for neither.
    assert record.calm == usual.calm.seen(1, 300 - 10 - 30 - 2 - 1)


def test_results_far_apart_do_not_follow_one_another() -> None:
    checks = [
        ProbeResult(minute(60 * number), "p-rx", "rx", None, is_ok=False, duration_ms=100.0, detail="")
        for number in range(10)
    ]
    assert probe_records(checks, [])["p-rx"].again == ProbeRecord().again


def test_how_slow_a_probe_usually_is_is_known_only_after_many_answers() -> None:
    def answers(count: int) -> list[ProbeResult]:
        return [
            ProbeResult(
                minute(number),
                "p-rx",
                "rx",
                None,
                is_ok=True,
                duration_ms=2000.0 if number % 50 == 0 else 90.0,
                detail="",
            )
            for number in range(count)
        ]

    assert probe_records(answers(100), [])["p-rx"].slow_ms is None
    slow_ms = probe_records(answers(1000), [])["p-rx"].slow_ms
    assert slow_ms is not None
    assert 2000.0 <= slow_ms < 2700.0
