"""Loads the past that a review looks back on, and writes reviews as JSON."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from tocsin.bulletins.models import BulletinRow, PageRecord
from tocsin.bulletins.queries import read_bulletin
from tocsin.catalog.rules.model import Source
from tocsin.detection.models import VerdictChange
from tocsin.detection.rules.model import State, Subject
from tocsin.incidents.models import IncidentRow
from tocsin.incidents.queries import read_incident
from tocsin.kernel.clock import format_moment
from tocsin.review.rules.model import (
    Distribution,
    Estimate,
    IncidentFigures,
    PageState,
    Past,
    Publication,
    Review,
    StateChange,
)
from tocsin.review.rules.percentiles import DEFINITION


def past(*, now: datetime, since: datetime | None = None) -> Past:
    """Return what happened up to `now`: incidents opened since a moment (all, without one) and what belongs to them."""
    rows = IncidentRow.objects.filter(Q() if since is None else Q(opened_at__gte=since), opened_at__lte=now)
    incidents = tuple(read_incident(row.state) for row in sorted(rows, key=lambda row: (row.opened_at, row.pk)))
    begin = min((incident.hit_since for incident in incidents), default=now)
    return Past(
        incidents=incidents,
        publications=_publications({incident.id for incident in incidents}),
        pages=_pages(begin),
        changes=_changes(begin),
        until=now,
    )


def _publications(incidents: set[str]) -> tuple[Publication, ...]:
    rows = BulletinRow.objects.filter(status="published", incident__in=incidents).order_by("published_at", "drafted_at")
    return tuple(Publication(row.published_at, read_bulletin(row)) for row in rows if row.published_at is not None)


def _pages(begin: datetime) -> tuple[PageState, ...]:
    # Also the last record before: it is what the pages still said when the first incident began.
    before = PageRecord.objects.filter(at__lte=begin).order_by("at", "id").last()
    rows = PageRecord.objects.filter(at__gt=begin).order_by("at", "id")
    return tuple(_page(row) for row in ([before] if before is not None else []) + list(rows))


def _page(row: PageRecord) -> PageState:
    states = {
        function: {audience: State(state) for audience, state in by_audience.items()}
        for function, by_audience in row.states.items()
    }
    return PageState(at=row.at, states=states, incidents=tuple(row.incidents))


def _changes(begin: datetime) -> tuple[StateChange, ...]:
    rows = VerdictChange.objects.filter(at__gte=begin).order_by("at", "id")
    return tuple(StateChange(row.at, Subject(row.function, row.audience), State(row.state), row.since) for row in rows)


def review_to_json(review: Review) -> dict[str, Any]:
    """Return a review as `tocsin figures --json` prints it; every duration is in seconds."""
    return {
        "percentiles": DEFINITION,
        "drills": review.drills,
        "instructed_within_promise": review.instructed_within_promise,
        "false_alarms": list(review.false_alarms),
        "misled_s": _distribution(review.misled),
        "promises": review.promises,
        "promises_broken": review.promises_broken,
        "to_detection_s": _distribution(review.to_detection),
        "to_instruction_s": _distribution(review.to_instruction),
        "to_end_s": _distribution(review.to_end),
        "falsely_fine_s": _distribution(review.falsely_fine),
        "falsely_bad_s": _distribution(review.falsely_bad),
        "incidents": [_incident(figures) for figures in review.incidents],
    }


def _distribution(given: Distribution) -> dict[str, Any]:
    return {
        "count": given.count,
        "never": given.never,
        "pending": given.pending,
        "median": _seconds(given.median),
        "p90": _seconds(given.p90),
        "p95": _seconds(given.p95),
        "maximum": _seconds(given.maximum),
    }


def _incident(figures: IncidentFigures) -> dict[str, Any]:
    return {
        "incident": figures.incident,
        "hit_since": format_moment(figures.hit_since),
        "is_running": figures.is_running,
        "to_detection_s": _seconds(figures.to_detection),
        "to_instruction_s": _seconds(figures.to_instruction),
        "to_end_s": _seconds(figures.to_end),
        "to_closing_s": _seconds(figures.to_closing),
        "falsely_fine_s": {audience: _seconds(value) for audience, value in figures.falsely_fine.items()},
        "falsely_bad_s": {audience: _seconds(value) for audience, value in figures.falsely_bad.items()},
        "hit": {audience: _estimate(value) for audience, value in figures.hit.items()},
        "transactions": {function: _estimate(value) for function, value in figures.transactions.items()},
        "uncounted": list(figures.uncounted),
    }


def _estimate(given: Estimate) -> dict[str, Any]:
    return {"low": given.low, "high": given.high, "sources": [_source(source) for source in given.sources]}


def _source(given: Source) -> dict[str, Any]:
    return {"address": given.address, "checked_on": given.checked_on.isoformat(), "trust": given.trust}


def _seconds(given: timedelta | None) -> float | None:
    return None if given is None else given.total_seconds()
