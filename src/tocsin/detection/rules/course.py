"""The daily course of a series: how many calls each five minutes of the local week usually bring."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

type Numbers = NDArray[np.float64]

SLOT_S = 300
DAY_SLOTS = 24 * 3600 // SLOT_S

_HOLIDAY_LEVEL = 0.5
"""A working day with less than half of the usual calls was none: holidays do not belong to the usual course."""
_POOLED_DAYS = 4.0
"""What the course of all working days is worth, in days, against that of one weekday alone."""
_WORKING_DAYS = range(5)
_MIN_EXPECTED = 20.0
_SPREAD_FLOOR, _SPREAD_CEILING, _SPREAD_UNKNOWN = 0.01, 0.25, 0.1
"""Relative variance of a five-minute expectation. A tenth up or down always happens; a half never is usual."""


def slot_of(local: datetime) -> int:
    """Return the five-minute slot of the week that a local time lies in; Monday midnight is 0."""
    return local.weekday() * DAY_SLOTS + (local.hour * 3600 + local.minute * 60 + local.second) // SLOT_S


@dataclass(frozen=True, slots=True)
class Days:
    """Counts laid out by local day: `outcomes` is [series, day, slot of the day, outcome].

    `weekday` names each day's weekday and `is_covered` [day, slot] says where anything at all was recorded.
    """

    outcomes: NDArray[np.float64]
    weekday: NDArray[np.int64]
    is_covered: NDArray[np.bool_]

    def levels(self) -> Numbers:
        """Return how busy each day was against the usual course of its group of days (1 = as usual)."""
        totals = self.outcomes.sum(axis=(0, 3))
        level = np.ones(self.weekday.size)
        for group in _groups():
            days = np.flatnonzero(np.isin(self.weekday, group))
            covered = self.is_covered[days]
            usual = _median_of_covered(totals[days], covered)
            expected = (usual * covered).sum(axis=1)
            level[days] = np.where(expected > 0, (totals[days] * covered).sum(axis=1) / np.maximum(expected, 1e-9), 1.0)
        return level

    def weekly_course(self) -> Numbers:
        """Return expected calls per series and slot of the local week, [series, 7 × slots of a day]."""
        calls = self.outcomes.sum(axis=3)
        level = self.levels()
        is_usual = (level >= _HOLIDAY_LEVEL)[:, None] & self.is_covered
        course = np.zeros((calls.shape[0], 7, DAY_SLOTS))
        for group in _groups():
            pooled = self._mean(calls, np.isin(self.weekday, group)[:, None] & is_usual, level)
            for weekday in group:
                mask = (self.weekday == weekday)[:, None] & is_usual
                count = mask.sum(axis=0)
                busy = _weekday_level(level, mask)
                own = self._mean(calls, mask, level)
                course[:, weekday] = busy * (own * count + pooled * _POOLED_DAYS) / (count + _POOLED_DAYS)
        return np.asarray(course.reshape(calls.shape[0], -1))

    def course_spread(self) -> Numbers:
        """Return each series' usual relative variance around its course, chance left out."""
        calls = self.outcomes.sum(axis=3)
        course = self.weekly_course().reshape(calls.shape[0], 7, DAY_SLOTS)[:, self.weekday]
        level = self.levels()
        expected = course * level[None, :, None]
        is_usable = (expected >= _MIN_EXPECTED) & self.is_covered & (level >= _HOLIDAY_LEVEL)[None, :, None]
        relative = np.where(is_usable, (calls - expected) / np.maximum(expected, 1e-9), np.nan)
        beyond = np.where(is_usable, relative**2 - 1.0 / np.maximum(expected, 1e-9), np.nan).reshape(calls.shape[0], -1)
        spread = np.full(calls.shape[0], _SPREAD_UNKNOWN)
        some = np.isfinite(beyond).any(axis=1)
        if some.any():
            capped = np.minimum(beyond[some], np.nanquantile(beyond[some], 0.99, axis=1, keepdims=True))
            spread[some] = np.nanmean(capped, axis=1)
        return np.asarray(np.clip(spread, _SPREAD_FLOOR, _SPREAD_CEILING))

    def _mean(self, calls: Numbers, mask: NDArray[np.bool_], level: Numbers) -> Numbers:
        """Return the mean course [series, slot] over the days that the mask [day, slot] keeps, at level 1."""
        weight = mask / np.maximum(level, 1e-9)[:, None]
        return np.asarray(np.einsum("sdk,dk->sk", calls, weight) / np.maximum(mask.sum(axis=0), 1))


def daily_course(
    bucket_s: NDArray[np.int64],
    series: NDArray[np.int64],
    outcomes: NDArray[np.int64],
    *,
    size: int,
    timezone: str,
) -> Days:
    """Lay counts out by local day and slot; `series` names each row's series, of which there are `size`."""
    if not bucket_s.size:
        return Days(np.zeros((size, 0, DAY_SLOTS, 4)), np.zeros(0, np.int64), np.zeros((0, DAY_SLOTS), bool))
    moments, row = np.unique(bucket_s, return_inverse=True)
    zone = ZoneInfo(timezone)
    local = [datetime.fromtimestamp(int(moment), tz=UTC).astimezone(zone) for moment in moments]
    ordinal = np.array([moment.toordinal() for moment in local], np.int64)
    slot = np.array([slot_of(moment) % DAY_SLOTS for moment in local], np.int64)
    first = int(ordinal.min())
    day = ordinal - first
    days = int(day.max()) + 1
    cell = (series * days + day[row]) * DAY_SLOTS + slot[row]
    counts = np.stack(
        [np.bincount(cell, weights=outcomes[:, column], minlength=size * days * DAY_SLOTS) for column in range(4)],
        axis=-1,
    )
    is_covered = np.zeros((days, DAY_SLOTS), bool)
    is_covered[day, slot] = True
    weekday = (np.arange(days) + first - 1) % 7
    return Days(counts.reshape(size, days, DAY_SLOTS, 4), weekday, is_covered)


def _groups() -> tuple[list[int], ...]:
    return list(_WORKING_DAYS), [5], [6]


def _median_of_covered(totals: Numbers, covered: NDArray[np.bool_]) -> Numbers:
    usual = np.zeros(totals.shape[1])
    some = covered.any(axis=0)
    if some.any():
        usual[some] = np.nanmedian(np.where(covered, totals, np.nan)[:, some], axis=0)
    return usual


def _weekday_level(level: Numbers, mask: NDArray[np.bool_]) -> float:
    days = mask.any(axis=1)
    return float(np.median(level[days])) if days.any() else 1.0
