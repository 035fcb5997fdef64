"""When something must be said about an incident: first word, update, promise kept, end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.bulletins.rules.model import OVER, Bulletin, BulletinKind
from tocsin.continuity.rules.model import Activation, Procedure
from tocsin.detection.rules.model import State
from tocsin.incidents.rules.model import Incident

HOLDING_LEAD = timedelta(minutes=5)
"""A promised update is drafted this long before it is due: when the owner is paged, there is something to approve."""

URGENT_GAP = timedelta(minutes=1)
"""Worse news (a profession more, a higher degree) goes out at once, but once a minute: the first word's own promise."""

UPDATE_GAP = timedelta(minutes=5)
"""Other news waits until the last message is this old: as long as a page that carries it is valid."""

REMAINING = timedelta(minutes=10)
"""A draft that promises an update sooner than this is written anew: approved now, it would soon break its word."""

_DEGREE = {State.OK: 0, State.UNKNOWN: 1, State.DEGRADED: 2, State.DOWN: 3}


@dataclass(frozen=True, slots=True)
class Story:
    """An incident and all that was said of it so far, oldest first; `pending` waits for approval."""

    incident: Incident
    said: tuple[Bulletin, ...]
    pending: Bulletin | None
    happened: frozenset[str]
    activations: tuple[Activation, ...]

    @property
    def last(self) -> Bulletin | None:
        """The last message that is out."""
        return self.said[-1] if self.said else None

    @property
    def state(self) -> State:
        """The degree that the public is told: while the end is not sure, the one it was told last.

        What rests on the panel's word alone is "not clear yet", whatever its members say.
        """
        if self.incident.is_hearsay:
            return State.UNKNOWN
        if self.incident.state is not State.OK:
            return self.incident.state
        return self.said[-1].state if self.said else State.DEGRADED


def due_kind(story: Story, *, procedures: Mapping[str, Procedure], now: datetime) -> BulletinKind | None:
    """Return which message is due about the incident now, or None."""
    if not story.incident.is_open:
        return "end" if _is_end_due(story) else None
    if story.pending is not None:
        return story.pending.kind if _is_stale(story.pending, story, now) else None
    if story.last is None:
        # Drafted when something happens, not at every tick: a draft that an operator threw away stays away.
        return "first" if story.happened else None
    if _is_update_due(story.last, story, procedures, now):
        return "update"
    return "holding" if _is_promise_near(story.last, story, now) else None


def _is_end_due(story: Story) -> bool:
    return "closed" in story.happened and story.last is not None and story.last.kind not in OVER


def _is_stale(pending: Bulletin, story: Story, now: datetime) -> bool:
    # A draft that promises an update too soon would break its promise the moment it is approved.
    promised = pending.next_update_at
    return _has_moved(pending, story) or (promised is not None and promised - now < REMAINING)


def _has_moved(pending: Bulletin, story: Story) -> bool:
    incident = story.incident
    return (story.state, incident.functions, incident.audiences, incident.packages, incident.regions) != (
        pending.state,
        pending.functions,
        pending.audiences,
        pending.packages,
        pending.regions,
    )


def _is_update_due(last: Bulletin, story: Story, procedures: Mapping[str, Procedure], now: datetime) -> bool:
    age = now - last.drafted_at
    if age >= URGENT_GAP and _is_worse(last, story):
        return True
    return age >= UPDATE_GAP and (_has_changed(last, story) or _has_new_way_out(last, story, procedures))


def _is_promise_near(last: Bulletin, story: Story, now: datetime) -> bool:
    is_due = last.next_update_at is not None and now >= last.next_update_at - HOLDING_LEAD
    return is_due or "promise_due" in story.happened


def _is_worse(last: Bulletin, story: Story) -> bool:
    return _DEGREE[story.state] > _DEGREE[last.state] or _is_wider(last.audiences, story.incident.audiences)


def _has_changed(last: Bulletin, story: Story) -> bool:
    incident = story.incident
    return (
        story.state is not last.state
        or set(incident.functions) != set(last.functions)
        or _differs(last.audiences, incident.audiences)
        or _is_told_otherwise(last.packages, incident.packages)
        or _is_told_otherwise(last.regions, incident.regions)
    )


def _differs(before: Sequence[str] | None, after: Sequence[str] | None) -> bool:
    return (None if before is None else set(before)) != (None if after is None else set(after))


def _is_wider(before: Sequence[str] | None, after: Sequence[str] | None) -> bool:
    if before is None or after is None:
        return before is not None
    return not set(after) <= set(before)


def _is_told_otherwise(before: Sequence[str] | None, after: Sequence[str] | None) -> bool:
    # That some software or regions fewer are hit can wait for the promised update; that it is some and not all cannot.
    return _is_wider(before, after) or (before is None and after is not None)


def _has_new_way_out(last: Bulletin, story: Story, procedures: Mapping[str, Procedure]) -> bool:
    told = {procedure for text in last.texts.values() for procedure in text.procedures}
    return any(
        activation.state == "active"
        and activation.start > last.drafted_at
        and activation.procedure in procedures
        and procedures[activation.procedure].kind == "electronic"
        and activation.procedure not in told
        for activation in story.activations
    )
