"""Counts of the look-back window, laid out so that every later question is a sum over an axis.

Rows are summed once, into steps of half a minute counted backwards from now (step 0 is the newest), per vantage and
service: over everything, by package, and by region. The last two minutes are also kept in steps of ten seconds: what
fails at once should not wait for half a minute to be over. Codes are those of the pack's order, so that nothing that is
decided later depends on how ids are spelt or in which order they were first seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.profile import Profile
from tocsin.observations.rules.model import BUCKET_S, DURATION_BINS, VANTAGES, Evidence, Eye, Rollups

type Numbers = NDArray[np.float64]
type Codes = NDArray[np.int64]

STEP_S = 30
STEPS = 20
"""Ten minutes: the longest window over which shares are judged."""
LONG_STEPS = 60
"""Half an hour: the window over which today's level is taken."""
_FRONT = VANTAGES.index(Eye.FRONT)
NEAR_BUCKETS = STEPS * STEP_S // BUCKET_S
FINE_EDGES = (*range(13), *range(15, NEAR_BUCKETS + 1, 3))
"""Where fine steps begin and end, in buckets before now: ten seconds wide for two minutes, then thirty."""
FINE_STEPS = len(FINE_EDGES) - 1
FINE_WIDTHS = np.diff(FINE_EDGES).astype(np.float64)
_FINE_OF_BUCKET = np.repeat(np.arange(FINE_STEPS), np.diff(FINE_EDGES))
FINE_OF_STEP = tuple(FINE_EDGES.index(STEP_S // BUCKET_S * step) for step in range(STEPS + 1))
"""With which fine step each step of half a minute begins; what lies before it is newer."""
_COARSE_STARTS = FINE_OF_STEP[:-1]

OK, REJECTED, ERROR, TIMEOUT, SLOW, TIMED = range(6)
"""Planes of the counts; `TIMED` is how many answers have a duration, `SLOW` how many of these were slow."""
PLANES = 6


@dataclass(frozen=True, slots=True)
class Names:
    """What the axes stand for: the pack's order, then what the pack does not know by first appearance."""

    services: tuple[str, ...]
    packages: tuple[str, ...]
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cells:
    """The rows of the last ten minutes, for questions about single slices; `bucket` is their age in ten seconds."""

    series: Codes
    package: Codes
    region: Codes
    bucket: Codes
    planes: Numbers


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts over the look-back window.

    `totals` is [plane, vantage, service, step], `fine` the same in fine steps, `fine_by_package` and `fine_by_region`
    have one more axis before the step.
    `calls` is [vantage, service, long step], `front_calls_by_package` and `front_calls_by_region` [service, member,
    long step]; `alive` [vantage, long step] says for which part of each step the
    vantage gave any sign of life.
    """

    names: Names
    totals: Numbers
    fine: Numbers
    fine_by_package: Numbers
    fine_by_region: Numbers
    calls: Numbers
    front_calls_by_package: Numbers
    front_calls_by_region: Numbers
    alive: Numbers
    cells: Cells


def coarse(fine: Numbers) -> Numbers:
    """Return counts in steps of half a minute, from those in fine steps (the last axis)."""
    return np.asarray(np.add.reduceat(fine, _COARSE_STARTS, axis=-1))


def tally(evidence: Evidence, *, pack: Pack, profile: Profile) -> Tally:
    """Count the evidence's rollups; eyes that are not in use count for nothing."""
    rollups = _without_negatives(evidence.rollups)
    names = Names(
        services=tuple(dict.fromkeys((*profile.services, *rollups.services))),
        packages=tuple(dict.fromkeys((*pack.packages, *rollups.packages))),
        regions=tuple(dict.fromkeys((*pack.regions, *rollups.regions))),
    )
    series, age = _series_and_age(rollups, evidence, names)
    long_step = age // STEP_S
    sizes = (len(VANTAGES), len(names.services))
    is_long = (long_step >= 0) & (long_step < LONG_STEPS) & (series >= 0)
    rows = _as_slice(np.flatnonzero(is_long))
    package = _recoded(rollups.package, rollups.packages, names.packages)
    region = _recoded(rollups.region, rollups.regions, names.regions)
    answered = _answered(rollups, rows)
    by_package, by_region = (
        _sums(_key(series[rows], member[rows], long_step[rows], shape), answered, shape)
        for member, shape in (
            (package, (*sizes, len(names.packages), LONG_STEPS)),
            (region, (*sizes, len(names.regions), LONG_STEPS)),
        )
    )
    near = _as_slice(np.flatnonzero(is_long & (long_step < STEPS)))
    cells = Cells(
        series=series[near],
        package=package[near],
        region=region[near],
        bucket=age[near] // BUCKET_S,
        planes=_planes_of(rollups, near, is_slow=_slow_bins(names, profile)[series[near]]),
    )
    bad = [np.flatnonzero(plane) for plane in cells.planes[REJECTED : SLOW + 1]]
    fine_by_region = _planes(cells, cells.region, (*sizes, len(names.regions)), bad)
    # Every call comes from one region: all regions together are everybody.
    fine = fine_by_region.sum(axis=3)
    return Tally(
        names=names,
        totals=coarse(fine),
        fine=fine,
        fine_by_package=_planes(cells, cells.package, (*sizes, len(names.packages)), bad),
        fine_by_region=fine_by_region,
        calls=by_region.sum(axis=2),
        front_calls_by_package=by_package[_FRONT],
        front_calls_by_region=by_region[_FRONT],
        alive=_alive(series[rows], age[rows], len(names.services)),
        cells=cells,
    )


def _answered(rollups: Rollups, rows: NDArray[np.intp] | slice) -> Numbers:
    # Column by column: summing over a short last axis is many times slower.
    ok, rejected, error, timeout = (rollups.outcomes[rows, outcome] for outcome in range(SLOW))
    return np.asarray(ok + rejected + error + timeout, np.float64)


def _key(series: Codes, member: Codes, step: Codes, sizes: tuple[int, ...]) -> Codes:
    """Return where each row belongs in an array [vantage, service, member, step] of these sizes, flattened."""
    return (series * sizes[-2] + member) * sizes[-1] + step


def _without_negatives(rollups: Rollups) -> Rollups:
    """Return the rollups; a counter that was reset sends negative numbers, which count for nothing."""
    if not len(rollups) or rollups.outcomes.min() >= 0:
        return rollups
    return replace(rollups, outcomes=np.maximum(rollups.outcomes, 0))


def _series_and_age(rollups: Rollups, evidence: Evidence, names: Names) -> tuple[Codes, Codes]:
    """Return each row's series (vantage and service in one code, -1 for an unused eye) and age in whole seconds.

    A row's age counts from the end of its bucket, so that the newest finished bucket is in step 0.
    """
    code = {eye.value: place for place, eye in enumerate(VANTAGES) if eye in evidence.last_seen}
    used = [code.get(name, -1) for name in rollups.vantages]
    vantage = np.array(used, np.int64)[rollups.vantage] if len(rollups) else np.zeros(0, np.int64)
    service = _recoded(rollups.service, rollups.services, names.services)
    series = np.where(vantage >= 0, vantage * len(names.services) + service, -1)
    now_s = int(evidence.now.timestamp())
    return series, now_s - rollups.bucket_s - BUCKET_S


def _recoded(codes: NDArray[np.int16], old: tuple[str, ...], new: tuple[str, ...]) -> Codes:
    place = {name: code for code, name in enumerate(new)}
    table = np.array([place[name] for name in old], np.int64)
    return table[codes] if codes.size else np.zeros(0, np.int64)


def _as_slice(rows: NDArray[np.intp]) -> NDArray[np.intp] | slice:
    """Return rows that follow one another as a slice, which copies nothing: the usual case, for buckets are sorted."""
    is_run = rows.size > 0 and int(rows[-1] - rows[0]) + 1 == rows.size
    return slice(int(rows[0]), int(rows[-1]) + 1) if is_run else rows


def _planes_of(rollups: Rollups, rows: NDArray[np.intp] | slice, *, is_slow: NDArray[np.int32]) -> Numbers:
    """Return the planes of single rows, [plane, row]; `is_slow` is 1 for each duration bin of a row that is slow."""
    planes = np.zeros((PLANES, len(is_slow)))
    planes[:SLOW] = rollups.outcomes[rows].T
    planes[SLOW] = np.einsum("ij,ij->i", rollups.durations[rows], is_slow)
    planes[TIMED] = planes[OK] + planes[REJECTED] + planes[ERROR]
    return planes


def _slow_bins(names: Names, profile: Profile) -> NDArray[np.int32]:
    """Return, per series, 1 for each duration bin that counts as slow; unknown services are never slow."""
    first = np.full((len(VANTAGES), len(names.services)), DURATION_BINS, np.int64)
    first[:, : len(profile.services)] = profile.slow_from_bin
    return (np.arange(DURATION_BINS) >= first.reshape(-1, 1)).astype(np.int32)


def _planes(cells: Cells, member: Codes, sizes: tuple[int, ...], bad: Sequence[NDArray[np.intp]]) -> Numbers:
    """Return the planes by member in fine steps; `bad` names the few cells where anything failed, plane by plane."""
    shape = (*sizes, FINE_STEPS)
    key = _key(cells.series, member, _FINE_OF_BUCKET[cells.bucket], shape)
    planes = np.empty((PLANES, *shape))
    planes[OK] = _sums(key, cells.planes[OK], shape)
    for plane, where in enumerate(bad, REJECTED):
        planes[plane] = _sums(key[where], cells.planes[plane, where], shape)
    planes[TIMED] = planes[OK] + planes[REJECTED] + planes[ERROR]
    return planes


def _sums(key: Codes, weights: Numbers, sizes: tuple[int, ...]) -> Numbers:
    return np.bincount(key, weights=weights, minlength=int(np.prod(sizes))).reshape(sizes)


def _alive(series: Codes, age: Codes, services: int) -> Numbers:
    """Return for which part of each long step each vantage was heard of at all."""
    buckets = STEP_S // BUCKET_S
    heard = np.zeros((len(VANTAGES), LONG_STEPS * buckets), bool)
    # Rows of one vantage and bucket follow one another: each run of them is looked at once.
    is_first = np.ones(series.size, bool)
    is_first[1:] = (series[1:] != series[:-1]) | (age[1:] != age[:-1])
    heard[series[is_first] // services, age[is_first] // BUCKET_S] = True
    return heard.reshape(len(VANTAGES), LONG_STEPS, buckets).mean(axis=2)


def step_age(steps: int) -> timedelta:
    """Return how long ago the given number of steps began."""
    return timedelta(seconds=steps * STEP_S)


def bucket_age(buckets: int) -> timedelta:
    """Return how long ago the given number of buckets of ten seconds began."""
    return timedelta(seconds=buckets * BUCKET_S)
