"""Outages that come and go, and many at once: states of the conversation, not ten messages each.

An outage of the same functions that opens for the third time within an hour "comes and goes": that is said once. From
then on openings and ends are kept back; the end is told when it has held for half an hour. And a reader to whom three
outages were opened within ten minutes gets the further ones gathered into one message a minute. Machines (webhooks)
get each by itself.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Literal

from tocsin.notifications.rules.model import Told

WINDOW: Final = timedelta(hours=1)
OPENINGS: Final = 3
"""Openings within the window that make "comes and goes" of it."""

HOLDS_AFTER: Final = timedelta(minutes=30)
"""How long it must have held before an end is believed of what comes and goes."""

STAYS_AFTER: Final = timedelta(minutes=10)
"""What comes and goes and has now stayed this long is news again."""

STORM_WINDOW: Final = timedelta(minutes=10)
STORM: Final = 3
"""Openings told to one reader within the window; further ones are gathered."""

GATHERS_FOR: Final = timedelta(minutes=1)

type Course = Literal["tell", "comes_and_goes", "quiet", "later"]


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier announcement about the same subject."""

    incident: str
    thread: str
    kind: str
    at: datetime
    course: Course


@dataclass(frozen=True, slots=True)
class Decided:
    """What becomes of an announcement: its course, the conversation that it belongs to, and when it is told."""

    course: Course
    thread: str
    due_at: datetime


def subject_of(told: Told) -> str:
    """Return a digest of what is hit, by which an outage that returns is known again."""
    stated = [sorted(told.functions), *(None if hit is None else sorted(hit) for hit in (told.regions, told.packages))]
    return sha256(json.dumps([*stated, told.is_drill]).encode()).hexdigest()[:32]


def course_of(kind: str, *, incident: str, earlier: Sequence[Earlier], now: datetime) -> Decided:
    """Say what becomes of an announcement, given the earlier ones about its subject, oldest first."""
    own = [each for each in earlier if each.incident == incident]
    thread = own[0].thread if own else incident
    if kind == "first":
        return _opening(incident, earlier, now)
    if kind == "retraction" or not own or own[0].course == "tell":
        return Decided("tell", thread, now)
    if kind == "end":
        return Decided("later", thread, now + HOLDS_AFTER)
    has_stayed = now - own[0].at >= STAYS_AFTER
    return Decided("tell" if has_stayed else "quiet", thread, now)


def _opening(incident: str, earlier: Sequence[Earlier], now: datetime) -> Decided:
    recent = [each for each in earlier if now - each.at <= WINDOW]
    openings = [each for each in recent if each.kind == "first"]
    if len(openings) < OPENINGS - 1:
        return Decided("tell", incident, now)
    is_known = any(each.course == "comes_and_goes" for each in recent)
    return Decided("quiet" if is_known else "comes_and_goes", openings[0].thread, now)
