"""What diagnosis says: who is suspected, on what grounds, and which verdicts one cause explains."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from tocsin.detection.rules.credence import NOBODY_KNOWN, Credence
from tocsin.detection.rules.model import Subject
from tocsin.kernel.reasons import Reason


@dataclass(frozen=True, slots=True)
class Suspect:
    """A candidate cause: a service, infrastructure, partner or package, with a score in 0..1 and its evidence.

    `change` is the intervention that makes it suspect, if one does. `partner` is who must be called.
    """

    id: str
    score: float
    reasons: tuple[Reason, ...]
    change: str | None = None
    partner: str | None = None


type QuestionKind = Literal["probe", "panel", "partner", "maker"]


@dataclass(frozen=True, slots=True)
class Question:
    """What would tell the first two suspects apart, the most telling first.

    "It fails" speaks for `suspect`, "it works" for `other`. A check is of `service`; the panel is asked about
    `function`, members of `audience`, with `package` where that matters; a partner is asked outright.
    """

    kind: QuestionKind
    suspect: str
    other: str
    reason: Reason
    service: str | None = None
    function: str | None = None
    audience: str | None = None
    package: str | None = None
    partner: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """Who must be called, why, and how much of the belief lies with them (0..1).

    `partner` is who picks up the telephone: of a subcontractor's thing, the partner through whom it is called. Of a
    package, whose maker the pack does not know, it is None.
    """

    partner: str | None
    belief: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A suspect's place in a ranking: its id and score."""

    suspect: str
    score: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """How the first suspects stood from a moment on, and why that was worth keeping."""

    at: datetime
    places: tuple[Place, ...]
    elsewhere: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """For a plot: how far from its usual a service was, minute by minute, in robust deviations (0 = as usual).

    `started_at` is the first minute's start; None stands for a minute in which nothing was measured.
    """

    service: str
    started_at: datetime
    deviations: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One fault and all it explains: the failing subjects that share a cause, best suspect first.

    Two independent faults give two explanations; ten symptoms of one fault give one. `packages` and `regions` are
    the union of who is hit (None = all). `services` are those whose trouble it accounts for, worst first, and
    `since` the earliest onset among them; both empty where only people report the trouble. `elsewhere` is how
    believable it is that the cause is nothing that is named here: with the suspects' scores it makes 1.
    """

    subjects: tuple[Subject, ...]
    suspects: tuple[Suspect, ...]
    packages: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    services: tuple[str, ...] = ()
    since: datetime | None = None
    elsewhere: float = 0.0
    questions: tuple[Question, ...] = ()
    calls: tuple[Call, ...] = ()
    courses: tuple[Course, ...] = ()


@dataclass(frozen=True, slots=True)
class PastFault:
    """A fault that is over: what turned out to be its cause, and which services were in trouble."""

    cause: str
    services: frozenset[str]


@dataclass(frozen=True, slots=True)
class Background:
    """What is known beforehand: how far partners are to be believed, and what past faults looked like."""

    credence: Credence = NOBODY_KNOWN
    past: tuple[PastFault, ...] = field(default=())


NO_BACKGROUND = Background()
