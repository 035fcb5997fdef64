"""What the faults do to a batch of calls of one service: how likely each call fails, and in which way."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.rehearsal.rules.faults import Fault, chosen, strength
from tocsin.rehearsal.rules.world import World

type Numbers = NDArray[np.float64]
type Codes = NDArray[np.int64]

OVERLOAD_SLOWS = 14.0
"""By how much an overloaded service is slower at full strength."""
SLOW = 12.0
HOLLOW = 0.12
BLOCKED_IS_FAILED = {"error": 2, "rejected": 1, "timeout": 3, "overload": 3}


@dataclass(frozen=True, slots=True)
class Callers:
    """A batch of calls of one function: when (seconds after the start), with which package, from which region."""

    function: str
    at_s: Numbers
    package: Codes
    region: Codes


@dataclass(frozen=True, slots=True)
class Harm:
    """What faults do to each call: the likelihood of each bad ending, of getting lost, and how slow the rest are.

    `fails` is [outcome, call]; `hit` is how likely the call is spoiled for its caller in one way or another.
    """

    fails: Numbers
    blocked: Numbers
    slower: Numbers
    hollow: Numbers
    hit: Numbers


def harm(service: str, callers: Callers, *, faults: Sequence[Fault], world: World) -> Harm:
    """Return what the faults do to these calls of the service."""
    number = len(callers.at_s)
    fails, blocked = np.zeros((4, number)), np.zeros(number)
    slower, hollow, well = np.ones(number), np.zeros(number), np.ones(number)
    for fault in faults:
        if not touches(fault, service, world):
            continue
        share = strength(fault, callers.at_s) * _is_meant(fault, callers, world)
        hit = share * fault.depth
        if fault.effect in BLOCKED_IS_FAILED:
            place = BLOCKED_IS_FAILED[fault.effect]
            fails[place] = 1.0 - (1.0 - fails[place]) * (1.0 - (hit * share if fault.effect == "overload" else hit))
        if fault.effect == "overload":
            slower = slower * (1.0 + OVERLOAD_SLOWS * fault.depth * share)
            fails[2] = 1.0 - (1.0 - fails[2]) * (1.0 - 0.08 * hit * share)
        elif fault.effect == "slow":
            slower = slower * (1.0 + SLOW * share * (_lot(callers) < fault.depth))
        elif fault.effect == "hollow":
            hollow = 1.0 - (1.0 - hollow) * (1.0 - hit)
        elif fault.effect == "blocked":
            blocked = 1.0 - (1.0 - blocked) * (1.0 - hit)
        well = well * (1.0 - hit * (share if fault.effect == "overload" else 1.0))
    return Harm(fails, blocked, slower, hollow, 1.0 - well)


def touches(fault: Fault, service: str, world: World) -> bool:
    """Say whether the fault reaches calls of this service by itself; router and gatekeeper are counted apart."""
    if fault.effect == "blind":
        return False
    if fault.shows_on:
        return service in fault.shows_on
    if fault.cause == service:
        return True
    apart = {world.router, world.gatekeeper}
    direct = [need for need in world.pack.services[service].needs if need not in apart]
    return any(fault.cause == need or fault.cause in _reach(need, world) for need in direct)


def _reach(service: str, world: World) -> frozenset[str]:
    return world.graph.needs_of(service)


def _is_meant(fault: Fault, callers: Callers, world: World) -> Numbers:
    packages = chosen(world.packages, fault.packages) & chosen(world.audiences, fault.audiences)
    regions = chosen(world.regions, fault.regions)
    is_meant = packages[callers.package] & regions[callers.region]
    return np.asarray(is_meant * (fault.functions is None or callers.function in fault.functions), dtype=np.float64)


def _lot(callers: Callers) -> Numbers:
    # A lot that depends on the call alone, so that asking twice gives the same answer.
    return np.asarray(np.mod(callers.at_s * 997.0, 1.0))
