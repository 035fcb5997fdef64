"""How far witnesses are to be believed, learned from the database: past incidents beside everybody's past words."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.accounts.queries import panel
from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.credence import Credence
from tocsin.detection.rules.past import Membership, Past, Stratum, Trouble
from tocsin.detection.rules.probe_records import probe_records
from tocsin.detection.rules.reliability import learned
from tocsin.incidents.queries import settled
from tocsin.incidents.rules.model import Incident
from tocsin.observations.queries import checks_between, notices_between, reports_between

WORDS_BACK = timedelta(days=180)
"""Troubles are few: it takes half a year of them to know a witness."""

CHECKS_BACK = timedelta(days=14)
"""Checks are many, and what is checked changes."""


def credence_at(now: datetime, *, pack: Pack) -> Credence:
    """Return what the half year before `now` says of members and partners, and the last two weeks of probes."""
    back = now - WORDS_BACK
    troubles = tuple(_trouble(each) for each in settled(back))
    members = {
        row.pseudonym: Membership(Stratum(row.audience, row.package, row.region), row.invited_at) for row in panel()
    }
    past = Past(
        since=back,
        until=now,
        troubles=troubles,
        members=members,
        reports=reports_between(back, now),
        notices=notices_between(back, now),
    )
    checks = probe_records(checks_between(now - CHECKS_BACK, now), troubles)
    return learned(replace(past, since=max(back, _beginning(past))), pack=pack, probes=checks)


def _beginning(past: Past) -> datetime:
    """Return when anything was first written down: days before that were not calm, they are unknown."""
    joined = (each.joined_at for each in past.members.values() if each.joined_at is not None)
    reported, stated = (each.at for each in past.reports[:1]), (each.at for each in past.notices[:1])
    return min((*joined, *reported, *stated, *(trouble.began for trouble in past.troubles)), default=past.until)


def _trouble(incident: Incident) -> Trouble:
    # What it was traced to counts among its services: a partner is judged by what it said of the very cause.
    cause = {incident.suspects[0].id} if incident.suspects else set()
    ended = incident.good_since or incident.closed_at or incident.opened_at
    return Trouble(
        began=incident.hit_since,
        ended=max(ended, incident.hit_since),
        functions=frozenset(incident.functions),
        services=frozenset(incident.services) | cause,
        audiences=_named(incident.audiences),
        packages=_named(incident.packages),
        regions=_named(incident.regions),
    )


def _named(ids: Iterable[str] | None) -> frozenset[str] | None:
    return None if ids is None else frozenset(ids)
