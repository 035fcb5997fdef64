"""What the API takes and gives."""

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field

from tocsin.changes.rules import ChangeEvent
from tocsin.changes.services import Plan
from tocsin.observations.rules.model import Notice, ProbeResult, Report

type Id = Annotated[str, Field(min_length=1, max_length=60)]
type Text = Annotated[str, Field(max_length=2000)]
type Pseudonym = Annotated[str, Field(max_length=40)]
type Hash = Annotated[str, Field(max_length=128)]


def _years_apart(moment: datetime) -> datetime:
    if not 2000 <= moment.year <= 2100:  # noqa: PLR2004  what lies beyond cannot even be compared in every zone
        message = "not a plausible moment"
        raise ValueError(message)
    return moment


type Moment = Annotated[AwareDatetime, AfterValidator(_years_apart)]


class ProbeResultIn(Schema):
    """The result of one synthetic check."""

    model_config = ConfigDict(extra="forbid")
    time: Moment
    probe: Id
    service: Id
    function: Id | None = None
    ok: bool
    duration_ms: float = Field(ge=0, le=3_600_000, allow_inf_nan=False)
    detail: Text = ""

    def meant(self) -> ProbeResult:
        """Return it in the domain's words."""
        return ProbeResult(
            at=self.time,
            probe=self.probe,
            service=self.service,
            function=self.function,
            is_ok=self.ok,
            duration_ms=self.duration_ms,
            detail=self.detail,
        )


class ReportIn(Schema):
    """What a panel member says, under a pseudonym."""

    model_config = ConfigDict(extra="forbid")
    time: Moment
    member: Id
    audience: Id
    package: Id
    region: Id
    function: Id
    works: bool
    text: Text = ""
    practice: Pseudonym = ""
    sender: Pseudonym = ""

    def meant(self) -> Report:
        """Return it in the domain's words."""
        return Report(
            at=self.time,
            member=self.member,
            audience=self.audience,
            package=self.package,
            region=self.region,
            function=self.function,
            works=self.works,
            text=self.text,
            practice=self.practice,
            sender=self.sender,
        )


class NoticeIn(Schema):
    """A partner's statement on its services."""

    model_config = ConfigDict(extra="forbid")
    time: Moment
    partner: Id
    services: list[Id] = Field(max_length=100)
    state: Literal["investigating", "disrupted", "down", "maintenance", "resolved"]
    text: Text = ""
    until: Moment | None = None

    def meant(self) -> Notice:
        """Return it in the domain's words."""
        return Notice(
            at=self.time,
            partner=self.partner,
            services=tuple(self.services),
            state=self.state,
            text=self.text,
            until=self.until,
        )


class ChangeIn(Schema):
    """An intervention on services, or a reading of their configuration's fingerprints."""

    model_config = ConfigDict(extra="forbid")
    time: Moment
    kind: Literal["planned", "started", "finished", "restarted", "fingerprint"]
    change: Id | None = None
    services: list[Id] = Field(max_length=100)
    summary: Text = ""
    running: Hash | None = None
    persisted: Hash | None = None
    approved: Hash | None = None

    def meant(self) -> ChangeEvent:
        """Return it in the domain's words."""
        return ChangeEvent(
            at=self.time,
            kind=self.kind,
            change=self.change,
            services=tuple(self.services),
            summary=self.summary,
            running=self.running,
            persisted=self.persisted,
            approved=self.approved,
        )


class MaintenanceIn(Schema):
    """A maintenance to announce, or (with the id of one that is known) to change."""

    model_config = ConfigDict(extra="forbid")
    id: Id | None = None
    services: list[Id] = Field(default_factory=list, max_length=100)
    functions: list[Id] = Field(default_factory=list, max_length=100)
    audiences: list[Id] | None = Field(default=None, max_length=100)
    start: Moment
    end: Moment
    effect: dict[Literal["fr", "nl", "de", "en"], Text]
    public: bool = True

    def meant(self) -> Plan:
        """Return it in the domain's words."""
        return Plan(
            services=self.services,
            start=self.start,
            end=self.end,
            effect=dict(self.effect.items()),
            functions=self.functions,
            audiences=self.audiences,
            is_public=self.public,
        )


class MaintenanceOut(Schema):
    """A maintenance as it stands; null audiences mean everybody who uses the functions."""

    id: str
    state: str
    services: list[str]
    functions: list[str]
    audiences: list[str] | None
    start: datetime
    end: datetime
    effect: dict[str, str]
    public: bool
    announced_at: datetime | None
    changed_at: datetime | None
    ended_at: datetime | None
    revision: int


class ReceiptOut(Schema):
    """What became of a batch; `refused` counts by code, `words` name what was wrong."""

    accepted: int
    refused: dict[str, int] = Field(default_factory=dict)
    words: str = ""
    redacted: int = 0
    repeated: bool = False


class ReasonOut(Schema):
    """Why."""

    code: str
    facts: dict[str, Any] = Field(default_factory=dict)


class BeliefOut(Schema):
    """How believable each state is; the four sum to 1."""

    ok: float
    degraded: float
    down: float
    unknown: float


class FunctionStateOut(Schema):
    """The state of a function for an audience; null packages or regions mean all.

    `belief` is null in what was judged before there was one. `is_minor` says that so few calls fail that hardly anybody
    notices; `flaps_an_hour` how often it lately turned between failing and working.
    """

    function: str
    audience: str
    state: str
    since: datetime
    confidence: float
    eyes: list[str]
    packages: list[str] | None
    regions: list[str] | None
    belief: BeliefOut | None
    is_minor: bool
    flaps_an_hour: float
    reasons: list[ReasonOut]


class StatusOut(Schema):
    """What detection last said, and since when which eyes are blind."""

    at: datetime
    functions: list[FunctionStateOut]
    blind: dict[str, datetime]


class SuspectOut(Schema):
    """A candidate cause."""

    id: str
    score: float


class IncidentOut(Schema):
    """An incident as it stands; null audiences, packages or regions mean all."""

    id: str
    phase: str
    state: str
    opened_at: datetime
    hit_since: datetime
    closed_at: datetime | None
    next_update_at: datetime | None
    confidence: float
    functions: list[str]
    audiences: list[str] | None
    packages: list[str] | None
    regions: list[str] | None
    suspects: list[SuspectOut]
    change: str | None
    is_drill: bool
    is_minor: bool
