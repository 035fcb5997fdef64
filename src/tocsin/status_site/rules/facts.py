"""What may be shown: the state of every function for every audience, and the messages that are current.

Two promises hold everywhere. A state is shown as good only when the engine looked within the last five minutes and
found it good. A state is shown as bad only when a bulletin that is out says so; trouble that nobody has announced yet
is "not clear", never green.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from tocsin.bulletins.rules.model import AudienceText, Bulletin
from tocsin.catalog.rules.model import Pack
from tocsin.changes.rules import Maintenance, maintenance_hits
from tocsin.continuity.rules.model import Activation, Procedure
from tocsin.detection.rules.model import State, Subject, Verdict
from tocsin.incidents.rules.model import Incident
from tocsin.review.rules.availability import Availability

VALID = timedelta(minutes=5)
"""How long a page may be trusted after the engine's last look; what is older counts as not known."""

ENDED_STAYS = timedelta(hours=24)
"""How long an end stays on the page: until everybody who worked that day has read what is left to do."""

BADNESS = {State.DOWN: 0, State.DEGRADED: 1, State.UNKNOWN: 2, State.OK: 3}


@dataclass(frozen=True, slots=True)
class Said:
    """A bulletin that is out, and since when."""

    bulletin: Bulletin
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Chapter:
    """One incident with all that was told of it and what was in force, for its own page; oldest first in each."""

    incident: Incident
    said: tuple[Said, ...]
    activations: tuple[Activation, ...]


type Proof = Literal["proven", "declared", "unknown", "failed"]


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a package finds its way when a function fails: shown by a test, said by its vendor, or found wanting."""

    package: str
    function: str
    proof: Proof
    since: date | None


@dataclass(frozen=True, slots=True)
class OwnState:
    """How Tocsin itself is doing: when it last judged, wrote the pages and sent a message; what waits to be sent."""

    looked_at: datetime | None
    published_at: datetime | None
    sent_at: datetime | None
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the pages are built from. `checked_at` is when the engine last judged, None when it never did.

    `said` holds the published bulletins of the last day and of everything still open, oldest first. `maintenance` is
    public maintenance that is to come, goes on, or ended within a week (see `changes.queries.planned`). `chapters` are
    all incidents ever, oldest first; `availability` the figures of those that are over; `readiness` what is known of
    software (what is not listed is unknown).
    """

    now: datetime
    checked_at: datetime | None
    verdicts: Mapping[Subject, Verdict]
    incidents: Sequence[Incident]
    said: Sequence[Said]
    procedures: Mapping[str, Procedure]
    pack: Pack
    is_replay: bool = False
    maintenance: Sequence[Maintenance] = ()
    chapters: Sequence[Chapter] = ()
    availability: Availability | None = None
    readiness: Sequence[Readiness] = ()
    own: OwnState | None = None

    @property
    def is_stale(self) -> bool:
        """Say whether nobody has looked for too long to call anything good."""
        return self.checked_at is None or self.now - self.checked_at > VALID

    @property
    def valid_until(self) -> datetime:
        """When a reader must stop trusting the page."""
        return (self.checked_at or self.now - VALID) + VALID

    @property
    def is_demonstration(self) -> bool:
        """Say whether no authority answers for what is said."""
        return self.pack.authority is None


def shown_states(facts: Facts) -> dict[str, dict[str, State]]:
    """Return what the pages say of every function for every audience: function → audience → state."""
    messages = {audience: real_messages(audience, facts) for audience in facts.pack.audiences}
    return {
        function.id: {
            audience: _shown_state(Subject(function.id, audience), messages[audience], facts)
            for audience in function.audiences
        }
        for function in facts.pack.functions.values()
    }


def states_of(audience: str, facts: Facts) -> dict[str, State]:
    """Return what is shown of each of the audience's functions, in the pack's order."""
    messages = real_messages(audience, facts)
    return {
        function.id: _shown_state(Subject(function.id, audience), messages, facts)
        for function in facts.pack.functions.values()
        if audience in function.audiences
    }


def worst_state(audience: str, facts: Facts) -> State:
    """Return the worst that an audience is shown."""
    told = [message_state(said, facts) for _, said in real_messages(audience, facts)]
    return min((*states_of(audience, facts).values(), *told), key=lambda state: BADNESS[state], default=State.UNKNOWN)


def _shown_state(subject: Subject, messages: Sequence[tuple[Incident, Said]], facts: Facts) -> State:
    if facts.is_stale:
        return State.UNKNOWN
    told = [said.bulletin.state for _, said in messages if subject.function in said.bulletin.functions]
    if told:
        return min(told, key=lambda state: BADNESS[state])
    verdict = facts.verdicts.get(subject)
    # One spoilt call in a hundred is for the duty officer: nobody should go to paper, or doubt, for it.
    is_good = verdict is not None and (verdict.state is State.OK or verdict.is_minor)
    return State.OK if is_good and not _is_in_question(subject, facts) else State.UNKNOWN


def _is_in_question(subject: Subject, facts: Facts) -> bool:
    # An incident that nobody has announced to this audience yet: not green, whatever one tick's verdict says.
    return any(
        incident.is_open
        and not incident.is_drill
        and not incident.is_minor
        and subject.function in incident.functions
        and (incident.audiences is None or subject.audience in incident.audiences)
        for incident in facts.incidents
    )


def current_messages(audience: str, facts: Facts) -> tuple[tuple[Incident, Said], ...]:
    """Return the open incidents with what this audience was last told of each, while it was not told the end."""
    pairs = ((incident, _last_said(incident, audience, facts)) for incident in facts.incidents if incident.is_open)
    return tuple(
        (incident, said) for incident, said in pairs if said is not None and not is_end(said.bulletin.texts[audience])
    )


def real_messages(audience: str, facts: Facts) -> tuple[tuple[Incident, Said], ...]:
    """Return those of them that are no exercise: a bare state has no room to say that it is one."""
    return tuple(pair for pair in current_messages(audience, facts) if not pair[1].bulletin.is_drill)


def endings(audience: str, facts: Facts) -> tuple[tuple[Incident, Said], ...]:
    """Return the ends that this audience was told within the last day, newest first."""
    pairs = [(incident, _last_said(incident, audience, facts)) for incident in facts.incidents]
    ends = [
        (incident, said)
        for incident, said in pairs
        if said is not None and is_end(said.bulletin.texts[audience]) and facts.now - said.published_at <= ENDED_STAYS
    ]
    return tuple(sorted(ends, key=lambda pair: pair[1].published_at, reverse=True))


def _last_said(incident: Incident, audience: str, facts: Facts) -> Said | None:
    told = [said for said in facts.said if said.bulletin.incident == incident.id and audience in said.bulletin.texts]
    return told[-1] if told else None


def is_end(text: AudienceText) -> bool:
    """Say whether the text tells its reader that it is over: it promises no further word."""
    return text.next_update is None


def message_state(said: Said, facts: Facts) -> State:
    """Return the degree a message is shown with: what it says, or unknown when nobody looks any more."""
    return State.UNKNOWN if facts.is_stale else said.bulletin.state


def maintenance_of(audience: str, facts: Facts) -> tuple[tuple[Maintenance, tuple[str, ...]], ...]:
    """Return what is planned or under way that may interrupt an audience's work, with the functions that it touches."""
    functions = [each.id for each in facts.pack.functions.values() if audience in each.audiences]
    pairs = (
        (each, maintenance_hits(each, audience=audience, functions=functions))
        for each in facts.maintenance
        if not each.is_closed
    )
    return tuple((each, touched) for each, touched in pairs if touched)


def is_under_maintenance(function: str, audience: str, facts: Facts) -> bool:
    """Say whether announced work on a function is under way for this audience.

    It is neither green then, nor does it hide a trouble that is announced: `states_of` knows nothing of it.
    """
    return any(each.is_under_way and function in touched for each, touched in maintenance_of(audience, facts))
