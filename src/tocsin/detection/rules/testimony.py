"""What a crowd of complaints is worth: the log Bayes factor for "it began to fail some minutes ago" against calm.

In calm, complaints are a Poisson process at the rate of their rhythm. If it began to fail at a moment, they come
faster by `size × delay(t - onset)`: people take some minutes to be hit, to try again and to complain (the *delay
kernel*, a log-normal density). The onset and the size are unknown, so the likelihood ratio is averaged over a grid of
both; an average of likelihood ratios is an e-value, whose expectation in calm is 1.

    exp(Σ over packages of min(cap, Σ over witnesses of ln(1 + size × delay / stray)) - size × expected so far)

Witnesses are not people. Members of one practice, or behind one sender, are one witness; all members who joined today
are one; and the witnesses of one package add up to no more than `PACKAGE_CAP`, so that fifty doctors with one software
never do what two packages do. Whoever says "it works" makes it less likely by what few would say if all failed, with
the same caps. A grid point's sum is monotone in every complaint, hence so is the result.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

type Numbers = NDArray[np.float64]

PACKAGE_CAP = 10.0
"""Evidence of one package's users never carries a verdict alone: it may be their software that fails, or floods."""
_WORKS_FLOOR = -2.5
"""What one package's words of "works" may take away at most."""
_ONSETS_MIN = np.arange(0.5, 30.0, 1.0)
_SIZES = np.array([1.0, 3.0, 9.0, 27.0])
"""How many complaints a fault brings in all: from one on a thin panel to a storm."""
_HIT = np.array([0.3, 0.9])
"""How many of those who speak are hit by the fault: a slice of them, or nearly all."""
_DELAY_MEDIAN_MIN, _DELAY_SIGMA = 6.0, 1.0
"""A stated prior: half complain within six minutes of being hit, nearly all within half an hour."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A person's latest word, and how likely it was.

    `since_min` is how many minutes ago it was first said; `stray_a_min` how many such complaints a minute come from
    the witness's like in calm; `hit` and `calm` how much oftener than an average member this one complains when hit,
    and without cause; `is_newcomer` says that the witness joined today.
    """

    works: bool
    since_min: float
    package: str
    stray_a_min: float
    practice: str = ""
    sender: str = ""
    hit: float = 1.0
    calm: float = 1.0
    is_newcomer: bool = False


@dataclass(frozen=True, slots=True)
class Testimony:
    """What words weigh together (log Bayes factor, may be negative), and how many minutes ago it would have begun."""

    strength: float
    began_min: float


@dataclass(frozen=True, slots=True)
class Hearing:
    """The log likelihood ratios of one function's complaints, [onset, size] per package, capped and as they came."""

    capped: Mapping[str, Numbers]
    plain: Mapping[str, Numbers]
    praise: Mapping[str, Numbers]

    def of(self, packages: Collection[str], *, well_for_min: float | None) -> Testimony:
        """Return what the words of these packages' users weigh.

        `well_for_min` is for how long the function has been found well (None: unknown): it cannot have begun before.
        """
        total = sum((self.capped[each] for each in packages if each in self.capped), _NOTHING)
        less = sum((self.praise[each] for each in packages if each in self.praise), np.zeros(_HIT.size))
        grid = np.where(_may_begin(well_for_min)[:, None], total - _EXPECTED, -np.inf)
        strength = _mean(grid) + _mean(less)
        plain = sum((self.plain[each] for each in packages if each in self.plain), _NOTHING) - _EXPECTED
        by_onset = np.logaddexp.reduce(np.where(np.isfinite(grid), plain, -np.inf), axis=1)
        weights = np.exp(by_onset - by_onset.max())
        return Testimony(strength, float((weights * _ONSETS_MIN).sum() / weights.sum()))


def hear(witnesses: Sequence[Witness]) -> Hearing:
    """Weigh every word about one function, package by package."""
    failing = [each for each in witnesses if not each.works]
    praising = [each for each in witnesses if each.works]
    gains = _gains(failing)
    plain: dict[str, Numbers] = {}
    praise: dict[str, Numbers] = {}
    for package in dict.fromkeys(each.package for each in failing):
        mine = [place for place, each in enumerate(failing) if each.package == package]
        groups = independent([failing[place] for place in mine])
        alone = gains[[mine[group[0]] for group in groups if len(group) == 1]].sum(axis=0)
        alike = (gains[[mine[one] for one in group]].max(axis=0) for group in groups if len(group) > 1)
        plain[package] = np.asarray(sum(alike, alone))
    for package in dict.fromkeys(each.package for each in praising):
        count = len(independent([each for each in praising if each.package == package]))
        praise[package] = np.maximum(count * np.log1p(-_HIT), _WORKS_FLOOR)
    return Hearing({name: np.minimum(grid, PACKAGE_CAP) for name, grid in plain.items()}, plain, praise)


def _gains(failing: Sequence[Witness]) -> Numbers:
    """Return the log likelihood ratio of each complaint, [witness, onset, size]."""
    since = np.array([each.since_min for each in failing])
    rate = np.array([each.hit / (each.calm * each.stray_a_min) for each in failing])
    delay = _delay(_ONSETS_MIN[None, :] - since[:, None])
    return np.asarray(np.log1p(_SIZES * delay[:, :, None] * rate[:, None, None]))


def echo_a_min(before: int, *, after_min: float) -> float:
    """Return how many complaints a minute still come of trouble that has ended.

    `before` is how many complained while it lasted, `after_min` how long after its end the complaint in question came.
    """
    return before * float(_delay(np.array([after_min]))[0])


def _may_begin(well_for_min: float | None) -> NDArray[np.bool_]:
    if well_for_min is None:
        return np.ones(_ONSETS_MIN.size, bool)
    return np.asarray(max(well_for_min, _ONSETS_MIN[0]) >= _ONSETS_MIN)


def _mean(logarithms: Numbers) -> float:
    return float(np.logaddexp.reduce(logarithms, axis=None)) - math.log(logarithms.size)


def independent(witnesses: Sequence[Witness]) -> list[list[int]]:
    """Return the positions of those who are one witness: a practice, a sender, all newcomers; others stand alone.

    Whoever shares a practice with one and a sender with another ties all three together.
    """
    first: list[int] = []
    seen: dict[str, int] = {}
    for place, each in enumerate(witnesses):
        first.append(place)
        for mark in _marks(each):
            other, own = _root(first, seen.setdefault(mark, place)), _root(first, place)
            first[max(other, own)] = min(other, own)
    groups: dict[int, list[int]] = {}
    for place in range(len(witnesses)):
        groups.setdefault(_root(first, place), []).append(place)
    return list(groups.values())


def _root(first: list[int], place: int) -> int:
    while first[place] != place:
        first[place] = first[first[place]]
        place = first[place]
    return place


def _marks(witness: Witness) -> set[str]:
    marks = {f"practice {witness.practice}"} if witness.practice else set()
    if witness.sender:
        marks.add(f"sender {witness.sender}")
    if witness.is_newcomer:
        marks.add("newcomer")
    return marks


def _delay(minutes: Numbers) -> Numbers:
    """Return the density, a minute, of complaining so long after being hit; 0 before it."""
    later = np.maximum(minutes, 1e-3)
    bell = np.exp(-0.5 * (np.log(later / _DELAY_MEDIAN_MIN) / _DELAY_SIGMA) ** 2)
    return np.asarray(np.where(minutes > 0, bell / (later * _DELAY_SIGMA * math.sqrt(2.0 * math.pi)), 0.0))


def _complained_by(minutes: Numbers) -> Numbers:
    """Return the part of all complaints that have come so long after the onset."""
    z = np.log(minutes / _DELAY_MEDIAN_MIN) / (_DELAY_SIGMA * math.sqrt(2.0))
    return np.array([0.5 * (1.0 + math.erf(float(value))) for value in z])


_NOTHING: Numbers = np.zeros((_ONSETS_MIN.size, _SIZES.size))
_EXPECTED: Numbers = _SIZES[None, :] * _complained_by(_ONSETS_MIN)[:, None]
"""How many complaints each onset and size would have brought by now."""
