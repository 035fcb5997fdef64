"""Pages to duty officers, glued together: what the incidents' promises ask for, put into the notifications' outbox.

One call after each tick. It rests on what is stored and not on what the tick did, so that a page that a crash swallowed
goes out with the next one; each reason goes out once.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from tocsin.bulletins.models import BulletinRow
from tocsin.bulletins.queries import approvals, of_incident, read_bulletin, version
from tocsin.bulletins.rules.model import Bulletin
from tocsin.incidents.models import TimelineEntry
from tocsin.incidents.queries import recent
from tocsin.incidents.rules.model import Incident
from tocsin.incidents.rules.paging import Desk, DuePage, WaitingDraft, pages_due
from tocsin.incidents.rules.promises import Word
from tocsin.incidents.services import ENGINE, add_entry
from tocsin.kernel.reasons import Reason
from tocsin.notifications.paging import is_paged, page
from tocsin.notifications.rules.paging import Page


def page_who_is_due(now: datetime) -> int:
    """Page every duty officer whom a waiting draft or a promise calls for, and return how many pages that were."""
    desks = {incident.id: _desk(incident) for incident in recent(now)}
    due = pages_due(list(desks.values()), now=now)
    return sum(_sent(each, now=now) for each in due if not is_paged(each.key))


@transaction.atomic
def _sent(due: DuePage, *, now: datetime) -> bool:
    whom = page(_page(due), now=now)
    if whom is None:
        return False
    facts = {"kind": due.kind, "names": list(whom.names)}
    add_entry(due.incident.id, kind="paged", actor=ENGINE, at=now, reasons=[_why(due)], facts=facts)
    if due.kind == "first_word_late":
        add_entry(due.incident.id, kind="first_word_late", actor=ENGINE, at=now, reasons=[_why(due)])
    return True


def _why(due: DuePage) -> Reason:
    return Reason(f"page.{due.kind}", {"at": due.at.isoformat()})


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
    rows: Sequence[BulletinRow] = [row for row in of_incident(due.incident.id) if row.pk == due.bulletin]
    draft: Bulletin | None = read_bulletin(rows[0]) if rows else None
    text = next(iter(draft.texts.values()), None) if draft is not None else None
    return Page(
        kind=due.kind,
        key=due.key,
        reach=due.whom,
        incident=due.incident.id,
        owner=due.incident.owner,
        subject=text.headline if text is not None else {},
        at=due.at,
        bulletin=draft.id if draft is not None else "",
        version=version(draft) if draft is not None else "",
        content=rows[0].content if rows else {},
        is_drill=due.incident.is_drill,
        but=frozenset(due.but),
    )
