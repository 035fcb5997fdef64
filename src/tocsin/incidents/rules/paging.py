"""Which pages are due: promises have clocks, and whoever must act is woken before they run out.

    a draft waits       → the owner, or who is on duty, at once; at 2 minutes who is on duty, unless somebody took it
    one of two agreed   → who is on duty, but for who agreed
    no first word       → everybody, 5 minutes after detection: that promise is broken
    next update due     → the owner, 5 minutes before
    next update missed  → everybody

A page is due as long as its facts hold. Whoever sends them keeps what was sent by `key`, so that each goes out once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from tocsin.incidents.rules.model import Incident
from tocsin.incidents.rules.promises import Word
from tocsin.kernel.clock import format_moment
from tocsin.kernel.reasons import Reason

REMINDED_AFTER = timedelta(minutes=2)
"""So long a draft may wait before who is on duty is called again."""

FIRST_WORD_WITHIN = timedelta(minutes=5)
"""From detection to the first word, a human's approval included: later than this the promise is broken."""

PAGED_BEFORE = timedelta(minutes=5)
"""So long before a promised update the owner is called: time enough to look, decide and approve."""

STALE = timedelta(minutes=30)
"""What is so old is no news: an engine that comes back after a night wakes nobody for what was due then."""

type PageKind = Literal[
    "draft_waits", "draft_still_waits", "second_needed", "first_word_late", "update_due", "promise_broken"
]
type Whom = Literal["owner", "duty", "all"]

REASONS: Mapping[PageKind, Reason] = {
    "draft_waits": Reason("page.draft_waits"),
    "draft_still_waits": Reason("page.draft_still_waits"),
    "second_needed": Reason("page.second_needed"),
    "first_word_late": Reason("page.first_word_late"),
    "update_due": Reason("page.update_due"),
    "promise_broken": Reason("page.promise_broken"),
}
"""What stands on the timeline for each."""


@dataclass(frozen=True, slots=True)
class WaitingDraft:
    """A draft that waits for approval, since when, and who of two approved it already."""

    bulletin: str
    since: datetime
    approved_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Desk:
    """An incident as the desk has it: drafts that wait, the last word that is out, when somebody last took it."""

    incident: Incident
    waiting: tuple[WaitingDraft, ...] = ()
    word: Word | None = None
    taken_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DuePage:
    """A page that is due: why, to whom, about what; `at` is the moment that it speaks of."""

    kind: PageKind
    whom: Whom
    key: str
    incident: Incident
    at: datetime
    bulletin: str | None = None
    but: tuple[str, ...] = ()


def pages_due(desks: Sequence[Desk], *, now: datetime) -> tuple[DuePage, ...]:
    """Return every page whose facts hold at `now`, in the incidents' order, the gentlest first."""
    return tuple(page for desk in desks for page in _due(desk, now))


def _due(desk: Desk, now: datetime) -> Iterator[DuePage]:
    for draft in desk.waiting:
        yield from _of_draft(desk, draft, now)
    if desk.incident.is_open:
        yield from _of_first_word(desk, now) if desk.word is None else _of_promise(desk, desk.word, now)


def _of_draft(desk: Desk, draft: WaitingDraft, now: datetime) -> Iterator[DuePage]:
    waited = now - draft.since
    if waited >= STALE:
        return
    if draft.approved_by:
        yield _page("second_needed", "duty", desk, at=draft.since, draft=draft)
        return
    yield _page("draft_waits", "owner", desk, at=draft.since, draft=draft)
    is_taken = desk.taken_at is not None and desk.taken_at >= draft.since
    if waited >= REMINDED_AFTER and not is_taken:
        yield _page("draft_still_waits", "duty", desk, at=draft.since, draft=draft)


def _of_first_word(desk: Desk, now: datetime) -> Iterator[DuePage]:
    # What nobody has drafted (a suspicion too weak to speak of) was promised to nobody.
    if not desk.waiting:
        return
    broken_at = desk.incident.opened_at + FIRST_WORD_WITHIN
    if timedelta() <= now - broken_at < STALE:
        yield _page("first_word_late", "all", desk, at=desk.incident.opened_at, draft=desk.waiting[-1])


def _of_promise(desk: Desk, word: Word, now: datetime) -> Iterator[DuePage]:
    promised = word.next_update_at
    if promised is None or now - promised >= STALE:
        return
    draft = desk.waiting[-1] if desk.waiting else None
    if now >= promised:
        yield _page("promise_broken", "all", desk, at=promised, draft=draft)
    elif now >= promised - PAGED_BEFORE:
        yield _page("update_due", "owner", desk, at=promised, draft=draft)


def _page(kind: PageKind, whom: Whom, desk: Desk, *, at: datetime, draft: WaitingDraft | None) -> DuePage:
    is_of_draft = draft is not None and kind in {"draft_waits", "draft_still_waits", "second_needed"}
    about = draft.bulletin if draft is not None and is_of_draft else desk.incident.id
    return DuePage(
        kind=kind,
        whom=whom,
        key=f"{about}|{format_moment(at)}|{kind}",
        incident=desk.incident,
        at=at,
        bulletin=draft.bulletin if draft is not None else None,
        but=draft.approved_by if draft is not None and is_of_draft else (),
    )
