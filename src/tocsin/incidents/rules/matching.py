"""Which explanation belongs to which incident: one incident per outage, two for two faults.

An explanation belongs to an open incident when they suspect the same, when one's suspect takes the other down, or
when they hit the same functions and nothing else claims that incident. What matches nothing may be a new fault.
"""

from collections.abc import Sequence
from datetime import timedelta

from tocsin.catalog.rules.graph import Graph, graph_of
from tocsin.catalog.rules.model import Pack
from tocsin.diagnosis.rules.candidates import candidates
from tocsin.diagnosis.rules.model import Explanation, Suspect
from tocsin.incidents.rules.model import Incident

REOPENS_WITHIN = timedelta(minutes=30)
"""Trouble that returns so soon after the end is the same outage."""

LIKELY = 3
"""How many of the leading suspects count as suspected."""

BELIEVED = 0.05
"""Whoever has less of the belief than this is not counted among those who could be behind a fault."""

SAME = 0.5
"""Half of the functions in common make two troubles with unlike suspects still look like one."""


def assign(
    explanations: Sequence[Explanation], incidents: Sequence[Incident], *, pack: Pack
) -> tuple[dict[str, list[Explanation]], list[Explanation]]:
    """Return the explanations of each incident (by id), best match first, and those that match none."""
    graph = graph_of(pack)
    pairs = [
        (likeness(explanation, incident, graph=graph), index, incident)
        for index, explanation in enumerate(explanations)
        for incident in incidents
    ]
    taken: dict[int, str] = {}
    matched: dict[str, list[Explanation]] = {}
    for value, index, incident in sorted(pairs, key=lambda pair: -pair[0]):
        # What no service's trouble accounts for is no fault of its own: it goes with whom its functions belong to.
        is_rival = value < 1 and incident.id in matched and bool(explanations[index].services)
        if index in taken or value <= 0 or is_rival:
            continue
        taken[index] = incident.id
        matched.setdefault(incident.id, []).append(explanations[index])
    return matched, [each for index, each in enumerate(explanations) if index not in taken]


def likeness(explanation: Explanation, incident: Incident, *, graph: Graph) -> float:
    """Return how like the two are: 1 or more when their causes agree, below 1 when only the functions do, else 0."""
    functions = {subject.function for subject in explanation.subjects}
    common = len(functions & set(incident.functions)) / max(1, min(len(functions), len(incident.functions)))
    cause = _cause_in_common(explanation, incident, graph)
    if cause:
        return 1.0 + cause + common
    return common * SAME if common >= SAME else 0.0


def is_independent(explanation: Explanation, incidents: Sequence[Incident], *, pack: Pack, graph: Graph) -> bool:
    """Say whether the fault is clearly another one than those behind the incidents.

    Nobody who is believed to be behind one of them could have taken down what this one is about, nor the other way
    round, and it is not the same few provinces that are hit. What no service shows is never clear.
    """
    reach = {each.id: each.reach for each in candidates(pack, graph)}

    def taken_down(suspects: Sequence[Suspect]) -> frozenset[str]:
        believed = [each.id for each in suspects if each.score >= BELIEVED]
        return frozenset[str]().union(*(reach.get(each, frozenset()) for each in believed))

    ours = frozenset(explanation.services)
    return bool(ours and explanation.suspects) and not any(
        taken_down(each.suspects) & ours
        or taken_down(explanation.suspects) & frozenset(each.services)
        or frozenset(explanation.regions or ()) & frozenset(each.regions or ())
        or not each.suspects
        for each in incidents
    )


def _cause_in_common(explanation: Explanation, incident: Incident, graph: Graph) -> float:
    theirs = {suspect.id: suspect.score for suspect in incident.suspects[:LIKELY]}
    ours = {suspect.id: suspect.score for suspect in explanation.suspects[:LIKELY]}
    shared = sum(min(score, theirs[name]) for name, score in ours.items() if name in theirs)
    overlap = set(explanation.services) & set(incident.services)
    if shared or overlap:
        return shared + len(overlap) / max(1, len(explanation.services))
    if not theirs or not ours:
        return 0.0
    lead, other = next(iter(theirs)), next(iter(ours))
    related = graph.dependants_of(lead) | graph.needs_of(lead)
    return 0.1 if other in related else 0.0
