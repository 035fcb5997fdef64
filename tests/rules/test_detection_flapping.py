"""Flapping: turns are counted with a memory; what flaps is held at degraded for some minutes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tocsin.detection.rules.flapping import HOLD, MANY_AN_HOUR, steadied
from tocsin.detection.rules.model import State, Subject, Verdict
from tocsin.kernel.reasons import Reason
from tocsin.observations.rules.model import Eye

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TICK = timedelta(seconds=10)
SUBJECT = Subject("prescribe", "doctor")


def played(fails: Callable[[timedelta], bool], *, lasts: timedelta) -> list[tuple[timedelta, Verdict]]:
    """Tick by tick, a subject that fails when the given function of the elapsed time says so."""
    seen: list[tuple[timedelta, Verdict]] = []
    before: Verdict | None = None
    for number in range(int(lasts / TICK)):
        elapsed = number * TICK
        now, is_failing = START + elapsed, fails(elapsed)
        state = State.DOWN if is_failing else State.OK
        raw = Verdict(SUBJECT, state, 0.9, now, frozenset({Eye.FRONT}), (Reason("calls.as_usual", {"eyes": 1}),))
        before = steadied(raw, before, is_failing=is_failing, last_at=now - TICK if number else None, now=now)
        seen.append((elapsed, before))
    return seen


def minutes(value: float) -> timedelta:
    return timedelta(minutes=value)


def test_one_outage_is_no_flapping() -> None:
    seen = played(lambda t: minutes(5) <= t < minutes(25), lasts=minutes(40))
    assert all((verdict.state is State.DOWN) is (minutes(5) <= t < minutes(25)) for t, verdict in seen)
    assert max(verdict.flaps_an_hour for _, verdict in seen) < MANY_AN_HOUR


def test_what_keeps_failing_and_working_is_held_at_degraded_with_its_rate() -> None:
    seen = played(lambda t: t % minutes(4) >= minutes(2), lasts=minutes(40))
    late = [verdict for t, verdict in seen if t >= minutes(12)]
    assert {verdict.state for verdict in late} == {State.DOWN, State.DEGRADED}
    held = [verdict for verdict in late if verdict.state is State.DEGRADED]
    assert all(verdict.reasons[0].code == "verdict.flapping" for verdict in held)
    # Two turns in four minutes are thirty an hour; a memory of twenty minutes sees nearly that.
    assert 20 <= late[-1].flaps_an_hour <= 40


def test_it_is_let_go_some_minutes_after_it_last_failed() -> None:
    seen = played(lambda t: t < minutes(20) and t % minutes(4) >= minutes(2), lasts=minutes(40))
    states = {t: verdict.state for t, verdict in seen}
    last = max(t for t in states if t < minutes(20) and t % minutes(4) >= minutes(2))
    assert states[last + HOLD] is State.DEGRADED
    assert states[last + HOLD + TICK] is State.OK


def test_a_clock_that_is_put_back_breaks_nothing() -> None:
    (_, before), *_ = played(lambda _: True, lasts=TICK)
    raw = Verdict(SUBJECT, State.OK, 0.9, START, frozenset(), ())
    after = steadied(raw, before, is_failing=False, last_at=START, now=START - timedelta(hours=1))
    assert after.state is State.OK
    assert after.flaps_an_hour == 0.0


def test_evidence_that_wavers_while_a_fault_ends_is_no_flapping() -> None:
    seen = played(lambda t: t < minutes(20) or (t < minutes(23) and t % minutes(1) < minutes(0.5)), lasts=minutes(40))
    assert all(verdict.state is State.OK for t, verdict in seen if t >= minutes(23))


def test_a_fault_that_returns_once_is_no_flapping() -> None:
    seen = played(lambda t: minutes(2) <= t < minutes(5) or minutes(8) <= t < minutes(10), lasts=minutes(20))
    assert all(verdict.state is State.OK for t, verdict in seen if t >= minutes(10))
