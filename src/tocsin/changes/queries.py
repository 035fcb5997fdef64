"""Reading what was announced and measured of interventions and configurations."""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from tocsin.changes.models import ChangeRow, MaintenanceRow
from tocsin.changes.rules import ChangeEvent, ChangeKind, Maintenance, MaintenanceState, at_moment

LOOKS_BACK = timedelta(days=28)
"""How far back a change can still explain something: drift sleeps until the next restart, but not for ever."""

MAINTENANCE_STAYS = timedelta(days=7)
"""How long a maintenance that is over or cancelled is still spoken of: calendars and feeds must learn of it."""


def recent(now: datetime) -> tuple[ChangeEvent, ...]:
    """Return the changes of the last four weeks up to `now`, oldest first."""
    rows = ChangeRow.objects.filter(at__gt=now - LOOKS_BACK, at__lte=now).order_by("at", "id")
    return tuple(read_change(row) for row in rows)


def read_change(row: ChangeRow) -> ChangeEvent:
    """Return the stored change as the rules read it."""
    kind: ChangeKind = row.kind  # type: ignore[assignment]  # written from a ChangeEvent only
    return ChangeEvent(
        at=row.at,
        kind=kind,
        change=row.change,
        services=tuple(row.services),
        summary=row.summary,
        running=row.running,
        persisted=row.persisted,
        approved=row.approved,
    )


def planned(now: datetime) -> tuple[Maintenance, ...]:
    """Return every maintenance that is to come, goes on, or ended within the last week, in the order of their starts.

    Each is in the state that it has at `now`; those that are not public are among them, and for the caller to leave
    out where the public reads.
    """
    return tuple(at_moment(read_maintenance(row), now) for row in _kept(now))


def untold(now: datetime) -> tuple[tuple[Maintenance, tuple[str, ...]], ...]:
    """Return what `planned` does, each with what subscribers were told of it so far."""
    return tuple((at_moment(read_maintenance(row), now), tuple(row.told)) for row in _kept(now))


def _kept(now: datetime) -> QuerySet[MaintenanceRow]:
    ended_lately = Q(ended_at__gte=now - MAINTENANCE_STAYS) | Q(ended_at=None, end__gte=now - MAINTENANCE_STAYS)
    return MaintenanceRow.objects.filter(ended_lately)


def maintenance(maintenance_id: str, *, now: datetime) -> Maintenance | None:
    """Return one maintenance in the state that it has at `now`; None where there is none of that id."""
    row = MaintenanceRow.objects.filter(pk=maintenance_id).first()
    return None if row is None else at_moment(read_maintenance(row), now)


def read_maintenance(row: MaintenanceRow) -> Maintenance:
    """Return the stored maintenance as the rules read it, in the state somebody last gave it."""
    state: MaintenanceState = row.state  # type: ignore[assignment]  # written from a Maintenance only
    return Maintenance(
        id=row.id,
        services=tuple(row.services),
        functions=tuple(row.functions),
        audiences=None if row.audiences is None else tuple(row.audiences),
        start=row.start,
        end=row.end,
        effect=row.effect,
        is_public=row.is_public,
        state=state,
        announced_at=row.announced_at,
        changed_at=row.changed_at,
        ended_at=row.ended_at,
        revision=row.revision,
    )
