"""Who is hit by the faults, how hard and when: the expectation, without chance. Witnesses are made from it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tocsin.rehearsal.rules.effects import Callers, harm
from tocsin.rehearsal.rules.faults import Fault
from tocsin.rehearsal.rules.world import ROUTER_CALLS_ACCESS, Demand, World

type Numbers = NDArray[np.float64]

MINUTE_S = 60.0


def exposure(
    demand: Demand, package: int, region: int, *, at_s: Numbers, faults: Sequence[Fault], world: World
) -> Numbers:
    """Return how likely a use of the function is spoiled for a caller of this package and region, at each moment."""
    number = len(at_s)
    callers = Callers(demand.function, at_s, np.full(number, package), np.full(number, region))
    is_soft = world.packages[package] in demand.soft_packages
    well = np.ones(number)
    for step in (*demand.steps, *(demand.soft_steps if is_soft else ())):
        code = 0 if step.by_region is None else step.by_region[region]
        well *= 1.0 - step.share * service_exposure(step.services[code], callers, faults=faults, world=world)
    return 1.0 - well


def service_exposure(service: str, callers: Callers, *, faults: Sequence[Fault], world: World) -> Numbers:
    """Return how likely a call of the service is spoiled, what it goes through on the way included."""
    needs = world.pack.services[service].needs
    way: list[tuple[str, float]] = [(service, 1.0)]
    if world.router is not None and world.router in needs:
        way.append((world.router, 1.0))
        if world.gatekeeper is not None:
            way.append((world.gatekeeper, ROUTER_CALLS_ACCESS))
    elif world.gatekeeper is not None and world.gatekeeper in needs:
        way.append((world.gatekeeper, 1.0))
    well = np.ones(len(callers.at_s))
    for name, share in way:
        well *= 1.0 - share * harm(name, callers, faults=faults, world=world).hit
    return np.asarray(1.0 - well)


def hit_by_minute(world: World, *, faults: Sequence[Fault], minutes: int) -> dict[tuple[str, str], Numbers]:
    """Return, by (function, audience), the share of its users that is hit in each minute (at its middle)."""
    at_s = (np.arange(minutes, dtype=np.float64) + 0.5) * MINUTE_S
    found: dict[tuple[str, str], Numbers] = {}
    for demand in world.demands:
        for audience in dict.fromkeys(world.audiences):
            weights = members_weights(demand, audience, world)
            if weights.sum() > 0:
                found[demand.function, audience] = _mean_exposure(demand, weights, at_s, faults=faults, world=world)
    return found


def members_weights(demand: Demand, audience: str, world: World) -> Numbers:
    """Return the audience's part in the uses of the function, [package]."""
    return np.where([each == audience for each in world.audiences], demand.packages, 0.0)


def _mean_exposure(
    demand: Demand, weights: Numbers, at_s: Numbers, *, faults: Sequence[Fault], world: World
) -> Numbers:
    cells = world.where * (weights / weights.sum())[:, None]
    mean = np.zeros(len(at_s))
    for package, region in np.argwhere(cells > 0).tolist():
        shares = exposure(demand, package, region, at_s=at_s, faults=faults, world=world)
        mean += shares * cells[package, region]
    return mean
