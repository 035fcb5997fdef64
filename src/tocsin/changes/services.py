"""Taking in interventions and fingerprints."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from tocsin.audit.services import record as audit
from tocsin.changes.models import ChangeRow
from tocsin.changes.queries import read_change
from tocsin.changes.rules import ChangeEvent


@transaction.atomic
def accept_changes(changes: Sequence[ChangeEvent], *, by: str = "api", now: datetime) -> int:
    """Store the changes that are not known yet and return how many those were; sent twice, they count once.

    Interventions are audited one by one; readings of fingerprints, which come every few minutes, are not.
    """
    fresh = _unknown(changes)
    ChangeRow.objects.bulk_create([_row(change) for change in fresh])
    for change in fresh:
        if change.kind != "fingerprint":
            facts = {"at": change.at.isoformat(), "services": list(change.services)}
            audit(at=now, actor=by, action=f"change.{change.kind}", subject=change.change or "unnamed", facts=facts)
    return len(fresh)


def _unknown(changes: Sequence[ChangeEvent]) -> list[ChangeEvent]:
    moments = {change.at for change in changes}
    known = {read_change(row) for row in ChangeRow.objects.filter(at__in=moments)}
    return [change for change in dict.fromkeys(changes) if change not in known]


def _row(change: ChangeEvent) -> ChangeRow:
    return ChangeRow(
        at=change.at,
        kind=change.kind,
        change=change.change,
        services=list(change.services),
        summary=change.summary,
        running=change.running,
        persisted=change.persisted,
        approved=change.approved,
    )
