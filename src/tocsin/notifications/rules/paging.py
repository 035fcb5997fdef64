"""A page: what a duty officer must look at now, and who is woken for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from tocsin.kernel.language import LocalizedText
from tocsin.notifications.rules.model import JsonValue

type PageReason = Literal[
    "draft_waits",
    "draft_still_waits",
    "second_needed",
    "first_word_late",
    "update_due",
    "promise_broken",
    "ceiling_reached",
    "tocsin_ails",
]
"""Why somebody is paged; the words for each are in `notifications.paging`."""

type Reach = Literal["owner", "duty", "all"]
"""Whom: the incident's owner alone, everybody on duty, or everybody there is."""

TOPICS: Final[Mapping[PageReason, str]] = {
    "draft_waits": "approval",
    "draft_still_waits": "approval",
    "second_needed": "approval",
    "first_word_late": "promise",
    "update_due": "promise",
    "promise_broken": "promise",
    "ceiling_reached": "approval",
    "tocsin_ails": "watch",
}
"""By what an officer chooses (`accounts.rules.PAGE_KINDS`)."""


@dataclass(frozen=True, slots=True)
class Page:
    """What duty officers are paged about.

    `key` is the one reason: nobody is paged twice for it. `subject` is what it is about, in four languages. `at` is the
    promised time, or since when something waits. `bulletin`, with the `version` of its text, is a draft that can be
    approved from the page; `content` that text, so that one who comes late sees what was changed since. `but` are those
    who did their part already.
    """

    kind: PageReason
    key: str
    reach: Reach = "duty"
    incident: str = ""
    owner: str | None = None
    subject: LocalizedText = field(default_factory=dict)
    at: datetime | None = None
    bulletin: str = ""
    version: str = ""
    content: Mapping[str, JsonValue] = field(default_factory=dict)
    is_drill: bool = False
    but: frozenset[str] = frozenset()
    count: int = 0


@dataclass(frozen=True, slots=True)
class Officer:
    """Somebody who may be paged: what for, whether on duty, whether there is an address to page at."""

    name: str
    topics: frozenset[str]
    is_on_duty: bool
    has_address: bool


@dataclass(frozen=True, slots=True)
class Called:
    """Who is paged, and whether that is everybody because nobody who could answer was on duty."""

    names: tuple[str, ...]
    is_for_want_of_duty: bool = False


def called(page: Page, officers: Sequence[Officer]) -> Called:
    """Return who is paged, in the order in which the officers are given, an owner first.

    An owner who can be reached stands for the others, until a page is meant for more than the owner. Where nobody on
    duty can be reached, everybody is; and what people chose not to hear counts only while somebody hears it.
    """
    reachable = [each for each in officers if each.has_address and each.name not in page.but]
    topic = TOPICS[page.kind]
    willing = [each for each in reachable if topic in each.topics or each.name == page.owner] or reachable
    owner = [each for each in willing if each.name == page.owner]
    if page.reach == "owner" and owner:
        return Called((owner[0].name,))
    on_duty = [each for each in willing if each.is_on_duty and each.name != page.owner]
    if page.reach != "all" and (on_duty or owner):
        return Called(tuple(each.name for each in (*owner, *on_duty)))
    others = [each.name for each in willing if each.name != page.owner]
    return Called((*(each.name for each in owner), *others), is_for_want_of_duty=not (on_duty or owner))
