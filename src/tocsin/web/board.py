"""What the console shows, put together from rows: pure shaping, no database.

The templates only walk through these; every decision about what stands where is here, so that it can be tested.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tocsin.bulletins.rules.model import Bulletin
from tocsin.catalog.rules.model import Audience, Function, Pack
from tocsin.continuity.rules.activation import RENEWED_BEFORE
from tocsin.continuity.rules.model import Procedure
from tocsin.detection.rules.model import Judgement, State, Subject, Verdict
from tocsin.diagnosis.rules.model import Suspect
from tocsin.incidents.rules.model import Incident
from tocsin.incidents.rules.severity import Severity, severity
from tocsin.kernel.intervals import floor_to
from tocsin.kernel.language import LocalizedText
from tocsin.notifications.queries import Deliveries
from tocsin.web.suspicion import Suspicion, suspicion

APPROVAL_WITHIN = timedelta(minutes=5)
"""A draft that waits longer breaks the promise of the first instruction within five minutes."""

SOON = timedelta(minutes=5)
"""A promised update nearer than this is shown as due soon."""

STALE_AFTER = timedelta(minutes=2)
"""Ticks come every ten seconds; a judgement older than this is not the present."""

NAMED_AT_MOST = 4
"""So many functions are named at once; a longer list is counted and folded, for nobody reads it in a hurry."""

_RANK = {State.OK: 0, State.UNKNOWN: 1, State.DEGRADED: 2, State.DOWN: 3}


class Named(Protocol):
    """Something of the pack that has a name in every language."""

    @property
    def name(self) -> LocalizedText:
        """Its name."""
        ...


@dataclass(frozen=True, slots=True)
class Cell:
    """One function for one audience; None in a row where the audience does not use the function."""

    subject: Subject
    state: State
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Row:
    """One function for every audience."""

    function: Function
    cells: tuple[Cell | None, ...]
    worst: State


@dataclass(frozen=True, slots=True)
class Grid:
    """Functions × audiences in the pack's order; without a fresh judgement every cell is unknown."""

    audiences: tuple[Audience, ...]
    rows: tuple[Row, ...]
    checked_at: datetime | None
    is_stale: bool


@dataclass(frozen=True, slots=True)
class Promise:
    """A promised moment: kept so far, due soon, or broken."""

    at: datetime
    is_broken: bool
    is_soon: bool

    @property
    def mood(self) -> str:
        """Return the word for the style sheet."""
        return "broken" if self.is_broken else "soon" if self.is_soon else "kept"


@dataclass(frozen=True, slots=True)
class NamedSuspect:
    """A suspect with what the pack says of it: its name, who runs it and how to reach them."""

    suspect: Suspect
    name: str
    partner: str
    contact: LocalizedText | None


@dataclass(frozen=True, slots=True)
class StoredBulletin:
    """A bulletin with what became of it; `waits_since` is when its first wording was drafted, if not this one.

    Of a draft: `people` must agree, `agreed` did; `score` is how plain it is (None: not looked at), `is_blocked` says
    that a finding keeps it in; `edited_by` wrote its words, and `has_moved` that the facts moved on since. Of what is
    out: `override` is why it went out against a finding, `deliveries` what became of its messages, where asked for.
    """

    bulletin: Bulletin
    status: str
    published_at: datetime | None
    approved_by: str
    waits_since: datetime | None = None
    people: int = 1
    agreed: tuple[str, ...] = ()
    score: int | None = None
    is_blocked: bool = False
    edited_by: str = ""
    has_moved: bool = False
    override: str = ""
    deliveries: Deliveries | None = None

    @property
    def needs_two(self) -> bool:
        """Say whether one person's yes is not enough."""
        return self.people > 1

    @property
    def is_automatic(self) -> bool:
        """Say whether no human published it."""
        return self.approved_by in {"", "policy"}


@dataclass(frozen=True, slots=True)
class StoredActivation:
    """An activation with its key and its procedure (None when the pack no longer has it)."""

    key: int
    procedure_id: str
    procedure: Procedure | None
    incident: str
    state: str
    start: datetime
    until: datetime | None
    by: str

    @property
    def was_in_force(self) -> bool:
        """Say whether it was in force and its time is up, so that it may come back."""
        return self.state == "ended" and self.until is not None and self.until > self.start


@dataclass(frozen=True, slots=True)
class Activations:
    """An incident's procedures: those that wait for a click, those in force, those that ended."""

    proposed: tuple[StoredActivation, ...]
    in_force: tuple[StoredActivation, ...]
    ended: tuple[StoredActivation, ...]

    @property
    def since(self) -> datetime:
        """Return when the first of those in force began; there is one."""
        return min(item.start for item in self.in_force)

    def must_be_asked(self, now: datetime) -> bool:
        """Say whether one of those in force ends so soon that somebody should say whether it must."""
        return self.ends_first is not None and self.ends_first - now <= RENEWED_BEFORE

    @property
    def ends_first(self) -> datetime | None:
        """Return when the first of those in force ends, None when none has an end."""
        return min((item.until for item in self.in_force if item.until is not None), default=None)

    @property
    def is_since_shared(self) -> bool:
        """Say whether all that are in force began in the same minute."""
        return len({floor_to(item.start, timedelta(minutes=1)) for item in self.in_force}) == 1


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that waits for approval, until when it may, and the promised update that it comes too late for."""

    stored: StoredBulletin
    promise: Promise
    missed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One incident as the duty officer reads it."""

    incident: Incident
    functions: tuple[Function, ...]
    audiences: tuple[Audience, ...] | None
    packages: tuple[str, ...] | None
    regions: tuple[str, ...] | None
    suspects: tuple[NamedSuspect, ...]
    suspicion: Suspicion
    promise: Promise | None
    broken_at: tuple[datetime, ...]
    told: tuple[StoredBulletin, ...]
    drafts: tuple[Draft, ...]
    activations: Activations
    functions_known: int
    severity: Severity

    @property
    def has_many_functions(self) -> bool:
        """Say whether the functions are too many to be named at once."""
        return len(self.functions) > NAMED_AT_MOST

    @property
    def hits_every_function(self) -> bool:
        """Say whether nothing that the pack knows is spared."""
        return len(self.functions) == self.functions_known


def grid(judgement: Judgement | None, *, pack: Pack, now: datetime) -> Grid:
    """Lay the verdicts out; what nobody judged, or judged too long ago, is unknown and never green."""
    is_stale = judgement is None or now - judgement.at > STALE_AFTER
    verdicts: Mapping[Subject, Verdict] = {} if judgement is None or is_stale else judgement.verdicts
    audiences = tuple(pack.audiences.values())
    rows = tuple(_row(function, audiences, verdicts) for function in pack.functions.values())
    return Grid(audiences, rows, judgement.at if judgement is not None else None, is_stale)


def _row(function: Function, audiences: Sequence[Audience], verdicts: Mapping[Subject, Verdict]) -> Row:
    cells = tuple(_cell(function, audience, verdicts) for audience in audiences)
    states = [cell.state for cell in cells if cell is not None]
    return Row(function, cells, max(states, key=_RANK.__getitem__, default=State.UNKNOWN))


def _cell(function: Function, audience: Audience, verdicts: Mapping[Subject, Verdict]) -> Cell | None:
    if audience.id not in function.audiences:
        return None
    subject = Subject(function.id, audience.id)
    verdict = verdicts.get(subject)
    return Cell(subject, verdict.state if verdict is not None else State.UNKNOWN, verdict)


def promise(at: datetime, *, now: datetime) -> Promise:
    """Say how a promised moment stands."""
    return Promise(at, is_broken=now > at, is_soon=now <= at < now + SOON)


def named(suspect: Suspect, *, pack: Pack) -> NamedSuspect:
    """Put a name and a telephone to a suspect: a service, a partner or a package."""
    service = pack.services.get(suspect.id)
    partner = pack.partners.get(suspect.partner or (service.partner if service else suspect.id))
    package = pack.packages.get(suspect.id)
    name = service.name if service else package.name if package else partner.name if partner else suspect.id
    return NamedSuspect(suspect, name, partner.name if partner else "", partner.contact if partner else None)


def card(
    incident: Incident,
    *,
    bulletins: Iterable[StoredBulletin],
    activations: Iterable[StoredActivation],
    broken_at: Sequence[datetime] = (),
    pack: Pack,
    now: datetime,
) -> Card:
    """Gather all that one incident's card shows."""
    own = [stored for stored in bulletins if stored.bulletin.incident == incident.id]
    told = tuple(stored for stored in reversed(own) if stored.status == "published")
    waiting = [stored for stored in own if stored.status == "draft"]
    # Before the first message nobody was promised anything: what the incident holds is only our own plan.
    due = incident.next_update_at if incident.is_open and told else None
    return Card(
        incident=incident,
        functions=tuple(pack.functions[id_] for id_ in incident.functions if id_ in pack.functions),
        audiences=_audiences(incident, pack),
        packages=_names(incident.packages, {id_: package.name for id_, package in pack.packages.items()}),
        regions=incident.regions,
        suspects=tuple(named(suspect, pack=pack) for suspect in incident.suspects),
        suspicion=suspicion(incident, pack=pack),
        promise=promise(due, now=now) if due is not None else None,
        broken_at=tuple(broken_at),
        told=told,
        drafts=tuple(draft(stored, promised=due, missed=_owed(told, broken_at), now=now) for stored in waiting),
        activations=sorted_out(item for item in activations if item.incident == incident.id),
        functions_known=len(pack.functions),
        severity=severity(incident, pack=pack, now=now),
    )


def sorted_out(activations: Iterable[StoredActivation]) -> Activations:
    """Set apart what waits for a click, what is in force and what ended, each in its order."""
    given = tuple(activations)
    proposed, in_force, ended = (
        tuple(item for item in given if item.state == state) for state in ("proposed", "active", "ended")
    )
    return Activations(proposed, in_force, ended)


def draft(
    stored: StoredBulletin, *, promised: datetime | None = None, missed: datetime | None = None, now: datetime
) -> Draft:
    """Set a waiting draft beside the moment until which it may wait: never longer than to the promised update."""
    until = (stored.waits_since or stored.bulletin.drafted_at) + APPROVAL_WITHIN
    return Draft(stored, promise(min(until, promised or until), now=now), missed)


def _owed(told: Sequence[StoredBulletin], broken_at: Sequence[datetime]) -> datetime | None:
    """Return the promise that was broken last, unless something went out since."""
    missed = max(broken_at, default=None)
    if missed is None or any(stored.published_at and stored.published_at >= missed for stored in told):
        return None
    return missed


def _audiences(incident: Incident, pack: Pack) -> tuple[Audience, ...] | None:
    if incident.audiences is None:
        return None
    return tuple(pack.audiences[id_] for id_ in incident.audiences if id_ in pack.audiences)


def _names(ids: tuple[str, ...] | None, names: Mapping[str, str]) -> tuple[str, ...] | None:
    return None if ids is None else tuple(names.get(id_, id_) for id_ in ids)
