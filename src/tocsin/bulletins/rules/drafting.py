"""The messages that are due, drafted from facts alone: the incident, what was said about it, what waits, the time."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.bulletins.rules.due import Story, due_kind
from tocsin.bulletins.rules.holding import repeating, restated
from tocsin.bulletins.rules.model import OVER, AudienceText, Bulletin, BulletinKind
from tocsin.bulletins.rules.reach import Reach, reaches
from tocsin.bulletins.rules.templates import Templates
from tocsin.bulletins.rules.texts import audience_text, ended_text
from tocsin.bulletins.rules.writing import Writing
from tocsin.catalog.rules.model import Pack
from tocsin.continuity.rules.model import Activation, Procedure
from tocsin.detection.rules.model import State
from tocsin.incidents.rules.model import Incident, IncidentEvent
from tocsin.kernel.intervals import floor_to

PROMISE = timedelta(minutes=30)
"""How far ahead the next update is promised: practice is every 20 to 30 minutes in a major incident."""

UNCLEAR_PROMISE = timedelta(minutes=15)
"""The same while nobody knows yet what is hit: a reader without an instruction is not left alone for half an hour."""

PROMISE_STEP = timedelta(minutes=5)
"""Promises are given at round times: a reader remembers 9:10, not 9:12."""


def due_bulletins(  # noqa: PLR0913 all that may be weighed, each named at the call
    *,
    events: Sequence[IncidentEvent],
    incidents: Sequence[Incident],
    published: Sequence[Bulletin],
    drafts: Sequence[Bulletin],
    activations: Sequence[Activation],
    procedures: Mapping[str, Procedure],
    templates: Templates,
    pack: Pack,
    now: datetime,
) -> tuple[Bulletin, ...]:
    """Return the messages that are due now, one at most for each incident, in the incidents' order.

    `events` are this tick's, `published` and `drafts` what was said and what waits, oldest first. A draft that
    waits is drafted anew, under its own id, when the facts have moved or its promise has come too near.
    """
    due = []
    for incident in _latest(events, incidents):
        story = Story(
            incident=incident,
            said=tuple(bulletin for bulletin in published if bulletin.incident == incident.id),
            pending=next((draft for draft in reversed(drafts) if draft.incident == incident.id), None),
            happened=frozenset(event.kind for event in events if event.incident.id == incident.id),
            activations=tuple(activation for activation in activations if activation.incident == incident.id),
        )
        kind = due_kind(story, procedures=procedures, now=now)
        if kind is not None:
            due.append(_bulletin(kind, story, procedures=procedures, templates=templates, pack=pack, now=now))
    return tuple(bulletin for bulletin in due if bulletin.texts)


def _latest(events: Sequence[IncidentEvent], incidents: Sequence[Incident]) -> Iterable[Incident]:
    latest = {incident.id: incident for incident in incidents}
    latest.update({event.incident.id: event.incident for event in events})
    return latest.values()


def _bulletin(
    kind: BulletinKind,
    story: Story,
    *,
    procedures: Mapping[str, Procedure],
    templates: Templates,
    pack: Pack,
    now: datetime,
) -> Bulletin:
    promised = None if kind == "end" else next_update_at(story.incident, now=now)
    writing = Writing(
        kind=kind,
        incident=story.incident,
        state=State.OK if kind == "end" else story.state,
        activations=story.activations,
        procedures=procedures,
        templates=templates,
        pack=pack,
        now=now,
        next_update_at=promised,
    )
    number = _number(story)
    incident = story.incident
    return Bulletin(
        id=f"{incident.id}-b{number}",
        incident=incident.id,
        kind=kind,
        number=number,
        drafted_at=now,
        state=writing.state,
        functions=incident.functions,
        audiences=incident.audiences,
        packages=incident.packages,
        regions=incident.regions,
        texts=repeating(_texts(story, writing), story.said) if kind == "holding" else _texts(story, writing),
        next_update_at=promised,
        is_drill=incident.is_drill,
    )


def restatements(
    *,
    incidents: Sequence[Incident],
    published: Sequence[Bulletin],
    drafts: Sequence[Bulletin],
    taken_over: Collection[str],
    templates: Templates,
    now: datetime,
) -> tuple[Bulletin, ...]:
    """Return what was last told, told again where its promised time has come and only something else waits.

    That is news that nobody has approved, or a draft that a person has in hand (`taken_over`): neither may break the
    promise, and the promise may neither publish nor replace them.
    """
    again = []
    for incident in incidents:
        said = [bulletin for bulletin in published if bulletin.incident == incident.id]
        waiting = [draft for draft in drafts if draft.incident == incident.id]
        if not (incident.is_open and said and waiting and _is_late(said[-1], now)):
            continue
        if any(draft.kind == "holding" and draft.id not in taken_over for draft in waiting):
            continue  # that one goes out itself
        number = max(bulletin.number for bulletin in (*said, *waiting)) + 1
        blank = replace(
            said[-1],
            id=f"{incident.id}-b{number}",
            kind="holding",
            number=number,
            drafted_at=now,
            next_update_at=next_update_at(incident, now=now),
            corrects=None,
            is_silent=False,
            texts={},
        )
        again.append(restated(blank, said, templates=templates))
    return tuple(bulletin for bulletin in again if bulletin.texts)


def _is_late(last: Bulletin, now: datetime) -> bool:
    return last.kind not in OVER and last.next_update_at is not None and now >= last.next_update_at


def _number(story: Story) -> int:
    if story.pending is not None:
        return story.pending.number
    # Not the last one's: a correction carries the number of what it corrects.
    return max((bulletin.number for bulletin in story.said), default=0) + 1


def next_update_at(incident: Incident, *, now: datetime) -> datetime:
    """Return the time to promise: about half an hour ahead (a quarter while nothing is clear), to five minutes."""
    ahead = PROMISE if incident.functions and incident.state is not State.UNKNOWN else UNCLEAR_PROMISE
    return floor_to(now + ahead + PROMISE_STEP / 2, PROMISE_STEP)


def _texts(story: Story, writing: Writing) -> dict[str, AudienceText]:
    hit = (
        {reach.audience: reach for reach in reaches(story.incident, pack=writing.pack)} if writing.kind != "end" else {}
    )
    texts = {}
    for audience in writing.pack.audiences:
        if audience in hit:
            texts[audience] = audience_text(hit[audience], writing)
        elif _waits_for_the_end(audience, story.said):
            texts[audience] = _ended(audience, story, writing)
    return texts


def _waits_for_the_end(audience: str, said: Sequence[Bulletin]) -> bool:
    told = [bulletin.texts[audience] for bulletin in said if audience in bulletin.texts]
    return bool(told) and told[-1].next_update is not None


def _ended(audience: str, story: Story, writing: Writing) -> AudienceText:
    told = [bulletin for bulletin in story.said if audience in bulletin.texts]
    procedures = dict.fromkeys(procedure for bulletin in told for procedure in bulletin.texts[audience].procedures)
    functions = {function for bulletin in told for function in bulletin.functions}
    reach = Reach(
        audience,
        tuple(f.id for f in writing.pack.functions.values() if f.id in functions and audience in f.audiences),
        None,
        None,
    )
    return ended_text(reach, tuple(procedures), writing, ended_at=_ended_at(story, writing))


def _ended_at(story: Story, writing: Writing) -> datetime:
    if writing.kind != "end":
        return writing.now
    return story.incident.good_since or story.incident.closed_at or writing.now
