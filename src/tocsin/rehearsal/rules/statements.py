"""What partners state and what happens to services: notices, interventions, fingerprints of configurations."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from tocsin.rehearsal.rules.faults import Fault
from tocsin.rehearsal.rules.plan import Intervention, Plan
from tocsin.rehearsal.rules.world import World

FINGERPRINTS_BACK = timedelta(hours=18)
ROUTINE_AT = (time(22, 30), time(5, 10), time(20, 0))
"""When routine work is done, local time: late in the evening before, early in the morning, in the evening after."""
ROUTINE_LASTS = timedelta(minutes=25)
SAYS_AFTER_S = {"honest": (18 * 60.0, 35 * 60.0), "late": (50 * 60.0, 70 * 60.0)}
INVESTIGATING = ("Melding van problemen, onderzoek loopt.", "Problèmes signalés, analyse en cours.")
DISRUPTED = ("Verstoord; herstel wordt verwacht.", "Perturbé; retour à la normale attendu.")
RESOLVED = ("Hersteld.", "Situation normale.")
DENIED = ("Geen problemen vastgesteld; alles werkt normaal.", "Aucun problème constaté; tout fonctionne.")


@dataclass(frozen=True, slots=True)
class Statement:
    """A partner's notice."""

    at: datetime
    partner: str
    services: tuple[str, ...]
    state: str
    text: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something done to a service, or a reading of its configuration."""

    at: datetime
    kind: str
    change: str | None
    service: str
    summary: str
    running: str | None = None
    persisted: str | None = None
    approved: str | None = None


def statements(plan: Plan, world: World, rng: np.random.Generator) -> list[Statement]:
    """Return what partners say, in order of time, as far as it is said before the end."""
    end = plan.start + timedelta(minutes=plan.minutes)
    found = [each for fault in plan.faults for each in _of_fault(fault, plan, world, rng)]
    found += [each for work in plan.interventions if work.is_told for each in _of_work(work, plan, world)]
    if plan.liar is not None:
        partner, service = plan.liar
        at = plan.start + timedelta(minutes=plan.minutes * 0.45)
        found.append(Statement(at, partner, (service,), "down", DISRUPTED[0]))
    return sorted((each for each in found if each.at < end), key=lambda each: each.at)


def _of_fault(fault: Fault, plan: Plan, world: World, rng: np.random.Generator) -> Iterator[Statement]:
    service = fault.cause if fault.cause in world.pack.services else (fault.shows_on or ("",))[0]
    if fault.effect == "blind" or fault.is_announced or not service or plan.notices == "silent":
        return
    partner = world.pack.services[service].partner
    services = fault.shows_on or (service,)
    if plan.notices == "lying":
        at = plan.start + timedelta(seconds=_minute(fault.start_s + 12 * 60.0 + float(rng.uniform(0, 300))))
        yield Statement(at, partner, services, "resolved", DENIED[int(rng.integers(2))])
        return
    first_s, second_s = (delay * float(rng.uniform(0.7, 1.3)) for delay in SAYS_AFTER_S[plan.notices])
    spoken = [(first_s, "investigating", INVESTIGATING), (second_s, "disrupted", DISRUPTED)]
    for delay_s, state, texts in spoken:
        if fault.start_s + delay_s < fault.end_s:
            at = plan.start + timedelta(seconds=_minute(fault.start_s + delay_s))
            yield Statement(at, partner, services, state, texts[int(rng.integers(2))])
    at = plan.start + timedelta(seconds=_minute(fault.end_s + float(rng.uniform(480, 1500))))
    yield Statement(at, partner, services, "resolved", RESOLVED[int(rng.integers(2))])


def _minute(seconds: float) -> float:
    return float(round(seconds / 60.0) * 60)


def _of_work(work: Intervention, plan: Plan, world: World) -> Iterator[Statement]:
    if work.end_s is None:
        return
    until = plan.start + timedelta(seconds=work.end_s)
    at = plan.start + timedelta(seconds=max(work.start_s - 1500.0, 0.0))
    partner = world.pack.services[work.service].partner
    yield Statement(at, partner, (work.service,), "maintenance", work.summary, until)


def events(plan: Plan, world: World, rng: np.random.Generator) -> list[Event]:
    """Return the changes and fingerprints, in order of time: routine, planned work, and what was guilty."""
    end = plan.start + timedelta(minutes=plan.minutes)
    found = [*_routine(plan, world, rng), *_fingerprints(plan, world)]
    found += [event for work in plan.interventions for event in _work(work, plan)]
    return sorted((each for each in found if each.at < end), key=lambda each: each.at)


def _routine(plan: Plan, world: World, rng: np.random.Generator) -> Iterator[Event]:
    zone = ZoneInfo(world.pack.timezone)
    today = plan.start.astimezone(zone).date()
    days = (today - timedelta(days=1), today, today)
    for place, number in enumerate(rng.permutation(len(world.routine))[:3]):
        service, summary = world.routine[int(number)]
        at = datetime.combine(days[place], ROUTINE_AT[place], zone).astimezone(plan.start.tzinfo)
        change = f"CHG-{rng.integers(10_000, 99_999)}"
        yield Event(at - timedelta(days=3), "planned", change, service, summary)
        yield Event(at, "started", change, service, summary)
        yield Event(at + ROUTINE_LASTS, "finished", change, service, summary)


def _work(work: Intervention, plan: Plan) -> Iterator[Event]:
    start = plan.start + timedelta(seconds=work.start_s)
    given = Event(start - timedelta(days=5), "planned", work.change, work.service, work.summary)
    yield given
    yield replace(given, at=start, kind="started")
    if work.end_s is not None:
        yield replace(given, at=plan.start + timedelta(seconds=work.end_s), kind="finished")


def _fingerprints(plan: Plan, world: World) -> Iterator[Event]:
    first = (plan.start - FINGERPRINTS_BACK).replace(minute=5, second=0, microsecond=0)
    hours = int((FINGERPRINTS_BACK.total_seconds() + plan.seconds) // 3600) + 1
    for hour in range(hours):
        at = first + timedelta(hours=hour)
        for service in world.fingerprinted:
            approved = _hash(service)
            running, persisted = _configuration(service, at, plan)
            summary = f"hourly configuration fingerprint of {service}"
            yield Event(at, "fingerprint", None, service, summary, running, persisted, approved)


def _configuration(service: str, at: datetime, plan: Plan) -> tuple[str, str]:
    """Return the running and the persisted configuration; a change that drifts leaves both unapproved till repair."""
    second = (at - plan.start).total_seconds()
    for work in plan.interventions:
        repaired_s = max((fault.end_s for fault in plan.faults if fault.change == work.change), default=plan.seconds)
        if work.drifts and work.service == service and (work.end_s or work.start_s) <= second < repaired_s:
            return _hash(service + work.change), _hash(service + work.change)
    return _hash(service), _hash(service)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
