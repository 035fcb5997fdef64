"""Causes ranked by harm along a call graph: explained away, over several onsets, whatever is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.diagnosis.rules.deviation import Floats, Kind, Measures, excess, likeness, median, onsets, usual
from tocsin.diagnosis.rules.ranking import drawn, own_harm, rank

CHAIN = {"site": ("shop", "search"), "shop": ("store",), "search": ("store",), "store": ()}
NODES = tuple(CHAIN)
STEPS = 5
FAULT = slice(2, 4)


def steady(nodes: Sequence[str] = NODES, *, steps: int = STEPS, calls: float = 100.0) -> Measures:
    """Every node is called evenly, fails never, and takes a tenth of a second, with a little of its own wobble."""
    wobble = 1.0 + 0.02 * np.sin(np.arange(len(nodes))[:, None] * 7 + np.arange(steps)[None, :] * 3)
    shape = (len(nodes), steps)
    return Measures(np.full(shape, calls), np.zeros(shape), 0.1 * wobble)


NORMAL = steady(steps=200)


def with_fault(
    base: Measures, at: Mapping[str, float], *, kind: Kind = "failing", nodes: Sequence[str] = NODES
) -> Measures:
    values = base.of(kind).copy()
    for node, more in at.items():
        values[nodes.index(node), FAULT] += more
    return replace(base, **{"failing" if kind == "failing" else "seconds": values})


def first(now: Measures, *, kind: Kind = "failing", noticed: int = 2, normal: Measures = NORMAL) -> str:
    return rank(CHAIN, now, normal, target="site", kind=kind, noticed=noticed)[0].node


@pytest.mark.parametrize("noticed", [1, 2, 3])
@pytest.mark.parametrize("kind", ["failing", "slow"])
def test_the_deepest_node_that_is_bad_is_the_cause_whenever_it_was_noticed(kind: Kind, noticed: int) -> None:
    now = with_fault(steady(), {"site": 0.3, "shop": 0.3, "store": 0.3}, kind=kind)
    assert first(now, kind=kind, noticed=noticed) == "store"


def test_a_node_that_is_bad_while_what_it_calls_is_well_is_the_cause() -> None:
    assert first(with_fault(steady(), {"site": 0.3, "shop": 0.3})) == "shop"


def test_the_target_itself_is_the_cause_when_nothing_below_it_is_bad() -> None:
    assert first(with_fault(steady(), {"site": 0.3})) == "site"


def test_a_very_deviant_node_that_is_hardly_called_cannot_be_why_many_calls_fail() -> None:
    base = steady()
    calls = base.calls.copy()
    calls[NODES.index("search")] = 2.0
    now = with_fault(replace(base, calls=calls), {"site": 0.3, "shop": 0.3, "search": 1.0})
    assert first(now) == "shop"


def test_a_level_that_stepped_since_the_normal_time_was_recorded_is_no_fault() -> None:
    stepped = steady()
    stepped.seconds[NODES.index("search")] += 3.0
    assert first(with_fault(stepped, {"site": 0.2, "shop": 0.2}, kind="slow"), kind="slow") == "shop"


def test_what_was_bad_at_another_time_is_less_like_the_cause() -> None:
    now = with_fault(steady(), {"site": 0.3, "shop": 0.3})
    now.failing[NODES.index("search"), 0] = 0.9
    ranked = rank(CHAIN, now, NORMAL, target="site", kind="failing", noticed=2)
    assert ranked[0].node == "shop"
    assert {each.node: each.score for each in ranked}["search"] < ranked[0].score / 2


def test_a_callee_whose_calls_no_longer_come_is_suspected_beside_its_caller() -> None:
    now = with_fault(steady(), {"site": 0.3})
    now.calls[NODES.index("store"), 2:] = 0.0
    now.failing[NODES.index("store"), 2:] = np.nan
    now.seconds[NODES.index("store"), 2:] = np.nan
    assert {each.node for each in rank(CHAIN, now, NORMAL, target="site", kind="failing", noticed=2)[:2]} == {
        "site",
        "store",
    }


def test_what_the_target_does_not_reach_is_suspected_last() -> None:
    graph = {**CHAIN, "other": ()}
    nodes = tuple(graph)
    now = with_fault(steady(nodes), {"site": 0.3, "shop": 0.3, "other": 0.35}, nodes=nodes)
    ranked = rank(graph, now, steady(nodes, steps=100), target="site", kind="failing", noticed=2)
    assert [each.node for each in ranked[:2]] == ["shop", "other"]


def test_circles_and_unknown_callees_explain_nothing_away() -> None:
    graph = {"site": ("shop",), "shop": ("store", "nowhere"), "store": ("shop", "store")}
    network = drawn(graph)
    assert [(network.nodes[a], network.nodes[b]) for a, b in zip(network.caller, network.callee, strict=True)] == [
        ("site", "shop")
    ]
    now = with_fault(steady(tuple(graph)), {"site": 0.2, "shop": 0.2}, nodes=tuple(graph))
    ranked = rank(graph, now, steady(tuple(graph), steps=50), target="site", kind="failing", noticed=2)
    assert ranked[0].node == "shop"


def test_own_harm_is_what_the_callees_leave() -> None:
    assert own_harm(drawn(CHAIN), np.array([10.0, 6.0, 1.0, 4.0])).tolist() == [3.0, 2.0, 0.0, 4.0]


@pytest.mark.parametrize("target", ["site", "nowhere"])
def test_nothing_measured_ranks_everybody_alike_in_the_graphs_order(target: str) -> None:
    nothing = Measures(*(np.full((4, STEPS), np.nan) for _ in range(3)))
    ranked = rank(CHAIN, nothing, nothing, target=target, kind="slow", noticed=2)
    assert [each.node for each in ranked] == list(NODES)
    assert {each.score for each in ranked} == {0.0}


def test_no_normal_time_at_all_leaves_the_steps_before() -> None:
    empty = Measures(*(np.zeros((4, 0)) for _ in range(3)))
    ranked = rank(CHAIN, with_fault(steady(), {"site": 0.3}), empty, target="site", kind="failing", noticed=2)
    assert len(ranked) == len(NODES)


@given(
    st.lists(st.sampled_from([0.0, 0.5, float("nan"), float("inf"), 1e12]), min_size=20, max_size=20),
    st.integers(0, STEPS - 1),
    st.permutations(range(4)),
)
@settings(max_examples=60, deadline=None)
def test_neither_odd_numbers_nor_names_matter(values: list[float], noticed: int, order: list[int]) -> None:
    now = replace(steady(), failing=np.array(values).reshape(4, STEPS))
    ranked = rank(CHAIN, now, NORMAL, target="site", kind="failing", noticed=noticed)
    renamed = {NODES[i]: f"n{order[i]}" for i in range(4)}
    graph = {renamed[node]: tuple(renamed[each] for each in calls) for node, calls in CHAIN.items()}
    again = rank(graph, now, NORMAL, target=renamed["site"], kind="failing", noticed=noticed)
    assert [renamed[each.node] for each in ranked] == [each.node for each in again]
    assert all(np.isfinite(each.score) and each.score >= 0 for each in ranked)


def test_onsets_stay_within_what_was_recorded() -> None:
    assert onsets(0, steps=5) == (0, 1)
    assert onsets(4, steps=5) == (3, 4)
    assert onsets(2, steps=5) == (1, 2, 3)


def test_the_median_leaves_out_what_was_not_measured() -> None:
    nan = np.nan
    values: Floats = np.array([[1.0, nan, 3.0], [nan, nan, nan], [5.0, 1.0, 2.0]])
    assert median(values)[[0, 2]].tolist() == [2.0, 2.0]
    assert np.isnan(median(values)[1])


def test_better_than_usual_is_no_harm() -> None:
    now = with_fault(steady(), {"store": -0.05}, kind="slow")
    found = excess(now, usual(NORMAL, "slow"), "slow", onset=2)
    assert found.harm[NODES.index("store")] == 0.0
    assert found.surprise[NODES.index("store")] == 0.0


def test_a_course_is_most_like_itself() -> None:
    now = with_fault(steady(), {"site": 0.3, "store": 0.3})
    alike = likeness(now, usual(NORMAL, "failing"), "failing", like=now.failing[0])
    assert alike[0] == pytest.approx(1.0)
    assert alike[NODES.index("shop")] == 0.0
