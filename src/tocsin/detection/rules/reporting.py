"""Signals from the panel: what professionals say about a function.

One report confirms what another eye sees clearly. Reports alone carry a verdict when three different members of an
audience say within twenty minutes that the same function fails: a single member may just have a bad line.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.model import Judgement, State, Subject, Witnesses
from tocsin.observations.rules.model import Report

RECENT = timedelta(minutes=20)
STRENGTH_PER_MEMBER = 4.0
LEADING_MEMBERS = 3


@dataclass(frozen=True, slots=True)
class Complaint:
    """What the panel says about one function for one audience: who complained, from where, since when.

    `members` counts those whose latest word is that it fails, less those who say since that it works.
    """

    subject: Subject
    members: int
    packages: tuple[str, ...]
    regions: tuple[str, ...]
    since: datetime
    latest: datetime

    @property
    def witnesses(self) -> Witnesses:
        """How widely it is complained of."""
        return Witnesses(self.members, len(self.packages), len(self.regions))

    @property
    def strength(self) -> float:
        """A score comparable with those of other eyes."""
        return STRENGTH_PER_MEMBER * self.members


def complaints(
    reports: tuple[Report, ...], *, pack: Pack, previous: Judgement | None, now: datetime
) -> Iterator[Complaint]:
    """Yield what the panel complains about, in the pack's order of functions and audiences.

    Where the function was found to work (again) since, older complaints no longer count.
    """
    latest: dict[tuple[str, str, str], Report] = {}
    for report in reports:
        if now - RECENT < report.at <= now:
            latest[report.function, report.audience, report.member] = report
    for function in pack.functions.values():
        for audience in function.audiences:
            works_since = _works_since(previous, Subject(function.id, audience))
            mine = [
                report
                for key, report in latest.items()
                if key[:2] == (function.id, audience) and (works_since is None or report.at > works_since)
            ]
            failing = [report for report in mine if not report.works]
            working = [report for report in mine if report.works]
            members = len(failing) - len(working)
            if members <= 0:
                continue
            yield Complaint(
                subject=Subject(function.id, audience),
                members=members,
                packages=tuple(dict.fromkeys(report.package for report in failing)),
                regions=tuple(dict.fromkeys(report.region for report in failing)),
                since=failing[0].at,
                latest=failing[-1].at,
            )


def _works_since(previous: Judgement | None, subject: Subject) -> datetime | None:
    known = previous.verdicts.get(subject) if previous is not None else None
    return known.since if known is not None and known.state is State.OK else None
