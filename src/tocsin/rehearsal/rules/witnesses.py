"""What synthetic checks and members of the panel say: both see a part, both are wrong now and then."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.rehearsal.rules.effects import SLOW, Callers, harm
from tocsin.rehearsal.rules.exposure import exposure
from tocsin.rehearsal.rules.faults import Fault, strength
from tocsin.rehearsal.rules.plan import Flood, Plan
from tocsin.rehearsal.rules.world import ROUTER_CALLS_ACCESS, Demand, Probe, World

PROBE_EVERY_S = 60.0
PROBE_GIVES_UP_MS = 10_000.0
GETS_AN_ANSWER = 0.6
"""The share of failing checks that are told so."""
REPORTS_AN_HOUR = 0.36
"""How often a member for whom a function fails says so: most have patients to see."""
STRAY_REPORTS_AN_HOUR = 0.006
"""How often a member complains, or says that it works, for reasons of their own."""
DELAY_S = 200.0
SAYS_IT_WORKS_AGAIN = 0.6
REST_S = 1200.0
HALF = 0.5
TEXTS = {
    False: (
        "{nl} werkt niet",
        "{nl}: foutmelding, lukt niet meer",
        "{nl} heel traag en dan time-out",
        "{fr} ne marche plus",
        "encore en panne ? {fr}",
        "impossible: {fr}, erreur depuis tout à l'heure",
    ),
    True: ("{nl} weer ok", "{nl} werkt hier", "ok de nouveau pour {fr}", "{fr} fonctionne chez moi"),
}


@dataclass(frozen=True, slots=True)
class Check:
    """The result of a synthetic check, `at_s` seconds after the start."""

    at_s: float
    probe: Probe
    is_ok: bool
    duration_ms: float
    detail: str


@dataclass(frozen=True, slots=True)
class Said:
    """A report of a member of the panel."""

    at_s: float
    member: str
    audience: str
    package: str
    region: str
    function: str
    works: bool
    text: str


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the panel; package and region by their codes."""

    id: str
    package: int
    region: int


def checks(plan: Plan, world: World, rng: np.random.Generator) -> list[Check]:
    """Return the results of all synthetic checks, in order of time."""
    moments = [
        (minute * PROBE_EVERY_S + place * 3.7 + float(rng.uniform(0.0, 1.0)), probe)
        for minute in range(plan.minutes)
        for place, probe in enumerate(world.probes)
    ]
    return [
        _check(at_s, probe, plan=plan, world=world, rng=rng)
        for at_s, probe in moments
        if not _is_blind("probes", at_s, plan.faults)
    ]


def _check(at_s: float, probe: Probe, *, plan: Plan, world: World, rng: np.random.Generator) -> Check:
    # A check has no package, no region and calls from inside: it sees what hits everybody, and no caller's network.
    seen = [each for each in plan.faults if each.is_whole and each.is_seen_by_probes and each.effect != "blocked"]
    fails, slower = _expected(probe.service, at_s, seen, world) if seen else (0.0, 1.0)
    is_ok = bool(rng.random() >= fails + probe.fails)
    duration_ms = round(probe.median_ms * float(np.exp(0.18 * rng.standard_normal())) * slower, 1)
    if is_ok:
        return Check(at_s, probe, is_ok, duration_ms, "200 OK")
    if rng.random() < GETS_AN_ANSWER:
        return Check(at_s, probe, is_ok, duration_ms, "SOAP fault")
    return Check(at_s, probe, is_ok, PROBE_GIVES_UP_MS, "timeout")


def _expected(service: str, at_s: float, faults: Sequence[Fault], world: World) -> tuple[float, float]:
    callers = Callers("", np.array([at_s]), np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64))
    needs = world.pack.services[service].needs
    gate = world.gatekeeper
    way = [(service, 1.0)]
    if world.router is not None and world.router in needs:
        way.append((world.router, 1.0))
    if gate is not None and gate in needs:
        way.append((gate, ROUTER_CALLS_ACCESS if service == world.router else 1.0))
    well, slower = 1.0, 1.0
    for name, share in way:
        done = harm(name, callers, faults=faults, world=world)
        well *= 1.0 - share * float(1.0 - np.prod(1.0 - done.fails[1:, 0]))
        slower *= min(float(done.slower[0]), SLOW)
    return 1.0 - well, slower


def _is_blind(eye: str, at_s: float, faults: Sequence[Fault]) -> bool:
    return any(
        fault.effect == "blind" and eye in fault.eyes and strength(fault, np.array([at_s]))[0] > 0 for fault in faults
    )


def members(world: World, rng: np.random.Generator) -> list[Member]:
    """Return the panel: so many of each package, spread over the regions as its callers are."""
    packages = [code for code, name in enumerate(world.packages) for _ in range(world.panel[name])]
    return [
        Member(
            f"m{number:03d}-{rng.integers(16**6):06x}", code, int(rng.choice(len(world.regions), p=world.where[code]))
        )
        for number, code in enumerate(packages)
    ]


def reports(plan: Plan, world: World, rng: np.random.Generator) -> list[Said]:
    """Return what the panel says, in order of time: those who are hit, those who are not, and the untrue."""
    panel = members(world, rng)
    found = [said for member in panel for said in _of_member(member, plan, world, rng)]
    found += [said for flood in plan.floods for said in _flood(flood, panel, world, rng)]
    kept = [said for said in found if 0 <= said.at_s < plan.seconds and not _is_blind("panel", said.at_s, plan.faults)]
    return sorted(kept, key=lambda said: said.at_s)


def _of_member(member: Member, plan: Plan, world: World, rng: np.random.Generator) -> Iterator[Said]:
    mine = [demand for demand in world.demands if demand.packages[member.package] > 0]
    if any(fault.effect != "blind" for fault in plan.faults):
        yield from _complaints(member, mine, plan, world=world, rng=rng)
    if rng.random() < STRAY_REPORTS_AN_HOUR * plan.minutes / 60.0:
        function = mine[int(rng.integers(len(mine)))].function
        at_s, works = float(rng.uniform(0.0, plan.seconds)), bool(rng.random() < HALF)
        yield _said(at_s, member, function, works=works, world=world, rng=rng)


def _complaints(
    member: Member, mine: Sequence[Demand], plan: Plan, *, world: World, rng: np.random.Generator
) -> Iterator[Said]:
    minutes = (np.arange(plan.minutes, dtype=np.float64) + 0.5) * 60.0
    fails = {
        demand.function: exposure(demand, member.package, member.region, at_s=minutes, faults=plan.faults, world=world)
        for demand in mine
    }
    rests_until_s = 0.0
    for minute in range(plan.minutes):
        if minutes[minute] < rests_until_s:
            continue
        demand = _complaint({name: float(shares[minute]) for name, shares in fails.items()}, mine, rng)
        if demand is None:
            continue
        at_s = minutes[minute] + float(rng.exponential(DELAY_S))
        complaint = _said(at_s, member, demand.function, works=False, world=world, rng=rng)
        yield complaint
        rests_until_s = at_s + REST_S + float(rng.exponential(REST_S))
        ends_s = (float(np.flatnonzero(fails[demand.function] > 0)[-1]) + 1.0) * 60.0
        yield from _relief(complaint, member, ends_s, world=world, rng=rng)


def _complaint(failing: dict[str, float], mine: Sequence[Demand], rng: np.random.Generator) -> Demand | None:
    """Return what the member complains about in this minute: the first thing that fails, log-in before the rest."""
    worst = max(failing.values())
    if rng.random() >= REPORTS_AN_HOUR / 60.0 * worst:
        return None
    hit = [demand for demand in mine if failing[demand.function] >= 0.5 * worst]
    return hit[0] if rng.random() < 0.8 else hit[int(rng.integers(len(hit)))]  # noqa: PLR2004  # most name the first


def _relief(
    complaint: Said, member: Member, ends_s: float, *, world: World, rng: np.random.Generator
) -> Iterator[Said]:
    if rng.random() < SAYS_IT_WORKS_AGAIN:
        again_s = max(ends_s, complaint.at_s) + 120.0 + float(rng.exponential(700.0))
        yield _said(again_s, member, complaint.function, works=True, world=world, rng=rng)


def _flood(flood: Flood, panel: Sequence[Member], world: World, rng: np.random.Generator) -> Iterator[Said]:
    place = world.packages.index(flood.package)
    hostile = [member for member in panel if member.package == place][: flood.members]
    for number in range(flood.reports):
        at_s = flood.at_s + flood.over_s * float(rng.random())
        yield _said(at_s, hostile[number % len(hostile)], flood.function, works=False, world=world, rng=rng)


def _said(at_s: float, member: Member, function: str, *, works: bool, world: World, rng: np.random.Generator) -> Said:
    pattern = TEXTS[works][int(rng.integers(len(TEXTS[works])))]
    name = world.pack.functions[function].name
    return Said(
        at_s=at_s,
        member=member.id,
        audience=world.audiences[member.package],
        package=world.packages[member.package],
        region=world.regions[member.region],
        function=function,
        works=works,
        text=pattern.format(nl=name["nl"], fr=name["fr"]),
    )
