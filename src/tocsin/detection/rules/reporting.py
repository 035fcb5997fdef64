"""Signals from the panel: what professionals say about a function, weighed as evidence.

A person's latest word counts, at the time when it was first so (reports that come late are counted at their true time,
those that are not yet here never). What the words weigh together, against the rhythm of complaints in calm, is
`testimony`'s; here words become witnesses and weights become a `Complaint`. Complaints alone carry a verdict when they
weigh `LEADING` and come from three independent people who use the function, one at least of the audience; a crowd that
all use one software is worth a question to the others, never a verdict.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.catalog.rules.model import Function, Pack
from tocsin.detection.rules.credence import NOBODY_KNOWN, UNKNOWN_MEMBER, Credence
from tocsin.detection.rules.model import Judgement, State, Subject, Witnesses
from tocsin.detection.rules.rhythm import stray_rate
from tocsin.detection.rules.strata import Stratum, told_apart
from tocsin.detection.rules.testimony import Hearing, Witness, echo_a_min, hear, independent
from tocsin.observations.rules.model import Report

RECENT = timedelta(minutes=20)
LEADING = 12.0
"""One in 160,000, as for other eyes."""
LASTING = 6.0
LEADING_MEMBERS = 3
NEWCOMER_FOR = timedelta(days=1)
_HIT_RANGE, _CALM_RANGE = (0.2, 2.0), (0.5, 100.0)
"""Between what a member's record can move: nobody's word counts for much more than another's, but for much less."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What the panel says about one function for one audience: who complained, from where, since when.

    `members` counts independent people of the audience whose latest word is that it fails, less those with the same
    software who say that it works; `heard` counts likewise all who use the function. `strength` is a log Bayes factor
    (≥ 0), comparable with those of other eyes. `since` is the estimated onset, before the first complaint.
    `only_packages` and `only_regions` name whom it concerns where that stands out from the others of the panel (None:
    all, or too few to tell).
    """

    subject: Subject
    members: int
    packages: tuple[str, ...]
    regions: tuple[str, ...]
    since: datetime
    latest: datetime
    strength: float = 0.0
    only_packages: tuple[str, ...] | None = None
    only_regions: tuple[str, ...] | None = None
    heard: int = 0

    @property
    def witnesses(self) -> Witnesses:
        """How widely it is complained of."""
        return Witnesses(self.members, len(self.packages), len(self.regions))

    @property
    def is_leading(self) -> bool:
        """Say whether it carries a verdict of its own."""
        return self.strength >= LEADING and max(self.heard, self.members) >= LEADING_MEMBERS

    @property
    def is_lasting(self) -> bool:
        """Say whether it keeps a verdict going that it carried."""
        return self.strength >= LASTING and max(self.heard, self.members) >= LEADING_MEMBERS - 1


@dataclass(frozen=True, slots=True)
class _Word:
    """A member's latest word on a function, and since when it is the same."""

    report: Report
    since: datetime


@dataclass(frozen=True, slots=True)
class _Listening:
    """What is the same for all functions."""

    pack: Pack
    credence: Credence
    previous: Judgement | None
    now: datetime
    complained_before: Mapping[Subject, int]

    def echo_a_min(self, subject: Subject, at: datetime) -> float:
        """Return how many complaints a minute still come, at a moment, of trouble that has ended."""
        since, before = _works_since(self.previous, subject), self.complained_before.get(subject, 0)
        return 0.0 if since is None or not before else echo_a_min(before, after_min=(at - since) / timedelta(minutes=1))

    def well_for_min(self, subject: Subject) -> float | None:
        since = _works_since(self.previous, subject)
        return None if since is None else max((self.now - since) / timedelta(minutes=1), 0.0)


def complaints(
    reports: Sequence[Report],
    *,
    pack: Pack,
    previous: Judgement | None,
    now: datetime,
    credence: Credence = NOBODY_KNOWN,
) -> Iterator[Complaint]:
    """Yield what the panel complains about, in the pack's order of functions and audiences.

    Where the function was found to work (again) since, older complaints no longer count.
    """
    words = _words(reports, now)
    listening = _Listening(pack, credence, previous, now, _complained_before(reports, previous))
    for function in pack.functions.values():
        mine = [word for word in words.get(function.id, ()) if _counts(word, listening)]
        if any(not word.report.works for word in mine):
            yield from _of_function(function, mine, listening)


def _words(reports: Sequence[Report], now: datetime) -> dict[str, list[_Word]]:
    """Return, per function, each member's latest word, in the order in which they first said so."""
    latest: dict[tuple[str, str], _Word] = {}
    known = (each for each in reports if each.at <= now and (each.received_at is None or each.received_at <= now))
    for report in sorted(known, key=lambda each: each.at):
        key = (report.function, report.member)
        before = latest.pop(key, None)
        is_same = before is not None and before.report.works == report.works and report.at - before.report.at < RECENT
        latest[key] = _Word(report, before.since if before is not None and is_same else report.at)
    words: dict[str, list[_Word]] = {}
    for (function, _), word in sorted(latest.items(), key=lambda item: item[1].since):
        words.setdefault(function, []).append(word)
    return words


def _complained_before(reports: Sequence[Report], previous: Judgement | None) -> dict[Subject, int]:
    """Count who complained shortly before the present calm of each subject began."""
    members: dict[Subject, set[str]] = {}
    for report in reports:
        subject = Subject(report.function, report.audience)
        since = None if report.works else _works_since(previous, subject)
        if since is not None and since - 2 * RECENT < report.at <= since:
            members.setdefault(subject, set()).add(report.member)
    return {subject: len(names) for subject, names in members.items()}


def _counts(word: _Word, listening: _Listening) -> bool:
    report = word.report
    works_since = _works_since(listening.previous, Subject(report.function, report.audience))
    return listening.now - report.at < RECENT and (works_since is None or report.at > works_since)


def _of_function(function: Function, words: Sequence[_Word], listening: _Listening) -> Iterator[Complaint]:
    witnesses = [_witness(word, listening) for word in words]
    hearing = hear(witnesses)
    heard = _members(witnesses)
    for audience in function.audiences:
        places = [place for place, word in enumerate(words) if word.report.audience == audience]
        mine = [words[place] for place in places]
        members = _members([witnesses[place] for place in places])
        if members <= 0:
            continue
        strength, began = _weight(hearing, mine, Subject(function.id, audience), listening)
        if strength > 0.0:
            yield replace(_complaint(mine, began, listening), members=members, strength=round(strength, 3), heard=heard)


def _weight(hearing: Hearing, mine: Sequence[_Word], subject: Subject, listening: _Listening) -> tuple[float, datetime]:
    """Return strength and onset: as likely as not, what fails for one audience fails for all who use the function."""
    well_for_min = listening.well_for_min(subject)
    own = hearing.of({word.report.package for word in mine}, well_for_min=well_for_min)
    everyone = hearing.of({*hearing.plain, *hearing.praise}, well_for_min=well_for_min)
    wide = max(own.strength, everyone.strength)
    both = wide + math.log((math.exp(own.strength - wide) + math.exp(everyone.strength - wide)) / 2.0)
    return both, listening.now - timedelta(minutes=own.began_min)


def _complaint(mine: Sequence[_Word], began: datetime, listening: _Listening) -> Complaint:
    """Return who complains, not yet weighed."""
    failing = [word for word in mine if not word.report.works]
    said = failing[0].report
    packages, regions = _strata(said.audience, mine, listening)
    return Complaint(
        subject=Subject(said.function, said.audience),
        members=0,
        packages=tuple(dict.fromkeys(word.report.package for word in failing)),
        regions=tuple(dict.fromkeys(word.report.region for word in failing)),
        since=min(began.replace(microsecond=0), *(word.since for word in failing)),
        latest=max(word.report.at for word in failing),
        only_packages=packages,
        only_regions=regions,
    )


def _members(witnesses: Sequence[Witness]) -> int:
    """Count independent complaints, package by package, less those of the same software who say that it works."""
    net = 0
    for package in dict.fromkeys(each.package for each in witnesses):
        mine = [each for each in witnesses if each.package == package]
        failing, praising = ([each for each in mine if each.works is works] for works in (False, True))
        net += max(0, len(independent(failing)) - len(independent(praising)))
    return net


def _witness(word: _Word, listening: _Listening) -> Witness:
    report, now = word.report, listening.now
    subject = Subject(report.function, report.audience)
    record = listening.credence.of_member(report.member)
    since_min = (now - word.since) / timedelta(minutes=1)
    stray = stray_rate(subject, credence=listening.credence, at=word.since, timezone=listening.pack.timezone)
    return Witness(
        works=report.works,
        since_min=since_min,
        package=report.package,
        stray_a_min=stray + listening.echo_a_min(subject, word.since),
        practice=report.practice,
        sender=report.sender,
        hit=_within(_HIT_RANGE, record.speaks.mean / UNKNOWN_MEMBER.speaks.mean),
        calm=_within(_CALM_RANGE, record.cries.mean / UNKNOWN_MEMBER.cries.mean),
        is_newcomer=_is_newcomer(report.member, listening),
    )


def _within(limits: tuple[float, float], value: float) -> float:
    return min(max(value, limits[0]), limits[1])


def _is_newcomer(member: str, listening: _Listening) -> bool:
    joined_at = listening.credence.joined.get(member)
    return joined_at is not None and joined_at > listening.now - NEWCOMER_FOR


def _strata(
    audience: str, words: Sequence[_Word], listening: _Listening
) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """Return the packages and the regions that stand out among those who complain."""
    pack, panel = listening.pack, listening.credence.members_by_stratum
    packages = tuple(package.id for package in pack.packages.values() if package.audience == audience)
    spoken = [(word.report.package, word.report.region, word.report.works) for word in words]
    by_package, by_region = dict.fromkeys(packages, 0), dict.fromkeys(pack.regions, 0)
    for (who, package, region), count in panel.items():
        if who == audience and package in by_package and region in by_region:
            by_package[package] += count
            by_region[region] += count
    return (
        told_apart([Stratum(package, works) for package, _, works in spoken], by_package),
        told_apart([Stratum(region, works) for _, region, works in spoken], by_region),
    )


def _works_since(previous: Judgement | None, subject: Subject) -> datetime | None:
    known = previous.verdicts.get(subject) if previous is not None else None
    return known.since if known is not None and known.state is State.OK else None
