"""Whom a deviation hits: all callers, some packages, some regions.

A slice is named only when others are clearly spared; where too few called to tell, nobody is excluded.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.rules.scores import excess, likeness
from tocsin.detection.rules.tallies import Names

type Numbers = NDArray[np.float64]
type Members = NDArray[np.bool_]

_CLEAR = 4.0
"""What it takes to count among the slices that show how hard the hit ones are hit."""
_SPARED = -5.0
"""A hundred and fifty times likelier spared than hit."""
_SPARED_CALLS = 0.25
"""Those clearly spared must make up a quarter of the calls, or the fault is everybody's."""
_MEMBER_SPREAD = 1e-3


@dataclass(frozen=True, slots=True)
class Slice:
    """Who is hit; None means all of them."""

    packages: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """Bad calls and calls of one series in one window, [package, region]."""

    bad: Numbers
    calls: Numbers

    def within(self, packages: Members | None, regions: Members | None) -> "Grid":
        """Return the grid with everything outside the slice set to nothing."""
        mask = np.ones(self.bad.shape, bool)
        if packages is not None:
            mask &= packages[:, None]
        if regions is not None:
            mask &= regions[None, :]
        return Grid(self.bad * mask, self.calls * mask)


def narrowed(grid: Grid, *, usual: float, effect: float, names: Names, previous: Slice) -> tuple[Slice, Grid]:
    """Return who is hit, and the grid's part that concerns them."""
    packages = _hit(
        grid.bad.sum(axis=1),
        grid.calls.sum(axis=1),
        usual=usual,
        effect=effect,
        was=_members(previous.packages, names.packages),
    )
    inside = grid.within(packages, None)
    regions = _hit(
        inside.bad.sum(axis=0),
        inside.calls.sum(axis=0),
        usual=usual,
        effect=effect,
        was=_members(previous.regions, names.regions),
    )
    found = Slice(packages=_named(packages, names.packages), regions=_named(regions, names.regions))
    return found, grid.within(packages, regions)


def _hit(bad: Numbers, calls: Numbers, *, usual: float, effect: float, was: Members) -> Members | None:
    """Return which members are hit, or None when none is clearly spared."""
    score = excess(bad, calls, usual=np.asarray(usual), spread=np.asarray(_MEMBER_SPREAD))
    is_clear = (score >= _CLEAR) & (bad >= calls * (usual + effect))
    if not is_clear.any():
        return None
    hit_share = float(bad[is_clear].sum() / calls[is_clear].sum())
    ratio = likeness(bad, calls, usual=usual, hit=hit_share)
    if float(calls[ratio <= _SPARED].sum()) < _SPARED_CALLS * float(calls.sum()):
        return None
    return np.asarray((ratio > 0) | (was & (ratio > _SPARED)))


def _members(named: tuple[str, ...] | None, names: tuple[str, ...]) -> Members:
    return np.array([named is not None and name in named for name in names], bool)


def _named(members: Members | None, names: tuple[str, ...]) -> tuple[str, ...] | None:
    return None if members is None else tuple(name for name, is_in in zip(names, members, strict=True) if is_in)
