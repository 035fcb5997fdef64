"""What was really wrong, for scoring only: the product never sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.rehearsal.rules.faults import Fault
from tocsin.rehearsal.rules.plan import Plan
from tocsin.rehearsal.rules.world import World


@dataclass(frozen=True, slots=True)
class Outage:
    """One true incident; None for packages or regions means all."""

    id: str
    start: datetime
    end: datetime
    cause: str
    kind: str
    functions: tuple[str, ...]
    audiences: tuple[str, ...]
    packages: tuple[str, ...] | None
    regions: tuple[str, ...] | None
    change: str | None


def outages(plan: Plan, world: World) -> tuple[Outage, ...]:
    """Return what a scorer should find: every fault that was not announced as maintenance."""
    wrong = [fault for fault in plan.faults if not fault.is_announced]
    return tuple(_outage(f"{plan.id}-{number}", fault, plan, world) for number, fault in enumerate(wrong, start=1))


def _outage(identity: str, fault: Fault, plan: Plan, world: World) -> Outage:
    packages = _packages(fault, world)
    functions = functions_hit(fault, world, packages)
    callers = {
        world.audiences[number]
        for demand in world.demands
        if demand.function in functions
        for number in range(len(world.packages))
        if demand.packages[number] > 0 and world.packages[number] in packages
    }
    return Outage(
        id=identity,
        start=plan.start + timedelta(seconds=fault.start_s),
        end=plan.start + timedelta(seconds=fault.end_s),
        cause=fault.cause,
        kind=fault.kind,
        functions=functions,
        audiences=tuple(sorted(callers)),
        packages=None if fault.packages is None else tuple(fault.packages),
        regions=None if fault.regions is None else tuple(fault.regions),
        change=fault.change,
    )


def _packages(fault: Fault, world: World) -> tuple[str, ...]:
    return tuple(
        name
        for name, audience in zip(world.packages, world.audiences, strict=True)
        if (fault.packages is None or name in fault.packages)
        and (fault.audiences is None or audience in fault.audiences)
    )


def functions_hit(fault: Fault, world: World, packages: Sequence[str]) -> tuple[str, ...]:
    """Return the functions that need what fails, and that somebody among those who are hit uses."""
    if fault.effect == "blind":
        return ()
    bad = {*fault.shows_on} or {fault.cause}
    found = []
    for demand in world.demands:
        needed = world.graph.services_of(demand.function)
        soft = (
            {service for step in demand.soft_steps for service in step.services}
            if set(packages) & set(demand.soft_packages)
            else set()
        )
        used = any(demand.packages[world.packages.index(name)] > 0 for name in packages)
        if used and (fault.functions is None or demand.function in fault.functions) and bad & (needed | soft):
            found.append(demand.function)
    return tuple(found)
