"""Keeping incidents: what the engine's events make of them, and what duty officers do to them.

Every act is one transaction: the incident's new state, an entry on its timeline, a row in the audit log.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from tocsin.audit.services import record as audit
from tocsin.incidents.errors import IncidentPhaseError, UnknownIncidentError
from tocsin.incidents.models import IncidentRow, TimelineEntry
from tocsin.incidents.queries import read_incident, stored_incident
from tocsin.incidents.rules.model import Incident, IncidentEvent, Phase
from tocsin.kernel.errors import InputError
from tocsin.kernel.reasons import Reason

ENGINE = "engine"
"""The actor of everything that no person did."""

_NOTE_LENGTH = 2000


@transaction.atomic
def apply(events: Sequence[IncidentEvent], *, actor: str, now: datetime) -> None:
    """Store what happened to incidents, in order: their state, their timeline, the audit log.

    Of what was merely `watched`, only the state is kept: nobody needs to be told of it, then or later.
    """
    for event in events:
        _keep(event.incident)
        if event.kind == "watched":
            continue
        add_entry(
            event.incident.id,
            kind=event.kind,
            actor=actor,
            at=event.at,
            reasons=event.reasons or event.incident.reasons,
            facts=_headline(event.incident),
        )
        audit(at=now, actor=actor, action=f"incident.{event.kind}", subject=event.incident.id, facts=_brief(event))


def add_entry(
    incident_id: str,
    *,
    kind: str,
    actor: str,
    at: datetime,
    reasons: Sequence[Reason] = (),
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Add to an incident's timeline; nothing on it is ever changed or removed."""
    TimelineEntry.objects.create(
        incident_id=incident_id,
        at=at,
        kind=kind,
        actor=actor,
        reasons=[reason.to_json() for reason in reasons],
        facts=dict(facts or {}),
    )


def take(incident_id: str, *, by: str, now: datetime) -> Incident:
    """Make `by` the incident's owner. Raises `UnknownIncidentError`, or `IncidentPhaseError` when it is closed."""
    return _act(incident_id, _Act("taken", by, now), lambda incident: replace(incident, owner=by))


@transaction.atomic
def note(incident_id: str, text: str, *, by: str, now: datetime) -> Incident:
    """Put a duty officer's words on the timeline, never on a public page.

    Raises `InputError` when there are none, or more than 2,000 characters.
    """
    words = text.strip()
    if not 0 < len(words) <= _NOTE_LENGTH:
        raise InputError("incident.note_length", f"A note has between 1 and {_NOTE_LENGTH} characters.")
    row = _locked(incident_id)
    add_entry(incident_id, kind="note", actor=by, at=now, facts={"text": words})
    audit(at=now, actor=by, action="incident.noted", subject=incident_id, facts={"characters": len(words)})
    return read_incident(row.state)


def confirm(incident_id: str, *, by: str, now: datetime) -> Incident:
    """Say that the trouble is real. Raises `IncidentPhaseError` when it is no longer only suspected."""
    act = _Act("confirmed", by, now, allowed=frozenset({Phase.SUSPECTED}))
    return _act(incident_id, act, lambda incident: _moved(incident, Phase.CONFIRMED, now))


def mitigated(incident_id: str, *, by: str, now: datetime) -> Incident:
    """Say that something was done that should end the trouble; evidence still decides whether it did."""
    act = _Act("mitigated", by, now, allowed=frozenset({Phase.SUSPECTED, Phase.CONFIRMED, Phase.IDENTIFIED}))
    return _act(incident_id, act, lambda incident: _moved(incident, Phase.MITIGATED, now))


def close(incident_id: str, *, reason: str, by: str, now: datetime) -> Incident:
    """Close the incident by hand, with a reason that stays on its timeline.

    Raises `InputError` without a reason, `IncidentPhaseError` when it is closed already.
    """
    words = reason.strip()
    if not 0 < len(words) <= _NOTE_LENGTH:
        raise InputError("incident.reason_missing", "Say why it can be closed, for those who read it later.")
    act = _Act("closed", by, now, reasons=(Reason("operator.closed", {"by": by, "reason": words}),))
    return _act(incident_id, act, lambda incident: _closed(incident, now))


def take_back(incident_id: str, *, reason: str, by: str, now: datetime) -> Incident:
    """Close the incident as a false alarm, with a reason that stays on its timeline. Raises as `close` does.

    It stays in the figures, as what it was. Who was told is told by `bulletins.services.retract`.
    """
    words = reason.strip()
    if not 0 < len(words) <= _NOTE_LENGTH:
        raise InputError("incident.reason_missing", "Say why it was a false alarm, for those who read it later.")
    act = _Act("retracted", by, now, reasons=(Reason("operator.retracted", {"by": by, "reason": words}),))
    return _act(incident_id, act, lambda incident: replace(_closed(incident, now), retracted_at=now))


@dataclass(frozen=True, slots=True)
class _Act:
    """What a duty officer does: its name on the timeline, who, when, and in which phases it makes sense."""

    kind: str
    by: str
    now: datetime
    allowed: frozenset[Phase] = frozenset(Phase) - {Phase.RESOLVED}
    reasons: tuple[Reason, ...] = ()


@transaction.atomic
def _act(incident_id: str, act: _Act, change: Callable[[Incident], Incident]) -> Incident:
    before = read_incident(_locked(incident_id).state)
    if before.phase not in act.allowed:
        raise IncidentPhaseError(incident_id, phase=before.phase.value, act=act.kind)
    after = change(before)
    _keep(after)
    reasons = act.reasons or (Reason(f"operator.{act.kind}", {"by": act.by}),)
    add_entry(incident_id, kind=act.kind, actor=act.by, at=act.now, reasons=reasons, facts=_headline(after))
    facts = {"phase": after.phase.value, "reasons": [reason.to_json() for reason in act.reasons]}
    audit(at=act.now, actor=act.by, action=f"incident.{act.kind}", subject=incident_id, facts=facts)
    return after


def _locked(incident_id: str) -> IncidentRow:
    row = IncidentRow.objects.select_for_update().filter(pk=incident_id).first()
    if row is None:
        raise UnknownIncidentError(incident_id)
    return row


def _keep(incident: Incident) -> None:
    IncidentRow.objects.update_or_create(
        pk=incident.id,
        defaults={
            "opened_at": incident.opened_at,
            "closed_at": incident.closed_at,
            "phase": incident.phase.value,
            "state": stored_incident(incident),
        },
    )


def _moved(incident: Incident, phase: Phase, now: datetime) -> Incident:
    return replace(incident, phase=phase, phase_since=now)


def _closed(incident: Incident, now: datetime) -> Incident:
    return replace(_moved(incident, Phase.RESOLVED, now), closed_at=now, next_update_at=None)


def _headline(incident: Incident) -> dict[str, Any]:
    return {
        "phase": incident.phase.value,
        "state": incident.state.value,
        "functions": list(incident.functions),
        "confidence": round(incident.confidence, 3),
        "suspects": [suspect.id for suspect in incident.suspects[:3]],
    }


def _brief(event: IncidentEvent) -> dict[str, Any]:
    return _headline(event.incident) | {"reasons": [reason.code for reason in event.reasons]}
