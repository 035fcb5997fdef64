"""The four weeks before a scenario, in five-minute sums: what a profile is learnt from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from tocsin.rehearsal.rules.calls import CLIENT, CLIENT_MS, ERROR, FRONT, OK, REJECTED, TIMEOUT, TIMEOUT_MS
from tocsin.rehearsal.rules.demand import DAY_LEVEL, usual_rate
from tocsin.rehearsal.rules.world import ROUTER_CALLS_ACCESS, Demand, World

type Numbers = NDArray[np.float64]
type Codes = NDArray[np.int64]

WEEKS = 4
BUCKET_S = 300
SPREAD = 0.004
"""Relative variance of a five-minute sum beyond chance."""
BINS = ((-1.78, 0.075), (-0.83, 0.257), (-0.2, 0.18), (0.31, 0.22), (1.0, 0.22), (1.98, 0.048))
"""Where the middles of the six duration buckets lie, in standard deviations, and the share of answers in each."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Rows of the history: bucket number, vantage, service, outcome (codes), duration and count."""

    bucket: Codes
    vantage: Codes
    service: Codes
    outcome: Codes
    duration_ms: Numbers
    count: Codes


def past(
    world: World, *, start: datetime, volume_scale: float, holidays: frozenset[date], rng: np.random.Generator
) -> Sums:
    """Return the sums of the four weeks before the start."""
    first = start - timedelta(weeks=WEEKS)
    moments = [first + timedelta(seconds=BUCKET_S * number) for number in range(WEEKS * 7 * 86_400 // BUCKET_S)]
    calls = service_calls(world, moments, volume_scale=volume_scale, holidays=holidays)
    days = np.array([moment.date().toordinal() for moment in moments])
    levels = np.exp(rng.normal(0.0, DAY_LEVEL, days.max() - days.min() + 1))[days - days.min()]
    weather = rng.gamma(1.0 / SPREAD, SPREAD, len(moments))
    parts = []
    for (vantage, service), expected in calls.items():
        counts = rng.poisson(expected * levels * weather * rng.gamma(1.0 / SPREAD, SPREAD, len(moments)))
        parts.append(_rows(counts, vantage, service, world=world, rng=rng))
    joined = [np.concatenate([getattr(part, name) for part in parts]) for name in Sums.__dataclass_fields__]
    order = np.argsort(joined[0], kind="stable")
    return Sums(*(column[order] for column in joined))


def service_calls(
    world: World, moments: Sequence[datetime], *, volume_scale: float, holidays: frozenset[date]
) -> dict[tuple[int, str], Numbers]:
    """Return the expected calls in the five minutes from each moment, by (vantage, service), with nothing wrong."""
    half = timedelta(seconds=BUCKET_S / 2)
    found: dict[tuple[int, str], Numbers] = {}
    for demand in world.demands:
        rates = np.array([usual_rate(demand, at + half, world=world, holidays=holidays) for at in moments])
        for place, service, share in _legs(demand, world):
            calls = rates * BUCKET_S * volume_scale * share
            found[place, service] = found.get((place, service), np.zeros(len(moments))) + calls
    return found


def _legs(demand: Demand, world: World) -> list[tuple[int, str, float]]:
    """Return (vantage, service, calls for each use) along the function's chain."""
    seen = np.array([name in world.callers_seen for name in world.packages])
    legs: list[tuple[int, str, float]] = []
    for step in demand.steps:
        for code, service in enumerate(step.services):
            goes = demand.packages * _share(step.by_region, code, world) * step.share
            legs += _leg(service, goes, seen, world)
    soft = demand.packages * np.array([name in demand.soft_packages for name in world.packages])
    for step in demand.soft_steps:
        legs += _leg(step.services[0], soft, seen, world)
    return legs


def _leg(service: str, goes: Numbers, seen: NDArray[np.bool_], world: World) -> list[tuple[int, str, float]]:
    total = float(goes.sum())
    found = [(FRONT, service, total), (CLIENT, service, float(goes[seen].sum()))]
    needs = world.pack.services[service].needs
    if world.router in needs and world.router is not None:
        found.append((FRONT, world.router, total))
        if world.gatekeeper is not None:
            found.append((FRONT, world.gatekeeper, total * ROUTER_CALLS_ACCESS))
    elif world.gatekeeper in needs and world.gatekeeper is not None:
        found.append((FRONT, world.gatekeeper, total))
    return found


def _share(by_region: tuple[int, ...] | None, code: int, world: World) -> Numbers:
    if by_region is None:
        return np.ones(len(world.packages))
    return np.asarray(world.where[:, np.array(by_region) == code].sum(axis=1))


def _rows(counts: Codes, vantage: int, service: str, *, world: World, rng: np.random.Generator) -> Sums:
    manners = world.manners[service]
    way = CLIENT_MS[0] if vantage == CLIENT else 0.0
    bad = [manners.rejected, manners.error, manners.timeout]
    bad[0] += _turned_away(service, vantage, world)
    by_outcome = rng.multinomial(counts, [1.0 - sum(bad), *bad])
    by_bin = rng.multinomial(by_outcome[:, OK], [share for _, share in BINS])
    columns = [by_bin, by_outcome[:, REJECTED:]]
    durations = [_rounded(manners.median_ms * np.exp(manners.sigma * middle) + way) for middle, _ in BINS]
    durations += [_rounded(manners.median_ms * 0.52 + way), _rounded(manners.median_ms + way), TIMEOUT_MS]
    outcomes = [OK] * len(BINS) + [REJECTED, ERROR, TIMEOUT]
    table = np.concatenate(columns, axis=1)
    bucket, column = np.nonzero(table)
    code = world.services.index(service)
    return Sums(
        bucket,
        np.full(len(bucket), vantage),
        np.full(len(bucket), code),
        np.array(outcomes)[column],
        np.array(durations)[column],
        table[bucket, column],
    )


def _turned_away(service: str, vantage: int, world: World) -> float:
    """Return the share of calls that the gatekeeper or, for callers, the router refuses on the way."""
    needs = world.pack.services[service].needs
    if vantage == CLIENT and world.router in needs and world.router is not None:
        return world.manners[world.router].rejected
    return world.manners[world.gatekeeper].rejected if world.gatekeeper in needs and world.gatekeeper else 0.0


def _rounded(duration_ms: float) -> float:
    return float(f"{float(duration_ms):.2g}")
