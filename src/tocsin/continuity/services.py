"""Putting procedures in force: what the engine proposes or does by policy, and what duty officers decide."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from tocsin.audit.services import record as audit
from tocsin.continuity.errors import ActivationStateError, UnknownActivationError
from tocsin.continuity.models import ActivationRow, DutyRow
from tocsin.continuity.queries import configured_procedures, read_activation
from tocsin.continuity.rules.activation import BOX, duties_of
from tocsin.continuity.rules.model import Activation
from tocsin.incidents.queries import incident
from tocsin.incidents.services import ENGINE, add_entry
from tocsin.kernel.errors import InputError
from tocsin.kernel.reasons import Reason


@transaction.atomic
def sync(activations: Sequence[Activation], *, now: datetime) -> None:
    """Store the activations that the engine made or changed; those that stand as they stood leave no trace."""
    for activation in activations:
        row, is_new = ActivationRow.objects.get_or_create(
            procedure=activation.procedure, incident=activation.incident, defaults=_fields(activation)
        )
        if is_new or _differs(row, activation):
            kind = "extended" if not is_new and _is_only_longer(row, activation) else activation.state
            _set(row, _fields(activation))
            _settle_duties(row)
            _tell(row, f"activation_{kind}", actor=activation.by or ENGINE, at=now)


@transaction.atomic
def confirm_activation(activation_id: int, *, by: str, now: datetime) -> ActivationRow:
    """Put a proposed procedure in force from now on for `BOX`, on a duty officer's word.

    Raises `UnknownActivationError`, or `ActivationStateError` when it is not waiting for that.
    """
    row = _row(activation_id, states=("proposed",), act="confirmed")
    _set(row, {"state": "active", "start": now, "until": now + BOX, "by": by})
    _tell(row, "activation_confirmed", actor=by, at=now)
    return row


@transaction.atomic
def confirm_proposed(incident_id: str, *, by: str, now: datetime) -> list[ActivationRow]:
    """Put every procedure that is proposed for an incident in force, each as `confirm_activation` does."""
    proposed = ActivationRow.objects.filter(incident=incident_id, state="proposed").order_by("id")
    return [confirm_activation(row.pk, by=by, now=now) for row in proposed]


@transaction.atomic
def extend_activation(activation_id: int, *, until: datetime, by: str, now: datetime) -> ActivationRow:
    """Set until when a procedure in force stays so, or put one whose time was up in force again.

    Raises `InputError` for a moment that has passed, `ActivationStateError` for one that never was in force, or whose
    incident is over: then the usual rules hold again for everybody.
    """
    row = _row(activation_id, states=("active", "ended"), act="extended")
    if until <= now:
        raise InputError("activation.until_past", "A procedure can only be extended into the future.")
    if row.state == "ended" and not _may_come_back(row):
        raise ActivationStateError(activation_id, state=row.state, act="extended")
    # Whoever put it in force stays named, unless it comes back into force: that is somebody's new decision.
    _set(row, {"until": until} if row.state == "active" else {"state": "active", "until": until, "by": by})
    _settle_duties(row)
    _tell(row, "activation_extended", actor=by, at=now)
    return row


@transaction.atomic
def end_activation(activation_id: int, *, by: str, now: datetime) -> ActivationRow:
    """End a procedure, or refuse one that was only proposed; the engine does not bring it back by itself."""
    row = _row(activation_id, states=("proposed", "active"), act="ended")
    # A proposal that never came into force ends where it started, so that it leaves no duties (`rules.activation`).
    refused = {"state": "ended", "until": row.start, "by": by}
    _set(row, refused if row.state == "proposed" else {"state": "ended", "until": now})
    _settle_duties(row)
    _tell(row, "activation_ended", actor=by, at=now)
    return row


def _row(activation_id: int, *, states: tuple[str, ...], act: str) -> ActivationRow:
    row = ActivationRow.objects.select_for_update().filter(pk=activation_id).first()
    if row is None:
        raise UnknownActivationError(activation_id)
    if row.state not in states:
        raise ActivationStateError(activation_id, state=row.state, act=act)
    return row


def _set(row: ActivationRow, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(update_fields=list(fields))


def _may_come_back(row: ActivationRow) -> bool:
    about = incident(row.incident)
    return read_activation(row).legal_state == "ended" and about is not None and about.is_open


def _settle_duties(row: ActivationRow) -> None:
    """Keep what the end of an activation leaves to be done, in the words of the procedure as it is now."""
    row.duties.all().delete()
    activation = read_activation(row)
    if (
        activation.legal_state != "ended"
        or activation.until is None
        or activation.procedure not in configured_procedures()
    ):
        return
    due = duties_of([activation], configured_procedures())
    DutyRow.objects.bulk_create(
        DutyRow(activation=row, place=place, text=dict(one.duty.text), ended_at=activation.until, due_at=one.due_at)
        for place, one in enumerate(due)
    )


def _is_only_longer(row: ActivationRow, activation: Activation) -> bool:
    before = read_activation(row)
    return before.state == "active" and replace(before, until=activation.until) == activation


def _fields(activation: Activation) -> dict[str, Any]:
    return {
        "procedure_version": activation.procedure_version,
        "state": activation.state,
        "start": activation.start,
        "until": activation.until,
        "by": activation.by,
        "audiences": _stored(activation.audiences),
        "packages": _stored(activation.packages),
        "regions": _stored(activation.regions),
    }


def _stored(ids: tuple[str, ...] | None) -> list[str] | None:
    return None if ids is None else list(ids)


def _differs(row: ActivationRow, activation: Activation) -> bool:
    return any(getattr(row, name) != value for name, value in _fields(activation).items())


def _tell(row: ActivationRow, kind: str, *, actor: str, at: datetime) -> None:
    facts = {"procedure": row.procedure, "until": None if row.until is None else row.until.isoformat()}
    reasons = (Reason(f"procedure.{row.state}", {"procedure": row.procedure}),)
    add_entry(row.incident, kind=kind, actor=actor, at=at, reasons=reasons, facts=facts)
    audit(at=at, actor=actor, action=f"procedure.{kind.removeprefix('activation_')}", subject=row.incident, facts=facts)
