"""A whole scenario: what the eyes saw over some time, and what was really wrong. One seed, one scenario."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tocsin.rehearsal.rules.calls import CLIENT, FRONT, Ledger, Stage, arrivals, clumps, locked_out, use
from tocsin.rehearsal.rules.demand import SLOT_S, slot_rates, swing_factors
from tocsin.rehearsal.rules.faults import strength
from tocsin.rehearsal.rules.plan import Plan
from tocsin.rehearsal.rules.statements import Event, Statement, events, statements
from tocsin.rehearsal.rules.truth import Outage, outages
from tocsin.rehearsal.rules.witnesses import Check, Said, checks, reports
from tocsin.rehearsal.rules.world import World

TIME_STEP_US = 50_000
"""Recorded moments are no finer than this."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Transactions in columns, in order of time; codes as in the world, `vantage` 0 front and 1 client."""

    time_us: NDArray[np.int64]
    vantage: NDArray[np.int64]
    service: NDArray[np.int64]
    package: NDArray[np.int64]
    region: NDArray[np.int64]
    outcome: NDArray[np.int64]
    duration_ms: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that was seen, and the truth."""

    plan: Plan
    rows: Rows
    checks: tuple[Check, ...]
    reports: tuple[Said, ...]
    statements: tuple[Statement, ...]
    events: tuple[Event, ...]
    outages: tuple[Outage, ...]


def simulate(plan: Plan, world: World) -> Scenario:
    """Return the scenario of the plan."""
    # Each part draws from its own stream: leaving out a member of the panel changes no transaction.
    streams = [np.random.default_rng([plan.seed, part]) for part in range(5)]
    return Scenario(
        plan=plan,
        rows=transactions(plan, world, streams[0]),
        checks=tuple(checks(plan, world, streams[1])),
        reports=tuple(reports(plan, world, streams[2])),
        statements=tuple(statements(plan, world, streams[3])),
        events=tuple(events(plan, world, streams[4])),
        outages=outages(plan, world),
    )


def transactions(plan: Plan, world: World, rng: np.random.Generator) -> Rows:
    """Return what front and client saw of the calls of the whole time."""
    slots = plan.minutes * 60 // SLOT_S
    rates = slot_rates(world, start=plan.start, slots=slots, level=plan.level, holidays=plan.holidays, rng=rng)
    factors = swing_factors(plan.swings, world, slots) * plan.volume_scale
    stage = Stage(world, plan.faults, rng, Ledger(), clumps(world, plan.minutes, rng))
    is_login = [world.pack.functions[demand.function].is_login for demand in world.demands]
    order = sorted(range(len(world.demands)), key=lambda number: not is_login[number])
    working = np.ones_like(factors)
    for number in order:
        demand = world.demands[number]
        callers = arrivals(demand, rates[number], factors=factors * (1.0 if is_login[number] else working), stage=stage)
        uses = use(demand, callers, stage)
        if is_login[number]:
            working = working * (1.0 - locked_out(uses, world=world, slots=slots))
    return _seen(stage.ledger, plan)


def _seen(ledger: Ledger, plan: Plan) -> Rows:
    """Return the rows in order of time, without those that a broken eye did not see."""
    columns = {name: np.concatenate(getattr(ledger, name)) for name in Ledger.__slots__}
    at_s = columns.pop("at_s")
    kept = at_s < plan.seconds
    for eye, code in (("front", FRONT), ("client", CLIENT)):
        for fault in plan.faults:
            if fault.effect == "blind" and eye in fault.eyes:
                kept &= ~((columns["vantage"] == code) & (strength(fault, at_s) > 0))
    start_us = int(plan.start.timestamp() * 1_000_000)
    time_us = start_us + np.round(at_s * 1e6 / TIME_STEP_US).astype(np.int64) * TIME_STEP_US
    kept &= time_us < start_us + int(plan.seconds * 1e6)
    order = np.flatnonzero(kept)[np.argsort(time_us[kept], kind="stable")]
    rows = Rows(time_us[order], *(columns[name][order] for name in list(Rows.__slots__)[1:]))
    return replace(rows, duration_ms=two_digits(rows.duration_ms))


def two_digits(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values with two significant digits, as they are recorded."""
    scale = 10.0 ** (np.floor(np.log10(np.maximum(values, 1e-9))) - 1.0)
    return np.asarray(np.round(values / scale) * scale)
