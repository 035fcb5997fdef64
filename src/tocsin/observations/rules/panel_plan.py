"""How many panel members are needed to notice a fault, and where the panel is thin.

The model: a fault hits a stratum, and each of its members, independently of the others, is hit **and** says so within
the time asked with chance p. Of n members at least one speaks with chance 1 − (1 − p)^n; at least k speak with chance
1 − Σ_{i<k} C(n, i) p^i (1 − p)^(n − i), the tail of the binomial distribution. p is given by whoever plans: the panel's
own answers to questions are the best estimate of it. Colleagues of one practice are less than independent: count
practices instead of members where they share a line or a software.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tocsin.catalog.rules.model import Pack

MOST_NEEDED: Final = 100_000
"""Where more would be needed than there are professionals, the panel is the wrong eye."""


@dataclass(frozen=True, slots=True)
class Line:
    """How well the panel sees one function of one audience, everywhere or in one slice (`package` or `region`).

    `chance` is that of noticing a fault of just this slice with the `members` there are; `needed` is how many it takes
    for the chance asked for.
    """

    function: str
    audience: str
    package: str | None
    region: str | None
    members: int
    chance: float
    needed: int

    @property
    def missing(self) -> int:
        """Return how many members too few there are."""
        return max(0, self.needed - self.members)


def chance(members: int, *, p: float, witnesses: int = 1) -> float:
    """Return the chance that at least so many `witnesses` of so many `members` are hit and say so."""
    fewer = sum(math.comb(members, count) * p**count * (1 - p) ** (members - count) for count in range(witnesses))
    return min(1.0, max(0.0, 1.0 - fewer))


def needed(wanted: float, *, p: float, witnesses: int = 1) -> int:
    """Return the least number of members for which the chance reaches what is wanted; `MOST_NEEDED` where none does."""
    low, high = witnesses, MOST_NEEDED
    while low < high:
        middle = (low + high) // 2
        if chance(middle, p=p, witnesses=witnesses) >= wanted:
            high = middle
        else:
            low = middle + 1
    return low


def plan(
    pack: Pack, members: Mapping[tuple[str, str, str], int], *, wanted: float, p: float, witnesses: int = 1
) -> tuple[Line, ...]:
    """Return every function × audience, whole and by package and by region, those seen worst in front.

    `members` counts them by audience, package and region. Ties keep the pack's order.
    """
    enough = needed(wanted, p=p, witnesses=witnesses)
    lines = [
        Line(function, audience, package, region, count, chance(count, p=p, witnesses=witnesses), enough)
        for function, audience, package, region, count in _slices(pack, members)
    ]
    return tuple(sorted(lines, key=lambda line: line.members))


def _slices(
    pack: Pack, members: Mapping[tuple[str, str, str], int]
) -> Iterator[tuple[str, str, str | None, str | None, int]]:
    for function in pack.functions.values():
        for audience in function.audiences:
            own = {stratum: count for stratum, count in members.items() if stratum[0] == audience}
            yield function.id, audience, None, None, sum(own.values())
            for package in pack.packages.values():
                if package.audience == audience:
                    yield function.id, audience, package.id, None, _counted(own, 1, package.id)
            for region in pack.regions:
                yield function.id, audience, None, region, _counted(own, 2, region)


def _counted(members: Mapping[tuple[str, str, str], int], place: int, value: str) -> int:
    return sum(count for stratum, count in members.items() if stratum[place] == value)
