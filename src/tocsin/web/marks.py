"""Marks on a chart: what was changed, said and reported, each with words for who cannot see the drawing."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext

from tocsin.changes.models import ChangeRow
from tocsin.observations.models import ReportRow
from tocsin.web import board, times, words
from tocsin.web.charts import Mark


def changes_on(services: frozenset[str], rows: Iterable[ChangeRow]) -> list[Mark]:
    """Mark the interventions that touch one of the services."""
    return [
        Mark(
            row.at, "change", _said(row.at, f"{words.word(words.CHANGES, row.kind)}: {row.summary or row.change or ''}")
        )
        for row in rows
        if services.intersection(row.services)
    ]


def told(bulletins: Iterable[board.StoredBulletin]) -> list[Mark]:
    """Mark the messages that went out."""
    return [
        Mark(
            stored.published_at,
            "bulletin",
            _said(stored.published_at, words.word(words.BULLETINS, stored.bulletin.kind)),
        )
        for stored in bulletins
        if stored.published_at is not None
    ]


def reported(reports: Iterable[ReportRow]) -> list[Mark]:
    """Mark the panel's reports that say something does not work."""
    return [
        Mark(row.at, "report", _said(row.at, gettext("A panel member reports that it does not work")))
        for row in reports
        if not row.works
    ]


def _said(at: datetime, label: str) -> str:
    return gettext("%(time)s: %(what)s") % {"time": times.clock_time(at), "what": label}
