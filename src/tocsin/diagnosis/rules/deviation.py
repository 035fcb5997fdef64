"""How far each node's measurements are from their usual, and how much harm that is in the unit its callers feel.

Two figures per node and kind. *Surprise* is a signed robust deviation: how many usual deviations (1.4826 × the median
absolute deviation) slower, or more failing, than usual; better than usual counts as none. *Harm* is the same distance
in what a caller loses: failed calls, or seconds waited. Harm adds up along a call graph, which surprise does not: a
node that is asked twice a minute can be very surprising and cannot be why a hundred calls a minute fail.

When it began is never known to the minute. Every figure is therefore taken under several *onset hypotheses*, each
with its own time before (where the node's level may have stepped since the normal time was recorded) and after.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]
type Kind = Literal["failing", "slow"]

KINDS: tuple[Kind, Kind] = ("failing", "slow")

TO_DEVIATION = 1.4826
"""Makes the median absolute deviation of normally spread values equal their standard deviation."""

LEAST_FAILING = 0.01
LEAST_SLOWER = 0.1
"""A series that never moved still varies: at least by one call in a hundred, or a tenth of its usual duration."""

SURPRISING = 3.0
"""So many deviations are as likely chance as not, over all that is looked at; harm is believed from there on."""


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """What was measured of every node in every step: arrays [node, step], NaN where nothing was.

    `calls` is how many there were, `failing` the share of them that failed, `seconds` how long one took.
    """

    calls: Floats
    failing: Floats
    seconds: Floats

    @property
    def steps(self) -> int:
        """Return how many steps there are."""
        return int(self.calls.shape[1])

    def of(self, kind: Kind) -> Floats:
        """Return the measure in which this kind of trouble shows."""
        return self.failing if kind == "failing" else self.seconds


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """A node's usual level of one measure and how much it varies, each [node]; NaN where it was never measured."""

    level: Floats
    spread: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Excess:
    """What is beyond the usual, under one onset hypothesis: [node] each, never negative."""

    harm: Floats
    surprise: Floats

    @property
    def believed(self) -> Floats:
        """Return the harm, discounted where it may well be chance."""
        squared = self.surprise**2
        return self.harm * squared / (squared + SURPRISING**2)


def usual(normal: Measures, kind: Kind) -> Usual:
    """Return each node's median and robust deviation in normal time."""
    values = normal.of(kind)
    level = median(values)
    spread = TO_DEVIATION * median(np.abs(values - level[:, None]))
    least = np.full_like(level, LEAST_FAILING) if kind == "failing" else LEAST_SLOWER * np.abs(level)
    return Usual(level, np.fmax(np.fmax(spread, least), 1e-12))


def onsets(step: int, *, steps: int) -> tuple[int, ...]:
    """Return the steps in which it may have begun, when it was noticed in `step`: that one and its neighbours."""
    return tuple(each for each in (step - 1, step, step + 1) if 0 <= each < steps)


def excess(now: Measures, known: Usual, kind: Kind, *, onset: int, span: int = 2) -> Excess:
    """Return what the `span` steps from the onset on show beyond the usual and beyond the steps before.

    A node must be worse than both: months may lie between the normal time and now, and its level may have stepped.
    """
    values = now.of(kind)
    level = np.fmax(known.level, median(values[:, :onset]))
    beyond = or_zero(values[:, onset : onset + span] - level[:, None])
    calls = or_zero(now.calls[:, onset : onset + span])
    harm = np.maximum((beyond * calls).sum(axis=1), 0.0)
    surprise = np.maximum(or_zero(beyond.mean(axis=1) / known.spread), 0.0)
    return Excess(harm, surprise)


def likeness(now: Measures, known: Usual, kind: Kind, *, like: Floats) -> Floats:
    """Return for each node how alike its course is to `like` (0..1): a cause is bad when its consequence is bad."""
    course = _course(or_zero(now.of(kind) - known.level[:, None]))
    wanted = _course(or_zero(like))
    length = np.linalg.norm(course, axis=1) * np.linalg.norm(wanted)
    return np.clip(course @ wanted / np.maximum(length, 1e-12), 0.0, 1.0)


def _course(values: Floats) -> Floats:
    rising: Floats = values - values.min(axis=-1, keepdims=True)
    return rising


def or_zero(values: Floats) -> Floats:
    """Return the values with 0 for whatever is no number."""
    return np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)


def median(values: Floats) -> Floats:
    """Return each row's median over what is measured, NaN where nothing is."""
    ordered = np.sort(np.where(np.isfinite(values), values, np.inf), axis=1)
    count = np.isfinite(ordered).sum(axis=1)
    rows = np.arange(len(ordered))
    if ordered.shape[1] == 0:
        return np.full(len(ordered), np.nan)
    middle = 0.5 * (ordered[rows, np.maximum(count - 1, 0) // 2] + ordered[rows, np.maximum(count, 1) // 2])
    return np.where(count > 0, middle, np.nan)
