"""Whom a deviation hits: all callers, some packages, some regions, or some packages in some regions.

Each package (each region) is a witness for or against being hit, by the same evidence as in `localisation`. A slice
is named only when others are clearly spared; where too few called to tell, nobody is excluded. Whom the last tick named
is named until evidence says otherwise, so that a scope does not waver. Both orders are tried (packages, then regions in
them, and the other way round) until they change nothing more, because a package that is hardly used in the province
that fails must not pass for one that is spared.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import lgamma

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.rules.scores import excess, likeness
from tocsin.detection.rules.tallies import Names

type Numbers = NDArray[np.float64]
type Members = NDArray[np.bool_]

_CLEAR = 4.0
"""What it takes to count among the slices that show how hard the hit ones are hit."""
_LEAST_BAD = 3.0
_USUAL_PART = 0.25
"""Where next to nothing ever fails, a single failure is surprising and means nothing: who fails less than a quarter of
the effect that matters is as usual."""
_SURE = 5.0
"""A hundred and fifty times likelier one than the other: what it takes to say that some are spared."""
_HIT = 9.0
"""What it takes to say that these are hit, beyond having been picked as the worst; or one, whatever others do."""
_STAYS = 3.0
"""Twenty times likelier: what it takes to change one's part."""
_SPARED_CALLS = 0.25
"""Those clearly spared must make up a quarter of the calls, or the fault is everybody's."""
_SPREAD = 1e-3
_ROUNDS = 4
"""Packages and regions narrow each other down in two or three rounds, if at all."""


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
        if packages is None and regions is None:
            return self
        mask = np.ones(self.bad.shape, bool)
        if packages is not None:
            mask &= packages[:, None]
        if regions is not None:
            mask &= regions[None, :]
        return Grid(self.bad * mask, self.calls * mask)


type Part = tuple[Members | None, Members | None]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a grid: what is usual, how far beyond it is hit at the least, and whom the last tick named."""

    usual: float
    effect: float
    packages: Members | None
    regions: Members | None


def narrowed(grid: Grid, *, usual: float, effect: float, names: Names, previous: Slice) -> tuple[Slice, Grid]:
    """Return who is hit, and the grid's part that concerns them."""
    question = Question(
        max(usual, effect * _USUAL_PART),
        effect,
        _members(previous.packages, names.packages),
        _members(previous.regions, names.regions),
    )
    packages, regions = max(_descriptions(grid, question), key=lambda part: _worth(grid, part, question))
    found = Slice(packages=_named(packages, names.packages), regions=_named(regions, names.regions))
    return found, grid.within(packages, regions)


def _descriptions(grid: Grid, question: Question) -> Iterator[Part]:
    """Yield the slice that comes of looking at packages first, then, where that names packages, at regions first."""
    first = _settled(grid, question, regions=question.regions)
    yield first
    if first[0] is not None:
        yield _settled(grid, question, regions=_hit_regions(grid, None, question))


def _settled(grid: Grid, question: Question, *, regions: Members | None) -> Part:
    packages = _hit_packages(grid, regions, question)
    for _ in range(_ROUNDS):
        before, asked = packages, regions
        regions = _hit_regions(grid, packages, question)
        if _same(asked, regions):
            break
        packages = _hit_packages(grid, regions, question)
        if _same(before, packages):
            break
    return packages, regions


def _same(one: Members | None, other: Members | None) -> bool:
    return one is other or (one is not None and other is not None and bool((one == other).all()))


def _hit_packages(grid: Grid, regions: Members | None, question: Question) -> Members | None:
    inside = grid.within(None, regions)
    return _hit(inside.bad.sum(axis=1), inside.calls.sum(axis=1), question, was=question.packages)


def _hit_regions(grid: Grid, packages: Members | None, question: Question) -> Members | None:
    inside = grid.within(packages, None)
    return _hit(inside.bad.sum(axis=0), inside.calls.sum(axis=0), question, was=question.regions)


def _hit(bad: Numbers, calls: Numbers, question: Question, *, was: Members | None) -> Members | None:
    """Return which members are hit, or None when all may be."""
    score = excess(bad, calls, usual=np.asarray(question.usual), spread=np.asarray(_SPREAD))
    is_clear = (score >= _CLEAR) & (bad >= calls * (question.usual + question.effect)) & (bad >= _LEAST_BAD)
    if not is_clear.any():
        return was
    said = _said(bad, calls, question.usual, share=float(bad[is_clear].sum() / calls[is_clear].sum()))
    # Who called too little to tell goes with the majority of those of whom one can tell, and stays where it was.
    rather_hit = np.log((int((said > 1).sum()) + 1.0) / (int((said < -1).sum()) + 1.0))
    kept = np.zeros(bad.shape) if was is None else np.where(was, _STAYS, -_STAYS)
    fails_anyhow = is_clear & (score >= _HIT)
    members = np.asarray(fails_anyhow | (said + rather_hit + kept > 0))
    spared = ~members & (calls > 0)
    if was is not None:
        return members if spared.any() and -said[spared].sum() > 0 else None
    luck = _choices(int((calls > 0).sum()), int(spared.sum()))
    is_sure = -said[spared].sum() >= _SURE + luck and _together(bad[members], calls[members], question) >= _HIT + luck
    return members if is_sure and calls[spared].sum() >= _SPARED_CALLS * calls.sum() else None


def _together(bad: Numbers, calls: Numbers, question: Question) -> float:
    """Return how surprising the members are, taken together."""
    sums = (np.asarray(each.sum()) for each in (bad, calls))
    return float(excess(*sums, usual=np.asarray(question.usual), spread=np.asarray(_SPREAD)))


def _choices(number: int, chosen: int) -> float:
    """Return the log of how many ways there are to choose so many."""
    return lgamma(number + 1) - lgamma(chosen + 1) - lgamma(number - chosen + 1)


def _said(bad: Numbers, calls: Numbers, usual: float, *, share: float) -> Numbers:
    """Return what each member says for being hit (half) as hard, tempered."""
    return likeness(bad, calls, usual=usual, hit=share) / (1.0 + np.maximum(calls - 1.0, 0.0) * _SPREAD)


def _worth(grid: Grid, part: Part, question: Question) -> float:
    """Return what the cells inside say for being hit, less what it costs to say so."""
    inside = grid.within(*part)
    calls = float(inside.calls.sum())
    said = _said(inside.bad, inside.calls, question.usual, share=float(inside.bad.sum()) / max(calls, 1.0))
    return round(float(said.sum()) - _SURE * sum(each is not None for each in part), 6)


def _members(named: tuple[str, ...] | None, names: tuple[str, ...]) -> Members | None:
    return None if named is None else np.array([name in named for name in names], bool)


def _named(members: Members | None, names: tuple[str, ...]) -> tuple[str, ...] | None:
    return None if members is None else tuple(name for name, is_in in zip(names, members, strict=True) if is_in)
