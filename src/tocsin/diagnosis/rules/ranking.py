"""Which node of a call graph is behind what one node shows: harm, followed along the edges.

A caller's harm holds that of its callees. What is left of it when theirs is taken away is its *own*: a node that is
bad while what it calls is well is where the trouble begins (*explaining away*). A node is ranked by how much of the
harm at the target its own harm accounts for, under each onset hypothesis, and by whether it was bad when the target
was. A node that the target does not reach cannot be why it is bad, unless the graph lacks an edge. A node of which
nothing is measured any more, while its callers go on, has lost those calls: that counts too, but explains nothing
away, since a caller that fails by itself stops calling.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.diagnosis.rules.deviation import (
    KINDS,
    Excess,
    Floats,
    Kind,
    Measures,
    Usual,
    excess,
    likeness,
    median,
    onsets,
    or_zero,
    usual,
)

OTHER_KIND = 0.25
"""Slowness can be why calls fail, and failures why they are slow (retries): a quarter of the same kind's weight."""

OUT_OF_REACH = 0.2
"""A graph drawn from observed calls lacks the edges that were never observed."""

VANISHED = 0.5
"""Calls that no longer come are as much the caller's doing as the callee's."""

MOST = 0.5
"""Gone, or as busy as ever: more than half of the calls are missing, or there."""

LEAST_CALLS = 1.0
"""A node that is usually asked less than once a step cannot be missed."""

type Calls = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, eq=False)
class Map:
    """Nodes by number and who calls whom: `caller[i]` calls `callee[i]`. Edges on a circle explain nothing away."""

    nodes: tuple[str, ...]
    caller: NDArray[np.int64]
    callee: NDArray[np.int64]

    def called_by(self, values: Floats) -> Floats:
        """Return for each node the sum over what it calls."""
        return np.bincount(self.caller, weights=values[self.callee], minlength=len(self.nodes)).astype(np.float64)

    def calling(self, values: Floats) -> Floats:
        """Return for each node the sum over who calls it."""
        return np.bincount(self.callee, weights=values[self.caller], minlength=len(self.nodes)).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A node and how much of the target's harm it may be behind (a plain number, larger is likelier)."""

    node: str
    score: float


def drawn(calls: Calls) -> Map:
    """Return the map of a call graph; unknown callees and edges of circles are left out."""
    nodes = tuple(calls)
    number = {node: index for index, node in enumerate(nodes)}
    circling = _circling(calls)
    pairs = [
        (number[node], number[other])
        for node in nodes
        for other in dict.fromkeys(calls[node])
        if other in number and (node, other) not in circling
    ]
    edges = np.array(pairs, np.int64).reshape(-1, 2)
    return Map(nodes, edges[:, 0], edges[:, 1])


def rank(calls: Calls, now: Measures, normal: Measures, *, target: str, kind: Kind, noticed: int) -> tuple[Ranked, ...]:
    """Return every node, the likeliest cause first; ties keep the graph's order.

    `calls` says who calls whom and numbers the rows of the measures; `noticed` is the step in which the target's
    trouble, of this kind, was noticed. An unknown target, or one without any excess, ranks by harm alone.
    """
    network = drawn(calls)
    aim = network.nodes.index(target) if target in network.nodes else None
    known = {each: usual(normal, each) for each in KINDS}
    calls_usually = or_zero(median(or_zero(normal.calls)))
    scores = np.zeros(len(network.nodes))
    weight = 0.0
    for onset in onsets(noticed, steps=now.steps):
        found = {each: excess(now, known[each], each, onset=onset) for each in KINDS}
        # The hypothesis under which the target is the most surprising is the best one; none is left out.
        trust = float(found[kind].surprise[aim] ** 2) + 1e-6 if aim is not None else 1.0
        scores += trust * _accounted(network, found, now, known, aim=aim, kind=kind)
        scores += trust * VANISHED * _vanished(network, now, calls_usually, onset=onset)
        weight += trust
    scores = scores / max(weight, 1e-12) * _in_reach(calls, target)
    order = np.argsort(-scores, kind="stable")
    return tuple(Ranked(network.nodes[index], float(scores[index])) for index in order)


def own_harm(network: Map, harm: Floats) -> Floats:
    """Return each node's harm without that of what it calls, never negative."""
    return np.maximum(harm - network.called_by(harm), 0.0)


def _accounted(
    network: Map,
    found: Mapping[Kind, Excess],
    now: Measures,
    known: Mapping[Kind, Usual],
    *,
    aim: int | None,
    kind: Kind,
) -> Floats:
    total = np.zeros(len(network.nodes))
    for each in KINDS:
        harm = found[each].believed
        most = float(harm[aim]) if aim is not None and each == kind else float(harm.max(initial=0.0))
        own = own_harm(network, harm) / max(most, 1e-9)
        # Half of it as soon as the harm is that of the target; more can hardly add to the belief.
        share = 2.0 * own / (1.0 + own)
        if aim is not None:
            share = share * likeness(now, known[each], each, like=now.of(kind)[aim] - known[kind].level[aim])
        total += share * (1.0 if each == kind else OTHER_KIND)
    return total


def _vanished(network: Map, now: Measures, expected: Floats, *, onset: int) -> Floats:
    """Return which share of each node's usual calls no longer comes although those who call it are as busy as ever."""
    if onset:
        expected = np.minimum(expected, or_zero(now.calls[:, :onset]).mean(axis=1))
    after = or_zero(now.calls[:, onset : onset + 2]).mean(axis=1)
    kept = np.minimum(after / np.maximum(expected, 1e-9), 1.0)
    lost = np.where(expected >= LEAST_CALLS, 1.0 - kept, 0.0)
    callers = network.calling(np.ones(len(network.nodes)))
    busy = network.calling(kept) / np.maximum(callers, 1.0)
    return np.where((lost > MOST) & (busy > MOST), lost * busy, 0.0)


def _in_reach(calls: Calls, target: str) -> Floats:
    if target not in calls:
        return np.ones(len(calls))
    seen: set[str] = set()
    waiting = [target]
    while waiting:
        each = waiting.pop()
        if each not in seen:
            seen.add(each)
            waiting.extend(calls.get(each, ()))
    return np.array([1.0 if node in seen else OUT_OF_REACH for node in calls])


def _circling(calls: Calls) -> set[tuple[str, str]]:
    """Return the edges that lie on a circle, a node that calls itself included."""
    ahead = {node: set(calls[node]) & calls.keys() for node in calls}
    while ends := [node for node, others in ahead.items() if not others]:
        for node in ends:
            del ahead[node]
        for others in ahead.values():
            others.difference_update(ends)
    # Only circles, and what leads into them, is left: usually nothing.
    return {(node, other) for node, others in ahead.items() for other in others if _reaches(other, node, ahead)}


def _reaches(start: str, end: str, ahead: Mapping[str, set[str]]) -> bool:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        each = waiting.pop()
        if each == end:
            return True
        if each not in seen:
            seen.add(each)
            waiting.extend(ahead.get(each, ()))
    return False
