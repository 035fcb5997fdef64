"""Which slice explains a deviation: planted slices are found, noise yields none, names and order decide nothing."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.detection.rules.localisation import (
    SETTING,
    Finding,
    Leaves,
    Numbers,
    evidence,
    explanation,
    log_odds,
    usual_shares,
)

USUAL = 0.02
SIZES = (4, 5, 3)
EVERY_LEAF = np.indices(SIZES).reshape(len(SIZES), -1)


def table(
    *, seed: int, hit: dict[int, int] | None = None, also: dict[int, int] | None = None, share: float = 0.4
) -> Leaves:
    """Return a full table of 60 leaves with some hundred calls each, and one or two slices that fail."""
    random = np.random.default_rng(seed)
    calls = random.integers(50, 400, EVERY_LEAF.shape[1]).astype(np.float64)
    rate = np.full(calls.size, USUAL)
    for each in (hit, also):
        if each is not None:
            inside = np.logical_and.reduce([EVERY_LEAF[dimension] == value for dimension, value in each.items()])
            rate[inside] = share
    bad = random.binomial(calls.astype(np.int64), rate).astype(np.float64)
    return Leaves(EVERY_LEAF, bad, calls, np.full(calls.size, USUAL))


def named(finding: Finding) -> list[dict[int, int]]:
    """Return the guilty slices."""
    return [dict(each.where) for each in finding.guilty]


SLICES = st.dictionaries(st.integers(0, 2), st.integers(0, 2), min_size=1, max_size=3)


@settings(max_examples=40, deadline=None)
@given(SLICES, st.integers(0, 1000))
def test_a_planted_slice_is_named(hit: dict[int, int], seed: int) -> None:
    assert named(explanation(table(seed=seed, hit=hit))) == [dict(sorted(hit.items()))]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000))
def test_noise_names_nobody(seed: int) -> None:
    assert explanation(table(seed=seed)) == Finding((), ())


def test_two_slices_are_told_apart() -> None:
    found = explanation(table(seed=1, hit={0: 1}, also={1: 2}))

    assert named(found) == [{0: 1}, {1: 2}]


def test_what_is_left_of_one_slice_is_not_another() -> None:
    leaves = table(seed=2, hit={0: 1})

    assert len(explanation(leaves).guilty) == 1


def test_a_parent_whose_children_are_hit_unequally_is_preferred_to_its_worst_child() -> None:
    leaves = table(seed=3, hit={0: 1}, share=0.3)
    worst = (leaves.codes[0] == 1) & (leaves.codes[1] == 0)
    bad = np.where(worst, np.round(0.8 * leaves.calls), leaves.bad)

    assert named(explanation(Leaves(leaves.codes, bad, leaves.calls, leaves.usual))) == [{0: 1}]


def test_reasons_say_how_much_is_explained_and_who_is_spared() -> None:
    guilty = explanation(table(seed=4, hit={0: 2})).guilty[0]

    assert guilty.explained > 0.9
    assert guilty.spared > 0.95
    assert guilty.observed == pytest.approx(0.4, abs=0.05)
    assert guilty.usual == pytest.approx(USUAL)


def test_further_descriptions_come_after_the_guilty_and_are_not_among_them() -> None:
    found = explanation(table(seed=5, hit={0: 2}))

    places = [each.where for each in found.ranked]
    assert places[0] == ((0, 2),)
    assert len(set(places)) == len(places) == 4


def test_a_weak_deviation_is_named_only_where_it_is_certain_that_something_is_wrong() -> None:
    calls = np.full(EVERY_LEAF.shape[1], 20.0)
    bad = np.where(EVERY_LEAF[0] == 1, 1.0, 0.0)
    leaves = Leaves(EVERY_LEAF, bad, calls, np.full(calls.size, USUAL))

    assert explanation(leaves).guilty == ()
    assert named(explanation(leaves, is_certain=True)) == [{0: 1}]


def test_an_empty_table_explains_nothing() -> None:
    nobody = Leaves(np.zeros((2, 0), np.int64), np.zeros(0), np.zeros(0), np.zeros(0))

    assert explanation(nobody) == explanation(nobody, is_certain=True) == Finding((), ())


def test_leaves_that_nobody_called_say_nothing() -> None:
    leaves = table(seed=6, hit={0: 1})
    silent = np.append(leaves.codes, [[3], [4], [2]], axis=1)
    longer = Leaves(silent, np.append(leaves.bad, 0.0), np.append(leaves.calls, 0.0), np.append(leaves.usual, 0.5))

    assert explanation(longer) == explanation(leaves)


def test_a_table_that_fails_as_a_whole_is_not_narrowed_to_a_part_of_it() -> None:
    calls = np.full(EVERY_LEAF.shape[1], 200.0)
    leaves = Leaves(EVERY_LEAF, np.round(calls * 0.5), calls, np.full(calls.size, USUAL))

    # Every value of a dimension is named, or as many as are listed: none is said to be spared.
    assert all(each.spared == 0.0 for each in explanation(leaves).ranked)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000))
def test_the_order_of_leaves_decides_nothing(seed: int) -> None:
    leaves = table(seed=seed, hit={0: 1, 2: 0})
    order = np.random.default_rng(seed + 1).permutation(len(leaves))
    turned = Leaves(leaves.codes[:, order], leaves.bad[order], leaves.calls[order], leaves.usual[order])

    assert named(explanation(turned)) == named(explanation(leaves))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.permutations(range(4)))
def test_other_codes_for_the_same_values_name_the_same_slice(seed: int, renamed: list[int]) -> None:
    leaves = table(seed=seed, hit={0: 1, 2: 0})
    codes = leaves.codes.copy()
    codes[0] = np.array(renamed)[codes[0]]

    assert named(explanation(Leaves(codes, leaves.bad, leaves.calls, leaves.usual))) == [{0: renamed[1], 2: 0}]


def test_values_numbered_with_large_gaps_are_searched_alike() -> None:
    leaves = table(seed=7, hit={0: 1, 1: 2})
    spread_out = Leaves(leaves.codes * 50_000, leaves.bad, leaves.calls, leaves.usual)

    assert named(explanation(spread_out)) == [{0: 50_000, 1: 100_000}]


def test_what_is_usual_is_learnt_per_leaf_and_shrunk_to_the_whole() -> None:
    calls = np.array([10_000.0, 10_000.0, 0.0])
    shares = usual_shares(np.array([100.0, 1000.0, 0.0]), calls)

    assert shares[0] == pytest.approx(0.01, abs=0.001)
    assert shares[1] == pytest.approx(0.1, abs=0.001)
    assert shares[2] == pytest.approx(0.055, abs=0.001)


def test_one_leaf_is_worth_no_more_than_so_many_calls() -> None:
    few, many = (_evidence(np.array([calls * 0.5]), np.array([calls])) for calls in (1e3, 1e6))

    assert many[0] < 1.1 * few[0]


def test_evidence_is_for_those_hit_half_as_hard_and_against_those_as_usual() -> None:
    calls = np.array([1000.0, 1000.0, 1000.0])
    said = _evidence(np.array([500.0, 250.0, 20.0]), calls)

    assert said[0] > said[1] > 0 > said[2]


def _evidence(bad: Numbers, calls: Numbers) -> Numbers:
    usual = np.full(bad.shape, USUAL)
    effect = log_odds(np.full(bad.shape, 0.5)) - log_odds(usual)
    return evidence(bad, calls, usual=usual, effect=effect, spread=SETTING.spread)


def test_a_hundred_thousand_leaves_are_searched_within_bounded_time() -> None:
    random = np.random.default_rng(8)
    codes = np.stack([random.integers(0, size, 100_000) for size in (50, 200, 12, 8, 5)])
    calls = random.integers(1, 60, 100_000).astype(np.float64)
    inside = (codes[0] == 7) & (codes[2] == 3)
    bad = random.binomial(calls.astype(np.int64), np.where(inside, 0.5, USUAL)).astype(np.float64)
    leaves = Leaves(codes, bad, calls, np.full(calls.size, USUAL))
    began_s = time.process_time()

    found = explanation(leaves)

    assert named(found) == [{0: 7, 2: 3}]
    assert time.process_time() - began_s < 3.0
