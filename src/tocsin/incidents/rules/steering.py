"""What happens to incidents in this tick: opened, updated, closed, promises that fall due.

    suspected → confirmed → identified → mitigated → monitoring → resolved
                    ↑__________________________________|   when the trouble returns

Suspected: something fails, on one eye or without certainty. Confirmed: two independent eyes agree. Identified: one
suspect stands out. Mitigated: a repair of it is done, while the trouble still shows. Monitoring: a good run has begun.
Resolved: two good intervals without contradiction. Updates are made only of what is worth telling (see
`_news`), and not oftener than `QUIET`, unless it gets worse; a confirmation waits for nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.catalog.rules.graph import Graph, graph_of
from tocsin.catalog.rules.model import Pack
from tocsin.changes.rules import NO_INTERVENTIONS, ChangeEvent, Interventions, mitigations
from tocsin.detection.rules.model import Judgement, State
from tocsin.diagnosis.rules.model import Explanation
from tocsin.diagnosis.rules.rankings import continued, first_since
from tocsin.incidents.rules.assembly import SEVERITIES, Picture, picture
from tocsin.incidents.rules.closing import contradictions, good_since, is_over
from tocsin.incidents.rules.matching import REOPENS_WITHIN, assign, is_independent
from tocsin.incidents.rules.model import Incident, IncidentEvent, Phase
from tocsin.incidents.rules.promises import Word, next_promise, promise_step
from tocsin.incidents.rules.upkeep import Window, gone_wrong, is_expected, windows
from tocsin.kernel.clock import in_brussels
from tocsin.kernel.reasons import Reason
from tocsin.observations.rules.model import Evidence, Eye

OPENING_EYES = 2
OPENING_CONFIDENCE = 0.9
"""Two independent eyes that agree, with this confidence, open an incident at once."""

LONE_EYES = frozenset({Eye.FRONT, Eye.CLIENT})
LONE_CONFIDENCE = 0.75
LONE_WAIT = timedelta(seconds=65)
"""One eye alone must be nearly as sure as one eye can be (belief never exceeds 0.86 on one, 0.79 while another looks on
and sees nothing), and stay so for some ticks: the next eye may be about to speak. Probes alone open nothing: they may
look from where no user stands."""

HEARSAY_CONFIDENCE = 0.65
HEARSAY_SPREAD = 2
HEARSAY_WAIT = timedelta(minutes=2)
"""The panel alone opens a suspicion, also while instruments are content, when its witnesses share neither software nor
province: it is the eye that sees what the platform cannot."""

MINOR_WAIT = timedelta(minutes=4)
"""What fails so rarely that few notice must last: much of it is a hiccup."""

SECOND_WAIT = timedelta(minutes=3)
"""A further fault during an open incident must last: the first one's symptoms are still unfolding. Once they have had
so long to unfold, a fault that is clearly independent of them waits no longer than a first one."""

STANDS_OUT = 0.6
"""A suspect believed more than all others together is identified."""

YIELDS = timedelta(minutes=2)
"""Who was identified gives way when another has clearly led as long as they had, two minutes at most: evidence settles
within a minute or two, and one tick's surprise in a fault of an hour is no new cause."""

QUIET = timedelta(minutes=5)
WORSENS = timedelta(minutes=1)
"""Between two updates at least so long, or so long when it gets worse."""

WIDENS = timedelta(minutes=1)
"""More functions, professions, software or places are told only when they have been seen so long without a break: one
tick's noise elsewhere must not send another profession to paper."""

EASES = timedelta(minutes=15)
"""Who was told "does not work" is told "slow or fails now and then" only this long after: a share that wavers about the
limit would otherwise have people try, fail, and go back to paper every few minutes."""

ONSET_IN_VIEW = timedelta(minutes=10)
ONSET_MOVED = timedelta(seconds=30)
"""So long after the opening an update may still correct since when users are hit, if by this much."""

STEADY = 0.15
"""By how much a new suspect must lead before the change of lead is worth telling."""


@dataclass(frozen=True, slots=True)
class Moment:
    """All that a step looks at."""

    judgement: Judgement
    evidence: Evidence
    changes: tuple[ChangeEvent, ...]
    told: Mapping[str, Word]
    pack: Pack
    graph: Graph
    now: datetime
    planned: tuple[Window, ...] = ()


def next_steps(
    incidents: Sequence[Incident],
    judgement: Judgement,
    explanations: Sequence[Explanation],
    *,
    evidence: Evidence,
    pack: Pack,
    now: datetime,
    interventions: Interventions = NO_INTERVENTIONS,
    told: Mapping[str, Word] | None = None,
) -> tuple[IncidentEvent, ...]:
    """Return what happens now to the incidents, in their order, new ones last.

    `incidents` are the open ones and those closed within a day; `told` says what the public last heard of each.
    What announced maintenance explains opens no incident while its time lasts.
    """
    live = [each for each in incidents if each.is_open or _may_reopen(each, now)]
    if not live and not explanations:
        return ()
    graph = graph_of(pack)
    planned = windows(interventions.maintenance, evidence.notices, pack=pack, graph=graph, now=now)
    moment = Moment(judgement, evidence, interventions.changes, told or {}, pack, graph, now, planned)
    matched, unmatched = assign(explanations, live, pack=pack)
    steps = [event for each in live for event in _step(each, matched.get(each.id, []), moment)]
    return (*steps, *_openings(unmatched, incidents, moment))


def _may_reopen(incident: Incident, now: datetime) -> bool:
    return incident.closed_at is not None and now - incident.closed_at <= REOPENS_WITHIN


def _openings(
    explanations: Sequence[Explanation], incidents: Sequence[Incident], moment: Moment
) -> Iterator[IncidentEvent]:
    going_on = [each for each in incidents if each.is_open]
    day = in_brussels(moment.now).date().isoformat()
    number = sum(each.id.startswith(f"{day}-") for each in incidents)
    for explanation in explanations:
        found = picture([explanation], moment.judgement, pack=moment.pack)
        is_busy = _must_last(explanation, going_on, moment)
        if is_expected(found, moment.planned, now=moment.now) or not opens(found, is_busy=is_busy, now=moment.now):
            continue
        number += 1
        wrong = gone_wrong(found, moment.planned, now=moment.now)
        incident = _opened(f"{day}-{number}", replace(found, reasons=(*wrong, *found.reasons)), moment)
        going_on.append(incident)
        yield IncidentEvent("opened", moment.now, incident, incident.reasons)


def _must_last(explanation: Explanation, going_on: Sequence[Incident], moment: Moment) -> bool:
    unfolding = any(moment.now - each.opened_at < SECOND_WAIT for each in going_on)
    return unfolding or not is_independent(explanation, going_on, pack=moment.pack, graph=moment.graph)


def opens(found: Picture, *, is_busy: bool, now: datetime) -> bool:
    """Say whether a fault that belongs to no incident is sure enough, for long enough, to open one."""
    lasted = now - found.since
    if (is_busy and (lasted < SECOND_WAIT or not found.services)) or (found.is_minor and lasted < MINOR_WAIT):
        return False
    if len(found.eyes) >= OPENING_EYES and found.confidence >= OPENING_CONFIDENCE:
        return True
    if found.eyes & LONE_EYES:
        return found.confidence >= LONE_CONFIDENCE and lasted >= LONE_WAIT
    return _is_widely_reported(found) and found.confidence >= HEARSAY_CONFIDENCE and lasted >= HEARSAY_WAIT


def _is_widely_reported(found: Picture) -> bool:
    seen = found.witnesses
    return Eye.PANEL in found.eyes and seen is not None and min(seen.packages, seen.regions) >= HEARSAY_SPREAD


def _opened(identity: str, found: Picture, moment: Moment) -> Incident:
    phase = _phase(Phase.SUSPECTED, found, moment, onset=found.since)
    return Incident(
        id=identity,
        opened_at=moment.now,
        hit_since=min(found.since, moment.now),
        phase=phase,
        phase_since=moment.now,
        state=found.state,
        confidence=found.confidence,
        eyes=found.eyes,
        functions=found.functions,
        audiences=found.audiences,
        packages=found.packages,
        regions=found.regions,
        suspects=found.suspects,
        change=found.change,
        reasons=found.reasons,
        next_update_at=next_promise(moment.now),
        updated_at=moment.now,
        services=found.services,
        witnesses=found.witnesses,
        is_minor=found.is_minor,
        elsewhere=found.elsewhere,
        questions=found.questions,
        calls=found.calls,
        rankings=continued((), found.suspects, elsewhere=found.elsewhere, now=moment.now),
    )


def _step(incident: Incident, explanations: Sequence[Explanation], moment: Moment) -> Iterator[IncidentEvent]:
    if not incident.is_open and not explanations:
        return
    after = _troubled(incident, explanations, moment) if explanations else _eased(incident, moment)
    if after is not None:
        yield after
        incident = after.incident
    if incident.is_open:
        yield from _promises(incident, moment)


def _troubled(incident: Incident, explanations: Sequence[Explanation], moment: Moment) -> IncidentEvent | None:
    found = picture(explanations, moment.judgement, pack=moment.pack, incident=incident)
    if not incident.is_open and not _has_returned(incident, found, moment):
        return None
    phase = _phase(incident.phase, found, moment, onset=incident.hit_since)
    rankings = continued(incident.rankings, found.suspects, elsewhere=found.elsewhere, now=moment.now)
    is_believed = _is_believed(replace(incident, rankings=rankings), found, moment.now)
    after = replace(
        incident,
        phase=phase,
        phase_since=incident.phase_since if phase is incident.phase else moment.now,
        hit_since=_onset(incident, found, moment.now),
        state=_state(incident, found, moment.now),
        confidence=max(found.confidence, incident.confidence),
        eyes=incident.eyes | found.eyes,
        functions=found.functions,
        audiences=found.audiences,
        packages=found.packages,
        regions=found.regions,
        suspects=found.suspects if is_believed else incident.suspects,
        change=found.change if is_believed else incident.change,
        reasons=found.reasons,
        services=found.services if is_believed else incident.services,
        witnesses=found.witnesses,
        is_minor=incident.is_minor and found.is_minor,
        elsewhere=found.elsewhere if is_believed else incident.elsewhere,
        questions=found.questions if is_believed else incident.questions,
        calls=found.calls if is_believed else incident.calls,
        rankings=rankings,
        good_since=None,
        closed_at=None,
    )
    if not incident.is_open:
        # What was taken back as a false alarm and now begins anew is one no longer.
        reopened = replace(after, next_update_at=next_promise(moment.now), updated_at=moment.now, retracted_at=None)
        return IncidentEvent("updated", moment.now, reopened, (Reason("incident.reopened"),))
    return _told_or_watched(incident, after, moment)


def _state(incident: Incident, found: Picture, now: datetime) -> State:
    is_milder = incident.is_open and SEVERITIES[found.state] < SEVERITIES[incident.state]
    is_early = now - (incident.updated_at or incident.opened_at) < EASES
    return incident.state if is_milder and is_early else found.state


def _is_believed(incident: Incident, found: Picture, now: datetime) -> bool:
    # Who was identified gives way only to somebody who clearly leads, and not while the trouble fades: what is left of
    # it then has a best suspect of its own, who explains the remainder and not the outage.
    if not found.suspects or not incident.suspects:
        return bool(found.suspects)
    if incident.phase not in {Phase.IDENTIFIED, Phase.MITIGATED, Phase.MONITORING}:
        return True
    lead, held = found.suspects[0], incident.suspects[0].id
    left = next((each.score for each in found.suspects if each.id == held), 0.0)
    if lead.id == held or _fades(incident, found, now) or lead.score - left < STEADY:
        return lead.id == held
    leads = first_since(incident.rankings)
    return now - leads >= min(YIELDS, leads - incident.opened_at)


def _fades(incident: Incident, found: Picture, now: datetime) -> bool:
    remainder = set(found.services) & set(incident.services)
    return now - incident.opened_at > ONSET_IN_VIEW and 2 * len(remainder) <= len(incident.services)


def _has_returned(incident: Incident, found: Picture, moment: Moment) -> bool:
    # What was already there when somebody closed the incident is what they closed it on, not a return.
    began = incident.good_since or incident.closed_at
    return began is not None and found.since >= began and opens(found, is_busy=False, now=moment.now)


def _told_or_watched(before: Incident, after: Incident, moment: Moment) -> IncidentEvent | None:
    wider_since = _wider_since(before, after, moment.now)
    is_held_back = wider_since is not None and moment.now - wider_since < WIDENS
    reasons = tuple(_news(before, after))
    waited = moment.now - (before.updated_at or before.opened_at)
    if reasons and waited >= _gap(before, after) and not is_held_back:
        told = replace(after, updated_at=moment.now, wider_since=None)
        return IncidentEvent("updated", moment.now, told, reasons)
    if before.good_since is not None or (wider_since, after.rankings) != (before.wider_since, before.rankings):
        return _watched(replace(before, rankings=after.rankings), moment, wider_since)
    return None


def _wider_since(before: Incident, after: Incident, now: datetime) -> datetime | None:
    # A suspicion that is confirmed brings its own picture: there was no word yet that it could widen.
    if before.phase is Phase.SUSPECTED or before.is_minor or not _is_wider(before, after):
        return None
    return before.wider_since or now


def _is_wider(before: Incident, after: Incident) -> bool:
    scopes = ((getattr(before, name), getattr(after, name)) for name in ("audiences", "packages", "regions"))
    return bool(set(after.functions) - set(before.functions)) or any(
        old is not None and (new is None or set(new) - set(old)) for old, new in scopes
    )


def _watched(before: Incident, moment: Moment, wider_since: datetime | None) -> IncidentEvent:
    is_broken = before.good_since is not None
    reason = Reason("incident.good_run_broken") if is_broken else Reason("incident.scope")
    after = replace(before, good_since=None, wider_since=wider_since)
    return IncidentEvent("watched", moment.now, after, (reason,))


def _onset(incident: Incident, found: Picture, now: datetime) -> datetime:
    began = min(found.since, incident.opened_at)
    has_moved = abs(began - incident.hit_since) >= ONSET_MOVED
    return began if has_moved and now - incident.opened_at <= ONSET_IN_VIEW else incident.hit_since


def _news(before: Incident, after: Incident) -> Iterator[Reason]:
    if after.phase is not before.phase:
        yield Reason("incident.phase", {"from": before.phase.value, "to": after.phase.value})
    if before.is_minor and not after.is_minor:
        yield Reason("incident.noticed")
    if after.state is not before.state:
        yield Reason("incident.state", {"from": before.state.value, "to": after.state.value})
    if after.functions != before.functions:
        yield Reason("incident.functions", {"before": len(before.functions), "now": len(after.functions)})
    if (after.audiences, after.packages, after.regions) != (before.audiences, before.packages, before.regions):
        yield Reason("incident.scope")
    if _lead_changed(before, after):
        yield Reason("incident.lead", {"suspect": after.suspects[0].id})
    if after.change != before.change:
        yield Reason("incident.change", {"change": after.change})


def _lead_changed(before: Incident, after: Incident) -> bool:
    if not after.suspects or not before.suspects:
        return bool(after.suspects)
    old = next((each.score for each in after.suspects if each.id == before.suspects[0].id), 0.0)
    return after.suspects[0].score - old >= STEADY


def _gap(before: Incident, after: Incident) -> timedelta:
    # That a suspicion is confirmed, or that people now notice, waits for nothing: the first message may hang on it.
    is_confirmed = before.phase is Phase.SUSPECTED and after.phase is not Phase.SUSPECTED
    if is_confirmed or (before.is_minor and not after.is_minor):
        return timedelta(0)
    return WORSENS if _is_worse(before, after) else QUIET


def _is_worse(before: Incident, after: Incident) -> bool:
    return SEVERITIES[after.state] > SEVERITIES[before.state] or bool(set(after.functions) - set(before.functions))


def _phase(phase: Phase, found: Picture, moment: Moment, *, onset: datetime) -> Phase:
    is_agreed = len(found.eyes) >= OPENING_EYES and found.confidence >= OPENING_CONFIDENCE
    if phase is Phase.SUSPECTED and not is_agreed:
        return Phase.SUSPECTED
    suspected = frozenset(suspect.id for suspect in found.suspects[:1]) | frozenset(found.services)
    repairs = mitigations(moment.changes, services=suspected, onset=onset, now=moment.now)
    if any(event.kind != "started" for event in repairs):
        return Phase.MITIGATED
    if found.suspects and found.suspects[0].score >= STANDS_OUT:
        return Phase.IDENTIFIED
    # Once identified it stays so: a wavering score is no news. Trouble that returns is confirmed anew.
    return phase if phase in {Phase.IDENTIFIED, Phase.MITIGATED} else Phase.CONFIRMED


def _eased(incident: Incident, moment: Moment) -> IncidentEvent | None:
    since = good_since(incident, moment.judgement, moment.evidence, now=moment.now)
    if since is None:
        return None if incident.good_since is None else _watched(incident, moment, None)
    against = contradictions(incident, moment.evidence, graph=moment.graph, now=moment.now)
    after = replace(incident, good_since=since)
    if is_over(after, contradicted=bool(against), now=moment.now):
        closed = replace(
            after,
            phase=Phase.RESOLVED,
            phase_since=moment.now,
            closed_at=moment.now,
            next_update_at=None,
            due_at=None,
            updated_at=moment.now,
        )
        return IncidentEvent("closed", moment.now, closed, (Reason("incident.good_intervals"),))
    if incident.phase not in {Phase.MONITORING, Phase.SUSPECTED} and not against:
        watched = replace(after, phase=Phase.MONITORING, phase_since=moment.now, updated_at=moment.now)
        return IncidentEvent("updated", moment.now, watched, tuple(_news(incident, watched)))
    if incident.good_since is None:
        return IncidentEvent("watched", moment.now, after, (Reason("incident.good_run_begun"),))
    return None


def _promises(incident: Incident, moment: Moment) -> Iterator[IncidentEvent]:
    step = promise_step(incident, moment.told.get(incident.id), now=moment.now)
    if step is not None:
        yield step
