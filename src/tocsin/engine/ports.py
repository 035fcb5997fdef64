"""The two ports of the engine: where a tick's facts come from and where its outcome goes.

Live, both are the database; in replay and rehearsal, memory. The engine itself holds no state between ticks:
everything it must remember is in the `Situation` it is handed.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from tocsin.bulletins.rules.model import Bulletin, PublicationPolicy
from tocsin.changes.rules import ChangeEvent, Maintenance
from tocsin.continuity.rules.model import Activation
from tocsin.detection.rules.model import Judgement
from tocsin.diagnosis.rules.model import Explanation, PastFault
from tocsin.incidents.rules.model import Incident, IncidentEvent
from tocsin.observations.rules.model import Evidence
from tocsin.observations.rules.polling import Panel, Poll


@dataclass(frozen=True, slots=True)
class Situation:
    """All that is known at the start of a tick.

    `incidents` are those open, and those closed within the last 24 hours (ids are counted from them); `published`
    the bulletins out within that time, oldest first; `drafts` those waiting for approval; `previous` the last
    tick's judgement (None at the very first). `taken_over` are the ids of drafts that a person edited: policy leaves
    those to people. `maintenance` is what operators announced and what has not been over for long.
    `panel` is who may be asked a question, and what was asked (nobody, in replay). `past` are faults that are over.
    """

    evidence: Evidence
    changes: tuple[ChangeEvent, ...]
    previous: Judgement | None
    incidents: tuple[Incident, ...]
    activations: tuple[Activation, ...]
    published: tuple[Bulletin, ...]
    drafts: tuple[Bulletin, ...]
    policy: PublicationPolicy
    taken_over: frozenset[str] = frozenset()
    maintenance: tuple[Maintenance, ...] = ()
    panel: Panel = field(default_factory=Panel)
    past: tuple[PastFault, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a tick decided, to be saved in one transaction."""

    at: datetime
    judgement: Judgement
    explanations: tuple[Explanation, ...]
    events: tuple[IncidentEvent, ...]
    activations: tuple[Activation, ...]
    drafted: tuple[Bulletin, ...]
    published: tuple[Bulletin, ...]
    polls: tuple[Poll, ...] = ()


class EvidenceSource(Protocol):
    """Hands the engine its facts."""

    def situation(self, now: datetime) -> Situation:
        """Return what is known at `now`; nothing in it may be later than `now`."""
        ...


class OutcomeSink(Protocol):
    """Takes what a tick decided."""

    def save(self, outcome: Outcome) -> None:
        """Store the outcome, all or nothing."""
        ...
