"""Percentiles of a few durations, by a definition that is named.

Hyndman and Fan's type 8 (1996): the estimate is nearly median-unbiased whatever the distribution, which is why they
recommend it. Between the smallest and the largest value it interpolates; beyond them it stays at the extremes, so
that with few incidents the 95th percentile is the worst one seen, not something better.
"""

from collections.abc import Sequence
from datetime import timedelta
from math import floor

from tocsin.review.rules.model import Distribution

DEFINITION = "Hyndman–Fan type 8"
_THIRD = 1 / 3


def percentile(values: Sequence[timedelta | None], share: float) -> timedelta | None:
    """Return the percentile (`share` in 0..1) of values of which None is longer than any; None when it is "never".

    Raises `ValueError` when there is nothing to take it of.
    """
    if not values:
        message = "there is no percentile of nothing"
        raise ValueError(message)
    finite = sorted(value for value in values if value is not None)
    position = (len(values) + _THIRD) * share + _THIRD
    below = min(max(floor(position), 1), len(values))
    above = min(below + 1, len(values))
    weight = min(max(position - below, 0.0), 1.0)
    if below > len(finite) or (weight > 0 and above > len(finite)):
        return None
    lower = finite[below - 1]
    return lower if weight == 0 else lower + (finite[above - 1] - lower) * weight


def distribution(values: Sequence[timedelta | None], *, pending: int = 0) -> Distribution:
    """Return counts, median, 90th and 95th percentile and maximum; None among the values is "never"."""
    never = sum(value is None for value in values)
    if not values:
        return Distribution(0, 0, pending, None, None, None, None)
    return Distribution(
        count=len(values),
        never=never,
        pending=pending,
        median=percentile(values, 0.5),
        p90=percentile(values, 0.9),
        p95=percentile(values, 0.95),
        maximum=percentile(values, 1.0),
    )
