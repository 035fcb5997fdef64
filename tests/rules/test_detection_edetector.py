"""The e-detector: an e-value in truth, two forms of one idea, and a run length that keeps its word."""

from math import lgamma

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tocsin.detection.rules.edetector import ODDS, Usual, advance, e_value_log, evidence, evidence_since, fresh

type Numbers = NDArray[np.float64]

_lgamma = np.vectorize(lgamma)


def beta_binomial(calls: int, share: float, spread: float) -> Numbers:
    """The log probability of each number of bad calls when calls are correlated."""
    bad = np.arange(calls + 1.0)
    ways = lgamma(calls + 1) - _lgamma(bad + 1) - _lgamma(calls - bad + 1)
    if spread == 0:
        return np.asarray(ways + bad * np.log(share) + (calls - bad) * np.log1p(-share))
    size = 1 / spread - 1
    good_size, bad_size = size * (1 - share), size * share
    return np.asarray(
        ways
        + _lgamma(bad + bad_size)
        + _lgamma(calls - bad + good_size)
        - lgamma(calls + size)
        + lgamma(size)
        - lgamma(bad_size)
        - lgamma(good_size)
    )


@pytest.mark.parametrize("spread", [0.0, 1e-5, 1e-4, 1e-3, 0.01, 0.05])
@pytest.mark.parametrize("calls", [1, 2, 5, 30, 200, 2000, 20000])
@pytest.mark.parametrize("share", [0.0005, 0.002, 0.01, 0.05, 0.3])
def test_while_nothing_is_wrong_every_size_averages_at_most_one(share: float, calls: int, spread: float) -> None:
    bad = np.arange(calls + 1.0)[:, None]
    ratios = evidence_since(
        bad,
        np.full(bad.shape, float(calls)),
        share=np.full(calls + 1, share),
        spread=np.full(calls + 1, spread),
        together=np.ones(1),
    )[..., 0]
    average = np.exp(ratios + beta_binomial(calls, share, spread)).sum(axis=1)
    assert average.shape == (len(ODDS),)
    assert average.max() <= 1 + 1e-6


STEPS = st.lists(st.tuples(st.integers(0, 60), st.floats(0, 0.3)), min_size=1, max_size=30)


@given(STEPS, st.floats(0.0005, 0.2), st.floats(0, 0.02), st.sampled_from([1.0, 30.0]))
def test_looking_back_and_moving_on_agree(
    steps: list[tuple[int, float]], share: float, spread: float, together: float
) -> None:
    calls = np.array([[float(number) for number, _ in steps]])
    bad = np.array([[float(round(number * part)) for number, part in steps]])
    one = np.ones(1)
    state, usual = fresh(1), Usual.of(one * share, one * spread, together=together)
    value = highest = np.ones(1)
    for step in range(len(steps)):
        value = advance(state, bad[:, step], calls[:, step], usual)
        highest = np.maximum(value, highest)
    looked_back = evidence(
        bad[:, ::-1], calls[:, ::-1], share=one * share, spread=one * spread, together=np.full(len(steps), together)
    )
    assume(float(np.log(highest[0])) < 200)  # no evidence is surer than the ceiling
    assert float(looked_back[0]) == pytest.approx(float(np.log(value[0])), abs=1e-6)


@settings(max_examples=30)
@given(st.integers(1, 500), st.floats(0.001, 0.2), st.floats(0, 0.01))
def test_one_more_bad_call_never_lessens_the_evidence(calls: int, share: float, spread: float) -> None:
    bad = np.arange(calls + 1.0)[:, None]
    found = evidence(
        bad,
        np.full(bad.shape, float(calls)),
        share=np.full(calls + 1, share),
        spread=np.full(calls + 1, spread),
        together=np.ones(1),
    )
    assert bool((np.diff(found) >= -1e-9).all())


@pytest.mark.parametrize("spread", [0.0, 1e-3, 0.01], ids=["independent", "correlated", "clumped"])
@pytest.mark.parametrize("calls", [3, 40, 500])
def test_the_average_run_length_is_at_least_the_threshold(calls: int, spread: float) -> None:
    """A thousand series that nothing ails, watched until the threshold of 200, or for 2,000 steps."""
    rng = np.random.default_rng(calls)
    share, threshold, longest, series = 0.01, 200.0, 2000, 1000
    usual = Usual.of(np.full(series, share), np.full(series, spread))
    state, length = fresh(series), np.full(series, float(longest))
    for step in range(longest):
        size = 1 / spread - 1 if spread else 1.0
        shares = rng.beta(share * size, (1 - share) * size, series) if spread else np.full(series, share)
        value = advance(state, rng.binomial(calls, shares).astype(float), np.full(series, float(calls)), usual)
        length = np.where((value >= threshold) & (length == longest), step + 1.0, length)
    assert length.mean() >= threshold


def test_a_total_failure_is_sure_within_four_bad_calls_and_stays_within_range_however_long_it_lasts() -> None:
    usual = Usual.of(np.full(1, 0.002), np.full(1, 1e-4), together=30.0)
    state = fresh(1)
    values = [float(np.log(advance(state, np.full(1, 4.0), np.full(1, 4.0), usual))[0]) for _ in range(200)]
    assert values[0] >= 12
    assert values[1] >= 24
    assert np.isfinite(values).all()
    many = Usual.of(np.full(1, 0.002), np.zeros(1))
    assert np.isfinite(advance(state, np.full(1, 1e7), np.full(1, 1e7), many)).all()


def test_steps_of_another_width_tell_the_same() -> None:
    """Three steps of ten seconds are one of thirty: calls go together over a third as many of those."""
    calls, bad = np.full((1, 6), 20.0), np.array([[3.0, 3, 3, 0, 0, 0]])
    share, spread = np.full(1, 0.01), np.full(1, 0.002)
    fine = evidence_since(bad, calls, share=share, spread=spread, together=np.full(6, 30.0))
    coarse = evidence_since(
        bad.reshape(1, 2, 3).sum(axis=2),
        calls.reshape(1, 2, 3).sum(axis=2),
        share=share,
        spread=spread,
        together=np.full(2, 10.0),
    )
    assert np.allclose(fine[..., [2, 5]], coarse)


def test_slices_look_up_the_usual_of_their_service() -> None:
    services = Usual.of(np.array([0.001, 0.1]), np.array([1e-4, 1e-3]), together=30.0)
    slices = Usual.of(np.array([0.1, 0.001, 0.1]), np.array([1e-3, 1e-4, 1e-3]), together=30.0)
    bad, calls = np.array([2.0, 1.0, 0.0]), np.full(3, 9.0)
    looked_up = advance(fresh(3), bad, calls, services, places=np.array([1, 0, 1]))
    assert looked_up.tolist() == advance(fresh(3), bad, calls, slices).tolist()


def test_an_e_value_is_the_average_over_the_moments() -> None:
    assert float(e_value_log(np.asarray(np.log(280.0)), 28)) == pytest.approx(np.log(10.0))
