"""When is it over? On evidence: two good five-minute intervals, and nothing fresh that says otherwise."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tocsin.catalog.rules.graph import Graph
from tocsin.detection.rules.model import Judgement, State, Verdict
from tocsin.incidents.rules.model import Incident, Phase
from tocsin.incidents.rules.recovery import good_run_start
from tocsin.kernel.reasons import Reason
from tocsin.observations.rules.model import Evidence, Eye

INTERVAL = timedelta(minutes=5)
GOOD_INTERVALS = 2
"""Two consecutive good intervals end an incident, as gematik's public status does."""

FRESH = timedelta(minutes=5)
FRESH_ALONE = timedelta(minutes=10)
"""A report or probe older than an interval speaks of the past. Where no client software tells how callers fare, the
panel alone does, and its word counts for both intervals."""

BAD_REPORTS = 2
"""One report can be about something else; two members who agree cannot be overheard."""

FAILED_PROBES = 2
"""One failed check in an interval is chance."""

SEEN_GOOD = 0.5
"""At least this share of what the incident listed must be seen to work: eyes that are gone are no good news."""


def good_since(incident: Incident, judgement: Judgement, evidence: Evidence, *, now: datetime) -> datetime | None:
    """Return since when what the incident listed has been good; None while anything is bad or too little is seen.

    Half of it at least must be seen to work; what is unknown counts as listed, but never as good.

    A new good run is read back from what the services concerned showed. One that has begun goes on, but begins later
    when calls turn out to be still coming back.
    """
    verdicts = list(_listed(incident, judgement))
    if any(verdict.state in {State.DEGRADED, State.DOWN} for verdict in verdicts):
        return None
    seen_good = sum(verdict.state is State.OK for verdict in verdicts)
    if not seen_good or seen_good < SEEN_GOOD * len(verdicts):
        return None
    begun = incident.good_since
    read = good_run_start(evidence.rollups, incident.services, now=now, only_calls=begun is not None)
    if begun is None:
        return max(incident.opened_at, read or now)
    return max(begun, read or begun)


def contradictions(incident: Incident, evidence: Evidence, *, graph: Graph, now: datetime) -> tuple[Reason, ...]:
    """Return what still speaks against the end: fresh bad reports or failing probes."""
    return (*_bad_reports(incident, evidence, now), *_failing_probes(incident, evidence, graph, now))


def is_over(incident: Incident, *, contradicted: bool, now: datetime) -> bool:
    """Say whether the incident can be closed: enough good intervals, nothing against.

    What was only ever suspected, and never confirmed, needs one interval: a false alarm goes quickly.
    """
    if incident.good_since is None or contradicted:
        return False
    intervals = 1 if incident.phase is Phase.SUSPECTED else GOOD_INTERVALS
    return now - incident.good_since >= INTERVAL * intervals


def _listed(incident: Incident, judgement: Judgement) -> Iterator[Verdict]:
    for subject, verdict in judgement.verdicts.items():
        is_hit = incident.audiences is None or subject.audience in incident.audiences
        if subject.function in incident.functions and is_hit:
            yield verdict


def _bad_reports(incident: Incident, evidence: Evidence, now: datetime) -> Iterator[Reason]:
    since = now - (FRESH if Eye.CLIENT in evidence.last_seen else FRESH_ALONE)
    fresh = {
        report.member: report.works
        for report in evidence.reports
        if report.at > since
        and report.function in incident.functions
        and (incident.packages is None or report.package in incident.packages)
    }
    bad = sum(not works for works in fresh.values())
    if bad >= BAD_REPORTS and bad > len(fresh) - bad:
        yield Reason("incident.reports_contradict", {"bad_reports": bad, "good_reports": len(fresh) - bad})


def _failing_probes(incident: Incident, evidence: Evidence, graph: Graph, now: datetime) -> Iterator[Reason]:
    concerned = set(incident.services).union(*(graph.needs_of(service) for service in incident.services))
    failed: dict[str, int] = {}
    for probe in evidence.probes:
        if probe.at > now - FRESH and not probe.is_ok and probe.service in concerned:
            failed[probe.probe] = failed.get(probe.probe, 0) + 1
    for count in failed.values():
        if count >= FAILED_PROBES:
            yield Reason("incident.probes_contradict", {"failed_probes": count})
