"""The tick's judgement: which functions work for whom, as far as the eyes can tell.

    count the window → signals by share, volume, checks → drop what other eyes contradict → verdicts per subject

A pure function of the evidence, what is usual, and the last judgement (for hysteresis). Nothing here knows what the
time is: `now` is handed in.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.absence import absence_signals, excused
from tocsin.detection.rules.agreement import uncontradicted
from tocsin.detection.rules.blindness import blind_eyes, seen_by_open_eyes
from tocsin.detection.rules.disagreement import vantage_signals
from tocsin.detection.rules.expected import flow
from tocsin.detection.rules.findings import Found
from tocsin.detection.rules.hollow import hollow_signals
from tocsin.detection.rules.model import Judgement, Signal, Subject, Verdict
from tocsin.detection.rules.probing import probe_signals
from tocsin.detection.rules.profile import Profile
from tocsin.detection.rules.reach import Reach
from tocsin.detection.rules.reporting import Complaint, complaints
from tocsin.detection.rules.retrying import retry_signals
from tocsin.detection.rules.shares import share_signals
from tocsin.detection.rules.stating import stated
from tocsin.detection.rules.tallies import Tally, tally
from tocsin.detection.rules.verdicts import Case, Sight, previous_verdict, verdict
from tocsin.detection.rules.volume import volume_signals
from tocsin.observations.rules.model import VANTAGES, Evidence, Eye

_LOOKED_LATELY = timedelta(minutes=10)


def judge(evidence: Evidence, *, pack: Pack, profile: Profile, previous: Judgement | None, now: datetime) -> Judgement:
    """Return the judgement at `now`, with one verdict for every function × audience in the pack's order.

    `previous` is the last tick's judgement; without it everything is judged afresh (a signal then takes its full
    bar to appear, which after a restart costs a minute at most).
    """
    counts = tally(evidence, pack=pack, profile=profile)
    blind = blind_eyes(evidence, profile=profile, previous=previous, now=now)
    found = seen_by_open_eyes(_findings(evidence, counts, pack=pack, profile=profile, previous=previous), blind)
    heard = {
        complaint.subject: complaint
        for complaint in _complaints(evidence, pack=pack, profile=profile, previous=previous)
    }
    reach = Reach.of(pack)
    shared = frozenset(service for each in pack.functions.values() if each.is_login for service in each.uses)
    sight = Sight(seeing=_seeing(evidence, counts, blind=blind), blind=blind, shared=shared)
    last_at = None if previous is None else previous.at
    verdicts: dict[Subject, Verdict] = {}
    for function in pack.functions.values():
        words = evidence.notices if Eye.PARTNER in evidence.last_seen else ()
        notices = list(stated(function, words, pack=pack, credence=profile.credence))
        for audience in function.audiences:
            subject = Subject(function.id, audience)
            case = Case(
                function=function,
                subject=subject,
                telling=reach.telling(function, audience, found),
                complaint=heard.get(subject),
                notices=notices,
                previous=previous_verdict(previous, subject),
            )
            verdicts[subject] = verdict(case, reach=reach, sight=sight, last_at=last_at, now=now)
    signals = (*(one.signal for one in found), *_report_signals(heard.values(), reach))
    return Judgement(at=now, verdicts=verdicts, signals=signals, blind=blind)


def _findings(
    evidence: Evidence, counts: Tally, *, pack: Pack, profile: Profile, previous: Judgement | None
) -> list[Found]:
    now = evidence.now
    # What is about all callers comes before what is about some: it is the former that detectors ask for.
    last = previous.signals[::-1] if previous is not None else ()
    before = {(one.service, one.eye, one.kind): one for one in last}
    shares = share_signals(counts, profile=profile, previous=before, now=now)
    flows = flow(counts, pack=pack, profile=profile, previous=previous, now=now)
    slices = list(absence_signals(counts, flows, pack=pack, profile=profile, previous=previous, now=now))
    volumes = list(volume_signals(excused(flows, slices, profile), profile=profile, previous=before, now=now))
    missed = {one.signal.service for one in volumes if one.signal.eye is Eye.FRONT and one.is_leading}
    volumes.extend(one for one in slices if one.signal.service not in missed)
    shares.extend(hollow_signals(evidence, profile=profile, previous=before))
    shares.extend(vantage_signals(counts, profile=profile, previous=before, now=now))
    shares.extend(retry_signals(counts, flows, profile=profile, previous=before, now=now))
    checks: list[Found] = []
    if Eye.PROBES in evidence.last_seen:
        checks = list(
            probe_signals(
                evidence.probes, services=tuple(pack.services), previous=before, now=now, credence=profile.credence
            )
        )
    return uncontradicted([*shares, *volumes, *checks], counts=counts, flows=flows, profile=profile, evidence=evidence)


def _complaints(evidence: Evidence, *, pack: Pack, profile: Profile, previous: Judgement | None) -> list[Complaint]:
    if Eye.PANEL not in evidence.last_seen and not evidence.reports:
        return []
    return list(complaints(evidence.reports, pack=pack, previous=previous, now=evidence.now, credence=profile.credence))


def _seeing(evidence: Evidence, counts: Tally, *, blind: Collection[Eye]) -> dict[str, frozenset[Eye]]:
    """Return, per service, which eyes looked at it within the last ten minutes and still see.

    What an eye saw before it went blind says nothing of now: a green that nobody checks is wrong.
    """
    called = counts.totals[:4].sum(axis=(0, 3)) > 0
    seeing: dict[str, set[Eye]] = {}
    for vantage, eye in enumerate(VANTAGES):
        for service, name in enumerate(counts.names.services):
            if called[vantage, service]:
                seeing.setdefault(name, set()).add(eye)
    if Eye.PROBES in evidence.last_seen:
        for result in evidence.probes:
            if result.at > evidence.now - _LOOKED_LATELY:
                seeing.setdefault(result.service, set()).add(Eye.PROBES)
    return {service: frozenset(eyes.difference(blind)) for service, eyes in seeing.items()}


def _report_signals(heard: Iterable[Complaint], reach: Reach) -> list[Signal]:
    """Return the panel's complaints as signals on the service that is most the function's own."""
    strongest: dict[str, Signal] = {}
    for complaint in heard:
        service = reach.own_service(reach.pack.functions[complaint.subject.function])
        if service is None:
            continue
        known = strongest.get(service)
        if known is None or complaint.strength > known.strength:
            strongest[service] = Signal(
                service=service,
                eye=Eye.PANEL,
                kind="reports",
                strength=complaint.strength,
                observed=float(complaint.members),
                expected=0.0,
                since=complaint.since,
                packages=complaint.packages,
                regions=complaint.regions,
            )
    return list(strongest.values())
