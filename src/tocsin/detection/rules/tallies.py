"""Counts of the look-back window, laid out so that every later question is a sum over an axis.

Rows are summed once, into steps of half a minute counted backwards from now (step 0 is the newest), per vantage and
service: over everything, by package, and by region. The last two minutes are also kept in steps of ten seconds: what
fails at once should not wait for half a minute to be over. Codes are those of the pack's order, so that nothing that is
decided later depends on how ids are spelt or in which order they were first seen.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.profile import Profile
from tocsin.observations.rules.model import BUCKET_S, DURATION_BINS, VANTAGES, Evidence, Rollups

type Numbers = NDArray[np.float64]
type Codes = NDArray[np.int64]

STEP_S = 30
STEPS = 20
"""Ten minutes: the longest window over which shares are judged."""
LONG_STEPS = 60
"""Half an hour: the window over which today's level is taken."""
NEAR_BUCKETS = STEPS * STEP_S // BUCKET_S
FINE_EDGES = (*range(13), *range(15, NEAR_BUCKETS + 1, 3))
"""Where fine steps begin and end, in buckets before now: ten seconds wide for two minutes, then thirty."""
FINE_STEPS = len(FINE_EDGES) - 1
FINE_WIDTHS = np.diff(FINE_EDGES).astype(np.float64)
_FINE_OF_BUCKET = np.repeat(np.arange(FINE_STEPS), np.diff(FINE_EDGES))
_COARSE_STARTS = [FINE_EDGES.index(3 * step) for step in range(STEPS)]

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
    step: Codes
    bucket: Codes
    planes: Numbers


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts over the look-back window.

    `totals` is [plane, vantage, service, step], `by_package` and `by_region` have one more axis before the step; the
    same in fine steps are `fine`, `fine_by_package` and `fine_by_region`.
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

    @property
    def by_package(self) -> Numbers:
        """Return the counts by package, in steps of half a minute."""
        return _coarse(self.fine_by_package)

    @property
    def by_region(self) -> Numbers:
        """Return the counts by region, in steps of half a minute."""
        return _coarse(self.fine_by_region)


def _coarse(fine: Numbers) -> Numbers:
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
    is_long = (long_step >= 0) & (long_step < LONG_STEPS) & (series >= 0)
    sizes = (len(VANTAGES), len(names.services))
    # Column by column: summing over a short last axis is many times slower.
    answered = rollups.outcomes[:, 0] + rollups.outcomes[:, 1] + rollups.outcomes[:, 2] + rollups.outcomes[:, 3]
    calls = _sums(series[is_long] * LONG_STEPS + long_step[is_long], answered[is_long], (*sizes, LONG_STEPS))
    is_front = np.flatnonzero(is_long & (series < len(names.services)))
    by_member = [
        _sums(
            (series[is_front] * len(words) + _recoded(codes[is_front], old, words)) * LONG_STEPS + long_step[is_front],
            answered[is_front],
            (len(names.services), len(words), LONG_STEPS),
        )
        for codes, old, words in (
            (rollups.package, rollups.packages, names.packages),
            (rollups.region, rollups.regions, names.regions),
        )
    ]
    is_near = is_long & (long_step < STEPS)
    cells = _cells(rollups, _as_slice(np.flatnonzero(is_near)), series=series, age=age, names=names, profile=profile)
    fine = _planes(cells, None, sizes)
    return Tally(
        names=names,
        totals=_coarse(fine),
        fine=fine,
        fine_by_package=_planes(cells, cells.package, (*sizes, len(names.packages))),
        fine_by_region=_planes(cells, cells.region, (*sizes, len(names.regions))),
        calls=calls,
        front_calls_by_package=by_member[0],
        front_calls_by_region=by_member[1],
        alive=_alive(series[is_long], age[is_long], len(names.services)),
        cells=cells,
    )


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


def _cells(
    rollups: Rollups, rows: NDArray[np.intp] | slice, *, series: Codes, age: Codes, names: Names, profile: Profile
) -> Cells:
    near = series[rows]
    planes = np.zeros((PLANES, near.size))
    planes[:SLOW] = rollups.outcomes[rows].T
    durations = rollups.durations[rows]
    is_slow = _slow_bins(names, profile)[near]
    planes[SLOW] = np.einsum("ij,ij->i", durations, is_slow)
    planes[TIMED] = planes[OK] + planes[REJECTED] + planes[ERROR]
    return Cells(
        series=near,
        package=_recoded(rollups.package[rows], rollups.packages, names.packages),
        region=_recoded(rollups.region[rows], rollups.regions, names.regions),
        step=age[rows] // STEP_S,
        bucket=age[rows] // BUCKET_S,
        planes=planes,
    )


def _slow_bins(names: Names, profile: Profile) -> NDArray[np.int32]:
    """Return, per series, 1 for each duration bin that counts as slow; unknown services are never slow."""
    first = np.full((len(VANTAGES), len(names.services)), DURATION_BINS, np.int64)
    first[:, : len(profile.services)] = profile.slow_from_bin
    return (np.arange(DURATION_BINS) >= first.reshape(-1, 1)).astype(np.int32)


def _planes(cells: Cells, slice_code: Codes | None, sizes: tuple[int, ...]) -> Numbers:
    key = cells.series if slice_code is None else cells.series * sizes[-1] + slice_code
    key = key * FINE_STEPS + _FINE_OF_BUCKET[cells.bucket]
    return np.stack([_sums(key, plane, (*sizes, FINE_STEPS)) for plane in cells.planes])


def _sums(key: Codes, weights: NDArray[np.float64] | NDArray[np.int64], sizes: tuple[int, ...]) -> Numbers:
    return np.bincount(key, weights=weights, minlength=int(np.prod(sizes))).reshape(sizes).astype(np.float64)


def _alive(series: Codes, age: Codes, services: int) -> Numbers:
    """Return for which part of each long step each vantage was heard of at all."""
    buckets = STEP_S // BUCKET_S
    heard = np.zeros((len(VANTAGES), LONG_STEPS * buckets), bool)
    heard[series // services, age // BUCKET_S] = True
    return heard.reshape(len(VANTAGES), LONG_STEPS, buckets).mean(axis=2)


def step_age(steps: int) -> timedelta:
    """Return how long ago the given number of steps began."""
    return timedelta(seconds=steps * STEP_S)


def bucket_age(buckets: int) -> timedelta:
    """Return how long ago the given number of buckets of ten seconds began."""
    return timedelta(seconds=buckets * BUCKET_S)
