"""How long diagnosis takes for a large federation: 1,000 services and pieces of infrastructure, 10,000 slices.

    python bench/diagnosis.py [--json] [--write] [--slices N]

The federation is made up: layers of services that need those below, one of which is slow and takes a tenth of all down
with it. Slices are service × package × region, each seen in every ten-second bucket of half an hour. Timed is the
whole of diagnosis: troubles, suspects, questions, calls, plots. The target is 100 ms.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from tocsin.catalog.queries import load_pack
from tocsin.catalog.rules.graph import graph_of
from tocsin.catalog.rules.model import Pack
from tocsin.changes.rules import ChangeEvent
from tocsin.detection.rules.model import Judgement, Signal, State, Subject, Verdict
from tocsin.diagnosis.rules.model import Explanation
from tocsin.diagnosis.rules.suspects import explain
from tocsin.observations.rules.model import BUCKET_S, DURATION_BINS, Evidence, Eye, Notice, Rollups

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results" / "diagnosis.md"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ONSET = NOW - timedelta(minutes=6)
TARGET_S = 0.1

SERVICES = 1000
FUNCTIONS = 100
PACKAGES = 40
REGIONS = 11
SLICES = 10_000
ROUNDS = 15
LOOK_BACK_S = 1800


@dataclass(frozen=True, slots=True)
class World:
    """A federation and what one tick knows of it; `cause` is what fails."""

    pack: Pack
    judgement: Judgement
    evidence: Evidence
    changes: tuple[ChangeEvent, ...]
    cause: str


def made_up_pack(rng: np.random.Generator) -> Pack:
    """Return a pack of a thousand services in ten layers, each needing some of the layer below."""
    base = load_pack(ROOT / "packs" / "belgium")
    service, function = next(iter(base.services.values())), next(iter(base.functions.values()))
    package = next(iter(base.packages.values()))
    partners = tuple(base.partners)
    layer = SERVICES // 10
    services = {}
    for number in range(SERVICES):
        below = (number // layer - 1) * layer
        needs = () if below < 0 else tuple(f"s{each}" for each in sorted(set(rng.integers(below, below + layer, 3))))
        services[f"s{number}"] = replace(
            service,
            id=f"s{number}",
            name=f"Service {number}",
            partner=partners[number % len(partners)],
            kind="service" if number % 10 else "infrastructure",
            needs=needs,
            soft=(),
        )
    functions = {
        f"f{number}": replace(
            function,
            id=f"f{number}",
            uses=tuple(f"s{each}" for each in sorted(set(rng.integers(SERVICES - 3 * layer, SERVICES, 3)))),
            soft=(),
        )
        for number in range(FUNCTIONS)
    }
    packages = {f"p{number}": replace(package, id=f"p{number}") for number in range(PACKAGES)}
    return replace(base, services=services, functions=functions, packages=packages)


def made_up_rollups(rng: np.random.Generator, pack: Pack, slices: int) -> Rollups:
    """Return half an hour of buckets in which every slice is seen."""
    buckets = LOOK_BACK_S // BUCKET_S
    rows = buckets * slices
    of_slice = np.tile(np.arange(slices), buckets)
    outcomes = np.zeros((rows, 4), np.int64)
    outcomes[:, 0] = rng.integers(5, 30, rows)
    outcomes[:, 2] = rng.random(rows) < 0.01  # noqa: PLR2004  one call in a few hundred fails on a good day
    return Rollups(
        bucket_s=np.repeat(int(NOW.timestamp()) - LOOK_BACK_S + np.arange(buckets) * BUCKET_S, slices),
        vantage=np.zeros(rows, np.int16),
        service=(of_slice % SERVICES).astype(np.int16),
        package=(of_slice // SERVICES % PACKAGES).astype(np.int16),
        region=(of_slice % REGIONS).astype(np.int16),
        outcomes=outcomes,
        # One row of zeros seen from all rows: the histograms of a national half hour would fill this machine.
        durations=np.broadcast_to(np.zeros(DURATION_BINS, np.int32), (rows, DURATION_BINS)),
        services=tuple(pack.services),
        packages=tuple(pack.packages),
        regions=tuple(f"r{number}" for number in range(REGIONS)),
    )


def made_up(slices: int = SLICES) -> World:
    """Return the federation at a moment at which one service of the lowest layers fails."""
    rng = np.random.default_rng(0)
    pack = made_up_pack(rng)
    graph = graph_of(pack)
    typical = SERVICES // 10
    named = [name for name, service in pack.services.items() if service.kind == "service"]
    cause = min(named, key=lambda name: abs(len(graph.dependants_of(name)) - typical))
    hit = {cause} | graph.dependants_of(cause)
    signals = tuple(
        Signal(name, Eye.FRONT, "errors", 60.0, 0.4 if name == cause else 0.35, 0.01, ONSET)
        for name in pack.services
        if name in hit and pack.services[name].kind == "service"
    )
    verdicts = {}
    for function in pack.functions.values():
        is_hit = bool(graph.services_of(function.id) & hit)
        for audience in function.audiences:
            subject = Subject(function.id, audience)
            state = State.DOWN if is_hit else State.OK
            verdicts[subject] = Verdict(subject, state, 0.99, ONSET, frozenset({Eye.FRONT}), ())
    changes = tuple(
        ChangeEvent(ONSET - timedelta(hours=number % 20), "finished", f"C{number}", (f"s{number * 7 % SERVICES}",), "")
        for number in range(100)
    )
    notices = (Notice(ONSET + timedelta(minutes=4), next(iter(pack.partners)), (cause,), "investigating", "", None),)
    seen = Evidence(NOW, made_up_rollups(rng, pack, slices), (), (), notices, {Eye.FRONT: NOW})
    return World(pack, Judgement(NOW, verdicts, signals, {}), seen, changes, cause)


def explained(world: World) -> tuple[Explanation, ...]:
    """Diagnose once."""
    return explain(world.judgement, evidence=world.evidence, changes=world.changes, pack=world.pack, now=NOW)


def timed(world: World, rounds: int) -> list[float]:
    """Return the processor's seconds of each round; the first, which draws the graph, is not among them.

    One thread does it all, so on a machine of its own that is how long it takes.
    """
    explained(world)
    taken = []
    for _ in range(rounds):
        began_s = time.process_time()
        explained(world)
        taken.append(time.process_time() - began_s)
    return taken


def page(taken: Sequence[float], world: World, slices: int) -> str:
    """Return the results page."""
    found = explained(world)[0]
    return f"""\
# How long diagnosis takes

Written by `python bench/diagnosis.py --write`. A made-up federation of {SERVICES:,} services and pieces of
infrastructure, {FUNCTIONS} functions, {PACKAGES} packages and {slices:,} slices ({len(world.evidence.rollups):,}
rows of rollups in the look-back window); {len(world.judgement.signals)} services raise a signal, one is the cause.
Timed is all of `diagnosis.rules.suspects.explain`, in processor time of its one thread. The graph is drawn once, when
the pack is loaded.

| median | slowest of {len(taken)} | target |
|---|---|---|
| {statistics.median(taken) * 1000:.0f} ms | {max(taken) * 1000:.0f} ms | {TARGET_S * 1000:.0f} ms |

The cause is ranked first: {"yes" if found.suspects[0].id == world.cause else "no"}.
Machine: {platform.system()} {platform.machine()}, Python {platform.python_version()}, one core used.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON line")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.relative_to(ROOT)}")
    parser.add_argument("--slices", type=int, default=SLICES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    world = made_up(arguments.slices)
    taken = timed(world, arguments.rounds)
    if arguments.json:
        line = {"median_s": round(statistics.median(taken), 4), "slowest_s": round(max(taken), 4)}
        sys.stdout.write(json.dumps(line) + "\n")
        return
    text = page(taken, world, arguments.slices)
    sys.stdout.write(text)
    if arguments.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
