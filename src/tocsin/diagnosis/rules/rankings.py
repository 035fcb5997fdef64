"""The history of a ranking: kept when the order of the first three or a score has changed enough to be read later."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from tocsin.diagnosis.rules.model import Place, Ranking, Suspect
from tocsin.kernel.reasons import Fact, Reason

FIRST = 3
"""So many suspects are kept: further ones change places by noise."""

NOTABLE = 0.15
"""By how much a score must have moved to be kept without a change of order."""

APART = timedelta(minutes=1)
"""Nothing that lasts less than a minute is history, but a new first suspect is kept at once."""

MOST_KEPT = 60
"""An incident of days keeps its beginning and what is latest; nobody reads a ranking of every minute."""


def continued(
    history: Sequence[Ranking], suspects: Sequence[Suspect], *, elsewhere: float, now: datetime
) -> tuple[Ranking, ...]:
    """Return the history with the present ranking added, if that is new enough to be kept."""
    places = tuple(Place(suspect.id, suspect.score) for suspect in suspects[:FIRST])
    reasons = _news(history[-1], places, now=now) if history else (Reason("ranking.first"),)
    if not places or not reasons:
        return tuple(history)
    kept = (*history, Ranking(now, places, elsewhere, reasons))
    return kept if len(kept) <= MOST_KEPT else (kept[0], *kept[-MOST_KEPT + 1 :])


def first_since(history: Sequence[Ranking]) -> datetime:
    """Return since when whoever is first now has been so without a break; the history must have begun."""
    first = history[-1].places[0].suspect
    return [each.at for each in takewhile(lambda each: each.places[0].suspect == first, reversed(history))][-1]


def _news(last: Ranking, places: Sequence[Place], *, now: datetime) -> tuple[Reason, ...]:
    if places and last.places[0].suspect != places[0].suspect:
        return (Reason("ranking.lead", {"suspect": places[0].suspect, "other": last.places[0].suspect}),)
    if now - last.at < APART:
        return ()
    before = {place.suspect: place.score for place in last.places}
    moved = [place for place in places if abs(place.score - before.get(place.suspect, 0.0)) >= NOTABLE]
    if moved:
        most = max(moved, key=lambda place: abs(place.score - before.get(place.suspect, 0.0)))
        facts: dict[str, Fact] = {
            "suspect": most.suspect,
            "before_share": before.get(most.suspect, 0.0),
            "now_share": most.score,
        }
        return (Reason("ranking.moved", facts),)
    return ()
