"""Whom a deviation hits: planted slices are named, nobody is left out for want of calls, and a scope does not waver."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tocsin.detection.rules.slices import Grid, Slice, narrowed
from tocsin.detection.rules.tallies import Names

PACKAGES = tuple("abcdefgh")
REGIONS = tuple(f"r{number}" for number in range(10))
NAMES = Names(services=("s",), packages=PACKAGES, regions=REGIONS)
USUAL, EFFECT = 0.01, 0.02

type Numbers = NDArray[np.float64]


def grid(
    *,
    seed: int = 0,
    packages: tuple[str, ...] | None = None,
    regions: tuple[str, ...] | None = None,
    share: float = 0.6,
    calls: float = 25.0,
) -> Grid:
    """Return calls of every package in every region, failing inside the slice."""
    random = np.random.default_rng(seed)
    inside = np.outer(
        [packages is None or name in packages for name in PACKAGES],
        [regions is None or name in regions for name in REGIONS],
    )
    number = random.poisson(calls, inside.shape)
    bad = random.binomial(number, np.where(inside, share, USUAL))
    return Grid(bad.astype(np.float64), number.astype(np.float64))


def asked(what: Grid, previous: Slice | None = None) -> Slice:
    """Return who is hit."""
    return narrowed(what, usual=USUAL, effect=EFFECT, names=NAMES, previous=previous or Slice())[0]


SOME_PACKAGES = st.none() | st.sets(st.sampled_from(PACKAGES), min_size=1, max_size=3).map(
    lambda names: tuple(sorted(names))
)
SOME_REGIONS = st.none() | st.sets(st.sampled_from(REGIONS), min_size=1, max_size=3).map(
    lambda names: tuple(sorted(names, key=REGIONS.index))
)


@settings(max_examples=60, deadline=None)
@given(SOME_PACKAGES, SOME_REGIONS, st.integers(0, 1000))
def test_a_planted_slice_is_named(packages: tuple[str, ...] | None, regions: tuple[str, ...] | None, seed: int) -> None:
    assert asked(grid(seed=seed, packages=packages, regions=regions, calls=80.0)) == Slice(packages, regions)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000), st.floats(1.0, 50.0))
def test_noise_names_nobody(seed: int, calls: float) -> None:
    assert asked(grid(seed=seed, share=USUAL, calls=calls)) == Slice()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000))
def test_who_is_hit_unequally_hard_is_hit_all_the_same(seed: int) -> None:
    random = np.random.default_rng(seed)
    number = random.poisson(25.0, (len(PACKAGES), len(REGIONS)))
    bad = random.binomial(number, random.uniform(0.25, 0.9, (len(PACKAGES), 1)))

    assert asked(Grid(bad.astype(np.float64), number.astype(np.float64))) == Slice()


def test_the_part_that_is_returned_is_the_slice_and_nothing_else() -> None:
    everything = grid(packages=("b",), regions=("r3", "r4"))
    found, part = narrowed(everything, usual=USUAL, effect=EFFECT, names=NAMES, previous=Slice())

    assert found == Slice(("b",), ("r3", "r4"))
    assert part.calls.sum() == everything.calls[1, 3:5].sum()
    assert part.bad.sum() == everything.bad[1, 3:5].sum()


def test_few_calls_exclude_nobody() -> None:
    number = np.zeros((len(PACKAGES), len(REGIONS)))
    number[:, 0] = 1.0
    number[0, 0] = 12.0
    bad = np.zeros(number.shape)
    bad[0, 0] = 8.0

    assert asked(Grid(bad, number)) == Slice()


def test_those_spared_must_be_a_good_part_of_the_calls() -> None:
    everything = grid()
    everything.bad[0] = 0.0

    assert asked(everything) == Slice()


def test_a_package_hardly_used_in_the_province_that_fails_is_not_spared_for_that() -> None:
    number = np.full((len(PACKAGES), len(REGIONS)), 40.0)
    number[4:, 0] = 1.0
    bad = np.zeros(number.shape)
    bad[:, 0] = np.round(number[:, 0] * 0.9)

    assert asked(Grid(bad, number)) == Slice(None, ("r0",))


def test_nobody_called_leaves_whom_the_last_tick_named() -> None:
    nothing = Grid(np.zeros((len(PACKAGES), len(REGIONS))), np.zeros((len(PACKAGES), len(REGIONS))))

    assert asked(nothing) == Slice()
    assert asked(nothing, Slice(("a",), ("r1",))) == Slice(("a",), ("r1",))


def test_a_scope_does_not_waver_from_tick_to_tick() -> None:
    found = Slice()
    said = []
    for tick in range(120):
        found = asked(grid(seed=tick, regions=("r2",), share=0.5, calls=4.0), found)
        said.append(found)

    assert sum(one != other for one, other in pairwise(said)) <= 2
    assert said[-1] == Slice(None, ("r2",))


def test_what_spreads_is_named_more_widely() -> None:
    found = asked(grid(regions=("r2",)))
    found = asked(grid(seed=1, regions=("r2", "r3")), found)
    assert found == Slice(None, ("r2", "r3"))

    assert asked(grid(seed=2), found) == Slice()


def test_a_province_that_recovers_is_no_longer_named() -> None:
    found = asked(grid(regions=("r2", "r3")))

    assert asked(grid(seed=1, regions=("r3",)), found) == Slice(None, ("r3",))


@pytest.mark.parametrize("seed", range(5))
def test_names_and_their_order_decide_nothing(seed: int) -> None:
    what = grid(seed=seed, packages=("c", "e"), regions=("r1",))
    order = np.random.default_rng(seed).permutation(len(PACKAGES))
    names = Names(("s",), tuple(PACKAGES[place].upper() for place in order), REGIONS)

    turned, _ = narrowed(
        Grid(what.bad[order], what.calls[order]), usual=USUAL, effect=EFFECT, names=names, previous=Slice()
    )

    assert turned.packages is not None
    assert set(turned.packages) == {"C", "E"}
    assert turned.regions == ("r1",)
