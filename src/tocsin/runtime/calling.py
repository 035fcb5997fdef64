"""Pages to duty officers, glued together: what the incidents' promises ask for, put into the notifications' outbox.

One call after each tick. It rests on what is stored and not on what the tick did, so that a page that a crash swallowed
goes out with the next one; each reason goes out once.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from django.db import transaction

from tocsin.bulletins.models import BulletinRow
from tocsin.bulletins.queries import approvals, configured_pack, of_incident, read_bulletin, version
from tocsin.incidents.models import TimelineEntry
from tocsin.incidents.queries import recent
from tocsin.incidents.rules.model import Incident
from tocsin.incidents.rules.paging import REASONS, Desk, DuePage, WaitingDraft, pages_due
from tocsin.incidents.rules.promises import Word
from tocsin.incidents.rules.severity import gravest_first
from tocsin.incidents.services import ENGINE, add_entry
from tocsin.kernel.language import LocalizedText
from tocsin.notifications.budget import questions
from tocsin.notifications.paging import is_paged, page, withdraw_stale
from tocsin.notifications.rules.paging import Page

log = logging.getLogger(__name__)


def page_who_is_due(now: datetime) -> int:
    """Page every duty officer whom a waiting draft or a promise calls for, and return how many pages that were.

    What goes wrong is logged and tried again after the next tick: a page that fails must undo nothing.
    """
    sent = 0
    try:
        # The gravest first: where the channel is slow, its page must not stand behind another's.
        desks = [_desk(incident) for incident in gravest_first(recent(now), pack=configured_pack(), now=now)]
        pages = pages_due(desks, now=now)
        for due in pages:
            sent += not is_paged(due.key) and _sent(due, now=now)
        unanswered = [_ceiling_key(each.period, each.asked_at) for each in questions()]
        withdraw_stale([*(due.key for due in pages), *unanswered], now=now)
    except Exception:
        log.exception("duty officers could not be paged")
    return sent


def page_about_ceiling(period: str, *, thread: str, waiting: int, now: datetime) -> None:
    """Page whoever is on duty: text messages wait because a ceiling was reached, and somebody must decide.

    Called by whoever writes messages out, whose work a page that fails must not undo: that is logged.
    """
    try:
        with transaction.atomic():
            rows = [row for row in of_incident(thread) if row.status == "published"]
            asked = Page(
                kind="ceiling_reached",
                key=_ceiling_key(period, now),
                subject=_subject(rows[-1:]),
                at=now,
                is_drill=bool(rows) and read_bulletin(rows[-1]).is_drill,
                count=waiting,
            )
            page(asked, now=now)
    except Exception:
        log.exception("nobody could be paged about text messages that wait")


def _ceiling_key(period: str, asked_at: datetime) -> str:
    return f"ceiling|{period}|{asked_at.astimezone(UTC):%Y%m%dT%H%M%S}"


@transaction.atomic
def _sent(due: DuePage, *, now: datetime) -> bool:
    whom = page(_page(due), now=now)
    if whom is None:
        return False
    why = [REASONS[due.kind]]
    if due.kind == "first_word_late":
        # The miss itself stands there too, whoever could be paged; that of a later promise is the engine's own entry.
        add_entry(due.incident.id, kind="first_word_late", actor=ENGINE, at=now, reasons=why)
    add_entry(due.incident.id, kind="paged", actor=ENGINE, at=now, reasons=why, facts={"names": list(whom.names)})
    return True


def _desk(incident: Incident) -> Desk:
    rows = of_incident(incident.id)
    out = [row for row in rows if row.status == "published"]
    last = read_bulletin(out[-1]) if out else None
    taken = TimelineEntry.objects.filter(incident=incident.id, kind="taken").order_by("id").last()
    return Desk(
        incident,
        waiting=tuple(_waiting(row) for row in rows if row.status == "draft"),
        word=None if last is None else Word(last.drafted_at, last.next_update_at),
        taken_at=None if taken is None else taken.at,
    )


def _waiting(row: BulletinRow) -> WaitingDraft:
    present = version(read_bulletin(row))
    agreed = tuple(given.by for given in approvals([row.pk]) if given.wording.startswith(present))
    return WaitingDraft(row.pk, row.drafted_at, agreed)


def _page(due: DuePage) -> Page:
    rows = of_incident(due.incident.id)
    draft = next((row for row in rows if row.pk == due.bulletin), None)
    asked = None if draft is None else read_bulletin(draft)
    return Page(
        kind=due.kind,
        key=due.key,
        reach=due.whom,
        incident=due.incident.id,
        owner=due.incident.owner,
        subject=_subject(rows if draft is None else [draft]),
        at=due.at,
        bulletin="" if asked is None else asked.id,
        version="" if asked is None else version(asked),
        content={} if draft is None else draft.content,
        is_drill=due.incident.is_drill,
        but=frozenset(due.but),
    )


def _subject(rows: Sequence[BulletinRow]) -> LocalizedText:
    # What the draft is about or, where none waits, what the public heard last.
    texts = read_bulletin(rows[-1]).texts if rows else {}
    return next((text.subject for text in texts.values()), {})
