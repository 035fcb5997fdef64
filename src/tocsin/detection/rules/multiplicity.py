"""Which of many slices may be called conspicuous, when thousands are looked at in every tick.

Looking at a thousand slices, the strangest one is strange by chance. The e-BH procedure (Wang and Ramdas, "False
discovery rate control with e-values", J. R. Statist. Soc. B 84, 2022) keeps the expected share of false ones among
those that it lets through at or below its level, however the slices depend on one another; and slices of one service
depend strongly.
"""

import numpy as np
from numpy.typing import NDArray


def discoveries(log_e: NDArray[np.float64], level: float) -> NDArray[np.bool_]:
    """Return which e-values, given as natural logarithms in any shape, are discoveries at the level (0..1).

    The k largest are, for the largest k whose smallest member is at least `number / (level * k)`. NaN is no evidence.
    """
    values = np.where(np.isnan(log_e), -np.inf, log_e)
    number = values.size
    if not number:
        return np.zeros(values.shape, bool)
    # Only what reaches the bar of all being discoveries can be one: a few of many thousands, so that little is sorted.
    low = float(np.log(1.0 / level))
    ordered = -np.sort(-values[values >= low])
    bars = np.log(number / level) - np.log(np.arange(1, ordered.size + 1))
    enough = np.flatnonzero(ordered >= bars)
    if not enough.size:
        return np.zeros(values.shape, bool)
    return np.asarray(values >= ordered[enough[-1]])
