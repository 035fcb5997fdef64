from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.review.rules.model import Distribution
from tocsin.review.rules.percentiles import distribution, percentile

SECONDS = st.lists(st.integers(0, 100_000), min_size=1, max_size=60)
SHARES = st.floats(0, 1)


def seconds(*values: float) -> list[timedelta | None]:
    return [timedelta(seconds=value) for value in values]


@given(values=SECONDS, share=SHARES)
def test_it_is_type_8_as_numpy_computes_it(values: list[int], share: float) -> None:
    found = percentile(seconds(*values), share)
    assert found is not None
    assert found.total_seconds() == pytest.approx(np.quantile(values, share, method="median_unbiased"), abs=1e-3)


@given(values=SECONDS, nevers=st.integers(1, 10), share=SHARES)
def test_never_counts_as_longer_than_anything(values: list[int], nevers: int, share: float) -> None:
    with_nevers = [*seconds(*values), *[None] * nevers]
    found = percentile(with_nevers, share)
    as_if = np.quantile([*values, *[1e12] * nevers], share, method="median_unbiased")
    assert (found is None) == bool(as_if > 1e6 + max(values))


def test_with_few_incidents_the_95th_percentile_is_the_worst_one_seen() -> None:
    assert percentile(seconds(60, 120, 600), 0.95) == timedelta(seconds=600)


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="percentile of nothing"):
        percentile([], 0.5)


def test_a_distribution_says_how_many_never_and_how_many_are_open() -> None:
    found = distribution([*seconds(60, 120, 180), None], pending=2)
    assert (found.count, found.never, found.pending) == (4, 1, 2)
    assert found.median == timedelta(seconds=150)
    assert (found.p90, found.p95, found.maximum) == (None, None, None)


def test_nothing_to_measure() -> None:
    assert distribution([], pending=1) == Distribution(0, 0, 1, None, None, None, None)
