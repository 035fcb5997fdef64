"""Telemetry as it really comes: with holes, twice, late, reset, renamed. No crash, no false green, no false alarm."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from telemetry_world import START, Fault, World, evidence_at, minute, no_profile, pack, probes, profile, telemetry
from tocsin.detection.rules.judge import judge
from tocsin.detection.rules.model import Judgement, State, Subject
from tocsin.observations.rules.model import ANY, BUCKET_S, DURATION_BINS, Eye, Rollups, Transactions
from tocsin.observations.rules.rollup import roll_up, rows

WORLD = World(minutes=16, faults=(Fault("rx", "error", 0.6, start=8, end=30),))
QUIET = World(minutes=16, seed=5)
HIT = ("prescribe", "doctor")
PRESCRIBE = Subject(*HIT)


def judged(world: World, change: Callable[[Rollups], Rollups], *, upto: float = 12.0) -> Judgement:
    """The judgement at a minute of a world whose telemetry was tampered with."""
    seen, checks = change(telemetry(world)), probes(world)
    usual = profile() if world.knows_history else no_profile()
    previous: Judgement | None = None
    for number in range(int(upto * 2)):
        now = minute(number / 2 + 0.5)
        evidence = evidence_at(world, seen, checks, now)
        previous = judge(evidence, pack=pack(), profile=usual, previous=previous, now=now)
    assert previous is not None
    return previous


def hit(judgement: Judgement) -> set[tuple[str, str]]:
    return {
        (subject.function, subject.audience)
        for subject, verdict in judgement.verdicts.items()
        if verdict.state in {State.DEGRADED, State.DOWN}
    }


def with_gaps(seen: Rollups) -> Rollups:
    """Every third bucket is lost."""
    return rows(seen, (seen.bucket_s // BUCKET_S) % 3 != 0)


def in_two_parts(seen: Rollups) -> Rollups:
    """Late rows: each bucket comes in two parts, the second at the very end, out of order."""
    late = np.arange(len(seen)) % 4 == 0
    order = np.concatenate([np.flatnonzero(~late), np.flatnonzero(late)])
    return rows(seen, order)


def from_a_stranger(seen: Rollups) -> Rollups:
    """All services, packages and regions are unknown to the pack."""
    return replace(
        seen,
        services=tuple(f"new-{name}" for name in seen.services),
        packages=tuple(f"new-{name}" for name in seen.packages),
        regions=tuple(f"new-{name}" for name in seen.regions),
    )


def with_a_package_renamed(seen: Rollups) -> Rollups:
    """From minute 6 on one package calls itself otherwise."""
    package = seen.package.copy()
    is_later = seen.bucket_s >= minute(6).timestamp()
    package[is_later & (package == seen.packages.index("d2"))] = len(seen.packages)
    return replace(seen, package=package, packages=(*seen.packages, "d2-neo"))


def as_sums(seen: Rollups) -> Rollups:
    """Nobody says which software calls from where."""
    nobody = np.zeros(len(seen), np.int16)
    return replace(seen, package=nobody, region=nobody, packages=(ANY,), regions=(ANY,))


def without_regions(seen: Rollups) -> Rollups:
    """It is known which software calls, and not from where."""
    return replace(seen, region=np.zeros(len(seen), np.int16), regions=(ANY,))


def partly_unknown(seen: Rollups) -> Rollups:
    """Every third row says neither: a front that does not always know its callers."""
    is_unknown = np.arange(len(seen)) % 3 == 0
    return replace(
        seen,
        package=np.where(is_unknown, len(seen.packages), seen.package).astype(np.int16),
        region=np.where(is_unknown, len(seen.regions), seen.region).astype(np.int16),
        packages=(*seen.packages, ANY),
        regions=(*seen.regions, ANY),
    )


def with_every_bucket_twice(seen: Rollups) -> Rollups:
    """Sent twice, and no key to tell."""
    return rows(seen, np.repeat(np.arange(len(seen)), 2))


def with_a_clock_ahead(seen: Rollups) -> Rollups:
    """Half of the rows say that they are of the day after tomorrow."""
    ahead = np.where(np.arange(len(seen)) % 2 == 0, 2 * 86400, 0)
    return replace(seen, bucket_s=seen.bucket_s + ahead)


DAMAGES = [with_gaps, in_two_parts, with_a_package_renamed, with_every_bucket_twice, partly_unknown]


@pytest.mark.parametrize("change", [*DAMAGES, as_sums, without_regions], ids=lambda one: one.__name__)
def test_an_outage_shows_through_damaged_telemetry(change: Callable[[Rollups], Rollups]) -> None:
    assert hit(judged(WORLD, change)) == {HIT}


@pytest.mark.parametrize(
    "change",
    [*DAMAGES, as_sums, without_regions, with_a_clock_ahead],
    ids=lambda one: one.__name__,
)
def test_damaged_telemetry_is_no_outage(change: Callable[[Rollups], Rollups]) -> None:
    assert hit(judged(QUIET, change)) == set()


@pytest.mark.parametrize("change", [as_sums, without_regions, partly_unknown], ids=lambda one: one.__name__)
def test_who_is_not_known_is_never_named(change: Callable[[Rollups], Rollups]) -> None:
    found = judged(WORLD, change)
    named = {name for each in found.signals for name in (*(each.packages or ()), *(each.regions or ()))}
    named |= {name for each in found.verdicts.values() for name in (*(each.packages or ()), *(each.regions or ()))}
    assert ANY not in named


def test_rows_in_two_parts_count_like_whole_ones() -> None:
    assert judged(WORLD, in_two_parts).signals == judged(WORLD, lambda seen: seen).signals


def test_services_the_pack_does_not_know_leave_its_functions_unclear_and_are_judged_themselves() -> None:
    world = replace(WORLD, without=(Eye.PROBES,), knows_history=False)
    found = judged(world, from_a_stranger)
    assert {verdict.state for verdict in found.verdicts.values()} == {State.UNKNOWN}
    assert {reason.code for reason in found.verdicts[PRESCRIBE].reasons} >= {"eyes.none"}
    assert ("new-rx", "errors") in {(signal.service, signal.kind) for signal in found.signals}


def test_a_graph_with_a_circle_and_a_need_that_nobody_described_is_judged_all_the_same() -> None:
    whole = pack()
    needs = {"rx": ("disp", "gone"), "disp": ("rx", "disp")}
    services = {name: replace(one, needs=needs.get(name, one.needs)) for name, one in whole.services.items()}
    functions = {
        name: replace(one, uses=(*one.uses, "never-described"), soft=("gone-too",))
        for name, one in whole.functions.items()
    }
    evidence = evidence_at(WORLD, telemetry(WORLD), probes(WORLD), minute(12))
    bent = replace(whole, services=services, functions=functions)
    assert HIT in hit(judge(evidence, pack=bent, profile=profile(), previous=None, now=minute(12)))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1.0])
def test_checks_with_durations_that_are_none_carry_nothing(bad: float) -> None:
    checks = tuple(replace(each, duration_ms=bad) for each in probes(QUIET))
    evidence = evidence_at(QUIET, telemetry(QUIET), checks, minute(11))
    assert hit(judge(evidence, pack=pack(), profile=profile(), previous=None, now=minute(11))) == set()


def test_nothing_at_all_is_unclear_with_a_reason() -> None:
    nothing = replace(WORLD, without=tuple(Eye))
    found = judged(nothing, lambda seen: rows(seen, np.zeros(len(seen), bool)), upto=1)
    assert {verdict.state for verdict in found.verdicts.values()} == {State.UNKNOWN}
    assert all("eyes.none" in {reason.code for reason in one.reasons} for one in found.verdicts.values())
    assert found.signals == ()


def test_a_series_that_starts_today_is_judged_by_the_cautious_guess() -> None:
    seen, checks = telemetry(WORLD), probes(WORLD)
    evidence = evidence_at(WORLD, seen, checks, minute(11))
    assert hit(judge(evidence, pack=pack(), profile=no_profile(), previous=None, now=minute(11))) == {HIT}
    calm = evidence_at(QUIET, telemetry(QUIET), probes(QUIET), minute(11))
    assert hit(judge(calm, pack=pack(), profile=no_profile(), previous=None, now=minute(11))) == set()


def test_a_counter_that_was_reset_is_neither_an_outage_nor_a_crash() -> None:
    """Negative differences, as a careless exporter sends them."""

    def reset(seen: Rollups) -> Rollups:
        outcomes = seen.outcomes.copy()
        outcomes[seen.bucket_s == int(minute(9).timestamp())] *= -40
        return replace(seen, outcomes=outcomes)

    assert hit(judged(QUIET, reset)) == set()
    assert hit(judged(WORLD, reset)) == {HIT}


def test_the_clock_that_jumps_back_makes_nothing_up() -> None:
    """The judgement after a jump of an hour is that of somebody who has just woken up."""
    seen, checks = telemetry(WORLD), probes(WORLD)
    later = judge(
        evidence_at(WORLD, seen, checks, minute(12)), pack=pack(), profile=profile(), previous=None, now=minute(12)
    )
    back = minute(4)
    found = judge(evidence_at(WORLD, seen, checks, back), pack=pack(), profile=profile(), previous=later, now=back)
    assert all(signal.since <= back for signal in found.signals)
    assert {signal.kind for signal in found.signals} <= {"errors", "reports", "vantage"}
    ahead = START + timedelta(hours=30)
    dark = judge(evidence_at(WORLD, seen, checks, ahead), pack=pack(), profile=profile(), previous=later, now=ahead)
    assert State.OK not in {verdict.state for verdict in dark.verdicts.values()}


def test_durations_that_are_no_numbers_are_counted_as_calls_and_make_nothing_slow() -> None:
    durations = np.array([np.nan, np.inf, -np.inf, -5.0, 100.0], np.float32)
    many = np.tile(durations, 200)
    zero = np.zeros(many.size, np.int16)
    seen = roll_up(
        Transactions(
            time_us=np.sort(np.arange(many.size) % 60) * 10_000_000 + int(START.timestamp()) * 1_000_000,
            vantage=zero,
            service=zero,
            package=zero,
            region=zero,
            outcome=np.zeros(many.size, np.int8),
            duration_ms=many,
            count=np.ones(many.size, np.int64),
            services=("rx",),
            packages=("d1",),
            regions=("north",),
        )
    )
    assert int(seen.outcomes.sum()) == many.size
    evidence = replace(evidence_at(QUIET, telemetry(QUIET), (), minute(10)), rollups=seen)
    found = judge(evidence, pack=pack(), profile=profile(), previous=None, now=minute(10))
    assert "latency" not in {signal.kind for signal in found.signals}


def test_a_hundred_thousand_slices_in_one_window_are_judged_in_time() -> None:
    """As many packages and regions as a forger can think of; ten seconds a tick is the limit."""
    number = 100_000
    rng = np.random.default_rng(3)
    base = telemetry(WORLD)
    names = tuple(f"package-{code}" for code in range(1000))
    regions = tuple(f"region-{code}" for code in range(100))
    outcomes = np.zeros((number, 4), np.int64)
    outcomes[:, 0] = 1
    forged = Rollups(
        bucket_s=np.sort(int(minute(2).timestamp()) + rng.integers(0, 54, number) * BUCKET_S),
        vantage=np.zeros(number, np.int16),
        service=rng.integers(0, len(base.services), number).astype(np.int16),
        package=(np.arange(number) % 1000).astype(np.int16),
        region=(np.arange(number) // 1000).astype(np.int16),
        outcomes=outcomes,
        durations=np.zeros((number, DURATION_BINS), np.int32),
        services=base.services,
        packages=names,
        regions=regions,
    )
    evidence = replace(evidence_at(WORLD, base, probes(WORLD), minute(11)), rollups=forged)
    began = time.process_time()
    found = judge(evidence, pack=pack(), profile=profile(), previous=None, now=minute(11))
    assert time.process_time() - began < 10
    assert len(found.verdicts) == sum(len(function.audiences) for function in pack().functions.values())
