"""The simulated federation: a pack, with how much its professionals call and how calls behave when all is well."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.catalog.rules.graph import Graph
from tocsin.catalog.rules.model import Pack

type Numbers = NDArray[np.float64]

ROUTER_CALLS_ACCESS = 0.1
"""The share of routed calls for which the access service is asked again; for the rest its answer is remembered."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How a service answers when all is well: duration (log-normal) and the shares that end otherwise."""

    median_ms: float
    sigma: float
    rejected: float
    error: float
    timeout: float


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a function: the services of which one is called, which by the caller's region, and how often."""

    services: tuple[str, ...]
    by_region: tuple[int, ...] | None = None
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Demand:
    """How often a function is used: calls a day, the course over 24 hours, and who calls, [package]."""

    function: str
    calls_a_day: float
    saturday: float
    sunday: float
    course: Numbers
    packages: Numbers
    steps: tuple[Step, ...]
    soft_steps: tuple[Step, ...] = ()
    soft_packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """A synthetic check: what it calls, how long that takes, and how often it fails without any reason."""

    id: str
    service: str
    function: str | None
    fails: float
    median_ms: float


@dataclass(frozen=True)
class World:
    """A federation to simulate; codes are positions in `packages`, `regions` and `services`."""

    pack: Pack
    demands: tuple[Demand, ...]
    manners: Mapping[str, Manners]
    packages: tuple[str, ...]
    regions: tuple[str, ...]
    where: Numbers
    callers_seen: frozenset[str]
    probes: tuple[Probe, ...]
    panel: Mapping[str, int]
    routine: tuple[tuple[str, str], ...]
    fingerprinted: tuple[str, ...]
    monday: float
    holiday: float

    @cached_property
    def graph(self) -> Graph:
        """Return who needs whom."""
        return Graph(self.pack)

    @cached_property
    def services(self) -> tuple[str, ...]:
        """Return the services that are called, in the pack's order."""
        return tuple(name for name in self.pack.services if name in self.manners)

    @cached_property
    def audiences(self) -> tuple[str, ...]:
        """Return each package's audience."""
        return tuple(self.pack.packages[name].audience for name in self.packages)

    @cached_property
    def router(self) -> str | None:
        """Return the service through which others are called and that has calls of its own: it needs access itself."""
        access = self.gatekeeper
        needed = {need for service in self.pack.services.values() for need in service.needs}
        found = [name for name in self.services if name in needed and access in self.pack.services[name].needs]
        return found[0] if found else None

    @cached_property
    def gatekeeper(self) -> str | None:
        """Return the service that lets callers in: the one needed by what logs in."""
        login = next((each for each in self.pack.functions.values() if each.is_login), None)
        needs = [need for name in (login.uses if login else ()) for need in self.pack.services[name].needs]
        return next((need for need in needs if need in self.manners), None)


@dataclass(frozen=True, slots=True)
class _Named:
    """What the parts of a demand file refer to."""

    pack: Pack
    packages: tuple[str, ...]
    regions: tuple[str, ...]
    called: frozenset[str]


def build_world(pack: Pack, given: Mapping[str, Any]) -> World:
    """Return the federation of the pack as its demand file describes it; what the pack lacks is left out."""
    packages = tuple(name for name in pack.packages if name in given["regions"])
    named = _Named(pack, packages, tuple(pack.regions), frozenset(given["services"]))
    where = np.array([[float(given["regions"][name].get(region, 0)) for region in pack.regions] for name in packages])
    functions = {name: table for name, table in given["functions"].items() if name in pack.functions}
    return World(
        pack=pack,
        demands=tuple(_demand(name, table, named) for name, table in functions.items()),
        manners={name: Manners(**table) for name, table in given["services"].items() if name in pack.services},
        packages=packages,
        regions=named.regions,
        where=where / where.sum(axis=1, keepdims=True),
        callers_seen=frozenset(given["callers_seen"]),
        probes=tuple(
            _probe(name, table) for name, table in given["probes"].items() if table["service"] in pack.services
        ),
        panel={name: int(given["panel"].get(name, 0)) for name in packages},
        routine=tuple((each["service"], each["summary"]) for each in given["routine"]),
        fingerprinted=tuple(given["fingerprinted"]),
        monday=float(given["monday"]),
        holiday=float(given["holiday"]),
    )


def _probe(name: str, table: Mapping[str, Any]) -> Probe:
    return Probe(name, table["service"], table.get("function"), float(table["fails"]), float(table["median_ms"]))


def _demand(name: str, table: Mapping[str, Any], named: _Named) -> Demand:
    soft = named.pack.functions[name].soft
    course = np.asarray(table["course"], dtype=np.float64)
    weights = np.array([float(table["packages"].get(package, 0)) for package in named.packages])
    return Demand(
        function=name,
        calls_a_day=float(table["calls_a_day"]),
        saturday=float(table["saturday"]),
        sunday=float(table["sunday"]),
        course=course / course.sum(),
        packages=weights / weights.sum(),
        steps=_steps(name, table, named),
        soft_steps=tuple(Step((service,)) for service in soft if service in named.called),
        soft_packages=tuple(table.get("soft_packages", ())),
    )


def _steps(name: str, table: Mapping[str, Any], named: _Named) -> tuple[Step, ...]:
    """Return the calls in the order of the function's `uses`; the session is opened once, not for each use."""
    function = named.pack.functions[name]
    opened = {used for each in named.pack.functions.values() if each.is_login for used in each.uses}
    split: Mapping[str, list[str]] = table.get("by_region", {})
    steps = [
        Step((service,), share=float(table.get("shares", {}).get(service, 1.0)))
        for service in function.uses
        if service in named.called and service not in split and (function.is_login or service not in opened)
    ]
    if split:
        services = tuple(split)
        place = [
            next((code for code, each in enumerate(services) if region in split[each]), 0) for region in named.regions
        ]
        steps.append(Step(services, by_region=tuple(place)))
    return tuple(steps)
