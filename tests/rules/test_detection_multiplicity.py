"""Which of many slices are conspicuous: as Wang and Ramdas define it, and as little false as promised."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from tocsin.detection.rules.multiplicity import discoveries

LOGS = arrays(np.float64, array_shapes(min_dims=1, max_dims=2, max_side=30), elements=st.floats(-50, 50))
LEVELS = st.floats(1e-4, 0.5)


def by_the_book(log_e: NDArray[np.float64], level: float) -> set[int]:
    """Return the discoveries by the definition, tried from the largest number downwards."""
    flat = log_e.ravel()
    order = sorted(range(flat.size), key=lambda place: -flat[place])
    for number in range(flat.size, 0, -1):
        least = flat[order[number - 1]]
        if least >= np.log(flat.size / level) - np.log(number):
            return {place for place in range(flat.size) if flat[place] >= least}
    return set()


@settings(max_examples=200, deadline=None)
@given(LOGS, LEVELS)
def test_discoveries_are_those_of_the_definition(log_e: NDArray[np.float64], level: float) -> None:
    found = discoveries(log_e, level)

    assert found.shape == log_e.shape
    assert set(np.flatnonzero(found)) == by_the_book(log_e, level)


@settings(max_examples=50, deadline=None)
@given(LOGS, LEVELS, st.integers(0, 1000))
def test_the_order_decides_nothing(log_e: NDArray[np.float64], level: float, seed: int) -> None:
    flat = log_e.ravel()
    order = np.random.default_rng(seed).permutation(flat.size)

    assert (discoveries(flat[order], level) == discoveries(flat, level)[order]).all()


def test_one_alone_must_pay_for_all_that_were_looked_at() -> None:
    log_e = np.full(1000, -1.0)
    log_e[17] = np.log(1000 / 0.01) - 0.01
    assert not discoveries(log_e, 0.01).any()

    log_e[17] += 0.02
    assert list(np.flatnonzero(discoveries(log_e, 0.01))) == [17]


def test_many_at_once_pay_less_each() -> None:
    log_e = np.full(1000, -1.0)
    log_e[:100] = np.log(1000 / 0.01 / 100) + 0.01

    assert list(np.flatnonzero(discoveries(log_e, 0.01))) == list(range(100))


@pytest.mark.parametrize("values", [[], [np.nan, np.nan], [-np.inf, 0.0]], ids=["none", "nan", "nothing"])
def test_no_evidence_is_no_discovery(values: list[float]) -> None:
    assert not discoveries(np.array(values), 0.05).any()


def test_what_is_certain_is_discovered_among_values_that_are_no_numbers() -> None:
    assert list(discoveries(np.array([np.nan, np.inf, 0.0]), 0.05)) == [False, True, False]


def test_false_discoveries_are_rarer_than_the_level() -> None:
    """Likelihood ratios of noise, all depending on the same draws: the case that e-BH is for."""
    random = np.random.default_rng(0)
    level, rounds = 0.1, 2000
    shared = random.normal(size=(rounds, 1))
    noise = 0.8 * shared + 0.6 * random.normal(size=(rounds, 200))
    log_e = 2.0 * noise - 2.0

    assert np.mean([discoveries(each, level).any() for each in log_e]) <= level


def test_a_hundred_thousand_slices_are_judged_at_once() -> None:
    log_e = np.random.default_rng(1).normal(-5.0, 2.0, 100_000)
    log_e[::10_000] = 30.0

    assert list(np.flatnonzero(discoveries(log_e, 1e-3))) == list(range(0, 100_000, 10_000))
