"""Who is suspected of what fails: one explanation per fault, its suspects ranked.

Faults are taken one at a time: the candidate that explains the troubles best takes away all it accounts for; what
is left, if it is sure and hits somebody, is a fault of its own. Within a fault every candidate that shares in it is
scored on that fault's troubles alone. Where people report what no instrument sees, `unseen` ranks by what the
failing functions share and the working ones do not.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.catalog.rules.graph import Graph, graph_of
from tocsin.catalog.rules.model import Pack
from tocsin.changes.rules import ChangeEvent, clues
from tocsin.detection.rules.model import Judgement, State, Subject, Verdict
from tocsin.diagnosis.rules.candidates import Candidate, candidates
from tocsin.diagnosis.rules.case import Case
from tocsin.diagnosis.rules.courses import courses, recently_called, unease
from tocsin.diagnosis.rules.model import NO_BACKGROUND, Background, Course, Explanation, Suspect
from tocsin.diagnosis.rules.scoring import Score, outside, promising, score
from tocsin.diagnosis.rules.telling_apart import calls, questions
from tocsin.diagnosis.rules.troubles import Trouble, cut_off_with, secondary, troubles
from tocsin.diagnosis.rules.unseen import unseen_scores
from tocsin.observations.rules.model import Evidence

BAD = frozenset({State.DEGRADED, State.DOWN})
"""The states that want an explanation."""

RESIDUAL = 0.8
"""How sure a trouble must be to be taken for a fault of its own, once the others are explained."""

MOST_FAULTS = 4
"""More independent faults at once than this are not told apart: the last takes the rest."""

MOST_SUSPECTS = 5
ALWAYS_NAMED = 3
LEAST_SCORE = 0.01
"""A duty officer reads five names, three in any case; below one in a hundred a further name is noise."""

TEMPERATURE = 0.7
"""How far apart two candidates' scores must be for one to be e times as believable as the other."""

UNSEEN_OUTSIDE = 0.0
"""Where only people see the trouble, what nobody put on the map costs as much as what half of the functions share."""

HEALTH_WINDOW = timedelta(minutes=5)
"""A service counts as watched when it was called, or probed, within so long."""


@dataclass(frozen=True, slots=True)
class _Look:
    """All that explaining looks at: the case, everybody who could be at fault, what fails, and when it is.

    `echoes` are the troubles that are only a consequence of others.
    """

    case: Case
    echoes: Mapping[str, Trouble]
    everyone: Mapping[str, Candidate]
    failing: Mapping[Subject, Verdict]
    judgement: Judgement
    evidence: Evidence


def explain(
    judgement: Judgement,
    *,
    evidence: Evidence,
    changes: Sequence[ChangeEvent],
    pack: Pack,
    now: datetime,
    background: Background = NO_BACKGROUND,
) -> tuple[Explanation, ...]:
    """Return one explanation per independent fault behind the bad verdicts, worst first; none when all is well."""
    failing = {subject: verdict for subject, verdict in judgement.verdicts.items() if verdict.state in BAD}
    if not failing:
        return ()
    graph = graph_of(pack)
    found = troubles(judgement.signals, pack=pack)
    consequences = secondary(found, pack=pack, graph=graph)
    primary = {service: trouble for service, trouble in found.items() if service not in consequences}
    onset = min((trouble.since for trouble in primary.values()), default=min(v.since for v in failing.values()))
    healthy = _watched(evidence, now=now) - found.keys()
    case = Case(
        troubles=primary,
        healthy=healthy,
        clues=clues(changes, onset=onset, now=now),
        notices=evidence.notices,
        graph=graph,
        pack=pack,
        background=background,
    )
    everyone = {candidate.id: candidate for candidate in reversed(candidates(pack, graph))}
    echoes = {service: trouble for service, trouble in found.items() if service in consequences}
    look = _Look(case, echoes, everyone, failing, judgement, evidence)
    explanations = _faults(look, candidates(pack, graph))
    accounted = {subject for explanation in explanations for subject in explanation.subjects}
    accounted.update(_subjects_hit(consequences, failing, graph))
    left = {subject: verdict for subject, verdict in failing.items() if subject not in accounted}
    return _with_the_rest(explanations, left, look)


def _faults(look: _Look, everyone: Sequence[Candidate]) -> tuple[Explanation, ...]:
    explanations: list[Explanation] = []
    left = dict(look.case.troubles)
    while left and len(explanations) < MOST_FAULTS:
        case = replace(look.case, troubles=left)
        possible = promising(everyone, case)
        if not possible:
            break
        case = replace(case, unease=_unease(possible, case, look))
        scores = [score(each, case) for each in possible]
        best = max(scores, key=lambda each: each.total)
        part = {service: left[service] for service in left if service in best.candidate.reach}
        if len(part) < len(left):
            # Within the fault, everybody is scored on that fault's troubles alone.
            left = {service: trouble for service, trouble in left.items() if service not in part}
            case = replace(case, troubles=part)
            scores = [score(each, case) for each in promising(everyone, case)]
        else:
            left = {}
        hit = part.keys() | _swept_along(best.candidate, part, look.echoes)
        subjects = _subjects_hit(hit, look.failing, look.case.graph)
        is_sure = max(trouble.certainty for trouble in part.values()) >= RESIDUAL
        if subjects and (is_sure or not explanations):
            explanations.append(_explanation(case, subjects, scores, look))
    return tuple(explanations)


def _swept_along(cause: Candidate, part: Mapping[str, Trouble], echoes: Mapping[str, Trouble]) -> set[str]:
    # What merely dwindles accuses nobody, but it is hit where the cause takes it down, or its callers are cut off too.
    return {
        service
        for service, echo in echoes.items()
        if (cause.kind != "package" and service in cause.reach) or cut_off_with(echo, part)
    }


def _unease(possible: Sequence[Candidate], case: Case, look: _Look) -> Mapping[str, float]:
    # How well somebody is matters only of those who may be suspected for all that.
    cleared = [each.id for each in possible if each.kind == "service" and each.id in case.healthy]
    onset = min(trouble.since for trouble in case.troubles.values())
    return unease(look.evidence.rollups, cleared, onset=onset, now=look.judgement.at)


def _explanation(case: Case, subjects: Sequence[Subject], scores: Sequence[Score], look: _Look) -> Explanation:
    worst_first = sorted(case.troubles.values(), key=lambda trouble: -trouble.share * trouble.certainty)
    since = min(trouble.since for trouble in case.troubles.values())
    named = ranked(scores, outside=outside(case))
    return replace(
        _answered(named, subjects, case, look),
        services=tuple(trouble.service for trouble in worst_first),
        since=since,
        courses=_courses(named, worst_first, case, look, since=since),
    )


def _answered(named: Sequence[Suspect], subjects: Sequence[Subject], case: Case, look: _Look) -> Explanation:
    hit = [look.failing[subject] for subject in subjects]
    return Explanation(
        subjects=tuple(subjects),
        suspects=tuple(named),
        packages=_union((verdict.packages for verdict in hit), case.pack.packages),
        regions=_union((verdict.regions for verdict in hit), case.pack.regions),
        elsewhere=round(max(0.0, 1.0 - sum(suspect.score for suspect in named)), 3),
        questions=questions(named, case=case, everyone=look.everyone, verdicts=look.judgement.verdicts),
        calls=calls(named, pack=case.pack),
    )


def _courses(
    named: Sequence[Suspect], worst_first: Sequence[Trouble], case: Case, look: _Look, *, since: datetime
) -> tuple[Course, ...]:
    shown = [suspect.id for suspect in named if suspect.id in case.pack.services]
    shown += [trouble.service for trouble in worst_first if trouble.service not in shown]
    worst = {trouble.service: trouble.worst for trouble in worst_first}
    return courses(look.evidence.rollups, shown[:MOST_SUSPECTS], onset=since, now=look.judgement.at, worst=worst)


def ranked(scores: Sequence[Score], *, outside: float) -> tuple[Suspect, ...]:
    """Return the best candidates as suspects: scores turned into shares of belief.

    With what `outside` (a cause that is on no map) takes, and those too unlikely to be named, they make 1.
    """
    sharing = [each for each in scores if each.explained > 0]
    if not sharing:
        return ()
    top = max(each.total for each in sharing)
    weights = [math.exp((each.total - top) / TEMPERATURE) for each in sharing]
    whole = sum(weights) + math.exp(min((outside - top) / TEMPERATURE, 50.0))
    # sorted() is stable: ties keep the order of the pack, never that of the ids.
    order = sorted(range(len(sharing)), key=lambda index: -weights[index])[:MOST_SUSPECTS]
    return tuple(
        Suspect(
            id=sharing[index].candidate.id,
            score=math.floor(weights[index] / whole * 1000) / 1000,
            reasons=sharing[index].reasons,
            change=sharing[index].change,
            partner=sharing[index].candidate.partner,
        )
        for place, index in enumerate(order)
        if place < ALWAYS_NAMED or weights[index] / whole >= LEAST_SCORE
    )


def _subjects_hit(part: Iterable[str], failing: Mapping[Subject, Verdict], graph: Graph) -> list[Subject]:
    hit = set(part)
    return [
        subject
        for subject in failing
        if hit & (graph.services_of(subject.function) | graph.soft_services_of(subject.function))
    ]


def _with_the_rest(
    explanations: tuple[Explanation, ...], left: Mapping[Subject, Verdict], look: _Look
) -> tuple[Explanation, ...]:
    if not left:
        return explanations
    working = [s.function for s, verdict in look.judgement.verdicts.items() if verdict.state is State.OK]
    scores = unseen_scores({subject.function for subject in left}, frozenset(working), case=look.case)
    named = ranked(scores, outside=UNSEEN_OUTSIDE)
    rest = _answered(named, tuple(left), look.case, look)
    return (*explanations, replace(rest, since=min(verdict.since for verdict in left.values())))


def _watched(evidence: Evidence, *, now: datetime) -> frozenset[str]:
    since = now - HEALTH_WINDOW
    called = recently_called(evidence.rollups, since=since)
    return called | {probe.service for probe in evidence.probes if probe.at >= since and probe.is_ok}


def _union(slices: Iterable[tuple[str, ...] | None], order: Iterable[str]) -> tuple[str, ...] | None:
    # None is "all", and swallows any slice; otherwise the members in the pack's order, unknown ones last.
    found: dict[str, None] = {}
    for part in slices:
        if part is None:
            return None
        found.update(dict.fromkeys(part))
    positions = {name: index for index, name in enumerate(order)}
    return tuple(sorted(found, key=lambda name: positions.get(name, len(positions)))) or None
