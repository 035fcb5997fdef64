"""Reads from the database what the pages are built from."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q

from tocsin.bulletins.models import BulletinRow
from tocsin.bulletins.queries import read_bulletin
from tocsin.catalog.rules.model import Pack
from tocsin.changes.queries import planned
from tocsin.continuity.models import ActivationRow
from tocsin.continuity.queries import read_activation
from tocsin.continuity.rules.model import Activation, Procedure
from tocsin.detection.queries import last_judgement
from tocsin.incidents.models import IncidentRow
from tocsin.incidents.queries import recent
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.clock import in_brussels
from tocsin.notifications.models import OutboxMessage
from tocsin.notifications.queries import WAITING
from tocsin.review.queries import past
from tocsin.review.rules.availability import Availability, availability
from tocsin.status_site.rules.facts import Chapter, Facts, OwnState, Said

TOLD = timedelta(days=7)
"""How far back a feed reaches; what was said of an incident that is still open counts whatever its age."""


def facts(*, now: datetime, pack: Pack, procedures: Mapping[str, Procedure], is_replay: bool) -> Facts:
    """Return all that the pages are built from at `now`."""
    judgement = last_judgement()
    incidents = recent(now)
    said = _said(now, incidents)
    closed, figures = _archive.read(now, pack)
    checked_at = None if judgement is None else judgement.at
    return Facts(
        now=now,
        checked_at=checked_at,
        verdicts={} if judgement is None else judgement.verdicts,
        incidents=incidents,
        said=said,
        procedures=procedures,
        pack=pack,
        is_replay=is_replay,
        maintenance=tuple(each for each in planned(now) if each.is_public),
        chapters=(*closed, *_open_chapters(incidents, said)),
        availability=figures,
        own=_own(now, checked_at),
    )


def _said(now: datetime, incidents: Sequence[Incident]) -> tuple[Said, ...]:
    known = [incident.id for incident in incidents]
    rows = BulletinRow.objects.filter(Q(incident__in=known) | Q(published_at__gte=now - TOLD), status="published")
    said = [Said(read_bulletin(row), row.published_at) for row in rows if row.published_at is not None]
    return tuple(sorted(said, key=lambda one: (one.published_at, one.bulletin.drafted_at, one.bulletin.number)))


def _open_chapters(incidents: Sequence[Incident], said: Sequence[Said]) -> tuple[Chapter, ...]:
    going_on = [incident for incident in incidents if incident.is_open]
    activations = _activations([incident.id for incident in going_on]) if going_on else {}
    return tuple(
        Chapter(
            incident,
            tuple(each for each in said if each.bulletin.incident == incident.id),
            activations.get(incident.id, ()),
        )
        for incident in going_on
    )


def _activations(incidents: Sequence[str]) -> dict[str, tuple[Activation, ...]]:
    found: dict[str, tuple[Activation, ...]] = {}
    for row in ActivationRow.objects.filter(incident__in=incidents).order_by("id"):
        found[row.incident] = (*found.get(row.incident, ()), read_activation(row))
    return found


class _Archive:
    """Keeps what is over, and its figures, until something of it changes: a year of it is too much for every look."""

    def __init__(self) -> None:
        self._marks: object = None
        self._known: tuple[tuple[Chapter, ...], Availability] | None = None

    def read(self, now: datetime, pack: Pack) -> tuple[tuple[Chapter, ...], Availability]:
        """Return every incident that is over, oldest first, and the figures of the last twelve months."""
        marks = (in_brussels(now).date(), pack.id, pack.version, *_marks())
        if self._known is None or marks != self._marks:
            self._known, self._marks = _read_past(now, pack), marks
        return self._known


_archive = _Archive()


def _marks() -> tuple[object, ...]:
    """Return what differs as soon as anything that is over differs."""
    closed = IncidentRow.objects.filter(closed_at__isnull=False).order_by("pk").values_list("pk", "closed_at")
    told = BulletinRow.objects.filter(status="published", incident__in=[pk for pk, _ in closed])
    in_force = ActivationRow.objects.filter(incident__in=[pk for pk, _ in closed])
    return tuple(closed), *told.aggregate(Count("pk"), Max("published_at")).values(), in_force.count()


def _read_past(now: datetime, pack: Pack) -> tuple[tuple[Chapter, ...], Availability]:
    known = past(now=now)
    over = [incident for incident in known.incidents if not incident.is_open]
    activations = _activations([incident.id for incident in over])
    said: dict[str, tuple[Said, ...]] = {}
    for each in known.publications:
        said[each.bulletin.incident] = (*said.get(each.bulletin.incident, ()), Said(each.bulletin, each.at))
    chapters = (Chapter(one, said.get(one.id, ()), activations.get(one.id, ())) for one in over)
    return tuple(chapters), availability(known, pack=pack)


def _own(now: datetime, checked_at: datetime | None) -> OwnState:
    sent = OutboxMessage.objects.filter(sent_at__isnull=False).order_by("-pk").values_list("sent_at", flat=True)
    return OwnState(
        looked_at=checked_at,
        published_at=now,
        sent_at=sent.first(),
        waiting=OutboxMessage.objects.filter(WAITING).count(),
    )
