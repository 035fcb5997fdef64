"""Reading incidents and their timelines."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from pydantic import TypeAdapter

from tocsin.diagnosis.rules.model import PastFault
from tocsin.incidents.models import IncidentRow, TimelineEntry
from tocsin.incidents.rules.model import Incident
from tocsin.incidents.rules.steering import STANDS_OUT

INCIDENT: TypeAdapter[Incident] = TypeAdapter(Incident)

STAYS_KNOWN = timedelta(hours=24)
"""How long a closed incident still counts: the day's numbering and what follows an end need it."""

LIVED_WITH_AFTER = timedelta(days=1)
"""After which what still fails has become part of what is usual."""

REMEMBERED = timedelta(days=365)
"""How long a fault that is over says something of the next one: services change."""


def stored_incident(incident: Incident) -> dict[str, Any]:
    """Return the incident as it is stored; sets in a fixed order, so that equal incidents are stored alike."""
    stored: dict[str, Any] = INCIDENT.dump_python(incident, mode="json")
    stored["eyes"] = sorted(stored["eyes"])
    return stored


def read_incident(stored: Any) -> Incident:
    """Read a stored incident back."""
    return INCIDENT.validate_python(stored)


def incident(incident_id: str) -> Incident | None:
    """Return the incident, None where there is none of that id."""
    row = IncidentRow.objects.filter(pk=incident_id).first()
    return None if row is None else read_incident(row.state)


def recent(now: datetime) -> tuple[Incident, ...]:
    """Return the incidents that are open or were closed within the last day, oldest first."""
    rows = IncidentRow.objects.filter(Q(closed_at__isnull=True) | Q(closed_at__gte=now - STAYS_KNOWN))
    # Ids end in the day's number without leading zeros: the shorter one was first.
    in_order = sorted(rows, key=lambda row: (row.opened_at, len(row.pk), row.pk))
    return tuple(read_incident(row.state) for row in in_order)


def past_faults(now: datetime) -> tuple[PastFault, ...]:
    """Return the faults of the last year that are over and had a suspect that stood out, oldest first.

    Exercises and false alarms teach nothing.
    """
    rows = IncidentRow.objects.filter(closed_at__gte=now - REMEMBERED, closed_at__lte=now).order_by("opened_at", "pk")
    closed = [read_incident(row.state) for row in rows]
    return tuple(
        PastFault(each.suspects[0].id, frozenset(each.services))
        for each in closed
        if each.suspects and each.suspects[0].score >= STANDS_OUT and not each.is_drill and each.retracted_at is None
    )


def hit_spans(since: datetime, now: datetime) -> tuple[tuple[datetime, datetime], ...]:
    """Return from when to when something failed for users since then, open incidents until now, oldest first.

    Exercises and false alarms are left out. What lasts longer than a day counts for its first one: people live with it
    by then, and an incident that nobody closed must not blot out a month.
    """
    rows = IncidentRow.objects.filter(Q(closed_at__isnull=True) | Q(closed_at__gt=since)).order_by("opened_at", "pk")
    known = [read_incident(row.state) for row in rows]
    real = [each for each in known if not each.is_drill and each.retracted_at is None and each.hit_since < now]
    ends = [each.good_since or each.closed_at or now for each in real]
    return tuple(
        (each.hit_since, min(max(each.hit_since, end), each.hit_since + LIVED_WITH_AFTER))
        for each, end in zip(real, ends, strict=True)
    )


def settled(since: datetime) -> tuple[Incident, ...]:
    """Return what happened since: incidents closed after the moment, without exercises and what was taken back."""
    rows = IncidentRow.objects.filter(closed_at__gt=since).order_by("opened_at", "pk")
    known = (read_incident(row.state) for row in rows)
    return tuple(each for each in known if not each.is_drill and each.retracted_at is None)


def timeline(incident_id: str) -> QuerySet[TimelineEntry]:
    """Return all that happened to the incident, in the order in which it was written down."""
    return TimelineEntry.objects.filter(incident=incident_id).order_by("id")
