"""How much evidence there is, at any moment, that a share of bad calls has risen: an e-detector.

For every moment at which a change could have begun, the likelihood ratio of all calls since then is an e-value: were
nothing wrong, it would be 1 on average. Their sum over all such moments is a Shiryaev-Roberts e-detector. Alarming when
it reaches a threshold gives, while nothing is wrong, at least `threshold` steps on average before the first false
alarm, whenever one looks (Shin, Ramdas and Rinaldo, "E-detectors: a nonparametric framework for sequential change
detection", 2022). How large the change is nobody knows, so four sizes are mixed, from twice the usual odds to nearly
everything: an average of e-detectors is one.

Calls are not independent: one site that retries makes many failures of one. Each step's log ratio is therefore divided
by `1 + (N - 1) * spread * tail`, where N calls go together and `spread` is their correlation. With `tail` 1 that suits
a share that wanders like a bell curve. One that wanders like a beta distribution goes further up than that, and a size
t that bets on such a moment would win too often. Bad calls are then negative binomial (they are few), and on average
`exp(ratio)` stays at or below 1 if `tail` is at least `(t - 1)^2 / (2 (t ln t - t + 1))`: the limit for a small spread
of what its generating function asks for, which is also the most it asks for. For twice the odds that is 1.3; sixtyfold
odds, where it is 9.3, can well afford it. A test sums the averages exactly.

Two forms of one idea: `evidence` looks back over a window and needs no state, `advance` moves on by one step. Over the
same steps they agree to the last digits that a float holds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

type Numbers = NDArray[np.float64]

ODDS = (2.0, 5.0, 15.0, 60.0)
"""By how much the odds of a bad call may have risen. A size in between loses a sixth of the evidence, at most."""
_GAIN = np.log(ODDS)
_TAIL = (np.array(ODDS) - 1.0) ** 2 / (2.0 * (np.array(ODDS) * _GAIN - np.array(ODDS) + 1.0))
"""How much more a size must be tempered than the spread alone says (see above)."""
_LEAST, _MOST = 1e-6, 1.0 - 1e-6
_BLOCK = 8192
"""Series worked on at once: what they need then stays in the processor's own memory."""
_CEILING = float(np.exp(229.5))
"""Evidence beyond this is no surer, and would never come down again."""
_CEILING_LOG = 228.0
_STEEPEST = 400.0
"""The log ratio of one step at most, so that no step takes a float beyond its range."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual for each series, made ready for stepping.

    That is what a call costs each size, [size, series], and the correlation of calls, as felt within one step.
    """

    cost: Numbers
    spread: Numbers
    together: float

    @classmethod
    def of(cls, share: Numbers, spread: Numbers, *, together: float = 1.0) -> "Usual":
        """Prepare usual shares and correlations of calls.

        `together` says over how many steps calls go together: thirty, where the correlation was learnt from sums of
        five minutes and a step has ten seconds.
        """
        return cls(_cost(share), np.asarray(spread * together, np.float64), together)


def fresh(series: int) -> Numbers:
    """Return the state of series of which nothing was seen yet, [size, series]."""
    return np.zeros((len(ODDS), series))


def advance(
    state: Numbers, bad: Numbers, calls: Numbers, usual: Usual, *, places: NDArray[np.int64] | None = None
) -> Numbers:
    """Move the state on by one step, in place, and return the e-detector of each series (not its logarithm).

    `places` says, per series, which of the usual is its own: slices look up that of the service they are slices of.
    """
    value = np.empty(bad.shape)
    for first in range(0, bad.size, _BLOCK):
        block = slice(first, first + _BLOCK)
        mine = block if places is None else places[block]
        correlated = usual.spread[mine] * np.maximum(calls[block] - 1.0 / usual.together, 0.0)
        _move_on(state[:, block], _log_ratio(bad[block], calls[block], usual.cost[:, mine], correlated))
        np.mean(state[:, block], axis=0, out=value[block])
    return value


def _move_on(state: Numbers, ratio: Numbers) -> None:
    np.minimum(ratio, _STEEPEST, out=ratio)
    np.exp(ratio, out=ratio)
    state += 1.0
    state *= ratio
    np.minimum(state, _CEILING, out=state)


def evidence(bad: Numbers, calls: Numbers, *, share: Numbers, spread: Numbers, together: Numbers) -> Numbers:
    """Return the natural log of each series' e-detector over the window; the last axis is steps, the newest first.

    `together` says, per step, over how many of its kind calls go together (see `Usual.of`); steps may differ in width.
    Every step's beginning counts as one moment at which a change could have begun.
    """
    return total_evidence(evidence_since(bad, calls, share=share, spread=spread, together=together))


def total_evidence(since: Numbers) -> Numbers:
    """Return the natural log of the e-detector, from the log ratios of all sizes and moments, [size, ..., step]."""
    most = since.max(axis=(0, -1))
    total = np.exp(since - most[None, ..., None]).sum(axis=(0, -1))
    return np.asarray(np.minimum(np.log(total / len(ODDS)) + most, _CEILING_LOG))


def evidence_since(bad: Numbers, calls: Numbers, *, share: Numbers, spread: Numbers, together: Numbers) -> Numbers:
    """Return the log likelihood ratio of all calls from each step on, [size, ..., step]: logs of e-values."""
    correlated = (spread[..., None] * together) * np.maximum(calls - 1.0 / together, 0.0)
    return np.cumsum(_log_ratio(bad, calls, _cost(share)[..., None], correlated), axis=-1)


def e_value_log(detector_log: Numbers, steps: int) -> Numbers:
    """Return the log of an e-value at a fixed moment, from the e-detector over so many steps.

    The e-detector is a sum over the moments at which a change could have begun; their average is an e-value, which is
    what procedures against multiplicity (e-BH) take.
    """
    return np.asarray(detector_log - np.log(steps))


def _log_ratio(bad: Numbers, calls: Numbers, cost: Numbers, correlated: Numbers) -> Numbers:
    """Return the tempered log likelihood ratios, [size, ...]."""
    sizes = (len(ODDS), *(1 for _ in bad.shape))
    ratio = bad * _GAIN.reshape(sizes)
    ratio -= calls * cost
    ratio /= 1.0 + correlated * _TAIL.reshape(sizes)
    return np.asarray(ratio)


def _cost(share: Numbers) -> Numbers:
    """Return what every call, good or bad, takes from the log ratio of each size, [size, ...]."""
    usual = np.clip(share, _LEAST, _MOST)
    return np.stack([np.log1p(usual * (odds - 1.0)) for odds in ODDS])
