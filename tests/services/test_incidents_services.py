"""Incidents in the database: the engine's events, and what duty officers do."""

from dataclasses import replace

import pytest

from announcements import at, incident
from tocsin.audit.queries import newest, verify
from tocsin.diagnosis.rules.model import Suspect
from tocsin.incidents import services
from tocsin.incidents.errors import IncidentPhaseError, UnknownIncidentError
from tocsin.incidents.models import IncidentRow
from tocsin.incidents.queries import incident as stored
from tocsin.incidents.queries import recent, timeline
from tocsin.incidents.rules.model import Incident, IncidentEvent, Phase
from tocsin.kernel.errors import InputError
from tocsin.kernel.reasons import Reason

pytestmark = pytest.mark.django_db
SUSPECT = Suspect("sts", 0.9, (Reason("suspect.signal", {"observed": 0.3}),), change="chg-1", partner="platform")
WHY = Reason("incident.two_eyes", {"eyes": 2})


def opened(**changes: object) -> Incident:
    plain = incident(phase=Phase.SUSPECTED, closed_at=None, good_since=None, suspects=(SUSPECT,), reasons=(WHY,))
    return replace(plain, **changes)  # type: ignore[arg-type]  # a builder


def apply(*events: IncidentEvent) -> None:
    services.apply(events, actor="engine", now=at(2))


def an_open_incident() -> str:
    apply(IncidentEvent("opened", at(2), opened(), (WHY,)))
    return opened().id


def test_an_incident_comes_back_as_it_was_stored() -> None:
    apply(IncidentEvent("opened", at(2), opened(), (WHY,)))
    assert stored("2026-03-02-1") == opened()


def test_what_happened_is_on_the_timeline_and_in_the_audit_log() -> None:
    an_open_incident()
    (entry,) = timeline("2026-03-02-1")
    assert (entry.kind, entry.actor, entry.at) == ("opened", "engine", at(2))
    assert entry.reasons == [WHY.to_json()]
    assert (entry.facts["phase"], entry.facts["suspects"]) == ("suspected", ["sts"])
    (row,) = newest()
    assert (row.action, row.subject, row.actor) == ("incident.opened", "2026-03-02-1", "engine")
    assert row.facts["reasons"] == ["incident.two_eyes"]
    assert verify() == []


def test_an_event_without_reasons_of_its_own_shows_the_incidents() -> None:
    apply(IncidentEvent("updated", at(3), opened()))
    assert timeline("2026-03-02-1")[0].reasons == [WHY.to_json()]


def test_what_is_merely_watched_changes_the_state_and_nothing_else() -> None:
    an_open_incident()
    apply(IncidentEvent("watched", at(4), opened(good_since=at(4))))
    assert timeline("2026-03-02-1").count() == 1
    assert len(newest()) == 1
    kept = stored("2026-03-02-1")
    assert kept is not None
    assert kept.good_since == at(4)


def test_recent_holds_the_open_ones_and_those_closed_within_a_day_in_order() -> None:
    old = incident(id="2026-03-01-1", opened_at=at(-3000), closed_at=at(-2900))
    lasting = opened(id="2026-02-20-1", opened_at=at(-15000))
    tenth = opened(id="2026-03-02-10", opened_at=at(2))
    second = opened(id="2026-03-02-2", opened_at=at(2))
    apply(*(IncidentEvent("opened", at(2), each) for each in (tenth, second, old, lasting, incident())))
    ids = [each.id for each in recent(at(100))]
    assert ids == ["2026-02-20-1", "2026-03-02-1", "2026-03-02-2", "2026-03-02-10"]


def test_taking_makes_one_the_owner() -> None:
    name = an_open_incident()
    assert services.take(name, by="ann", now=at(5)).owner == "ann"
    last = timeline(name).last()
    assert last is not None
    assert (last.kind, last.actor, last.reasons) == (
        "taken",
        "ann",
        [{"code": "operator.taken", "facts": {"by": "ann"}}],
    )
    assert newest()[-1].action == "incident.taken"


def test_a_note_stays_on_the_timeline_and_out_of_the_audit_log() -> None:
    name = an_open_incident()
    services.note(name, "  called the partner ", by="ann", now=at(5))
    last = timeline(name).last()
    assert last is not None
    assert (last.kind, last.facts) == ("note", {"text": "called the partner"})
    assert newest()[-1].facts == {"characters": len("called the partner")}


@pytest.mark.parametrize("words", ["", "   ", "x" * 2001])
def test_an_empty_or_endless_note_is_refused(words: str) -> None:
    with pytest.raises(InputError) as caught:
        services.note(an_open_incident(), words, by="ann", now=at(5))
    assert caught.value.code == "incident.note_length"


def test_confirming_moves_a_suspicion_on_and_nothing_else() -> None:
    name = an_open_incident()
    confirmed = services.confirm(name, by="ann", now=at(5))
    assert (confirmed.phase, confirmed.phase_since) == (Phase.CONFIRMED, at(5))
    with pytest.raises(IncidentPhaseError) as caught:
        services.confirm(name, by="bob", now=at(6))
    assert caught.value.facts == {"phase": "confirmed"}


def test_mitigating_leaves_the_end_to_evidence() -> None:
    after = services.mitigated(an_open_incident(), by="ann", now=at(5))
    assert (after.phase, after.closed_at) == (Phase.MITIGATED, None)


def test_closing_by_hand_needs_a_reason_and_keeps_it() -> None:
    name = an_open_incident()
    with pytest.raises(InputError):
        services.close(name, reason=" ", by="ann", now=at(9))
    after = services.close(name, reason="Mistaken: a load test.", by="ann", now=at(9))
    assert (after.phase, after.closed_at, after.next_update_at) == (Phase.RESOLVED, at(9), None)
    last = timeline(name).last()
    assert last is not None
    assert last.reasons == [
        {"code": "operator.closed", "facts": {"by": "ann", "reason": "Mistaken: a load test."}},
    ]
    assert IncidentRow.objects.get(pk=name).closed_at == at(9)


@pytest.mark.parametrize("act", [services.take, services.confirm, services.mitigated])
def test_a_closed_incident_is_left_alone(act: object) -> None:
    apply(IncidentEvent("closed", at(70), incident()))
    with pytest.raises(IncidentPhaseError):
        act("2026-03-02-1", by="ann", now=at(80))  # type: ignore[operator]  # one act or another


@pytest.mark.parametrize("act", [services.take, services.confirm, services.mitigated])
def test_an_act_on_nothing_says_so(act: object) -> None:
    with pytest.raises(UnknownIncidentError) as caught:
        act("2026-03-02-9", by="ann", now=at(5))  # type: ignore[operator]  # one act or another
    assert caught.value.http_status == 404
    assert stored("2026-03-02-9") is None
