"""Which slice explains a deviation: the smallest description that covers what is hit and spares what is not.

A *leaf* is one cell of a table over any dimensions (audience, package, version, region, insurer, operation): so many
bad calls of so many, where so many were usual. A slice is a conjunction of dimension = value; several may be guilty.

Every leaf is a witness for or against a slice: its log likelihood ratio between "hit half as hard as the slice is on
the whole" (in log odds) and "as usual". Halfway, because a leaf hit somewhat less than others is still hit. It is
tempered by `1 + (n - 1) * spread`, so that a leaf says about as much as `1 / spread` independent calls and no single
large one decides: a parent whose children are all hit, unequally, beats its worst child, and a child beats a parent
whose other children are spared. The sum over a slice's leaves, less a little per condition, is its score. What the best
slice holds is then set aside, and the rest must explain itself (explain-away).

Compare with Adtributor, RobustSpot and RiskLoc, which split a deviation by the size of its parts, and with subset
scans, which sum leaves' evidence too (Neill, "Fast subset scan for spatial pattern detection", J. R. Statist. Soc. B
74, 2012).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

type Numbers = NDArray[np.float64]
type Codes = NDArray[np.int64]

_MOST_CONDITIONS = 3
"""Nobody reads a description of more conditions."""
_MOST_SLICES = 3
_LEAST, _MOST = 1e-4, 0.98
_ONE_IN = 1e-3
"""How often noise alone may name a slice, over all descriptions that were tried."""
_ALIKE = 6
"""Scores are compared to this many digits, so that the order in which leaves are summed decides nothing."""


@dataclass(frozen=True, slots=True)
class Setting:
    """The three numbers of the search.

    `spread` is the over-dispersion of a leaf's share: a leaf is worth at most `1 / spread` independent calls, and what
    is usual in it is learnt as if that many calls of the whole had been seen there. `condition` is what each condition
    costs: enough to prefer fewer words between slices that explain alike. `part` is what a further slice must explain
    of what the first one does, or it is a leftover of the first.
    """

    spread: float = 0.02
    condition: float = 0.5
    part: float = 0.25


SETTING = Setting()


@dataclass(frozen=True, slots=True)
class Leaves:
    """The table: `codes` [dimension, leaf] place each leaf, then bad calls, calls and usual share of bad per leaf."""

    codes: Codes
    bad: Numbers
    calls: Numbers
    usual: Numbers

    def __len__(self) -> int:
        return int(self.bad.size)

    def without(self, members: NDArray[np.bool_]) -> "Leaves":
        """Return the leaves that are not among the members."""
        return Leaves(self.codes[:, ~members], self.bad[~members], self.calls[~members], self.usual[~members])


@dataclass(frozen=True, slots=True)
class Guilty:
    """A slice that explains a deviation, and why.

    `where` pairs dimension with value code. `explained` is the share of all excess bad calls that lies inside,
    `observed` and `usual` the shares of bad calls inside, `spared` the share of the calls outside that rather behave as
    usual.
    """

    where: tuple[tuple[int, int], ...]
    score: float
    explained: float
    observed: float
    usual: float
    spared: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What explains a deviation: the guilty slices, then further descriptions that come close, best first."""

    guilty: tuple[Guilty, ...]
    further: tuple[Guilty, ...]

    @property
    def ranked(self) -> tuple[Guilty, ...]:
        """Return all that is worth a look, best first."""
        return self.guilty + self.further


def usual_shares(bad: Numbers, calls: Numbers, *, setting: Setting = SETTING) -> Numbers:
    """Return each leaf's usual share of bad calls, from calls of before, shrunk towards the whole table's share."""
    whole = (float(bad.sum()) + 0.5) / (float(calls.sum()) + 1.0)
    return np.asarray((bad + whole / setting.spread) / (calls + 1.0 / setting.spread))


def explanation(leaves: Leaves, *, setting: Setting = SETTING, is_certain: bool = False, further: int = 3) -> Finding:
    """Return what explains that there are more bad calls than usual; nothing, where noise could be all there is.

    `is_certain` says that something is known to be wrong: the best description is then given however weak it is.
    """
    leaves = leaves.without(leaves.calls <= 0)
    first = _best(leaves, setting=setting, number=_MOST_SLICES + further)
    bar = float(np.log(max(first.tried, 1) / _ONE_IN))
    if not first.slices or (first.slices[0].score < bar and not is_certain):
        return Finding((), ())
    found = [first.slices[0]]
    rest = leaves
    while len(found) < _MOST_SLICES:
        rest = rest.without(_members(rest, found[-1].where))
        runner_up = _best(rest, setting=setting, number=1)
        if not runner_up.slices or runner_up.slices[0].score < max(bar, setting.part * found[0].score):
            break
        found.append(runner_up.slices[0])
    named = {each.where for each in found}
    others = [each for each in first.slices if each.where not in named][:further]
    described = [_described(each, leaves, spread=setting.spread) for each in (*found, *others)]
    return Finding(tuple(described[: len(found)]), tuple(described[len(found) :]))


@dataclass(frozen=True, slots=True)
class _Scored:
    where: tuple[tuple[int, int], ...]
    score: float


@dataclass(frozen=True, slots=True)
class _Search:
    slices: tuple[_Scored, ...]
    tried: int


def _best(leaves: Leaves, *, setting: Setting, number: int) -> _Search:
    """Return the best slices, best first; ties go to fewer conditions, then to earlier dimensions."""
    found: list[tuple[float, int, int, _Scored]] = []
    tried = 0
    for place, (dimensions, group, size) in enumerate(_cuboids(leaves)):
        score = _scores(leaves, group, size, spread=setting.spread) - setting.condition * len(dimensions)
        tried += size
        rounded = np.round(score, _ALIKE)
        for best in np.argsort(-rounded, kind="stable")[:number]:
            example = int(np.argmax(group == best))
            where = tuple((each, int(leaves.codes[each, example])) for each in dimensions)
            found.append((-float(rounded[best]), place, int(best), _Scored(where, float(rounded[best]))))
    found.sort(key=lambda each: each[:3])
    return _Search(tuple(each[3] for each in found[:number]), tried)


def _cuboids(leaves: Leaves) -> Iterator[tuple[tuple[int, ...], Codes, int]]:
    """Yield each choice of dimensions, with the group that each leaf falls into and how many groups there are."""
    if not len(leaves):
        return
    sizes = leaves.codes.max(axis=1) + 1
    for number in range(1, min(len(sizes), _MOST_CONDITIONS) + 1):
        for dimensions in combinations(range(len(sizes)), number):
            key = np.zeros(len(leaves), np.int64)
            for each in dimensions:
                key = key * sizes[each] + leaves.codes[each]
            group, size = _numbered(key, int(np.prod(sizes[list(dimensions)])))
            yield dimensions, group, size


def _numbered(key: Codes, most: int) -> tuple[Codes, int]:
    """Return the keys renumbered without gaps, in their order."""
    if most > 8 * key.size:
        known, group = np.unique(key, return_inverse=True)
        return np.asarray(group, np.int64), known.size
    is_there = np.bincount(key, minlength=most) > 0
    return (np.cumsum(is_there) - 1)[key], int(is_there.sum())


def _scores(leaves: Leaves, group: Codes, size: int, *, spread: float) -> Numbers:
    """Return each group's score: the sum of what its leaves say for the group's own effect."""
    bad, calls, expected = (
        np.bincount(group, weights=each, minlength=size)
        for each in (leaves.bad, leaves.calls, leaves.usual * leaves.calls)
    )
    usual = np.clip(expected / calls, _LEAST, _MOST)
    effect = log_odds(np.clip(bad / calls, usual, 0.99)) - log_odds(usual)
    said = evidence(leaves.bad, leaves.calls, usual=leaves.usual, effect=effect[group], spread=spread)
    return np.bincount(group, weights=said, minlength=size)


def evidence(bad: Numbers, calls: Numbers, *, usual: Numbers, effect: Numbers, spread: float) -> Numbers:
    """Return what each leaf says for being hit half as hard as the effect (in log odds), against behaving as usual."""
    low = np.clip(usual, _LEAST, _MOST)
    gain = np.asarray(effect) / 2.0
    # The likelihood ratio of a binomial share whose odds are `exp(gain)` times the usual ones.
    ratio = bad * gain - calls * np.log1p(low * np.expm1(gain))
    return np.asarray(ratio / (1.0 + np.maximum(calls - 1.0, 0.0) * spread))


def log_odds(share: Numbers) -> Numbers:
    """Return the log odds of shares, which are kept away from 0 and 1."""
    kept = np.clip(share, _LEAST, 1.0 - _LEAST)
    return np.asarray(np.log(kept / (1.0 - kept)))


def _members(leaves: Leaves, where: tuple[tuple[int, int], ...]) -> NDArray[np.bool_]:
    inside = np.ones(len(leaves), bool)
    for dimension, value in where:
        inside &= leaves.codes[dimension] == value
    return inside


def _described(scored: _Scored, leaves: Leaves, *, spread: float) -> Guilty:
    inside = _members(leaves, scored.where)
    expected = leaves.usual * leaves.calls
    bad, calls, usual = (float(each[inside].sum()) for each in (leaves.bad, leaves.calls, expected))
    beyond = max(float((leaves.bad - expected).sum()), bad - usual, 1e-9)
    middle = np.clip(np.array([bad / calls, usual / calls]), _LEAST, _MOST)
    effect = np.maximum(log_odds(middle[:1]) - log_odds(middle[1:]), 0.0)
    said = evidence(leaves.bad, leaves.calls, usual=leaves.usual, effect=effect, spread=spread)
    outside = float(leaves.calls[~inside].sum())
    spared = float(leaves.calls[~inside & (said < 0)].sum()) / outside if outside else 0.0
    return Guilty(
        where=scored.where,
        score=scored.score,
        explained=round(min(max(bad - usual, 0.0) / beyond, 1.0), 4),
        observed=bad / calls,
        usual=usual / calls,
        spared=round(spared, 4),
    )
