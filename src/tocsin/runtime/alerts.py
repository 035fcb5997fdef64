"""Who must be woken now: drafts that wait, promises that near their end, promises that broke.

The one place where the engine's outcome meets paging: bulletins and notifications do not know one another. Every page
has a key, so that nobody is paged twice for one reason, whatever restarts meanwhile.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from tocsin.bulletins.queries import adapter, version, waiting_since
from tocsin.bulletins.rules.model import Bulletin
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.clock import format_moment
from tocsin.notifications.paging import page
from tocsin.notifications.rules.paging import Page, PageReason

log = logging.getLogger(__name__)

AGAIN_AFTER: Final = timedelta(minutes=2)
"""A draft that nobody looked at pages again."""

FIRST_WORD_WITHIN: Final = timedelta(minutes=5)
"""From then on the promise of the first instruction is broken."""

DUE_WITHIN: Final = timedelta(minutes=5)
"""So long before a promised update breaks, the incident's owner is paged."""

type Waiting = Mapping[str, tuple[datetime, Bulletin]]


class Alerts:
    """Pages whom it concerns after each tick; remembers which keys are done, to ask the database once for each."""

    def __init__(self) -> None:
        """Begin with nothing paged in this process; the database knows what earlier ones did."""
        self._done: frozenset[str] = frozenset()

    def follow(self, incidents: Sequence[Incident], published: Sequence[Bulletin], *, now: datetime) -> None:
        """Page for all that is due; what goes wrong is logged and tried again at the next tick."""
        due = tuple(pages_due(incidents, published, waiting_since(), now=now))
        done = []
        for each in due:
            try:
                if each.key not in self._done:
                    page(each, now=now)
                done.append(each.key)
            except Exception:
                log.exception("nobody could be paged (%s)", each.key)
        self._done = frozenset(done)


def pages_due(
    incidents: Sequence[Incident], published: Sequence[Bulletin], waiting: Waiting, *, now: datetime
) -> Iterator[Page]:
    """Yield what duty officers must be paged about at `now`; what was paged before comes again, under the same key."""
    known = {incident.id: incident for incident in incidents}
    for since, bulletin in waiting.values():
        if bulletin.incident in known:
            yield from _of_draft(bulletin, known[bulletin.incident], since=since, now=now)
    last = {bulletin.incident: bulletin for bulletin in published}
    for incident in incidents:
        if incident.is_open and incident.id in last:
            yield from _of_promise(last[incident.id], incident, now=now)


def _of_draft(bulletin: Bulletin, incident: Incident, *, since: datetime, now: datetime) -> Iterator[Page]:
    waited = now - since
    yield _draft_page("draft_waits", bulletin, incident, since)
    if waited >= AGAIN_AFTER:
        yield _draft_page("draft_still_waits", bulletin, incident, since)
    if waited >= FIRST_WORD_WITHIN and bulletin.kind == "first":
        yield Page(
            kind="first_word_late",
            key=f"{bulletin.id}|{format_moment(since)}|first_word_late",
            reach="all",
            incident=incident.id,
            owner=incident.owner,
            subject=_subject(bulletin),
            at=incident.opened_at,
            is_drill=bulletin.is_drill,
        )


def _draft_page(kind: PageReason, bulletin: Bulletin, incident: Incident, since: datetime) -> Page:
    return Page(
        kind=kind,
        key=f"{bulletin.id}|{format_moment(since)}|{kind}",
        reach="owner" if kind == "draft_waits" else "duty",
        incident=incident.id,
        owner=incident.owner,
        subject=_subject(bulletin),
        at=since,
        bulletin=bulletin.id,
        version=version(bulletin),
        content=adapter().dump_python(bulletin, mode="json"),
        is_drill=bulletin.is_drill,
    )


def _of_promise(last: Bulletin, incident: Incident, *, now: datetime) -> Iterator[Page]:
    promised = last.next_update_at
    if promised is None or now < promised - DUE_WITHIN:
        return
    kind: PageReason = "update_due" if now < promised else "promise_broken"
    yield Page(
        kind=kind,
        key=f"{incident.id}|{format_moment(promised)}|{kind}",
        reach="owner" if kind == "update_due" else "duty",
        incident=incident.id,
        owner=incident.owner,
        subject=_subject(last),
        at=promised,
        is_drill=incident.is_drill,
    )


def _subject(bulletin: Bulletin) -> Mapping[str, str]:
    return next((text.subject for text in bulletin.texts.values()), {})
