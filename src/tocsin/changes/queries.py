"""Reading what was announced and measured of interventions and configurations."""

from datetime import datetime, timedelta

from tocsin.changes.models import ChangeRow
from tocsin.changes.rules import ChangeEvent, ChangeKind

LOOKS_BACK = timedelta(days=28)
"""How far back a change can still explain something: drift sleeps until the next restart, but not for ever."""


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
