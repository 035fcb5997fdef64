"""Putting procedures in force while an incident lasts, and ending them with it.

A proposal that never came into force ends where it started (`until == start`), so it leaves no duties.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from tocsin.catalog.rules.model import Pack
from tocsin.continuity.rules.model import Activation, Duty, Procedure
from tocsin.continuity.rules.selection import procedures_for
from tocsin.incidents.rules.model import Incident, Phase
from tocsin.kernel.clock import in_brussels

POLICY = "policy"
"""Who activates when no operator does."""

BOX = timedelta(hours=4)
"""For how long a procedure is put in force at once: half a working day, after which somebody must still want it."""

RENEWED_BEFORE = timedelta(minutes=30)
"""So long before its end, what the policy put in force is kept in force longer, and an operator is asked about what
an operator put in force."""


@dataclass(frozen=True, slots=True)
class DueDuty:
    """What must be done after the end, and until when (None: no deadline is known)."""

    procedure: str
    duty: Duty
    due_at: datetime | None


def activations(
    *,
    incidents: Sequence[Incident],
    existing: Sequence[Activation],
    procedures: Mapping[str, Procedure],
    pack: Pack,
    is_held: bool,
    is_automatic: bool,
    now: datetime,
) -> tuple[Activation, ...]:
    """Return the activations that are new or changed: proposed, active by "policy", widened, or ended.

    Nothing comes into force by itself while automation is held or locked: it is proposed, and an operator decides.
    What is in force stays so until its incident ends, even when the incident shrinks: people work with it.
    """
    may_activate = is_automatic and not is_held
    changed: list[Activation] = []
    for incident in incidents:
        present = {each.procedure: each for each in existing if each.incident == incident.id}
        if incident.is_open:
            changed += _during(incident, present, procedures, pack, may_activate=may_activate, now=now)
        else:
            changed += (_ended(each, incident.closed_at or now) for each in present.values() if each.state != "ended")
    return tuple(changed)


def duties_of(ended: Sequence[Activation], procedures: Mapping[str, Procedure]) -> tuple[DueDuty, ...]:
    """Return what must be done after the end of these activations, in their order; none for mere proposals."""
    return tuple(
        DueDuty(each.procedure, duty, _deadline(each.until, duty))
        for each in ended
        if each.legal_state == "ended" and each.until is not None
        for duty in procedures[each.procedure].duties
    )


def _deadline(ended_at: datetime, duty: Duty) -> datetime | None:
    # Days are added on the wall clock: across the October night, three days are an hour longer.
    return None if duty.within is None else (in_brussels(ended_at) + duty.within).astimezone(UTC)


def failing_services(incident: Incident, pack: Pack) -> frozenset[str]:
    """Return the services taken to be broken: those of the first suspect, once the incident is identified."""
    if not incident.suspects or incident.phase in {Phase.SUSPECTED, Phase.CONFIRMED}:
        return frozenset()
    cause = incident.suspects[0].id
    if cause in pack.services:
        return frozenset({cause})
    return frozenset(service.id for service in pack.services.values() if service.partner == cause)


def _during(
    incident: Incident,
    known_before: Mapping[str, Activation],
    procedures: Mapping[str, Procedure],
    pack: Pack,
    *,
    may_activate: bool,
    now: datetime,
) -> Iterator[Activation]:
    present = {name: _timed(each, may_renew=may_activate, now=now) for name, each in known_before.items()}
    wanted = _wanted(incident, procedures, pack)
    for procedure, audiences in wanted.items():
        fresh = _fresh(incident, procedures[procedure], audiences, may_activate=may_activate, now=now)
        known = present.get(procedure)
        after = fresh if known is None else _merged(known, fresh, may_activate=may_activate)
        if after != known_before.get(procedure):
            yield after
    for known in present.values():
        if known.procedure not in wanted and known.state == "proposed":
            yield _ended(known, now)
        elif known.procedure not in wanted and known != known_before[known.procedure]:
            yield known


def _timed(known: Activation, *, may_renew: bool, now: datetime) -> Activation:
    """Return the activation as time leaves it: ended when its time is up, renewed before where policy put it there."""
    if known.state != "active" or known.until is None:
        return known
    if known.by == POLICY and may_renew and known.until - now <= RENEWED_BEFORE:
        return replace(known, until=now + BOX)
    return known if now < known.until else replace(known, state="ended")


def _wanted(incident: Incident, procedures: Mapping[str, Procedure], pack: Pack) -> dict[str, tuple[str, ...]]:
    """Return the procedures that help, each with the audiences hit that it helps, in order of usefulness."""
    is_login_fault = any(pack.functions[each].is_login for each in incident.functions)
    wanted: dict[str, tuple[str, ...]] = {}
    for audience in incident.audiences if incident.audiences is not None else tuple(pack.audiences):
        for procedure in procedures_for(
            functions=incident.functions,
            audience=audience,
            state=incident.state,
            packages=incident.packages,
            procedures=procedures,
            pack=pack,
            is_login_fault=is_login_fault,
            failing=failing_services(incident, pack),
        ):
            wanted[procedure.id] = (*wanted.get(procedure.id, ()), audience)
    return wanted


def _fresh(
    incident: Incident, procedure: Procedure, audiences: tuple[str, ...], *, may_activate: bool, now: datetime
) -> Activation:
    return Activation(
        procedure=procedure.id,
        procedure_version=procedure.version,
        incident=incident.id,
        state="active" if may_activate else "proposed",
        start=now,
        until=now + BOX if may_activate else None,
        by=POLICY,
        audiences=audiences,
        packages=incident.packages,
        regions=incident.regions,
    )


def _merged(known: Activation, fresh: Activation, *, may_activate: bool) -> Activation:
    """Return what becomes of a known activation: a proposal follows the facts, one in force only widens."""
    if known.state == "ended":
        return fresh if _was_withdrawn(known) else known
    if known.state == "proposed":
        return fresh if may_activate else replace(fresh, start=known.start, by=known.by)
    if not may_activate:
        return known
    return replace(
        known,
        audiences=_union(known.audiences, fresh.audiences),
        packages=_union(known.packages, fresh.packages),
        regions=_union(known.regions, fresh.regions),
    )


def _was_withdrawn(known: Activation) -> bool:
    # A proposal that policy withdrew may be made again; what an operator ended stays ended.
    return known.until == known.start and known.by == POLICY


def _union(known: tuple[str, ...] | None, fresh: tuple[str, ...] | None) -> tuple[str, ...] | None:
    # None means everybody, which nothing can widen.
    return None if known is None or fresh is None else tuple(dict.fromkeys((*known, *fresh)))


def _ended(known: Activation, at: datetime) -> Activation:
    return replace(known, state="ended", until=known.start if known.state == "proposed" else max(at, known.start))
