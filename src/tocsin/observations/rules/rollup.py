"""Sums transactions into ten-second buckets with their outcomes and duration histograms.

Everything is vectorised: a row's key (bucket, vantage, service, package, region) becomes one integer, equal keys
are found by one sort, and outcomes and durations are counted by `bincount`. Codes follow the order of the
vocabularies, which is the order of first appearance, so that renamed ids change no order.
"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tocsin.observations.rules.model import (
    ANY,
    BUCKET_S,
    DURATION_BINS,
    DURATION_EDGES_MS,
    VANTAGES,
    Outcome,
    Rollups,
    Transactions,
)

type Codes = NDArray[np.int16]
type Key = tuple[NDArray[np.int64], Codes, Codes, Codes, Codes]

_OUTCOMES = len(Outcome)
_US_IN_S = 1_000_000
_FIVE_MINUTES_S = 300
_MOST_IN_A_BIN = int(np.iinfo(np.int32).max)


def empty() -> Rollups:
    """Return rollups without any row."""
    none = np.zeros(0, np.int16)
    return Rollups(
        bucket_s=np.zeros(0, np.int64),
        vantage=none,
        service=none,
        package=none,
        region=none,
        outcomes=np.zeros((0, _OUTCOMES), np.int64),
        durations=np.zeros((0, DURATION_BINS), np.int32),
        services=(),
        packages=(),
        regions=(),
        vantages=tuple(eye.value for eye in VANTAGES),
    )


def duration_bins(duration_ms: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the histogram bin of each duration; what lies outside the edges goes to the end bins."""
    inner: NDArray[np.int64] = np.searchsorted(DURATION_EDGES_MS[1:-1], duration_ms, side="right")
    return inner


def roll_up(transactions: Transactions) -> Rollups:
    """Sum the transactions per bucket, vantage, service, package and region."""
    bucket_s = transactions.time_us // _US_IN_S // BUCKET_S * BUCKET_S
    columns = (transactions.vantage, transactions.service, transactions.package, transactions.region)
    sizes = _sizes(transactions)
    first, group = _group((bucket_s, *columns), sizes)
    outcome = transactions.outcome.astype(np.int64)
    timed = transactions.outcome != Outcome.TIMEOUT
    outcomes = _count(group * _OUTCOMES + outcome, transactions.count, first.size * _OUTCOMES)
    cells = group[timed] * DURATION_BINS + duration_bins(transactions.duration_ms[timed])
    durations = _count(cells, transactions.count[timed], first.size * DURATION_BINS)
    return Rollups(
        bucket_s=bucket_s[first],
        vantage=transactions.vantage[first],
        service=transactions.service[first],
        package=transactions.package[first],
        region=transactions.region[first],
        outcomes=outcomes.reshape(-1, _OUTCOMES),
        # Beyond what the column holds a bin is full: it must never wrap to a negative number.
        durations=np.minimum(durations, _MOST_IN_A_BIN, out=durations).reshape(-1, DURATION_BINS).astype(np.int32),
        services=transactions.services,
        packages=transactions.packages,
        regions=transactions.regions,
        vantages=transactions.vantages,
    )


def combine(parts: Sequence[Rollups]) -> Rollups:
    """Return one table of all the parts: sorted by bucket, rows of equal key summed, vocabularies merged."""
    filled = [part for part in parts if len(part)] or list(parts[:1])
    if not filled:
        return empty()
    joined = filled[0] if len(filled) == 1 else _concatenated(filled)
    return joined if _is_settled(joined) else _settled(joined)


def between(rollups: Rollups, start: datetime, end: datetime) -> Rollups:
    """Return the rows whose bucket starts in [start, end); views, nothing is copied."""
    lower, upper = np.searchsorted(rollups.bucket_s, [start.timestamp(), end.timestamp()], side="left")
    return rows(rollups, slice(int(lower), int(upper)))


def five_minute_sums(rollups: Rollups) -> Rollups:
    """Sum to five minutes per vantage and service, over every package and region (`*`)."""
    none = np.zeros(len(rollups), np.int16)
    coarse = Rollups(
        bucket_s=rollups.bucket_s // _FIVE_MINUTES_S * _FIVE_MINUTES_S,
        vantage=rollups.vantage,
        service=rollups.service,
        package=none,
        region=none,
        outcomes=rollups.outcomes,
        durations=rollups.durations,
        services=rollups.services,
        packages=(ANY,),
        regions=(ANY,),
        vantages=rollups.vantages,
    )
    return coarse if _is_settled(coarse) else _settled(coarse)


def rows(rollups: Rollups, index: slice | NDArray[np.intp] | NDArray[np.bool_]) -> Rollups:
    """Return the chosen rows with the same vocabularies (views when the index is a slice)."""
    return Rollups(
        bucket_s=rollups.bucket_s[index],
        vantage=rollups.vantage[index],
        service=rollups.service[index],
        package=rollups.package[index],
        region=rollups.region[index],
        outcomes=rollups.outcomes[index],
        durations=rollups.durations[index],
        services=rollups.services,
        packages=rollups.packages,
        regions=rollups.regions,
        vantages=rollups.vantages,
    )


def merged(vocabularies: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return one vocabulary with every word, in the order of first appearance."""
    return tuple(dict.fromkeys(word for vocabulary in vocabularies for word in vocabulary))


def recoded(codes: Codes, old: tuple[str, ...], new: tuple[str, ...]) -> Codes:
    """Return the codes as codes into the new vocabulary, which holds every word of the old one."""
    if old == new[: len(old)]:
        return codes
    place = {word: code for code, word in enumerate(new)}
    table = np.array([place[word] for word in old], np.int16)
    return table[codes]


def _sizes(table: Transactions | Rollups) -> tuple[int, int, int, int]:
    return len(table.vantages), len(table.services), len(table.packages), len(table.regions)


def _packed(key: Key, sizes: tuple[int, int, int, int]) -> NDArray[np.int64]:
    """Return one integer per row that orders rows as their keys do."""
    packed = key[0] // BUCKET_S
    for column, size in zip(key[1:], sizes, strict=True):
        packed = packed * max(size, 1) + column
    return packed


def _group(key: Key, sizes: tuple[int, int, int, int]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return, for sorted distinct keys, the row each is first seen in, and every row's place among them."""
    _, first, group = np.unique(_packed(key, sizes), return_index=True, return_inverse=True)
    return first, group


def _count(cells: NDArray[np.int64], weights: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    if bool((weights == 1).all()):
        return np.bincount(cells, minlength=size).astype(np.int64, copy=False)
    return np.rint(np.bincount(cells, weights=weights, minlength=size)).astype(np.int64)


def _key(rollups: Rollups) -> Key:
    return rollups.bucket_s, rollups.vantage, rollups.service, rollups.package, rollups.region


def _is_settled(rollups: Rollups) -> bool:
    """Say whether the rows are sorted by key, each key once."""
    packed = _packed(_key(rollups), _sizes(rollups))
    return bool((np.diff(packed) > 0).all())


def _settled(rollups: Rollups) -> Rollups:
    """Sort the rows by key and sum those of equal key."""
    packed = _packed(_key(rollups), _sizes(rollups))
    order = np.argsort(packed, kind="stable")
    ordered = rows(rollups, order)
    starts = np.flatnonzero(np.diff(packed[order], prepend=-1))
    if starts.size == len(ordered):
        return ordered
    distinct = rows(ordered, starts)
    return Rollups(
        bucket_s=distinct.bucket_s,
        vantage=distinct.vantage,
        service=distinct.service,
        package=distinct.package,
        region=distinct.region,
        outcomes=np.add.reduceat(ordered.outcomes, starts, axis=0),
        durations=np.add.reduceat(ordered.durations, starts, axis=0),
        services=rollups.services,
        packages=rollups.packages,
        regions=rollups.regions,
        vantages=rollups.vantages,
    )


def _concatenated(parts: Sequence[Rollups]) -> Rollups:
    """Put the parts one behind the other under one vocabulary."""
    vantages = merged([part.vantages for part in parts])
    services = merged([part.services for part in parts])
    packages = merged([part.packages for part in parts])
    regions = merged([part.regions for part in parts])
    return Rollups(
        bucket_s=np.concatenate([part.bucket_s for part in parts]),
        vantage=np.concatenate([recoded(part.vantage, part.vantages, vantages) for part in parts]),
        service=np.concatenate([recoded(part.service, part.services, services) for part in parts]),
        package=np.concatenate([recoded(part.package, part.packages, packages) for part in parts]),
        region=np.concatenate([recoded(part.region, part.regions, regions) for part in parts]),
        outcomes=np.concatenate([part.outcomes for part in parts]),
        durations=np.concatenate([part.durations for part in parts]),
        services=services,
        packages=packages,
        regions=regions,
        vantages=vantages,
    )
