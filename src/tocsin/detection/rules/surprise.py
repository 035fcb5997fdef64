"""How surprising each point of any measured series is: a latency, a rate of intake, a share.

A point is compared with two ways of expecting it, the level of the last half day and the same time of day over the last
fortnight, and counts as surprising only as far as *neither* explains it: a busy morning is unlike the night before it
but like other mornings, a new plateau is unlike last week but soon like the last half day.

Its distance from an expectation is measured in *usual worst deviations*: the median, over past days, of each day's
largest distance. That one unit needs no shape of the noise (heavy tails enter as they are), holds for a point a minute
as for a point an hour (a day has one largest deviation either way), and gives a bar one meaning for every series: 1 is
what an ordinary day brings, 2 is twice that. A few past days with incidents do not move a median. Everything is causal:
a point's score never depends on a later one, nor its unit on its own day.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

type Numbers = NDArray[np.float64]
type Days = NDArray[np.int64]

DAY_S = 86_400
LEVEL_S = 43_200
"""Half a day: a level that follows what lasts and is not moved by what passes."""
SLOT_S = 600
"""The time of day is told by ten minutes, or by the step of the series where that is longer."""
SLOT_DAYS = 14
UNIT_DAYS = 30
STEP_LIMIT = 3.0
"""No single point moves the level by more than this many usual distances: one spike is not a new level."""


@dataclass(frozen=True, slots=True)
class Surprise:
    """A series' scores, and the range between which each point would have scored at most 1."""

    score: Numbers
    low: Numbers
    high: Numbers


def surprise(at_s: Numbers, values: Numbers, *, grain: float = 0.0, trust: float = np.inf) -> Surprise:
    """Return how far each value is from every expectation, in usual worst deviations; 0 where nothing is known yet.

    `at_s` ascends and is told on the clock people live by (local midnight is a multiple of a day), so that summer time
    moves nothing. Values that are not finite are gaps: they score 0 and teach nothing. The first movement of a series
    that never moved scores exactly 1. `grain` is the least unit, where values come in steps. An expectation that
    usually errs by more than `trust` times what the best one does has no say: give it where the course of the day is
    strong, so that a fall by day is not explained by what the night is like.
    """
    clean = np.where(np.isfinite(values), values, np.nan)
    if clean.size == 0:
        return Surprise(clean, clean, clean)
    days = (at_s // DAY_S).astype(np.int64) - int(at_s[0] // DAY_S)
    expected = np.stack([_level(at_s, clean), _same_time_of_day(at_s, clean, days)])
    units = np.stack([_usual_worst(np.abs(clean - each), days) for each in expected])
    units = np.maximum(units, grain)
    best = np.where(np.isfinite(units), units, np.inf).min(axis=0)
    units = np.where(units <= trust * best, units, np.nan) if np.isfinite(trust) else units
    return Surprise(_least(np.abs(clean - expected), units), *_range(expected, units))


def step_s(at_s: Numbers) -> float:
    """Return the usual distance between two points."""
    return float(np.median(np.diff(at_s))) if at_s.size > 1 else float(SLOT_S)


def _least(distance: Numbers, units: Numbers) -> Numbers:
    """Measure each distance in its unit and keep the least; an expectation without history has no say."""
    moved = np.where(distance > 0, 1.0, 0.0)
    measured = np.where(units > 0, distance / np.where(units > 0, units, 1.0), moved)
    known = np.isfinite(distance) & np.isfinite(units)
    least = np.where(known, measured, np.inf).min(axis=0)
    return np.where(np.isfinite(least), least, 0.0)


def _range(expected: Numbers, units: Numbers) -> tuple[Numbers, Numbers]:
    known = np.isfinite(expected) & np.isfinite(units)
    low = np.where(known, expected - units, np.inf).min(axis=0)
    high = np.where(known, expected + units, -np.inf).max(axis=0)
    some = known.any(axis=0)
    return np.where(some, low, np.nan), np.where(some, high, np.nan)


def _level(at_s: Numbers, values: Numbers) -> Numbers:
    """Return the level before each point: a fading mean that a single point moves only so far."""
    pace = 1.0 - float(np.exp(-step_s(at_s) / LEVEL_S))
    before = np.full(values.size, np.nan)
    level, usual, seen = np.nan, 0.0, 0
    for index, value in enumerate(values.tolist()):
        before[index] = level
        if value != value:  # noqa: PLR0124  not a number: a gap
            continue
        seen += 1
        if seen == 1:
            level, usual = value, abs(value) / 10.0
            continue
        weight = max(pace, 1.0 / seen)
        away = value - level
        reach = STEP_LIMIT * usual
        level += weight * min(max(away, -reach), reach)
        usual += weight * (min(abs(away), 2.0 * reach) - usual)
    return before


def _same_time_of_day(at_s: Numbers, values: Numbers, days: Days) -> Numbers:
    """Return the median, over the last days, of what this slot of the day brought."""
    slot_s = max(step_s(at_s), SLOT_S)
    slots = int(np.ceil(DAY_S / slot_s))
    slot = (at_s % DAY_S // slot_s).astype(np.int64)
    table = _medians(values, days * slots + slot, (int(days[-1]) + 1) * slots).reshape(-1, slots)
    past = np.full_like(table, np.nan)
    for day in range(1, len(table)):
        past[day] = _median(table[max(0, day - SLOT_DAYS) : day])
    return past[days, slot]


def _medians(values: Numbers, cell: Days, cells: int) -> Numbers:
    """Return the median of each cell's values (cells ascend with the values), not a number for an empty one."""
    found = np.full(cells, np.nan)
    begins = np.flatnonzero(np.diff(cell, prepend=-1))
    if begins.size == cell.size:
        found[cell] = values
        return found
    for begin, end in zip(begins, [*begins[1:], values.size], strict=True):
        found[cell[begin]] = _median(values[begin:end, None])[0]
    return found


def _usual_worst(distance: Numbers, days: Days) -> Numbers:
    """Return, for each point, the median over past days of the day's largest distance."""
    begins = np.flatnonzero(np.diff(days, prepend=-1))
    worst = np.full(int(days[-1]) + 1, np.nan)
    worst[days[begins]] = np.fmax.reduceat(distance, begins)
    usual = np.full_like(worst, np.nan)
    for day in range(1, worst.size):
        usual[day] = _median(worst[max(0, day - UNIT_DAYS) : day, None])[0]
    return usual[days]


def _median(rows: Numbers) -> Numbers:
    """Return the median of each column over what is known of it; not a number where nothing is."""
    ordered = np.sort(rows, axis=0)
    known = np.isfinite(ordered).sum(axis=0)
    column = np.arange(ordered.shape[1])
    middle = (ordered[np.maximum(known - 1, 0) // 2, column] + ordered[known // 2, column]) / 2.0
    return np.where(known > 0, middle, np.nan)
