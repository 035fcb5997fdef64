"""How witnesses earned their credit: their past words beside the troubles that were confirmed.

    member   spoke up in troubles of its own stratum │ complained on days when nothing was wrong
    partner  spoke while its services failed         │ spoke of trouble when there was none; "resolved" too early
    strays   complaints in calm, per function and audience: the level of the rhythm

Probes are `probe_records`'. Everything is a count in a Beta over the prior of somebody unknown (see `credence`).
Troubles that an operator took back as false alarms are not among them, so whoever caused one pays for it.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from statistics import median_high

from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.credence import (
    UNKNOWN_MEMBER,
    UNKNOWN_PARTNER,
    Credence,
    MemberRecord,
    PartnerRecord,
    ProbeRecord,
)
from tocsin.detection.rules.past import Membership, Past, Stratum, Trouble
from tocsin.observations.rules.model import Notice, Report

_HELD = timedelta(minutes=5)
"""A "resolved" is early when the trouble lasted this much longer."""
_BEFORE_IT = timedelta(minutes=30)
"""A partner may know of trouble before anybody is hit."""
_LATE_WORDS = 3
"""So many words are needed before a partner's usual delay is its own."""


def learned(past: Past, *, pack: Pack, probes: dict[str, ProbeRecord] | None = None) -> Credence:
    """Return what the past says of everybody; `probes` are the records of probes, which come from far more rows."""
    members = _members(past)
    return Credence(
        members={name: _member(name, membership, past) for name, membership in members.items()},
        probes=probes or {},
        partners={partner: _partner(partner, past, pack) for partner in pack.partners},
        joined={name: member.joined_at for name, member in past.members.items() if member.joined_at is not None},
        strays=_strays(past, pack),
        members_by_stratum=_strata(past),
    )


def _members(past: Past) -> dict[str, Membership]:
    """Return the members, and others who reported: of these, what their first report says."""
    members = dict(past.members)
    for report in past.reports:
        members.setdefault(report.member, Membership(Stratum(report.audience, report.package, report.region)))
    return members


def _member(name: str, membership: Membership, past: Past) -> MemberRecord:
    since = max(past.since, membership.joined_at or past.since)
    complaints = [report for report in past.reports if report.member == name and not report.works]
    own = [trouble for trouble in past.troubles if trouble.began >= since and trouble.hits(membership.stratum)]
    spoke = sum(any(_is_about(report, trouble) for report in complaints) for trouble in own)
    cried = len({report.at.date() for report in complaints if _is_stray(report, past.troubles)})
    days = max((past.until - since) / timedelta(days=1), float(cried))
    return MemberRecord(
        speaks=UNKNOWN_MEMBER.speaks.seen(spoke, len(own) - spoke), cries=UNKNOWN_MEMBER.cries.seen(cried, days - cried)
    )


def _is_about(report: Report, trouble: Trouble) -> bool:
    return report.function in trouble.functions and trouble.is_spoken_of(report.at)


def _is_stray(report: Report, troubles: Sequence[Trouble]) -> bool:
    """Say whether nothing was wrong at all when it came: whom a trouble hits often names a function next to it."""
    return not any(trouble.is_spoken_of(report.at) for trouble in troubles)


def _strays(past: Past, pack: Pack) -> dict[tuple[str, str], tuple[float, float]]:
    """Return the complaints in calm per function and audience, each member once a day, and in how many days."""
    stray: set[tuple[str, str, str, date]] = {
        (report.function, report.audience, report.member, report.at.date())
        for report in past.reports
        if not report.works and _is_stray(report, past.troubles)
    }
    count: dict[tuple[str, str], float] = {
        (function.id, audience): 0.0 for function in pack.functions.values() for audience in function.audiences
    }
    for function, audience, _, _ in stray:
        if (function, audience) in count:
            count[function, audience] += 1.0
    return {subject: (number, past.days) for subject, number in count.items()}


def _strata(past: Past) -> dict[tuple[str, str, str], int]:
    count: dict[tuple[str, str, str], int] = {}
    for member in past.members.values():
        key = (member.stratum.audience, member.stratum.package, member.stratum.region)
        count[key] = count.get(key, 0) + 1
    return count


def _partner(partner: str, past: Past, pack: Pack) -> PartnerRecord:
    services = frozenset(service.id for service in pack.services.values() if service.partner == partner)
    own = [trouble for trouble in past.troubles if trouble.services & services]
    words = [notice for notice in past.notices if notice.partner == partner and notice.state != "maintenance"]
    troubled = [notice for notice in words if notice.state != "resolved"]
    delays = list(_delays(own, troubled))
    cried = len({notice.at.date() for notice in troubled if not any(_may_mean(notice, each) for each in own)})
    early = [_was_early(notice, own) for notice in words if notice.state == "resolved"]
    held = [each for each in early if each is not None]
    spoke = len(delays)
    usual = UNKNOWN_PARTNER
    return PartnerRecord(
        speaks=usual.speaks.seen(spoke, len(own) - spoke),
        cries=usual.cries.seen(cried, max(past.days - cried, 0.0)),
        resolves=usual.resolves.seen(len(held) - sum(held), sum(held)),
        late=median_high(delays) if spoke >= _LATE_WORDS else usual.late,
    )


def _delays(troubles: Sequence[Trouble], words: Sequence[Notice]) -> Iterator[timedelta]:
    """Yield how long after its beginning the partner spoke of each trouble that it spoke of while it lasted."""
    for trouble in troubles:
        said = [notice.at for notice in words if trouble.began - _BEFORE_IT <= notice.at <= trouble.ended]
        if said:
            yield max(min(said) - trouble.began, timedelta())


def _may_mean(notice: Notice, trouble: Trouble) -> bool:
    return trouble.began - _BEFORE_IT <= notice.at and trouble.is_spoken_of(max(notice.at, trouble.began))


def _was_early(notice: Notice, troubles: Sequence[Trouble]) -> bool | None:
    """Say whether "resolved" was said while it still failed; None where it speaks of no trouble that is known."""
    meant = [each for each in troubles if each.began <= notice.at and _ended_lately(each.ended, notice.at)]
    return any(each.ended > notice.at + _HELD for each in meant) if meant else None


def _ended_lately(ended: datetime, at: datetime) -> bool:
    return ended >= at - timedelta(hours=2)
