"""How fast shares are judged: the product's whole pipeline beside NumPy's bare loops and river's detectors.

    python bench/detectors.py [--quick] [--json] [--write]

The pipeline of a tick: look up what is usual for each series (slices look up their service), temper, move the
e-detector on by one step, compare with the threshold. A point is one series at one tick. river runs in a virtual
environment of its own, made on first use in the user's cache folder (without a network its row says so).
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.rules.edetector import Usual, advance, evidence, fresh
from tocsin.detection.rules.rises import rises
from tocsin.detection.rules.shares import BAR_TOTAL
from tocsin.detection.rules.tallies import FINE_STEPS, FINE_WIDTHS

type Numbers = NDArray[np.float64]

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results" / "detectors.md"
SERIES = 100_000
SERVICES = 500
SEED = 20200127
ASKED_POINTS, ASKED_TICK_MS = 15e6, 10.0


@dataclass(frozen=True, slots=True)
class Row:
    """One way of judging, its points a second on one core and the time of a tick of 100,000 series."""

    name: str
    points_a_second: float | None
    tick_ms: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """A tick's counts, and what is usual for the services that the series are slices of."""

    bad: Numbers
    calls: Numbers
    share: Numbers
    spread: Numbers
    service: NDArray[np.int64]


def load() -> Load:
    """Return 100,000 slices of 500 services, five calls each in ten seconds, one in a hundred of them failing."""
    rng = np.random.default_rng(SEED)
    share = rng.uniform(0.0005, 0.02, SERVICES)
    service = np.sort(rng.integers(0, SERVICES, SERIES))
    calls = rng.poisson(5.0, SERIES)
    usual = np.where(np.arange(SERIES) % 100 == 0, 0.3, share[service])
    return Load(rng.binomial(calls, usual).astype(float), calls.astype(float), share, np.full(SERVICES, 1e-4), service)


def timed(run: Callable[[], object], *, times: int) -> float:
    """Return the median seconds of processor time of a run: what else the machine does is not its fault."""
    run()
    took = []
    for _ in range(times):
        began = time.process_time()
        run()
        took.append(time.process_time() - began)
    return statistics.median(took)


def pipeline(given: Load, *, times: int) -> Row:
    """Time the product's tick: look up, temper, step, compare."""
    usual = Usual.of(given.share, given.spread, together=30.0)
    state, bar = fresh(SERIES), float(np.exp(BAR_TOTAL))

    def tick() -> NDArray[np.intp]:
        return np.flatnonzero(advance(state, given.bad, given.calls, usual, places=given.service) >= bar)

    return _row("Tocsin: look-up, tempering, e-detector (4 sizes), threshold", timed(tick, times=times))


def stateless(given: Load, *, times: int) -> Row:
    """Time the product's look back over ten minutes of the same slices, without any state."""
    rng = np.random.default_rng(SEED)
    calls = rng.poisson(np.outer(given.calls, FINE_WIDTHS) / 5.0 + 1e-9).astype(float)
    share = given.share[given.service]
    bad = rng.binomial(calls.astype(int), np.minimum(share[:, None], 1.0)).astype(float)
    spread = given.spread[given.service]
    effect, least = np.full(SERIES, 0.003), np.full(SERIES, BAR_TOTAL)

    def tick() -> object:
        return rises(bad, calls, usual=share, spread=spread, effect=effect, least=least)

    row = _row(
        f"Tocsin: looking back over {FINE_STEPS} steps, whatever is doubtful", timed(tick, times=max(3, times // 5))
    )
    return Row(row.name, SERIES * FINE_STEPS / (row.tick_ms or 1.0) * 1e3, row.tick_ms, "no state; a point is a step")


def full_window(given: Load, *, times: int) -> Row:
    """Time the same look back without the shortcut for series of which nothing is doubtful."""
    series = SERIES // 10
    rng = np.random.default_rng(SEED)
    calls = rng.poisson(10.0, (series, FINE_STEPS)).astype(float)
    bad = rng.binomial(calls.astype(int), 0.005).astype(float)
    share, spread = given.share[given.service[:series]], given.spread[given.service[:series]]

    def tick() -> object:
        return evidence(bad, calls, share=share, spread=spread, together=30.0 / FINE_WIDTHS)

    took = timed(tick, times=max(3, times // 5))
    return Row(
        f"Tocsin: looking back over {FINE_STEPS} steps, every series",
        series * FINE_STEPS / took,
        None,
        "no state; a point is a step",
    )


def numpy_bare(given: Load, *, times: int) -> Row:
    """EWMA and CUSUM of the share, in place, without a profile, without tempering: what a bare loop can do."""
    share = given.bad / np.maximum(given.calls, 1.0)
    mean, total, difference = np.full(SERIES, 0.01), np.zeros(SERIES), np.empty(SERIES)

    def tick() -> None:
        np.subtract(share, mean, out=difference)
        np.multiply(difference, 0.1, out=difference)
        np.add(mean, difference, out=mean)
        np.add(total, share, out=total)
        np.subtract(total, 0.02, out=total)
        np.maximum(total, 0.0, out=total)

    return _row("NumPy: EWMA and CUSUM, bare", timed(tick, times=times * 3))


def _row(name: str, seconds: float) -> Row:
    return Row(name, SERIES / seconds, seconds * 1e3)


RIVER = """
import json, random, statistics, sys, time
from river import anomaly, drift
random.seed(1)
points = int(sys.argv[1])
values = [1.0 if random.random() < 0.01 else 0.0 for _ in range(points)]
def rate(make, step):
    took = []
    for _ in range(3):
        detector = make(); began = time.process_time()
        for value in values: step(detector, value)
        took.append(time.process_time() - began)
    return points / statistics.median(took)
trees = values[: max(200, points // 50)]
def rate_trees():
    detector = anomaly.HalfSpaceTrees(seed=1); began = time.process_time()
    for value in trees:
        detector.score_one({"x": value}); detector.learn_one({"x": value})
    return len(trees) / (time.process_time() - began)
update = lambda detector, value: detector.update(value)
print(json.dumps({
    "ADWIN": rate(drift.ADWIN, update),
    "PageHinkley": rate(drift.PageHinkley, update),
    "DDM": rate(drift.binary.DDM, lambda d, v: d.update(bool(v))),
    "HalfSpaceTrees": rate_trees(),
}))
"""


def river(*, points: int) -> Iterator[Row]:
    """Yield river's detectors, run in their own environment, or one row that says why they could not be."""
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tocsin-bench" / "river"
    python = folder / "bin" / "python"
    try:
        if not (folder / "ready").exists():
            venv.create(folder, with_pip=True, clear=True)
            subprocess.run([python, "-m", "pip", "install", "-q", "river"], check=True, timeout=600)  # noqa: S603  our own interpreter
            (folder / "ready").touch()
        done = subprocess.run(  # noqa: S603  our own interpreter
            [python, "-c", RIVER, str(points)], check=True, capture_output=True, text=True, timeout=600
        )
    except (OSError, subprocess.SubprocessError) as error:
        yield Row("river", None, None, f"unavailable here: {type(error).__name__}")
        return
    for name, rate in json.loads(done.stdout).items():
        yield Row(f"river: {name}", rate, SERIES / rate * 1e3, "a Python call a point, one series after the other")


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the table."""
    given, times = load(), 15 if quick else 101
    yield pipeline(given, times=times)
    yield stateless(given, times=times)
    yield full_window(given, times=times)
    yield numpy_bare(given, times=times)
    yield from river(points=20_000 if quick else 200_000)


def page(found: Sequence[Row]) -> str:
    """Return the results page."""
    ours = found[0]
    assert ours.points_a_second is not None
    assert ours.tick_ms is not None
    return "\n".join(
        [
            "# How fast shares are judged",
            "",
            "Written by `python bench/detectors.py --write`. 100,000 slices of 500 services; medians of the",
            "processor time on one core. The product looks up what is usual, tempers, moves four sizes of e-detector",
            "and compares.",
            "",
            f"Machine: {platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}.",
            "",
            f"- points a second: {ours.points_a_second / 1e6:.1f} million (asked: {ASKED_POINTS / 1e6:g} at least)",
            f"- a tick of 100,000 series: {ours.tick_ms:.2f} ms (asked: {ASKED_TICK_MS:g} at most)",
            "",
            "| | million points a second | tick of 100,000 (ms) | |",
            "|---|---|---|---|",
            *(_line(row) for row in found),
            "",
        ]
    )


def _line(row: Row) -> str:
    rate = "–" if row.points_a_second is None else f"{row.points_a_second / 1e6:.3g}"
    tick = "–" if row.tick_ms is None else f"{row.tick_ms:.3g}"
    return f"| {row.name} | {rate} | {tick} | {row.note} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.relative_to(ROOT)}")
    arguments = parser.parse_args()
    found = list(rows(quick=arguments.quick))
    text = page(found)
    if arguments.json:
        for row in found:
            sys.stdout.write(json.dumps(asdict(row)) + "\n")
    else:
        sys.stdout.write(text)
    if arguments.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
