"""The promise clock: the public is told when it will next be told, and is told then, even if nothing has changed."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from tocsin.incidents.rules.model import Incident, IncidentEvent
from tocsin.kernel.reasons import Reason

PROMISED_EVERY = timedelta(minutes=30)
"""No longer than this between two messages."""

ROUND = timedelta(minutes=5)
"""Promised times are ones that people remember: 9:10, not 9:07."""

LEAD = timedelta(minutes=2)
"""So long before the promised time the next message is asked for, so that it is out in time."""


@dataclass(frozen=True, slots=True)
class Word:
    """The last message that is out about an incident: when it went out, and what next update it promises."""

    at: datetime
    next_update_at: datetime | None


def next_promise(now: datetime) -> datetime:
    """Return the last round time within the promised span."""
    step = ROUND.total_seconds()
    latest = (now + PROMISED_EVERY).timestamp()
    return datetime.fromtimestamp(latest // step * step, tz=UTC)


def promise_step(incident: Incident, word: Word | None, *, now: datetime) -> IncidentEvent | None:
    """Return what becomes of the incident's promise: renewed by a message, falling due, broken; None if nothing.

    The promise that counts is the one that readers were given. Before the first message it is only our own plan: it
    still asks for a message, but nobody was promised anything, so that nothing can be broken and it moves on.
    """
    promised = word.next_update_at if word is not None else None
    if promised is not None and promised > now and promised != incident.next_update_at:
        renewed = replace(incident, next_update_at=promised, due_at=None)
        return IncidentEvent("watched", now, renewed, (Reason("incident.promise_renewed"),))
    if incident.next_update_at is None:
        return None
    if now >= incident.next_update_at:
        if promised is None:
            moved = replace(incident, next_update_at=next_promise(now), due_at=None)
            return IncidentEvent("watched", now, moved, (Reason("incident.promise_unmade"),))
        broken = replace(incident, next_update_at=next_promise(now), due_at=None)
        return IncidentEvent("promise_broken", now, broken, (Reason("incident.promise_broken"),))
    if incident.due_at is None and now >= incident.next_update_at - LEAD:
        due = replace(incident, due_at=incident.next_update_at)
        return IncidentEvent("promise_due", now, due, (Reason("incident.promise_due"),))
    return None
