"""An incident's state, put together from the explanations that belong to it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.model import Judgement, State, Subject, Verdict, Witnesses
from tocsin.diagnosis.rules.model import Call, Explanation, Question, Suspect
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.reasons import Reason
from tocsin.observations.rules.model import Eye

LINGER = timedelta(minutes=5)
"""A function stays listed until it has been good for one whole interval, so that lists do not flicker."""

SEVERITIES = {State.OK: 0, State.UNKNOWN: 0, State.DEGRADED: 1, State.DOWN: 2}


@dataclass(frozen=True, slots=True)
class Picture:
    """What an incident looks like at this moment, before it is compared with what was known."""

    state: State
    confidence: float
    eyes: frozenset[Eye]
    functions: tuple[str, ...]
    audiences: tuple[str, ...] | None
    packages: tuple[str, ...] | None
    regions: tuple[str, ...] | None
    suspects: tuple[Suspect, ...]
    change: str | None
    reasons: tuple[Reason, ...]
    since: datetime
    services: tuple[str, ...]
    witnesses: Witnesses | None = None
    is_minor: bool = False
    elsewhere: float = 0.0
    questions: tuple[Question, ...] = ()
    calls: tuple[Call, ...] = ()


def picture(
    explanations: Sequence[Explanation], judgement: Judgement, *, pack: Pack, incident: Incident | None = None
) -> Picture:
    """Return the present picture of a fault; with `incident`, functions it lists linger."""
    lead = explanations[0]
    everyone = tuple(dict.fromkeys(subject for each in explanations for subject in each.subjects))
    # Beside what people notice, what fails once in a hundred calls is a symptom, not worth sending anybody to paper.
    noticed = tuple(subject for subject in everyone if not judgement.verdicts[subject].is_minor)
    subjects = noticed or everyone
    failing = [judgement.verdicts[subject] for subject in subjects]
    hit = set(subjects) | (_lingering(incident, judgement) if incident is not None else set())
    functions = tuple(name for name in pack.functions if any(subject.function == name for subject in hit))
    worst = max(failing, key=lambda verdict: (SEVERITIES[verdict.state], verdict.confidence))
    suspects = lead.suspects
    return Picture(
        state=worst.state,
        confidence=max(verdict.confidence for verdict in failing),
        eyes=frozenset[Eye]().union(*(verdict.eyes for verdict in failing)),
        functions=functions,
        audiences=_audiences(hit, functions, pack),
        packages=_widest((verdict.packages for verdict in failing), pack.packages),
        regions=_widest((verdict.regions for verdict in failing), pack.regions),
        suspects=suspects,
        change=suspects[0].change if suspects else None,
        reasons=_reasons(worst, suspects),
        since=min((each.since for each in explanations if each.since), default=worst.since),
        services=tuple(dict.fromkeys(service for each in explanations for service in each.services)),
        witnesses=_witnesses(failing, incident),
        is_minor=not noticed,
        elsewhere=lead.elsewhere,
        questions=lead.questions,
        calls=lead.calls,
    )


def _witnesses(failing: Iterable[Verdict], incident: Incident | None) -> Witnesses | None:
    # Those of the widest spread count: it takes several packages and regions, not many members of one practice.
    counts = [verdict.witnesses for verdict in failing]
    known = [count for count in (*counts, incident.witnesses if incident is not None else None) if count is not None]
    return max(known, key=lambda count: (min(count.packages, count.regions), count.members), default=None)


def _lingering(incident: Incident, judgement: Judgement) -> set[Subject]:
    listed = {
        subject: verdict
        for subject, verdict in judgement.verdicts.items()
        if subject.function in incident.functions
        and (incident.audiences is None or subject.audience in incident.audiences)
    }
    return {
        subject
        for subject, verdict in listed.items()
        if verdict.state is State.OK and judgement.at - verdict.since < LINGER
    }


def _audiences(hit: Iterable[Subject], functions: Sequence[str], pack: Pack) -> tuple[str, ...] | None:
    concerned = {subject.audience for subject in hit}
    possible = {audience for function in functions for audience in pack.functions[function].audiences}
    return None if concerned >= possible else tuple(name for name in pack.audiences if name in concerned)


def _widest(slices: Iterable[tuple[str, ...] | None], order: Iterable[str]) -> tuple[str, ...] | None:
    found: set[str] = set()
    for part in slices:
        if part is None:
            return None
        found.update(part)
    return tuple(name for name in order if name in found) or None


def _reasons(worst: Verdict, suspects: Sequence[Suspect]) -> tuple[Reason, ...]:
    return (*worst.reasons, *(suspects[0].reasons if suspects else ()))
