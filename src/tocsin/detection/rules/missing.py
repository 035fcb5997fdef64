"""How sure it is that calls are missing: an e-detector over the newest steps.

Windowed Shiryaev-Roberts on tempered likelihood ratios (Shin, Ramdas, Rinaldo: E-detectors, 2023): for each possible
onset the evidence of all steps since is multiplied, and the onsets are summed. Were callers independent and the
expectation right, a value of A would be reached once in A steps at most. They are not quite: so each ratio is tempered
by the over-dispersion, and what is tested is not "fewer than expected" but "fewer than the margin allows".
"""

import numpy as np
from numpy.typing import NDArray

type Numbers = NDArray[np.float64]

PARTS = (0.15, 0.3, 0.6, 0.95)
"""How much may be missing: a mixture, so that a small loss and a total one are both found."""
TIMES = (1.5, 2.5, 5.0)
"""How many times the expected calls there may be."""
_MINUTE = 2
_LEVEL_WINDOW = 50.0
"""Steps that the level is taken from: its own chance adds to that of the window that is judged."""


def temper(expected: Numbers, spread: Numbers) -> Numbers:
    """Return the part of its face value that a step's evidence is worth (design effect of a minute's clump)."""
    minute = expected[..., :_MINUTE].sum(axis=-1)
    return np.asarray(1.0 / (1.0 + minute * spread + expected.shape[-1] / _LEVEL_WINDOW))


def missing(seen: Numbers, expected: Numbers, *, spread: Numbers, margin: Numbers) -> tuple[Numbers, NDArray[np.int64]]:
    """Return the log of the e-detector's value (0 where nothing is missing) and the likeliest onset in steps back.

    The last axis is the step, newest first; `margin` is the part that may be missing without meaning anything.
    """
    left = [np.minimum(1.0 - part, 1.0 - margin - 0.05) for part in PARTS]
    return _detected(seen, expected, spread=spread, allowed=1.0 - margin, sizes=left)


def surplus(seen: Numbers, expected: Numbers, *, spread: Numbers, margin: Numbers) -> tuple[Numbers, NDArray[np.int64]]:
    """Return the same for calls that are too many; `margin` is the part that may be too much."""
    more = [np.maximum(size, 1.0 + margin + 0.1) for size in TIMES]
    return _detected(seen, expected, spread=spread, allowed=1.0 + margin, sizes=more)


def _detected(
    seen: Numbers, expected: Numbers, *, spread: Numbers, allowed: Numbers, sizes: list[Numbers]
) -> tuple[Numbers, NDArray[np.int64]]:
    worth = temper(expected, spread)[..., None]
    sums = []
    for size in sizes:
        ratio = seen * np.log(size / allowed)[..., None] + (allowed - size)[..., None] * expected
        sums.append(np.cumsum(worth * ratio, axis=-1))
    since = np.logaddexp.reduce(np.stack(sums), axis=0) - np.log(len(sizes))
    value = np.logaddexp.reduce(since, axis=-1)
    return np.maximum(value, 0.0), since.argmax(axis=-1) + 1
