"""How long the public pages and the truth disagreed.

The truth is what detection came to know, afterwards: a verdict's `since` says when the trouble is estimated to have
begun, which is earlier than when it was noticed, and the incident's good run says when it ended. Where no change of
verdict is known, it is the incident's own span. "Not clear yet" on a page is neither a "no problem" nor its opposite.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tocsin.detection.rules.model import State, Subject
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.intervals import Span
from tocsin.review.rules.model import PageState, Past, StateChange

BAD = frozenset({State.DEGRADED, State.DOWN})


def ended_at(incident: Incident) -> datetime | None:
    """Return when users could work again: the start of the good run on which it was closed; None while it goes on."""
    if incident.closed_at is None:
        return None
    return incident.good_since or incident.closed_at


def failing_spans(subject: Subject, *, incident: Incident, changes: Iterable[StateChange]) -> list[Span]:
    """Return when a subject was failing during an incident, at most until users could work again.

    That a subject is OK is known only once detection's windows are empty; the run of good intervals on which the
    incident was closed was read back from the calls, and says better when it ended.
    """
    own = [change for change in changes if change.subject == subject]
    over_at = ended_at(incident)
    spans, started_at = [], None
    for change in own:
        if change.state in BAD:
            started_at = started_at or max(change.since, incident.hit_since)
        elif started_at is not None:
            spans.append(Span(started_at, max(min(change.since, over_at or change.since), started_at)))
            started_at = None
    if started_at is not None:
        spans.append(Span(started_at, over_at))
    return spans or [Span(incident.hit_since, over_at)]


def disagreement(
    audience: str, *, functions: Sequence[str], incident: Incident, past: Past
) -> tuple[timedelta, timedelta]:
    """Return how long the pages said "no problem" to an audience that was failing, and how long the opposite.

    A moment counts once however many of the audience's functions it concerns. It is looked at from the first user
    hit until the pages stopped speaking of it.
    """
    window = Span(incident.hit_since, _last_word(incident, past))
    changes = [change for change in past.changes if window.contains(change.at)]
    failing = {name: failing_spans(Subject(name, audience), incident=incident, changes=changes) for name in functions}
    fine = bad = timedelta(0)
    for start, end, page in _segments(window, past=past, spans=[span for spans in failing.values() for span in spans]):
        truths = {name: any(span.contains(start) for span in spans) for name, spans in failing.items()}
        said = {name: page.states.get(name, {}).get(audience) for name in functions}
        if any(truths[name] and said[name] is State.OK for name in functions):
            fine += end - start
        if any(not truths[name] and said[name] in BAD for name in functions):
            bad += end - start
    return fine, bad


def _last_word(incident: Incident, past: Past) -> datetime:
    if incident.closed_at is None:
        return past.until
    later = (page.at for page in past.pages if page.at >= incident.closed_at)
    return next(later, min(incident.closed_at, past.until))


def _segments(window: Span, *, past: Past, spans: Iterable[Span]) -> Iterator[tuple[datetime, datetime, PageState]]:
    # Between two of these moments neither the pages nor the truth change.
    edges = {page.at for page in past.pages}
    edges.update(moment for span in spans for moment in (span.start, span.end) if moment is not None)
    assert window.end is not None
    moments = [window.start, *sorted(edge for edge in edges if window.start < edge < window.end), window.end]
    for start, end in pairwise(moments):
        said = [page for page in past.pages if page.at <= start]
        if said:
            yield start, end, said[-1]
