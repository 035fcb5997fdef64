"""Rollups in arrays that grow at the end, so that adding a bucket copies that bucket only."""

import numpy as np
from numpy.typing import NDArray

from tocsin.observations.rules.model import Rollups
from tocsin.observations.rules.rollup import combine, empty, merged, recoded

_COLUMNS = ("bucket_s", "vantage", "service", "package", "region", "outcomes", "durations")
_SPARE = 2


class RollupBuffer:
    """Settled rollups (sorted, each key once) that are cheap to add later buckets to."""

    def __init__(self) -> None:
        self._length = 0
        self._newest_s = -1
        self._columns: dict[str, NDArray[np.generic]] = {}
        self._words: tuple[tuple[str, ...], ...] = ()
        self.replace(empty())

    def view(self) -> Rollups:
        """Return all rows without copying them; what is added later does not show in it."""
        return _rollups({name: column[: self._length] for name, column in self._columns.items()}, self._words)

    def add(self, part: Rollups) -> None:
        """Add rows; those that come after everything held are appended, others are merged in."""
        if not len(part):
            return
        if int(part.bucket_s[0]) <= self._newest_s:
            self.replace(combine([self.view(), part]))
            return
        self._append(self._with_our_words(combine([part])))

    def replace(self, rollups: Rollups) -> None:
        """Hold these rows and no others."""
        self._words = (rollups.vantages, rollups.services, rollups.packages, rollups.regions)
        self._columns = {name: np.array(getattr(rollups, name)) for name in _COLUMNS}
        self._length = len(rollups)
        self._newest_s = int(rollups.bucket_s[-1]) if len(rollups) else -1

    def _with_our_words(self, part: Rollups) -> Rollups:
        theirs = (part.vantages, part.services, part.packages, part.regions)
        self._words = tuple(merged([ours, added]) for ours, added in zip(self._words, theirs, strict=True))
        names = ("vantage", "service", "package", "region")
        columns: dict[str, NDArray[np.generic]] = {name: getattr(part, name) for name in _COLUMNS}
        for name, old, new in zip(names, theirs, self._words, strict=True):
            columns[name] = recoded(getattr(part, name), old, new)
        moved = _rollups(columns, self._words)
        return moved if theirs == self._words else combine([moved])

    def _append(self, part: Rollups) -> None:
        end = self._length + len(part)
        for name in _COLUMNS:
            column = self._columns[name]
            if end > column.shape[0]:
                column = _grown(column, end)
                self._columns[name] = column
            column[self._length : end] = getattr(part, name)
        self._length = end
        self._newest_s = int(part.bucket_s[-1])


def _grown(column: NDArray[np.generic], end: int) -> NDArray[np.generic]:
    grown = np.zeros((end * _SPARE, *column.shape[1:]), column.dtype)
    grown[: column.shape[0]] = column
    return grown


def _rollups(columns: dict[str, NDArray[np.generic]], words: tuple[tuple[str, ...], ...]) -> Rollups:
    vantages, services, packages, regions = words
    return Rollups(
        **columns,  # type: ignore[arg-type]  # the dtypes are those the columns were made with
        vantages=vantages,
        services=services,
        packages=packages,
        regions=regions,
    )
