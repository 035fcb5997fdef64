"""Vanished volume by its share of the vantage: what is missed and how soon, what accuses nobody."""

from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry_world import (
    CALLERS,
    START,
    Fault,
    World,
    evidence_at,
    minute,
    no_profile,
    pack,
    probes,
    profile,
    telemetry,
    watch,
)
from tocsin.detection.rules.expected import flow
from tocsin.detection.rules.findings import Found
from tocsin.detection.rules.judge import judge
from tocsin.detection.rules.missing import missing, surplus
from tocsin.detection.rules.model import Judgement
from tocsin.detection.rules.tallies import tally
from tocsin.detection.rules.volume import volume_signals
from tocsin.observations.rules.model import Eye
from tocsin.observations.rules.rollup import rows

BUSY = 20.0
"""Times the small federation's calls: 40 a second at the busiest service."""


def found(world: World, at: float, previous: Judgement | None = None) -> dict[str, Found]:
    """What the front misses at a minute of the world, judged afresh, by service."""
    evidence = evidence_at(world, telemetry(world), probes(world), minute(at))
    counts = tally(evidence, pack=pack(), profile=profile())
    flows = flow(counts, pack=pack(), profile=profile(), previous=previous or _calm(), now=minute(at))
    before = {(one.service, one.eye, one.kind): one for one in (previous.signals if previous else ())}
    signals = volume_signals(flows, profile=profile(), previous=before, now=minute(at))
    return {one.signal.service: one for one in signals if one.signal.eye is Eye.FRONT}


@cache
def _calm() -> Judgement:
    return Judgement(at=START, verdicts={}, signals=(), blind={})


def test_a_busy_service_that_falls_silent_is_missed_within_half_a_minute() -> None:
    told = found(World(volume=BUSY, faults=(Fault("disp", "vanish", 1.0),)), 10.5)
    assert set(told) == {"disp"}
    assert told["disp"].is_leading
    assert told["disp"].share > 0.9
    assert abs(told["disp"].signal.since - minute(10)) <= timedelta(seconds=30)


@pytest.mark.parametrize(("share", "within"), [(0.4, 1.5), (0.3, 5.0)])
def test_smaller_losses_of_a_busy_service_are_missed_within_minutes(share: float, within: float) -> None:
    told = found(World(volume=BUSY, faults=(Fault("keys", "vanish", share, end=30),)), 10 + within)
    assert set(told) == {"keys"}
    assert told["keys"].share == pytest.approx(share, abs=0.08)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_missed_while_nothing_is_wrong(seed: int) -> None:
    world = World(volume=4.0, seed=seed)
    assert [found(world, at) for at in (1, 5, 12, 20, 29)] == [{}] * 5


def test_a_profession_on_strike_and_a_quiet_day_accuse_nobody() -> None:
    strike = World(volume=8.0, faults=(Fault("*", "vanish", 0.6, packages=("d1", "d2"), end=30),))
    quiet = World(volume=2.0, faults=(Fault("*", "vanish", 0.3, start=-30, end=30),))
    for world in (strike, quiet):
        assert [found(world, at) for at in (12, 16, 25)] == [{}] * 3


def test_rows_that_come_a_minute_late_are_no_vanished_volume() -> None:
    world = World(volume=8.0)
    seen = telemetry(world)
    for at in (10, 15):
        age = minute(at).timestamp() - seen.bucket_s
        rng = np.random.default_rng(at)
        late = replace(world, seed=1)
        kept = rows(seen, (age > 90) | ((age > 30) & (rng.random(len(seen)) < 0.4)))
        evidence = evidence_at(late, kept, probes(world), minute(at))
        counts = tally(evidence, pack=pack(), profile=profile())
        flows = flow(counts, pack=pack(), profile=profile(), previous=_calm(), now=minute(at))
        assert [
            one for one in volume_signals(flows, profile=profile(), previous={}, now=minute(at)) if one.is_leading
        ] == []


def test_whoever_starts_in_the_middle_of_an_outage_takes_history_for_the_level() -> None:
    fault = Fault("disp", "vanish", 0.7, start=-30, end=20)
    run = watch(World(volume=8.0, faults=(fault,), without=(Eye.CLIENT, Eye.PROBES), minutes=24))
    hit = run.minutes_hit("dispense", "pharmacist")
    assert hit[0] <= 1
    assert 19 <= hit[-1] <= 24
    assert run.ever_hit() == {("dispense", "pharmacist")}


def test_the_level_of_a_long_outage_does_not_become_the_usual() -> None:
    fault = Fault("disp", "vanish", 0.8, start=5, end=55)
    run = watch(World(volume=4.0, faults=(fault,), without=(Eye.CLIENT,), minutes=62, tick=timedelta(minutes=1)))
    hit = run.minutes_hit("dispense", "pharmacist")
    assert hit == [hit[0] + step for step in range(len(hit))]
    assert (hit[0] <= 7, 54 <= hit[-1] <= 60) == (True, True)


def test_without_history_the_last_half_hour_stands_in() -> None:
    world = World(volume=BUSY, faults=(Fault("disp", "vanish", 0.95),), knows_history=False)
    evidence = evidence_at(world, telemetry(world), probes(world), minute(12))
    counts = tally(evidence, pack=pack(), profile=no_profile())
    flows = flow(counts, pack=pack(), profile=no_profile(), previous=_calm(), now=minute(12))
    told = list(volume_signals(flows, profile=no_profile(), previous={}, now=minute(12)))
    assert {(one.signal.service, one.signal.eye) for one in told if one.is_leading} == {("disp", Eye.FRONT)}


def test_doubled_counts_and_a_gap_are_no_vanished_volume() -> None:
    world = World(volume=4.0)
    seen = telemetry(world)
    age = minute(14).timestamp() - seen.bucket_s
    gap = rows(seen, (age < 120) | (age > 300))
    doubled = replace(seen, outcomes=np.where((age > 240)[:, None], seen.outcomes * 2, seen.outcomes))
    for spoilt in (gap, doubled):
        evidence = evidence_at(world, spoilt, probes(world), minute(14))
        verdicts = judge(evidence, pack=pack(), profile=profile(), previous=_calm(), now=minute(14)).verdicts
        assert {verdict.state.value for verdict in verdicts.values()} == {"ok"}


@settings(max_examples=60, deadline=None)
@given(st.floats(0.0, 300.0), st.floats(0.0, 0.05), st.integers(0, 2**31))
def test_the_evidence_is_an_e_detector_while_nothing_is_wrong(mean: float, spread: float, seed: int) -> None:
    """On average its value stays below the number of steps: that is what makes an alarm at A rarer than one in A."""
    rng = np.random.default_rng(seed)
    many = 400
    shape = np.repeat(rng.gamma(1 / (spread + 1e-6), spread + 1e-6, (many, 10)), 2, axis=1)
    expected = np.full((many, 20), mean)
    strength, _ = missing(
        rng.poisson(mean * shape).astype(float), expected, spread=np.full(many, spread), margin=np.full(many, 0.06)
    )
    assert float(np.exp(strength).mean()) <= 3 * 20


def test_too_few_and_too_many_are_told_apart() -> None:
    expected = np.full((1, 20), 100.0)
    half, twice = expected.copy(), expected.copy()
    half[0, :6], twice[0, :6] = 50.0, 200.0
    spread, margin = np.array([0.005]), np.array([0.1])
    assert missing(half, expected, spread=spread, margin=margin)[0][0] > 12
    assert missing(half, expected, spread=spread, margin=margin)[1][0] == 6
    assert surplus(half, expected, spread=spread, margin=margin)[0][0] < 6
    assert surplus(twice, expected, spread=spread, margin=margin)[0][0] > 12
    assert missing(twice, expected, spread=spread, margin=margin)[0][0] < 6


def test_the_world_calls_every_service() -> None:
    evidence = evidence_at(World(), telemetry(World()), (), minute(1))
    counts = tally(evidence, pack=pack(), profile=profile())
    assert all(counts.calls[0, counts.names.services.index(name)].sum() > 0 for name in CALLERS)
