"""Interventions on services and what their configuration is: running, persisted, approved.

Nothing here says that a change *is* a cause. It says what happened near an onset, and which configurations
disagree, as clues with a weight and a reason; diagnosis weighs them against what the eyes see.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Literal

from tocsin.kernel.language import LocalizedText
from tocsin.kernel.reasons import Fact, Reason

type ChangeKind = Literal["planned", "started", "finished", "restarted", "fingerprint"]
type DriftKind = Literal["running_not_approved", "persisted_not_running"]
type MaintenanceState = Literal["announced", "changed", "running", "overrun", "over", "cancelled"]

LOOK_BACK = timedelta(hours=24)
"""How long before an onset a finished change can still be its cause: until the first working day after it."""

HALF_LIFE = timedelta(hours=6)
"""After so long without trouble a plain change counts half: what worked all night is less likely to be broken."""

TOLERANCE = timedelta(minutes=2)
"""An onset is an estimate: what happened just after it can still have come before."""

CLUE_WEIGHTS = {
    "running_not_approved": 1.0,
    "restart_loaded": 0.9,
    "persisted_not_running": 0.3,
    "change": 0.6,
    "restart": 0.5,
}
"""How much each kind of clue says, the strongest being 1: a configuration nobody approved is running and in use;
one that only waits for the next restart does nothing yet, and one that a restart has just brought in is new there."""


@dataclass(frozen=True, slots=True)
class ChangeEvent:
    """One thing that happened to services, or one reading of their configuration's fingerprints.

    `running` is the hash of the configuration in memory, `persisted` the one that the next restart would load,
    `approved` the one that was signed off; each None where unknown. `change` is the change's own id, where it has one.
    """

    at: datetime
    kind: ChangeKind
    change: str | None
    services: tuple[str, ...]
    summary: str
    running: str | None = None
    persisted: str | None = None
    approved: str | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """Fingerprints of a service that disagree, since when, and the change that most likely made them so."""

    service: str
    kind: DriftKind
    since: datetime
    change: str | None


@dataclass(frozen=True, slots=True)
class Clue:
    """A change, restart or drift on a service that could have to do with a trouble; `weight` in 0..1."""

    service: str
    weight: float
    reason: Reason
    change: str | None = None


@dataclass(frozen=True, slots=True)
class Maintenance:
    """An intervention announced beforehand to those whose work it may interrupt.

    `functions` are in pack order; `services` those worked on (none where only functions were named). `audiences`
    is None when everybody who uses the functions is concerned. `effect` says what a user will notice. `state` is what
    it is at the moment it was asked for (see `at_moment`); `revision` counts the changes of what was announced, and
    `ended_at` is when somebody said that it is over, or cancelled it.
    """

    id: str
    services: tuple[str, ...]
    functions: tuple[str, ...]
    audiences: tuple[str, ...] | None
    start: datetime
    end: datetime
    effect: LocalizedText
    is_public: bool = True
    state: MaintenanceState = "announced"
    announced_at: datetime | None = None
    changed_at: datetime | None = None
    ended_at: datetime | None = None
    revision: int = 0

    @property
    def is_closed(self) -> bool:
        """Say whether nothing about it changes any more."""
        return self.state in {"over", "cancelled"}

    @property
    def is_under_way(self) -> bool:
        """Say whether the work goes on, as far as anybody has said: it is over only when somebody says so."""
        return self.state in {"running", "overrun"}


@dataclass(frozen=True, slots=True)
class Interventions:
    """What was done to services, and what was announced to those whose work it interrupts."""

    changes: tuple[ChangeEvent, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()


NO_INTERVENTIONS = Interventions()


def at_moment(maintenance: Maintenance, now: datetime) -> Maintenance:
    """Return the maintenance in the state that it has at `now`: the clock starts it, only a person ends it."""
    if maintenance.is_closed or now < maintenance.start:
        return maintenance
    return replace(maintenance, state="running" if now < maintenance.end else "overrun")


def maintenance_hits(maintenance: Maintenance, *, audience: str, functions: Sequence[str]) -> tuple[str, ...]:
    """Return which of an audience's functions a maintenance may interrupt, in their order."""
    if maintenance.audiences is not None and audience not in maintenance.audiences:
        return ()
    return tuple(function for function in functions if function in maintenance.functions)


def drifts(changes: Sequence[ChangeEvent], *, now: datetime) -> tuple[Drift, ...]:
    """Return which services' configurations disagree at `now`, in the order in which the services first appear."""
    known = [event for event in changes if event.at <= now]
    found = (_drift(service, known) for service in _services(known))
    return tuple(drift for drift in found if drift is not None)


def clues(changes: Sequence[ChangeEvent], *, onset: datetime, now: datetime) -> tuple[Clue, ...]:
    """Return what could have caused a trouble that began at `onset`, as known at `now`.

    What starts after the onset is a reaction to it, not its cause, and is left out. Per service and kind of clue
    the last one counts. A change that finished before the drift it left behind is named by the drift.
    """
    before = [event for event in changes if event.at <= min(onset + TOLERANCE, now)]
    return (
        *(_drift_clue(drift, onset=onset) for drift in drifts(before, now=now)),
        *_change_clues(before, onset=onset),
        *_restart_clues(before, onset=onset),
    )


def mitigations(
    changes: Sequence[ChangeEvent], *, services: frozenset[str], onset: datetime, now: datetime
) -> tuple[ChangeEvent, ...]:
    """Return what was done to the services since the onset: repairs under way (`started`) or done."""
    kinds = {"started", "finished", "restarted"}
    return tuple(
        event
        for event in changes
        if event.kind in kinds and onset + TOLERANCE < event.at <= now and services.intersection(event.services)
    )


def _services(changes: Sequence[ChangeEvent]) -> Iterator[str]:
    yield from dict.fromkeys(service for event in changes for service in event.services)


def _drift(service: str, changes: Sequence[ChangeEvent]) -> Drift | None:
    readings = [event for event in changes if service in event.services and event.running is not None]
    if not readings or (kind := _disagreement(readings[-1])) is None:
        return None
    run = list(takewhile(lambda event: _disagreement(event) == kind, reversed(readings)))
    drifting = list(takewhile(lambda event: _disagreement(event) is not None, reversed(readings)))
    return Drift(service, kind, run[-1].at, _change_before(service, changes, drifting[-1].at))


def _disagreement(event: ChangeEvent) -> DriftKind | None:
    # A fingerprint without `approved` says nothing on approval: only hashes that are there can disagree.
    if event.approved is not None and event.running != event.approved:
        return "running_not_approved"
    if event.persisted is not None and event.persisted != event.running:
        return "persisted_not_running"
    return None


def _change_before(service: str, changes: Sequence[ChangeEvent], moment: datetime) -> str | None:
    named = [
        event.change
        for event in changes
        if event.change is not None
        and event.kind in {"started", "finished", "restarted"}
        and service in event.services
        and moment - LOOK_BACK <= event.at <= moment
    ]
    return named[-1] if named else None


def _drift_clue(drift: Drift, *, onset: datetime) -> Clue:
    facts: dict[str, Fact] = {
        "service": drift.service,
        "change": drift.change,
        "minutes_before": _minutes(onset - drift.since),
    }
    return Clue(drift.service, CLUE_WEIGHTS[drift.kind], Reason(f"drift.{drift.kind}", facts), drift.change)


def _change_clues(changes: Sequence[ChangeEvent], *, onset: datetime) -> Iterator[Clue]:
    last: dict[tuple[str, str], ChangeEvent] = {}
    for event in changes:
        if event.kind in {"started", "finished"} and event.change is not None and onset - event.at <= LOOK_BACK:
            last.update({(service, event.change): event for service in event.services})
    for (service, change), event in last.items():
        # A change still under way is as suspect as one that has just finished.
        elapsed = timedelta(0) if event.kind == "started" else onset - event.at
        code = "change.running" if event.kind == "started" else "change.finished"
        facts: dict[str, Fact] = {"service": service, "change": change, "minutes_before": _minutes(onset - event.at)}
        yield Clue(service, CLUE_WEIGHTS["change"] * _freshness(elapsed), Reason(code, facts), change)


def _restart_clues(changes: Sequence[ChangeEvent], *, onset: datetime) -> Iterator[Clue]:
    last: dict[str, int] = {}
    for index, event in enumerate(changes):
        if event.kind == "restarted" and onset - event.at <= LOOK_BACK:
            last.update(dict.fromkeys(event.services, index))
    for service, index in last.items():
        event = changes[index]
        waiting = _waiting(service, changes[:index])
        freshness = _freshness(onset - event.at)
        facts: dict[str, Fact] = {"service": service, "minutes_before": _minutes(onset - event.at)}
        if waiting is None:
            reason = Reason("change.restarted", {**facts, "change": event.change})
            yield Clue(service, CLUE_WEIGHTS["restart"] * freshness, reason, event.change)
        else:
            change = _change_before(service, changes[:index], waiting.at) or event.change
            reason = Reason("drift.restart_loaded", {**facts, "change": change})
            yield Clue(service, CLUE_WEIGHTS["restart_loaded"] * freshness, reason, change)


def _waiting(service: str, before: Sequence[ChangeEvent]) -> ChangeEvent | None:
    # The last reading before a restart, if it shows another configuration in wait than the one that was running.
    readings = [event for event in before if service in event.services and event.running is not None]
    if not readings or readings[-1].persisted in {None, readings[-1].running}:
        return None
    return readings[-1]


def _freshness(elapsed: timedelta) -> float:
    return float(0.5 ** max(0.0, elapsed / HALF_LIFE))


def _minutes(span: timedelta) -> int:
    return max(0, round(span.total_seconds() / 60))
