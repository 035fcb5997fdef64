"""Whom complaints concern: some packages, some regions, or everybody.

If it failed for everybody, complaints would be spread like the panel's members. The log Bayes factor for "only these"
is what the complaints gain when only these can complain, less what is paid for having chosen these among all others
after looking, plus what the others gain who say that it works.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_CLEAR = 4.0
_WORKS_ELSEWHERE = math.log(0.9 / 0.3)
"""How much likelier somebody says "it works" who is not hit than somebody in a fault that hits nearly all."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """One person's place (a package or a region) and word."""

    place: str
    works: bool


def told_apart(words: Sequence[Stratum], members: Mapping[str, int]) -> tuple[str, ...] | None:
    """Return the places that complaints concern, in the order of `members`, None where nothing speaks against "all".

    `members` counts the panel by place; where nobody was counted, all places are taken for equal.
    """
    complaining = {word.place for word in words if not word.works}
    named = tuple(place for place in members if place in complaining)
    if not named or len(named) == len(members):
        return None
    weight = {place: count + 1.0 for place, count in members.items()}
    share = sum(weight[place] for place in named) / sum(weight.values())
    failing = sum(not word.works for word in words if word.place in members)
    spared = sum(word.works for word in words if word.place in members and word.place not in complaining)
    chosen = math.log(math.comb(len(members), len(named)))
    gained = -failing * math.log(share) + spared * _WORKS_ELSEWHERE - chosen
    return named if gained >= _CLEAR else None
