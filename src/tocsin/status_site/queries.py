"""Reads from the database what the pages are built from."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from tocsin.bulletins.models import BulletinRow
from tocsin.bulletins.queries import read_bulletin
from tocsin.catalog.rules.model import Pack
from tocsin.continuity.rules.model import Procedure
from tocsin.detection.queries import last_judgement
from tocsin.incidents.queries import recent
from tocsin.incidents.rules.model import Incident
from tocsin.status_site.rules.facts import Facts, Said

TOLD = timedelta(days=7)
"""How far back a feed reaches; what was said of an incident that is still open counts whatever its age."""


def facts(*, now: datetime, pack: Pack, procedures: Mapping[str, Procedure], is_replay: bool) -> Facts:
    """Return all that the pages are built from at `now`."""
    judgement = last_judgement()
    incidents = recent(now)
    return Facts(
        now=now,
        checked_at=None if judgement is None else judgement.at,
        verdicts={} if judgement is None else judgement.verdicts,
        incidents=incidents,
        said=_said(now, incidents),
        procedures=procedures,
        pack=pack,
        is_replay=is_replay,
    )


def _said(now: datetime, incidents: Sequence[Incident]) -> tuple[Said, ...]:
    known = [incident.id for incident in incidents]
    rows = BulletinRow.objects.filter(Q(incident__in=known) | Q(published_at__gte=now - TOLD), status="published")
    said = [Said(read_bulletin(row), row.published_at) for row in rows if row.published_at is not None]
    return tuple(sorted(said, key=lambda one: (one.published_at, one.bulletin.drafted_at, one.bulletin.number)))
