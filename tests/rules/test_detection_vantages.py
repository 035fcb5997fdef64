"""Clients that fail where the front is content, success that comes too quickly, callers who ask again and again."""

from dataclasses import replace

import numpy as np
import pytest

from telemetry_world import NORMAL_BIN, START, Fault, World, evidence_at, minute, pack, probes, profile, telemetry
from tocsin.detection.rules.disagreement import vantage_signals
from tocsin.detection.rules.expected import flow
from tocsin.detection.rules.findings import Found
from tocsin.detection.rules.hollow import hollow_signals
from tocsin.detection.rules.model import Judgement, SignalKind
from tocsin.detection.rules.retrying import retry_signals
from tocsin.detection.rules.tallies import tally
from tocsin.observations.rules.model import Evidence, Eye, Rollups

QUICK_BIN = NORMAL_BIN - 10


def told(evidence: Evidence, previous: tuple[Found, ...] = ()) -> list[Found]:
    """Every signal of the three kinds."""
    before = {(one.signal.service, one.signal.eye, one.signal.kind): one.signal for one in previous}
    counts = tally(evidence, pack=pack(), profile=profile())
    calm = Judgement(at=START, verdicts={}, signals=(), blind={})
    flows = flow(counts, pack=pack(), profile=profile(), previous=calm, now=evidence.now)
    return [
        *hollow_signals(evidence, profile=profile(), previous=before),
        *vantage_signals(counts, profile=profile(), previous=before, now=evidence.now),
        *retry_signals(counts, flows, profile=profile(), previous=before, now=evidence.now),
    ]


def seen(world: World, at: float, rollups: Rollups | None = None) -> Evidence:
    return evidence_at(world, telemetry(world) if rollups is None else rollups, probes(world), minute(at))


def of(found: list[Found], kind: SignalKind) -> set[tuple[str, Eye]]:
    return {(one.signal.service, one.signal.eye) for one in found if one.signal.kind == kind}


def quickened(world: World, at: float, share: float) -> Rollups:
    """The same telemetry, with a share of the answers of `rx` since that minute far too quick."""
    rollups = telemetry(world)
    is_hit = (rollups.service == rollups.services.index("rx")) & (rollups.bucket_s >= minute(at).timestamp())
    durations = rollups.durations.copy()
    moved = np.rint(durations[is_hit, NORMAL_BIN] * share).astype(np.int32)
    durations[is_hit, NORMAL_BIN] -= moved
    durations[is_hit, QUICK_BIN] += moved
    return replace(rollups, durations=durations)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_of_the_kind_is_said_while_nothing_is_wrong(seed: int) -> None:
    world = World(seed=seed, volume=3.0)
    assert [told(seen(world, at)) for at in (4, 15, 28)] == [[]] * 3


def test_success_that_comes_too_quickly_leads_once_it_lasts() -> None:
    world = World(volume=4.0)
    rollups = quickened(world, 10, 0.9)
    early, late = (told(seen(world, at, rollups)) for at in (11, 13))
    assert of(early, "hollow") == of(late, "hollow") == {("rx", Eye.FRONT), ("rx", Eye.CLIENT)}
    assert [one.is_leading for one in early] == [False, False]
    assert [one.is_leading for one in late] == [True, True]
    assert of(told(seen(world, 13, rollups), tuple(early)), "hollow") == of(late, "hollow")


def test_a_better_cache_is_no_fault() -> None:
    world = World(volume=4.0)
    assert not any(one.is_leading for one in told(seen(world, 14, quickened(world, 10, 0.3))))


def test_errors_may_be_quick_without_being_hollow() -> None:
    world = World(volume=4.0, faults=(Fault("rx", "error", 0.9),))
    assert of(told(seen(world, 14, quickened(world, 10, 0.9))), "hollow") == set()


def test_clients_that_fail_where_the_front_is_content_are_told_of_and_never_lead() -> None:
    world = World(volume=4.0, faults=(Fault("rx", "timeout", 0.5, vantages=("client",)),))
    found = told(seen(world, 13))
    assert of(found, "vantage") == {("rx", Eye.CLIENT)}
    assert not any(one.is_leading for one in found)


def test_what_both_vantages_see_is_no_disagreement() -> None:
    assert of(told(seen(World(volume=4.0, faults=(Fault("rx", "timeout", 0.5),)), 13)), "vantage") == set()


def test_a_slice_is_compared_with_the_same_slice() -> None:
    fault = Fault("keys", "timeout", 0.9, regions=("east",), vantages=("client",))
    found = [one for one in told(seen(World(volume=4.0, faults=(fault,)), 12)) if one.signal.kind == "vantage"]
    assert {one.signal.service for one in found} == {"keys"}


def test_callers_who_ask_again_because_they_get_no_answer_are_told_of() -> None:
    world = World(volume=4.0, faults=(Fault("rx", "error", 0.6),))
    rollups = telemetry(world)
    is_hit = (rollups.service == rollups.services.index("rx")) & (rollups.bucket_s >= minute(10).timestamp())
    again = replace(rollups, outcomes=np.where(is_hit[:, None], rollups.outcomes * 3, rollups.outcomes))
    found = told(seen(world, 14, again))
    assert ("rx", Eye.FRONT) in of(found, "retries")
    assert not any(one.is_leading for one in found)
    assert of(told(seen(world, 15, again), tuple(found)), "retries") >= {("rx", Eye.FRONT)}


def test_more_calls_that_succeed_are_no_retries() -> None:
    world = World(volume=4.0)
    rollups = telemetry(world)
    is_hit = (rollups.service == rollups.services.index("rx")) & (rollups.bucket_s >= minute(10).timestamp())
    more = replace(rollups, outcomes=np.where(is_hit[:, None], rollups.outcomes * 3, rollups.outcomes))
    assert of(told(seen(world, 14, more)), "retries") == set()
