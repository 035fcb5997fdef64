"""What detection says: signals on services, verdicts on functions, and which eyes are blind."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from tocsin.kernel.reasons import Reason
from tocsin.observations.rules.model import Eye


class State(StrEnum):
    """The state of a function for an audience, worst last but `unknown`, which is not a rank."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


type SignalKind = Literal[
    "errors", "timeouts", "rejected", "latency", "volume", "probe", "reports", "retries", "hollow", "vantage"
]
"""`retries`: callers ask again and again; `hollow`: success that comes too quickly to be real; `vantage`: the client
sees failures that the front does not. The others say what they are."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a verdict is about: a function for an audience."""

    function: str
    audience: str


@dataclass(frozen=True, slots=True)
class Signal:
    """One deviation on one service, seen by one eye, evidence for verdicts and for diagnosis.

    `strength` is a log-likelihood-like score ≥ 0 (comparable between kinds); `observed` and `expected` are shares,
    milliseconds or counts a minute, according to the kind. `packages` and `regions` name the slice that explains it
    (None = all). `since` is the estimated onset.
    """

    service: str
    eye: Eye
    kind: SignalKind
    strength: float
    observed: float
    expected: float
    since: datetime
    packages: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Witnesses:
    """How many panel members say that it fails, with how many different packages, in how many different regions."""

    members: int
    packages: int
    regions: int


@dataclass(frozen=True, slots=True)
class Posterior:
    """How believable each state of a subject is, given all evidence: four probabilities that sum to 1."""

    ok: float
    degraded: float
    down: float
    unknown: float

    @property
    def bad(self) -> float:
        """Return how believable it is that something is wrong."""
        return self.degraded + self.down


@dataclass(frozen=True, slots=True)
class Verdict:
    """State of a subject, with confidence (0..1), the eyes it rests on and the reasons.

    `since` is when this state is estimated to have begun. `packages` and `regions` narrow who is hit (None = all).
    `witnesses` are the panel members who complain, None where none does. `posterior` is the calibrated belief in each
    state (None in judgements stored before there was one). `flaps_an_hour` is how often the subject lately turned
    between working and failing, `failed_at` when evidence last said that it fails (a flapping `state` is held longer).
    `is_minor` says that it surely fails, but so rarely that few would notice.
    """

    subject: Subject
    state: State
    confidence: float
    since: datetime
    eyes: frozenset[Eye]
    reasons: tuple[Reason, ...]
    packages: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    witnesses: Witnesses | None = None
    posterior: Posterior | None = None
    flaps_an_hour: float = 0.0
    failed_at: datetime | None = None
    is_minor: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that a tick's detection says.

    `verdicts` has one entry for every function × audience of the pack, in pack order. `blind` gives, for each eye
    that stopped seeing, since when.
    """

    at: datetime
    verdicts: Mapping[Subject, Verdict]
    signals: tuple[Signal, ...]
    blind: Mapping[Eye, datetime]
