"""How surprising a count is: log-likelihood ratios, tempered by over-dispersion.

Calls are not independent: one site that retries makes many failures of one. A ratio that is sound on paper then
raises false alarms, so each is divided by `1 + (n - 1) * spread`, the factor by which correlated calls tell less than
independent ones (a design effect). What is left is comparable between services, kinds and eyes.
"""

import numpy as np
from numpy.typing import NDArray

type Numbers = NDArray[np.float64]

_TINY = 1e-12


def excess(bad: Numbers, calls: Numbers, *, usual: Numbers, spread: Numbers) -> Numbers:
    """Score a share of bad calls above the usual one (binomial); zero where it is not above, or nobody called."""
    some = np.maximum(calls, 1.0)
    share = _within(bad / some, 0.0, 1.0)
    expected = _within(usual, 1e-6, 1.0 - 1e-6)
    worse = bad * np.log(np.maximum(share, _TINY) / expected)
    better = (some - bad) * np.log(np.maximum(1.0 - share, _TINY) / (1.0 - expected))
    score = (worse + better) / (1.0 + (some - 1.0) * spread)
    return np.where((share > usual) & (calls > 0), np.maximum(score, 0.0), 0.0)


def likeness(bad: Numbers, calls: Numbers, *, usual: Numbers | float, hit: Numbers | float) -> Numbers:
    """Say whether a slice rather behaves as the slices hit (positive) or as usual (negative), as a log ratio.

    The two are parted halfway, so that a slice hit half as hard as the others still counts as hit.
    """
    low = _within(usual, 1e-4, 0.98)
    middle = _within((low + hit) / 2.0, low + 1e-3, 0.99)
    worse = bad * np.log(middle / low)
    better = (calls - bad) * np.log((1.0 - middle) / (1.0 - low))
    return np.asarray(worse + better)


def _within(values: Numbers | float, low: Numbers | float, high: float) -> Numbers:
    # Does what `np.clip` does in a third of the time on the few numbers that are asked about here.
    return np.asarray(np.minimum(np.maximum(values, low), high))
