"""The surprise of a measured series: two ways of expecting, one unit for every series."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tocsin.detection.rules.surprise import DAY_S, Numbers, step_s, surprise

HOUR_S = 3600


def _hours(days: int, *, step: int = HOUR_S) -> Numbers:
    return np.arange(0, days * DAY_S, step, dtype=float)


def _daily_wave(at_s: Numbers, *, seed: int = 1) -> Numbers:
    noise = np.random.default_rng(seed).normal(0, 1, at_s.size)
    return 100 + 50 * np.sin(at_s / DAY_S * 2 * np.pi) + noise


def test_a_spike_is_surprising_and_the_hours_around_it_are_not() -> None:
    at_s = _hours(20)
    values = _daily_wave(at_s)
    values[400] += 500
    score = surprise(at_s, values).score
    assert score[400] > 5
    assert score[396:400].max() < 2
    assert score[401:425].max() < 2


def test_a_daily_peak_surprises_nobody_once_it_is_known() -> None:
    at_s = _hours(20)
    assert surprise(at_s, _daily_wave(at_s)).score[4 * 24 :].max() < 2.5


def test_a_drop_counts_like_a_rise() -> None:
    at_s = _hours(20)
    values = np.full(at_s.size, 100.0) + np.random.default_rng(2).normal(0, 1, at_s.size)
    values[300], values[400] = 120.0, 80.0
    score = surprise(at_s, values).score
    assert score[300] == pytest.approx(score[400], rel=0.4)


def test_a_new_level_is_surprising_at_first_and_usual_after_days() -> None:
    at_s = _hours(20)
    values = np.random.default_rng(3).normal(100, 1, at_s.size)
    values[240:] += 30
    score = surprise(at_s, values).score
    assert score[240:244].min() > 5
    assert score[-24:].max() < 2


def test_a_point_a_minute_and_a_point_an_hour_share_one_unit() -> None:
    by_minute, by_hour = _hours(10, step=60), _hours(10)
    fine, coarse = _daily_wave(by_minute), _daily_wave(by_hour)
    ordinary = [surprise(by_minute, fine).score[-DAY_S // 60 :].max(), surprise(by_hour, coarse).score[-24:].max()]
    assert ordinary[0] == pytest.approx(1.0, abs=0.6)
    assert ordinary[1] == pytest.approx(1.0, abs=0.6)


def test_a_few_past_days_with_incidents_do_not_make_the_next_one_usual() -> None:
    at_s = _hours(20)
    values = _daily_wave(at_s)
    for hour in (100, 200, 300, 400):
        values[hour] += 500
    assert surprise(at_s, values).score[400] > 5


def test_the_first_movement_of_what_never_moved_scores_one() -> None:
    at_s = _hours(6)
    values = np.zeros(at_s.size)
    values[100] = 7.0
    score = surprise(at_s, values).score
    assert score[100] == 1.0
    assert score[:100].max() == 0.0


def test_nothing_is_surprising_on_the_first_day() -> None:
    at_s = _hours(1)
    found = surprise(at_s, np.arange(24.0))
    assert not found.score.any()
    assert np.isnan(found.low).all()
    assert np.isnan(found.high).all()


@pytest.mark.parametrize("size", [0, 1, 2])
def test_hardly_any_points_are_no_surprise(size: int) -> None:
    found = surprise(np.linspace(0, 60.0 * size, size), np.ones(size))
    assert found.score.shape == (size,)
    assert not found.score.any()


def test_a_single_point_has_a_step_to_go_by() -> None:
    assert step_s(np.array([5.0])) > 0


def test_gaps_score_nothing_and_teach_nothing() -> None:
    at_s = _hours(20)
    values = _daily_wave(at_s)
    gappy = values.copy()
    gappy[200:230] = np.nan
    gappy[250] = np.inf
    score = surprise(at_s, gappy).score
    assert not score[200:230].any()
    assert score[250] == 0.0
    assert np.isfinite(score).all()
    assert score[300:].max() < 2.5


def test_days_without_any_point_are_bridged() -> None:
    at_s = _hours(20)
    kept = (at_s < 8 * DAY_S) | (at_s >= 12 * DAY_S)
    values = _daily_wave(at_s)
    values[-3] += 500
    score = surprise(at_s[kept], values[kept]).score
    assert score[-3] > 5
    assert score[-20:-4].max() < 2.5


def test_the_range_says_what_would_have_been_usual() -> None:
    at_s = _hours(20)
    values = _daily_wave(at_s)
    found = surprise(at_s, values)
    inside = (values >= found.low) & (values <= found.high)
    assert inside[5 * 24 :].mean() > 0.97
    assert (found.score[5 * 24 :][~inside[5 * 24 :]] > 1).all()


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, 72, elements=st.floats(-1e9, 1e9)), st.integers(1, 71))
def test_no_score_depends_on_a_later_point(values: Numbers, end: int) -> None:
    at_s = _hours(3)
    later = values.copy()
    later[end:] = 12345.0
    assert np.array_equal(surprise(at_s, values).score[:end], surprise(at_s, later).score[:end])


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, 120, elements=st.integers(-1000, 1000).map(float)), st.sampled_from([2.0, 0.5, 1024.0]))
def test_neither_the_unit_nor_the_week_of_a_series_matters(values: Numbers, factor: float) -> None:
    at_s = _hours(5)
    shifted = surprise(at_s + 7 * DAY_S, values * factor).score
    assert shifted == pytest.approx(surprise(at_s, values).score)
