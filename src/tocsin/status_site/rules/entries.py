"""What a feed tells: every bulletin once, in its newest wording.

A correction, a retraction and an end that people were told of are entries of their own, so that a reader shows them
as news. A silent edit is not news: it takes the place of what it mends, under that entry's id, with a later `updated`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.bulletins.rules.model import Bulletin
from tocsin.status_site.rules.facts import Facts, Said

MAX_ENTRIES = 20
"""As many as a long morning brings; who needs older ones has them already."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A bulletin as a feed tells it: `bulletin` is its newest wording, `id` the one it was first told under."""

    id: str
    bulletin: Bulletin
    published_at: datetime
    updated_at: datetime


def entries(facts: Facts) -> tuple[Entry, ...]:
    """Return what was said, newest first; the order of telling decides, not the ids."""
    told: list[Entry] = []
    for said in facts.said:
        place = _amended(said, told)
        if place is None:
            told.append(Entry(said.bulletin.id, said.bulletin, said.published_at, said.published_at))
        else:
            told[place] = replace(told[place], bulletin=said.bulletin, updated_at=said.published_at)
    return tuple(reversed(told))


def entries_for(audience: str, told: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return the newest entries that an audience was told."""
    return tuple(entry for entry in told if audience in entry.bulletin.texts)[:MAX_ENTRIES]


def _amended(said: Said, told: Sequence[Entry]) -> int | None:
    if not said.bulletin.is_silent:
        return None
    places = [place for place, entry in enumerate(told) if entry.bulletin.incident == said.bulletin.incident]
    exact = [place for place in places if said.bulletin.corrects in {told[place].id, told[place].bulletin.id}]
    return next(reversed(exact or places), None)
