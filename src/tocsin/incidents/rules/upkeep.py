"""Announced maintenance: what it explains opens no incident, what it does not explain does.

Who announced that something will not work, before it stopped working, has told its users already; a second alarm
teaches everybody to ignore alarms. A maintenance goes wrong when it lasts longer than announced, or when it takes down
what it was not said to touch: then it is an incident like any other, with the maintenance named among its reasons.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.catalog.rules.graph import Graph
from tocsin.catalog.rules.model import Pack
from tocsin.changes.rules import Maintenance, at_moment
from tocsin.incidents.rules.assembly import Picture
from tocsin.kernel.reasons import Reason
from tocsin.observations.rules.model import Notice

EARLY = timedelta(minutes=2)
"""An onset is an estimate: trouble this much before the announced start still belongs to the work."""

GRACE = timedelta(minutes=6)
"""Work that ends on time needs a moment until callers get through again, and detection some minutes to see that."""


@dataclass(frozen=True, slots=True)
class Window:
    """Announced work: from when to when, which functions it may interrupt, for whom (None = all who use them)."""

    id: str
    start: datetime
    end: datetime
    announced_at: datetime
    functions: frozenset[str]
    audiences: frozenset[str] | None


def windows(
    planned: Sequence[Maintenance], notices: Sequence[Notice], *, pack: Pack, graph: Graph, now: datetime
) -> tuple[Window, ...]:
    """Return the announced work that has begun by `now`: the operators' own, then what partners announced.

    A partner's notice counts only with a promised end: "maintenance" without one may be said of any outage.
    """
    return (*_own(planned, now), *_of_partners(notices, pack, graph))


def _own(planned: Sequence[Maintenance], now: datetime) -> Iterator[Window]:
    for each in planned:
        at_now = at_moment(each, now)
        if at_now.is_under_way or at_now.state == "over":
            end = at_now.ended_at if at_now.ended_at is not None else at_now.end
            audiences = None if each.audiences is None else frozenset(each.audiences)
            yield Window(
                each.id, each.start, end, each.announced_at or each.start, frozenset(each.functions), audiences
            )


def _of_partners(notices: Sequence[Notice], pack: Pack, graph: Graph) -> Iterator[Window]:
    latest = {notice.partner: notice for notice in notices}
    for notice in latest.values():
        if notice.state == "maintenance" and notice.until is not None:
            touched = set(notice.services)
            functions = frozenset(name for name in pack.functions if touched & graph.services_of(name))
            yield Window(notice.partner, notice.at, notice.until, notice.at, functions, None)


def is_expected(found: Picture, planned: Sequence[Window], *, now: datetime) -> bool:
    """Say whether announced work explains all of the trouble, and is still within its time."""
    return any(_covers(each, found) and now <= each.end + GRACE for each in planned)


def gone_wrong(found: Picture, planned: Sequence[Window], *, now: datetime) -> tuple[Reason, ...]:
    """Return what went wrong with work that has to do with the trouble; nothing where none has."""
    return tuple(_wrong(found, planned, now))


def _wrong(found: Picture, planned: Sequence[Window], now: datetime) -> Iterator[Reason]:
    for each in planned:
        if not _began_within(each, found) or not each.functions & set(found.functions):
            continue
        if now > each.end + GRACE:
            minutes = round((now - each.end).total_seconds() / 60)
            yield Reason("maintenance.overrun", {"maintenance": each.id, "minutes": minutes})
        elif not _covers(each, found):
            beyond = len(set(found.functions) - each.functions)
            yield Reason("maintenance.wider", {"maintenance": each.id, "functions": beyond})


def _covers(window: Window, found: Picture) -> bool:
    is_inside = window.audiences is None or (found.audiences is not None and set(found.audiences) <= window.audiences)
    return _began_within(window, found) and set(found.functions) <= window.functions and is_inside


def _began_within(window: Window, found: Picture) -> bool:
    # What failed before it was announced is no maintenance: someone found a name for an outage.
    return max(window.start, window.announced_at) - EARLY <= found.since <= window.end + GRACE
