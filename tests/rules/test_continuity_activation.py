from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from parsed_packs import pack, procedures
from tocsin.continuity.rules.activation import BOX, activations, duties_of, failing_services
from tocsin.continuity.rules.model import Activation
from tocsin.detection.rules.model import State
from tocsin.diagnosis.rules.model import Suspect
from tocsin.incidents.rules.model import Incident, Phase
from tocsin.observations.rules.model import Eye

NOW = datetime(2020, 1, 28, 7, 42, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)
INCIDENT = Incident(
    id="2020-01-28-1",
    opened_at=NOW,
    hit_since=NOW - timedelta(minutes=2),
    phase=Phase.CONFIRMED,
    phase_since=NOW,
    state=State.DOWN,
    confidence=0.95,
    eyes=frozenset({Eye.FRONT, Eye.CLIENT}),
    functions=("dispense",),
    audiences=("pharmacist",),
    packages=None,
    regions=None,
)
CLOSED = replace(INCIDENT, phase=Phase.RESOLVED, closed_at=LATER)


def acted(
    incident: Incident,
    existing: Sequence[Activation] = (),
    *,
    is_held: bool = False,
    is_automatic: bool = True,
    now: datetime = NOW,
) -> tuple[Activation, ...]:
    return activations(
        incidents=(incident,),
        existing=existing,
        procedures=procedures(),
        pack=pack(),
        is_held=is_held,
        is_automatic=is_automatic,
        now=now,
    )


def states(found: Sequence[Activation]) -> list[tuple[str, str]]:
    return [(each.procedure, each.state) for each in found]


def test_policy_puts_procedures_in_force_when_it_may() -> None:
    first, second = acted(INCIDENT)
    assert states([first, second]) == [("dispense-second-way", "active"), ("dispense-on-paper-proof", "active")]
    assert (second.by, second.start, second.until) == ("policy", NOW, NOW + BOX)
    assert (second.incident, second.audiences) == (INCIDENT.id, ("pharmacist",))
    assert second.procedure_version == procedures()[second.procedure].version


@pytest.mark.parametrize(("is_held", "is_automatic"), [(True, True), (False, False), (True, False)])
def test_held_or_locked_they_are_only_proposed(*, is_held: bool, is_automatic: bool) -> None:
    found = acted(INCIDENT, is_held=is_held, is_automatic=is_automatic)
    assert {each.state for each in found} == {"proposed"}


def test_nothing_changes_while_nothing_changes() -> None:
    assert acted(INCIDENT, acted(INCIDENT), now=LATER) == ()
    proposed = acted(INCIDENT, is_held=True)
    assert acted(INCIDENT, proposed, is_held=True, now=LATER) == ()


def test_a_proposal_comes_into_force_once_the_hold_is_lifted() -> None:
    found = acted(INCIDENT, acted(INCIDENT, is_held=True), now=LATER)
    assert {(each.state, each.start) for each in found} == {("active", LATER)}


def test_what_an_operator_put_in_force_stays_theirs() -> None:
    given = tuple(replace(each, by="anna", state="active") for each in acted(INCIDENT, is_held=True))
    assert acted(INCIDENT, given, is_automatic=False, now=LATER) == ()
    wider = replace(INCIDENT, functions=("prescribe", "dispense"), audiences=("doctor", "pharmacist"))
    assert {each.by for each in acted(wider, given, now=LATER) if each.procedure.startswith("dispense")} == set()


def test_what_an_operator_ended_stays_ended() -> None:
    given = tuple(replace(each, by="anna", state="ended", until=LATER) for each in acted(INCIDENT))
    assert acted(INCIDENT, given, now=LATER) == ()
    refused = tuple(replace(each, until=each.start) for each in given)
    assert acted(INCIDENT, refused, now=LATER) == ()


def test_what_is_in_force_widens_with_the_incident_and_never_shrinks() -> None:
    narrow = replace(INCIDENT, packages=("pharmacy-a",), regions=("BE-WLG",))
    given = acted(narrow)
    wider = acted(replace(narrow, packages=("pharmacy-b",), regions=None), given, now=LATER)
    assert {(each.packages, each.regions, each.start) for each in wider} == {(("pharmacy-a", "pharmacy-b"), None, NOW)}
    assert acted(narrow, tuple(replace(each, packages=None, regions=None) for each in given), now=LATER) == ()


def test_automation_that_was_locked_since_changes_nothing_in_force() -> None:
    wider = replace(INCIDENT, packages=None)
    given = acted(replace(INCIDENT, packages=("pharmacy-a",)))
    assert acted(wider, given, is_held=True, now=LATER) == ()


def test_a_proposal_that_no_longer_helps_is_withdrawn_and_may_return() -> None:
    proposed = acted(INCIDENT, is_held=True)
    identified = replace(
        INCIDENT, phase=Phase.IDENTIFIED, suspects=(Suspect(id="net_proximus", score=0.9, reasons=()),)
    )
    withdrawn = acted(identified, proposed, is_held=True, now=LATER)
    assert states(withdrawn) == [("dispense-second-way", "ended")]
    assert withdrawn[0].until == withdrawn[0].start
    assert states(acted(INCIDENT, (*withdrawn, proposed[1]), is_held=True, now=LATER)) == [
        ("dispense-second-way", "proposed")
    ]


def test_what_is_in_force_stays_until_the_end_even_when_it_no_longer_helps() -> None:
    identified = replace(
        INCIDENT, phase=Phase.IDENTIFIED, suspects=(Suspect(id="net_proximus", score=0.9, reasons=()),)
    )
    assert acted(identified, acted(INCIDENT), now=LATER) == ()


def test_what_policy_put_in_force_is_kept_in_force_before_its_time_is_up() -> None:
    soon = NOW + BOX - timedelta(minutes=30)
    assert acted(INCIDENT, acted(INCIDENT), now=soon - timedelta(seconds=1)) == ()
    assert {each.until for each in acted(INCIDENT, acted(INCIDENT), now=soon)} == {soon + BOX}


@pytest.mark.parametrize(("by", "is_held"), [("anna", False), ("policy", True)])
def test_what_nobody_keeps_in_force_ends_when_its_time_is_up_and_leaves_its_duties(by: str, *, is_held: bool) -> None:
    given = tuple(replace(each, by=by) for each in acted(INCIDENT))
    over = NOW + BOX
    assert acted(INCIDENT, given, is_held=is_held, now=over - timedelta(seconds=1)) == ()
    ended = acted(INCIDENT, given, is_held=is_held, now=over)
    assert {(each.state, each.until, each.legal_state) for each in ended} == {("ended", over, "ended")}
    assert acted(INCIDENT, ended, is_held=is_held, now=over + timedelta(minutes=1)) == ()


def test_one_that_no_longer_helps_still_ends_when_its_time_is_up() -> None:
    identified = replace(
        INCIDENT, phase=Phase.IDENTIFIED, suspects=(Suspect(id="net_proximus", score=0.9, reasons=()),)
    )
    given = tuple(replace(each, by="anna") for each in acted(INCIDENT))
    assert set(states(acted(identified, given, now=NOW + BOX))) == {
        ("dispense-second-way", "ended"),
        ("dispense-on-paper-proof", "ended"),
    }


def test_the_legal_state_is_normal_until_something_is_in_force() -> None:
    (proposed, _) = acted(INCIDENT, is_held=True)
    (given, _) = acted(INCIDENT)
    assert [each.legal_state for each in (proposed, given)] == ["normal", "activated"]
    assert replace(given, state="ended", until=LATER).legal_state == "ended"
    assert replace(given, state="ended", until=given.start).legal_state == "normal"


def test_everything_ends_with_its_incident() -> None:
    found = acted(CLOSED, acted(INCIDENT), now=LATER + timedelta(minutes=1))
    assert {(each.state, each.until, each.by) for each in found} == {("ended", LATER, "policy")}
    assert acted(CLOSED, found, now=LATER + timedelta(minutes=2)) == ()


def test_an_end_without_a_time_is_now() -> None:
    closed = replace(CLOSED, closed_at=None)
    assert {each.until for each in acted(closed, acted(INCIDENT), now=LATER)} == {LATER}


def test_a_closed_incident_gets_no_new_procedure() -> None:
    assert acted(CLOSED) == ()


def test_the_end_leaves_duties_with_their_deadline() -> None:
    bill = replace(INCIDENT, functions=("bill", "attest"), audiences=("doctor",))
    ended = acted(replace(bill, phase=Phase.RESOLVED, closed_at=LATER), acted(bill))
    due = duties_of(ended, procedures())
    assert {(each.procedure, each.due_at) for each in due} == {
        ("attest-on-paper", LATER),
        ("attest-on-paper", None),
        ("bill-later", LATER + timedelta(days=59)),
        ("bill-later", None),
    }


def test_a_deadline_is_as_late_in_the_day_on_the_other_side_of_the_clocks_change() -> None:
    before = datetime(2026, 10, 23, 10, 0, tzinfo=UTC)  # noon in Brussels, two days before the clocks go back
    bill = replace(INCIDENT, functions=("bill",), audiences=("doctor",), opened_at=before, closed_at=None)
    given = acted(bill, now=before - timedelta(hours=1))
    ended = acted(replace(bill, phase=Phase.RESOLVED, closed_at=before), given, now=before)
    (due,) = {each.due_at for each in duties_of(ended, procedures()) if each.due_at is not None}
    assert (due, due.hour) == (datetime(2026, 12, 21, 11, 0, tzinfo=UTC), 11)


def test_a_proposal_that_never_came_into_force_leaves_no_duties() -> None:
    ended = acted(CLOSED, acted(INCIDENT, is_held=True))
    assert {each.state for each in ended} == {"ended"}
    assert duties_of(ended, procedures()) == ()
    assert duties_of(acted(INCIDENT), procedures()) == ()


def test_an_incident_that_hits_everybody_reaches_every_audience_of_its_functions() -> None:
    found = acted(replace(INCIDENT, functions=("exchange_messages",), audiences=None))
    assert {each.procedure: each.audiences for each in found} == {
        "messages-wait-in-outbox": ("doctor", "pharmacist", "nurse", "dentist", "hospital", "laboratory"),
        "messages-by-telephone": ("doctor", "pharmacist", "nurse", "dentist", "hospital"),
        "laboratory-telephones-results": ("laboratory",),
    }


def test_a_log_in_fault_names_no_way_that_needs_a_session() -> None:
    found = acted(replace(INCIDENT, functions=("open_session", "dispense"), state=State.DEGRADED))
    assert [each.procedure for each in found] == [
        "log-in-with-certificate",
        "work-without-log-in",
        "dispense-on-paper-proof",
    ]


def test_a_suspect_is_taken_for_broken_only_once_identified() -> None:
    suspected = replace(INCIDENT, suspects=(Suspect(id="sts", score=0.9, reasons=()),))
    assert failing_services(suspected, pack()) == frozenset()
    assert failing_services(INCIDENT, pack()) == frozenset()
    assert failing_services(replace(suspected, phase=Phase.MONITORING), pack()) == {"sts"}


def test_a_suspected_partner_stands_for_all_it_runs() -> None:
    partner = replace(INCIDENT, phase=Phase.IDENTIFIED, suspects=(Suspect(id="belnet", score=0.9, reasons=()),))
    assert failing_services(partner, pack()) == {"net_belnet"}
