"""Who is suspected of what fails: one explanation per fault, its suspects ranked.

Faults are taken one at a time: the candidate that explains the troubles best takes away all it accounts for; what
is left, if it is sure and hits somebody, is a fault of its own. Within a fault every candidate that shares in it is
scored on that fault's troubles alone. Where people report what no instrument sees, `unseen` ranks by what the
failing functions share and the working ones do not.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.catalog.rules.graph import Graph
from tocsin.catalog.rules.model import Pack
from tocsin.changes.rules import ChangeEvent, clues
from tocsin.detection.rules.model import Judgement, State, Subject, Verdict
from tocsin.diagnosis.rules.candidates import Candidate, candidates
from tocsin.diagnosis.rules.model import Explanation, Suspect
from tocsin.diagnosis.rules.scoring import Case, Score, score
from tocsin.diagnosis.rules.troubles import secondary, troubles
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

HEALTH_WINDOW = timedelta(minutes=5)
"""A service counts as watched when it was called, or probed, within so long."""


def explain(
    judgement: Judgement, *, evidence: Evidence, changes: Sequence[ChangeEvent], pack: Pack, now: datetime
) -> tuple[Explanation, ...]:
    """Return one explanation per independent fault behind the bad verdicts, worst first; none when all is well."""
    failing = {subject: verdict for subject, verdict in judgement.verdicts.items() if verdict.state in BAD}
    if not failing:
        return ()
    graph = Graph(pack)
    found = troubles(judgement.signals, pack=pack)
    consequences = secondary(found, pack=pack, graph=graph)
    primary = {service: trouble for service, trouble in found.items() if service not in consequences}
    onset = min((trouble.since for trouble in primary.values()), default=min(v.since for v in failing.values()))
    case = Case(
        troubles=primary,
        healthy=_watched(evidence, now=now) - found.keys(),
        clues=clues(changes, onset=onset, now=now),
        notices=evidence.notices,
        graph=graph,
        pack=pack,
    )
    explanations = _faults(case, failing, candidates(pack, graph))
    accounted = {subject for explanation in explanations for subject in explanation.subjects}
    accounted.update(_subjects_hit(consequences, failing, graph))
    left = {subject: verdict for subject, verdict in failing.items() if subject not in accounted}
    return _with_the_rest(explanations, left, case=case, judgement=judgement)


def _faults(case: Case, failing: Mapping[Subject, Verdict], everyone: Sequence[Candidate]) -> tuple[Explanation, ...]:
    explanations: list[Explanation] = []
    left = dict(case.troubles)
    while left and len(explanations) < MOST_FAULTS:
        best = max((score(candidate, replace(case, troubles=left)) for candidate in everyone), key=lambda s: s.total)
        explained = {service for service in left if service in best.candidate.reach}
        if not explained:
            break
        part = {service: left.pop(service) for service in tuple(left) if service in explained}
        subjects = _subjects_hit(part, failing, case.graph)
        is_sure = max(trouble.certainty for trouble in part.values()) >= RESIDUAL
        if subjects and (is_sure or not explanations):
            explanations.append(_explanation(replace(case, troubles=part), subjects, failing, everyone))
    return tuple(explanations)


def _explanation(
    case: Case, subjects: Sequence[Subject], failing: Mapping[Subject, Verdict], everyone: Sequence[Candidate]
) -> Explanation:
    scores = [score(candidate, case) for candidate in everyone]
    worst_first = sorted(case.troubles.values(), key=lambda trouble: -trouble.share * trouble.certainty)
    return Explanation(
        subjects=tuple(subjects),
        suspects=ranked(scores),
        packages=_union((failing[subject].packages for subject in subjects), case.pack.packages),
        regions=_union((failing[subject].regions for subject in subjects), case.pack.regions),
        services=tuple(trouble.service for trouble in worst_first),
        since=min(trouble.since for trouble in case.troubles.values()),
    )


def ranked(scores: Sequence[Score]) -> tuple[Suspect, ...]:
    """Return the best candidates as suspects: scores turned into shares of belief that sum to at most 1."""
    sharing = [each for each in scores if each.explained > 0]
    if not sharing:
        return ()
    top = max(each.total for each in sharing)
    weights = [math.exp((each.total - top) / TEMPERATURE) for each in sharing]
    whole = sum(weights)
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
    explanations: tuple[Explanation, ...],
    left: Mapping[Subject, Verdict],
    *,
    case: Case,
    judgement: Judgement,
) -> tuple[Explanation, ...]:
    if not left:
        return explanations
    working = [s.function for s, verdict in judgement.verdicts.items() if verdict.state is State.OK]
    scores = unseen_scores({subject.function for subject in left}, frozenset(working), case=case)
    rest = Explanation(
        subjects=tuple(left),
        suspects=ranked(scores),
        packages=_union((verdict.packages for verdict in left.values()), case.pack.packages),
        regions=_union((verdict.regions for verdict in left.values()), case.pack.regions),
        since=min(verdict.since for verdict in left.values()),
    )
    return (*explanations, rest)


def _watched(evidence: Evidence, *, now: datetime) -> frozenset[str]:
    since = now - HEALTH_WINDOW
    rollups = evidence.rollups
    recent = rollups.service[rollups.bucket_s >= since.timestamp()]
    called = {rollups.services[code] for code in set(recent.tolist())}
    return frozenset(called | {probe.service for probe in evidence.probes if probe.at >= since and probe.is_ok})


def _union(slices: Iterable[tuple[str, ...] | None], order: Iterable[str]) -> tuple[str, ...] | None:
    # None is "all", and swallows any slice; otherwise the members in the pack's order, unknown ones last.
    found: dict[str, None] = {}
    for part in slices:
        if part is None:
            return None
        found.update(dict.fromkeys(part))
    positions = {name: index for index, name in enumerate(order)}
    return tuple(sorted(found, key=lambda name: positions.get(name, len(positions)))) or None
