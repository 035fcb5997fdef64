"""An incident: a life cycle with a timeline, and the promises made in it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from tocsin.detection.rules.model import State, Witnesses
from tocsin.diagnosis.rules.model import Call, Question, Ranking, Suspect
from tocsin.kernel.reasons import Reason
from tocsin.observations.rules.model import Eye


class Phase(StrEnum):
    """Where an incident stands. It moves forward, or from monitoring back to confirmed when the trouble returns."""

    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"
    IDENTIFIED = "identified"
    MITIGATED = "mitigated"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident's full state at a moment.

    `id` is `<local date>-<n>` (n counts from 1 within the day), so it is deterministic. `functions` are in pack
    order; `audiences`, `packages`, `regions` are None when all are hit. `hit_since` is the estimated start of the
    users' trouble, `opened_at` when Tocsin noticed. `good_since` is the start of the present run of good
    intervals, None while any function is bad. `next_update_at` is the promise to the public; `due_at` is a promise
    whose time is coming and that nothing published has kept yet. `updated_at` is when the incident last changed in
    a way that was worth telling. `services` are those whose trouble it accounts for. `owner` is the duty officer
    who took it, `is_drill` marks an exercise. `wider_since` is since when, without a break, it has looked wider than
    it was told to be. `witnesses` are the panel members who complained, at their widest. `retracted_at` is when an
    operator took it back as a false alarm. `is_minor` says that calls surely fail, but so
    few that hardly anybody notices. `elsewhere` is how believable it is that none of the suspects is the cause;
    `questions` would tell the first two apart, `calls` are who must be called, `rankings` how they stood.
    """

    id: str
    opened_at: datetime
    hit_since: datetime
    phase: Phase
    phase_since: datetime
    state: State
    confidence: float
    eyes: frozenset[Eye]
    functions: tuple[str, ...]
    audiences: tuple[str, ...] | None
    packages: tuple[str, ...] | None
    regions: tuple[str, ...] | None
    suspects: tuple[Suspect, ...] = ()
    change: str | None = None
    reasons: tuple[Reason, ...] = ()
    next_update_at: datetime | None = None
    good_since: datetime | None = None
    closed_at: datetime | None = None
    owner: str | None = None
    is_drill: bool = False
    due_at: datetime | None = None
    updated_at: datetime | None = None
    services: tuple[str, ...] = ()
    wider_since: datetime | None = None
    witnesses: Witnesses | None = None
    retracted_at: datetime | None = None
    is_minor: bool = False
    elsewhere: float = 0.0
    questions: tuple[Question, ...] = ()
    calls: tuple[Call, ...] = ()
    rankings: tuple[Ranking, ...] = ()

    @property
    def is_hearsay(self) -> bool:
        """Say whether it rests on the panel's word alone: readers are told "not clear yet", never that it fails."""
        return self.eyes == {Eye.PANEL}

    @property
    def is_open(self) -> bool:
        """Say whether the incident is still going on."""
        return self.phase is not Phase.RESOLVED


type EventKind = Literal["opened", "updated", "closed", "promise_due", "promise_broken", "watched"]
"""What can happen; `watched` is book-keeping (a good run begins or breaks) that nobody needs to be told."""


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """Something that happened to an incident: what, when, why, and the incident's full state after it."""

    kind: EventKind
    at: datetime
    incident: Incident
    reasons: tuple[Reason, ...] = field(default=())
