"""Whom to ask what: a yes/no question to a few panel members where the other eyes leave a doubt.

A doubt is a function × audience of which somebody must know more: one eye alone is sure, the belief lies in between,
visitors complain whom no eye bears out, or the answer would tell apart who is suspected. Those are asked who can tell
most with least trouble: in the slice that seems hit, of different packages, practices and provinces, such as usually
answer, and asked least of late. Nobody is asked more often than the fatigue budget allows, and nobody at night who is
not on duty. Which answer comes makes no difference to who is asked.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final

from tocsin.kernel.clock import in_brussels
from tocsin.kernel.reasons import Reason
from tocsin.observations.rules.panel_plan import needed

ANSWERS_WANTED: Final = 2
"""Two independent words settle a doubt better than any number of one sort."""

CHANCE_WANTED: Final = 0.9
ANSWER_CHANCE: Final = 0.4
"""How likely somebody who is asked answers in time, where nothing is known of them."""

ASKED_AT_ONCE: Final = needed(CHANCE_WANTED, p=ANSWER_CHANCE, witnesses=ANSWERS_WANTED)
"""So many are asked that two answers come with a chance of nine in ten."""

OPEN_FOR: Final = timedelta(minutes=10)
"""An answer after that still counts, as every report does; but the doubt may then be asked about anew."""

SPOKEN_WITHIN: Final = timedelta(minutes=20)
"""Whoever said something about the function that lately need not be asked."""

BUDGET: Final[Mapping[timedelta, int]] = {timedelta(hours=1): 1, timedelta(days=1): 3, timedelta(days=30): 8}
"""The fatigue budget: how many questions one member may get within each time."""

BUDGET_BACK: Final = max(BUDGET)
NIGHT: Final = (time(22), time(7))


@dataclass(frozen=True, slots=True)
class Doubt:
    """A function × audience of which the eyes leave a doubt, and why. `packages`, `regions`: the slice (None: all)."""

    function: str
    audience: str
    reason: Reason
    packages: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Askable:
    """A member who may be asked: stratum, practice, when they were asked within the last month, how many they answered.

    Members come in a fixed order (those invited first in front), by which ties are broken.
    """

    member: str
    audience: str
    package: str
    region: str
    practice: str = ""
    is_on_duty: bool = False
    asked_at: tuple[datetime, ...] = ()
    answered: int = 0

    @property
    def reliability(self) -> float:
        """Return how likely they answer, by what they did so far; as `ANSWER_CHANCE` where nothing is known."""
        prior = 2.0
        return (self.answered + prior * ANSWER_CHANCE) / (len(self.asked_at) + prior)


@dataclass(frozen=True, slots=True)
class Poll:
    """A question to some members, asked at `at` and open until `until`: "does this work for you right now?"."""

    function: str
    audience: str
    members: tuple[str, ...]
    reason: Reason
    at: datetime
    until: datetime
    packages: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """That a member said something about a function, either way."""

    member: str
    function: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Panel:
    """What asking needs to know: who may be asked, which questions are open, who spoke lately, and the crowd.

    `crowd` counts visitors who say that a function fails for an audience; they are no eye, and only raise questions.
    """

    members: tuple[Askable, ...] = ()
    asked: tuple[Poll, ...] = ()
    crowd: Mapping[tuple[str, str], int] = field(default_factory=dict)


def polls(doubts: Sequence[Doubt], panel: Panel, *, said: Sequence[Said], now: datetime) -> tuple[Poll, ...]:
    """Return the questions to send now: the first doubt of each audience that is not being asked about."""
    asked: list[Poll] = []
    for doubt in doubts:
        if any(poll.audience == doubt.audience and poll.until > now for poll in (*panel.asked, *asked)):
            # One question at a time is plenty for one profession: the next doubt waits for the answers to this one.
            continue
        spoke = {one.member for one in said if one.function == doubt.function and one.at > now - SPOKEN_WITHIN}
        able = [one for one in panel.members if _may_be_asked(one, doubt, now=now) and one.member not in spoke]
        chosen = tuple(one.member for one in _chosen(able))
        if chosen:
            asked.append(_poll(doubt, chosen, now=now))
    return tuple(asked)


def is_within_budget(member: Askable, *, now: datetime) -> bool:
    """Say whether a member may get one more question now: not too many of late, and not at night unless on duty."""
    if _is_night(now) and not member.is_on_duty:
        return False
    return all(sum(1 for at in member.asked_at if at > now - span) < most for span, most in BUDGET.items())


def _may_be_asked(member: Askable, doubt: Doubt, *, now: datetime) -> bool:
    return (
        member.audience == doubt.audience
        and (doubt.packages is None or member.package in doubt.packages)
        and (doubt.regions is None or member.region in doubt.regions)
        and is_within_budget(member, now=now)
    )


def _chosen(able: Sequence[Askable]) -> Iterator[Askable]:
    """Yield whom to ask, each the one least like those before; never two of one practice."""
    left = list(able)
    packages, regions = Counter[str](), Counter[str]()
    practices: set[str] = set()
    for _ in range(ASKED_AT_ONCE):
        left = [one for one in left if one.practice not in practices]
        if not left:
            return
        # `min` keeps the first of equals: ties follow the order given.
        best = min(
            left,
            key=lambda one: (packages[one.package], regions[one.region], -one.reliability, len(one.asked_at)),
        )
        left.remove(best)
        packages[best.package] += 1
        regions[best.region] += 1
        practices |= {best.practice} - {""}
        yield best


def _poll(doubt: Doubt, members: tuple[str, ...], *, now: datetime) -> Poll:
    return Poll(
        function=doubt.function,
        audience=doubt.audience,
        members=members,
        reason=doubt.reason,
        at=now,
        until=now + OPEN_FOR,
        packages=doubt.packages,
        regions=doubt.regions,
    )


def _is_night(now: datetime) -> bool:
    begins, ends = NIGHT
    clock = in_brussels(now).time()
    return clock >= begins or clock < ends
