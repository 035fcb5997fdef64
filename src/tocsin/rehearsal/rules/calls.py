"""Calls through the federation: each use of a function is a chain of calls, and whoever fails tries again, or gives up.

Who calls a routed service calls the router first; a call that the router or the network loses leaves no row at the
service's own front, and is only seen by callers whose software reports. Who cannot log in does not go on to work.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tocsin.rehearsal.rules.demand import SLOT_S
from tocsin.rehearsal.rules.effects import HOLLOW, Callers, Harm, harm
from tocsin.rehearsal.rules.faults import Fault
from tocsin.rehearsal.rules.world import ROUTER_CALLS_ACCESS, Demand, Step, World

type Numbers = NDArray[np.float64]
type Codes = NDArray[np.int64]
type Flags = NDArray[np.bool_]

OK, REJECTED, ERROR, TIMEOUT = range(4)
FRONT, CLIENT = 0, 1
ATTEMPTS = 6
TRIES_AGAIN = 0.72
PATIENCE_S = (4.0, 22.0)
"""Least and mean further seconds before somebody tries again."""
TIMEOUT_MS = 30_000.0
CLIENT_MS = (50.0, 12.0)
"""What the way to the service and back adds for the caller."""
CLUMPS = 0.04
"""Relative variance of a minute's usual share of bad answers beyond chance; the recordings show up to so much."""
SESSION_S = 3.0 * 3600.0
"""How long a session lasts: who fails to renew it is locked out of everything else."""


@dataclass(slots=True)
class Ledger:
    """What was seen, row by row, in the order in which it was simulated."""

    at_s: list[Numbers] = field(default_factory=list)
    vantage: list[Codes] = field(default_factory=list)
    service: list[Codes] = field(default_factory=list)
    package: list[Codes] = field(default_factory=list)
    region: list[Codes] = field(default_factory=list)
    outcome: list[Codes] = field(default_factory=list)
    duration_ms: list[Numbers] = field(default_factory=list)

    def note(self, row: tuple[int, int], callers: Callers, answers: "Answers") -> None:
        """Note one row for each call, of this vantage and service, at the moment of its answer."""
        vantage, service = row
        outcome, duration_ms = answers.outcome, answers.duration_ms
        self.at_s.append(callers.at_s + duration_ms / 1000.0)
        self.vantage.append(np.full(len(outcome), vantage))
        self.service.append(np.full(len(outcome), service))
        self.package.append(callers.package)
        self.region.append(callers.region)
        self.outcome.append(outcome)
        self.duration_ms.append(duration_ms)


@dataclass(frozen=True, slots=True)
class Stage:
    """What the simulation of a function needs: the world, what is wrong, chance, and where to note it.

    `worse` is by how much each service's usual share of bad answers moves, [service, minute]: errors come in clumps.
    """

    world: World
    faults: Sequence[Fault]
    rng: np.random.Generator
    ledger: Ledger
    worse: Numbers


@dataclass(frozen=True, slots=True)
class Answers:
    """How a batch of calls ended for the callers."""

    outcome: Codes
    duration_ms: Numbers


@dataclass(frozen=True, slots=True)
class Uses:
    """The uses of a function: their callers, and which failed in the end, after all attempts."""

    callers: Callers
    has_failed: Flags


def arrivals(demand: Demand, rates: Numbers, *, factors: Numbers, stage: Stage) -> Callers:
    """Return the first attempts at a function; `rates` a slot nationally, `factors` by [package, slot]."""
    expected = rates[None] * demand.packages[:, None] * factors
    counts = stage.rng.poisson(expected)
    package, slot = (np.repeat(each.ravel(), counts.ravel()) for each in np.indices(counts.shape))
    at_s = (slot + stage.rng.random(len(slot))) * SLOT_S
    order = np.argsort(at_s, kind="stable")
    at_s, package = at_s[order], package[order]
    return Callers(demand.function, at_s, package, _regions(package, stage))


def _regions(package: Codes, stage: Stage) -> Codes:
    edges = np.cumsum(stage.world.where, axis=1)
    lots = stage.rng.random(len(package))
    return np.asarray((edges[package] < lots[:, None]).sum(axis=1).clip(0, len(stage.world.regions) - 1))


def use(demand: Demand, callers: Callers, stage: Stage) -> Uses:
    """Let the callers use the function, trying again where it fails; note every row."""
    is_login = stage.world.pack.functions[demand.function].is_login
    number = len(callers.at_s)
    has_failed = np.zeros(number, dtype=bool)
    who, begins_at = np.arange(number), np.zeros(number, dtype=np.int64)
    now = callers
    for _ in range(ATTEMPTS):
        failed_at, ended_s = _chain(demand, now, begins_at, stage)
        has_failed[who] = failed_at >= 0
        again = (failed_at >= 0) & (stage.rng.random(len(who)) < TRIES_AGAIN)
        if not again.any():
            break
        least, mean = PATIENCE_S
        waits = least + stage.rng.exponential(mean, int(again.sum()))
        who = who[again]
        begins_at = np.zeros(len(who), dtype=np.int64) if is_login else failed_at[again]
        now = replace(_some(now, again), at_s=ended_s[again] + waits)
    return Uses(callers, has_failed)


def _chain(demand: Demand, callers: Callers, begins_at: Codes, stage: Stage) -> tuple[Codes, Numbers]:
    """Return at which step each call failed (-1: none), and when it ended."""
    number = len(callers.at_s)
    failed_at, ended_s = np.full(number, -1), callers.at_s.copy()
    for place, step in enumerate((*demand.steps, *demand.soft_steps)):
        goes = (failed_at < 0) & (begins_at <= place) & (stage.rng.random(number) < step.share)
        if place >= len(demand.steps):
            goes &= np.isin(callers.package, [stage.world.packages.index(each) for each in demand.soft_packages])
        for code in np.unique(_service_codes(step, callers, goes)):
            mine = np.flatnonzero(goes & (_all_codes(step, callers) == code))
            batch = replace(_some(callers, mine), at_s=ended_s[mine])
            answers = call(step.services[code], batch, stage)
            ended_s[mine] += answers.duration_ms / 1000.0
            failed_at[mine[answers.outcome != OK]] = place
    return failed_at, ended_s


def _all_codes(step: Step, callers: Callers) -> Codes:
    if step.by_region is None:
        return np.zeros(len(callers.at_s), dtype=np.int64)
    return np.asarray(np.array(step.by_region)[callers.region])


def _service_codes(step: Step, callers: Callers, goes: Flags) -> Codes:
    return _all_codes(step, callers)[goes]


def _some(callers: Callers, which: NDArray[np.bool_] | Codes) -> Callers:
    return Callers(callers.function, callers.at_s[which], callers.package[which], callers.region[which])


def call(service: str, callers: Callers, stage: Stage) -> Answers:
    """Call a service, through the router where it is routed; note what the front and the callers' software see."""
    world = stage.world
    done = harm(service, callers, faults=stage.faults, world=world)
    answers = _answers(service, callers.at_s, done, stage)
    reaches = stage.rng.random(len(callers.at_s)) >= done.blocked
    lost = ~reaches
    if world.router is not None and world.router in world.pack.services[service].needs:
        answers, lost = _routed(world.router, callers, answers, lost=lost, stage=stage)
    elif world.gatekeeper is not None and world.gatekeeper in world.pack.services[service].needs:
        answers = _let_in(world.gatekeeper, callers, answers, lost=lost, stage=stage)
    never = ~reaches | (lost & (answers.outcome == TIMEOUT))
    outcome = np.where(never, TIMEOUT, answers.outcome)
    duration_ms = np.where(never, _timeouts(len(never), stage.rng), answers.duration_ms)
    code = world.services.index(service)
    seen = np.flatnonzero(~lost)
    final = Answers(outcome, duration_ms)
    stage.ledger.note((FRONT, code), _some(callers, seen), _some_answers(final, seen))
    _tell(code, callers, final, stage)
    return final


def _tell(code: int, callers: Callers, answers: Answers, stage: Stage) -> None:
    """Note what the callers' own software saw, where it reports and has a name for the call."""
    world = stage.world
    reporting = [number for number, name in enumerate(world.packages) if name in world.callers_seen]
    told = np.flatnonzero(np.isin(callers.package, reporting))
    mean, deviation = CLIENT_MS
    way = np.maximum(stage.rng.normal(mean, deviation, len(told)), 10.0)
    seen = _some_answers(answers, told)
    longer = np.where(seen.outcome == TIMEOUT, 0.0, way)
    stage.ledger.note((CLIENT, code), _some(callers, told), replace(seen, duration_ms=seen.duration_ms + longer))


def _routed(router: str, callers: Callers, answers: Answers, *, lost: Flags, stage: Stage) -> tuple[Answers, Flags]:
    """Send the calls through the router first: what fails there never arrives; what the network took is not seen."""
    world = stage.world
    done = harm(router, callers, faults=stage.faults, world=world)
    arrive = np.flatnonzero(~lost & (stage.rng.random(len(lost)) >= done.blocked))
    batch, given = _some(callers, arrive), _answers(router, callers.at_s[arrive], _some_harm(done, arrive), stage)
    if world.gatekeeper is not None:
        asks = np.flatnonzero(stage.rng.random(len(arrive)) < ROUTER_CALLS_ACCESS)
        nobody = np.zeros(len(asks), dtype=np.bool_)
        let = _let_in(world.gatekeeper, _some(batch, asks), _some_answers(given, asks), lost=nobody, stage=stage)
        given = _merged(given, let, asks)
    stage.ledger.note((FRONT, world.services.index(router)), batch, given)
    outcome = np.full(len(lost), TIMEOUT)
    outcome[arrive] = np.where(given.outcome == OK, answers.outcome[arrive], given.outcome)
    duration_ms = answers.duration_ms.copy()
    duration_ms[arrive] = np.where(given.outcome == OK, duration_ms[arrive], given.duration_ms)
    is_lost = np.ones(len(lost), dtype=bool)
    is_lost[arrive] = given.outcome != OK
    return Answers(outcome, duration_ms), is_lost


def _let_in(gatekeeper: str, callers: Callers, answers: Answers, *, lost: Flags, stage: Stage) -> Answers:
    """Ask the gatekeeper about every call that arrived; whom it turns away is answered accordingly."""
    ask = np.flatnonzero(~lost)
    batch = _some(callers, ask)
    done = harm(gatekeeper, batch, faults=stage.faults, world=stage.world)
    given = _answers(gatekeeper, batch.at_s, done, stage)
    stage.ledger.note((FRONT, stage.world.services.index(gatekeeper)), batch, given)
    inner = _some_answers(answers, ask)
    outcome = np.where(given.outcome == OK, inner.outcome, given.outcome)
    waits = np.where(inner.outcome == TIMEOUT, inner.duration_ms, inner.duration_ms + given.duration_ms)
    duration_ms = np.where(given.outcome == TIMEOUT, given.duration_ms, waits)
    return _merged(answers, Answers(outcome, duration_ms), ask)


def _some_answers(answers: Answers, which: Codes) -> Answers:
    return Answers(answers.outcome[which], answers.duration_ms[which])


def _merged(answers: Answers, changed: Answers, which: Codes) -> Answers:
    outcome, duration_ms = answers.outcome.copy(), answers.duration_ms.copy()
    outcome[which], duration_ms[which] = changed.outcome, changed.duration_ms
    return Answers(outcome, duration_ms)


def _some_harm(done: Harm, which: Codes) -> Harm:
    return Harm(done.fails[:, which], done.blocked[which], done.slower[which], done.hollow[which], done.hit[which])


def clumps(world: World, minutes: int, rng: np.random.Generator) -> Numbers:
    """Return by how much the usual bad shares move, [service, minute], with a mean of one."""
    return rng.gamma(1.0 / CLUMPS, CLUMPS, (len(world.services), minutes))


def _answers(service: str, at_s: Numbers, done: Harm, stage: Stage) -> Answers:
    """Draw how calls end, from what is usual and from what faults do."""
    manners, rng = stage.world.manners[service], stage.rng
    minute = np.minimum((at_s / 60.0).astype(np.int64), stage.worse.shape[1] - 1)
    worse = stage.worse[stage.world.services.index(service), minute]
    usual = np.array([0.0, manners.rejected, manners.error, manners.timeout])
    shares = 1.0 - (1.0 - usual[:, None] * worse) * (1.0 - done.fails)
    edges = np.cumsum(shares[1:], axis=0)
    edges = edges / np.maximum(edges[-1], 1.0)
    lots = rng.random(len(done.slower))
    outcome = np.where(lots < edges[-1], (lots[None] >= edges).sum(axis=0) + 1, OK)
    duration_ms = manners.median_ms * np.exp(manners.sigma * rng.standard_normal(len(lots))) * done.slower
    duration_ms = np.where(rng.random(len(lots)) < done.hollow, duration_ms * HOLLOW, duration_ms)
    duration_ms = np.where(outcome == REJECTED, duration_ms * 0.52, duration_ms)
    spread = np.exp(0.6 * rng.standard_normal(len(lots)))
    duration_ms = np.where(outcome == ERROR, duration_ms * spread, duration_ms)
    is_late = (outcome == TIMEOUT) | (duration_ms > TIMEOUT_MS)
    outcome = np.where(is_late, TIMEOUT, outcome)
    return Answers(outcome, np.where(is_late, _timeouts(len(lots), rng), duration_ms))


def _timeouts(number: int, rng: np.random.Generator) -> Numbers:
    return np.asarray(rng.normal(TIMEOUT_MS, 400.0, number))


def locked_out(uses: Uses, *, world: World, slots: int) -> Numbers:
    """Return the share of professionals without a session, [package, slot], given how log-ins went."""
    slot = np.minimum((uses.callers.at_s / SLOT_S).astype(np.int64), slots - 1)
    shape = (len(world.packages), slots)
    tried, failed = np.zeros(shape), np.zeros(shape)
    np.add.at(tried, (uses.callers.package, slot), 1.0)
    np.add.at(failed, (uses.callers.package, slot), uses.has_failed.astype(np.float64))
    active = np.maximum(tried.mean(axis=1) * SESSION_S / SLOT_S, 1.0)
    out = np.zeros(shape)
    share = np.zeros(len(world.packages))
    for number in range(slots):
        fails = failed[:, number] / np.maximum(tried[:, number], 1.0)
        # Who is out tries again every quarter of an hour or so.
        back = (1.0 - fails) * share * SLOT_S / 900.0
        share = np.clip(share + failed[:, number] / active - back, 0.0, 1.0)
        out[:, number] = share
    return out
