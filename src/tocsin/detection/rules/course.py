"""The daily course of a series: how many calls each five minutes of a day of each class usually bring.

There is a course for each weekday and one for public holidays; bridge days, eves (from noon on) and school holidays are
their weekday's course times a factor. What has been seen seldom or never is shrunk towards its parent: a weekday
towards all working days, a holiday towards Sundays, a factor towards what such days bring elsewhere, a small series
towards its share of the whole vantage, and a slot nobody has seen yet towards the course of an ordinary practice.
Days and hours with trouble, known or plain to see, teach nothing; the last weeks teach more than those before them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from tocsin.catalog.rules.calendar import Calendar, DayClass

type Numbers = NDArray[np.float64]
type Moments = tuple[datetime, datetime]

SLOT_S = 300
DAY_SLOTS = 24 * 3600 // SLOT_S
HOUR_SLOTS = 12
NOON = DAY_SLOTS // 2
HOLIDAY_COURSE = 7
COURSES = 8
"""Monday to Sunday, and public holidays."""

_HOLIDAY_LEVEL = 0.5
"""A working day with less than half of the usual calls was none, whatever the calendar says: it teaches nothing."""
_POOLED_DAYS, _SUNDAY_DAYS, _FACTOR_DAYS = 4.0, 2.0, 2.0
"""What a parent's word is worth, in days, against the day's own."""
_HALF_LIFE_DAYS = 21.0
_WORKING, _SATURDAY, _SUNDAY, _HOLIDAY, _REST = range(5)
"""Groups of days that share a course; the rest (bridges, eves) is known by a factor only."""
_GROUP = {
    DayClass.WORKING: _WORKING,
    DayClass.SCHOOL: _WORKING,
    DayClass.SATURDAY: _SATURDAY,
    DayClass.SUNDAY: _SUNDAY,
    DayClass.HOLIDAY: _HOLIDAY,
    DayClass.BRIDGE: _REST,
    DayClass.EVE: _REST,
}
_PRIOR_FACTOR = {DayClass.BRIDGE: 0.6, DayClass.EVE: 0.6, DayClass.SCHOOL: 0.93}
"""What such days bring of an ordinary weekday's calls before any was seen (an inference; eves: of the afternoon)."""
_FACTORS = (0.1, 1.5)
_PRIOR_GROUP = {_SATURDAY: 0.3, _SUNDAY: 0.15, _HOLIDAY: 0.15}
_PRACTICE = np.repeat(
    [3, 3, 3, 3, 3, 11, 37, 90, 120, 100, 90, 80, 50, 75, 75, 65, 60, 50, 38, 24, 12, 7, 4, 3], HOUR_SLOTS
).astype(np.float64)
"""The day of an ordinary practice, by local hour: only its shape is used, and only for slots nobody has seen."""
_CALM, _CALM_CALLS = 0.6, 50.0
"""An hour in which a series had less than three fifths of what its day's level asks for was no calm hour."""
_SMOOTH_SLOTS, _SMOOTH_CALLS = 6, 200.0
"""Half an hour to either side; how many calls a slot's smoothed share of its vantage is worth."""
_MIN_EXPECTED = 20.0
_SPREAD_FLOOR, _SPREAD_CEILING, _SPREAD_UNKNOWN = 1e-3, 0.25, 0.1
"""Relative variance of a five-minute expectation. A twentieth up or down always happens; a half never is usual."""
_SPREAD_SLOTS, _SPREAD_SERIES_SLOTS = 24.0, 100.0


def slot_of(local: datetime) -> int:
    """Return the five-minute slot of the week that a local time lies in; Monday midnight is 0."""
    return local.weekday() * DAY_SLOTS + (local.hour * 3600 + local.minute * 60 + local.second) // SLOT_S


def course_of(day: date, calendar: Calendar) -> int:
    """Return which course a day follows: its weekday's, or that of holidays."""
    return HOLIDAY_COURSE if calendar.is_holiday(day) else day.weekday()


@dataclass(frozen=True)
class Days:
    """Counts laid out by local day: `outcomes` is [series, day, slot of the day, outcome].

    `dates` names the days, `classes` their classes and `school` how many of the schools were closed; `is_covered`
    [day, slot] says where anything at all was recorded and nothing was known to be wrong. `parent` is the vantage of
    each series.
    """

    outcomes: NDArray[np.float64]
    dates: tuple[date, ...]
    classes: tuple[DayClass, ...]
    school: Numbers
    is_covered: NDArray[np.bool_]
    parent: NDArray[np.int64]

    @cached_property
    def calls(self) -> Numbers:
        """Calls, [series, day, slot]."""
        return np.asarray(self.outcomes.sum(axis=3))

    @cached_property
    def weekday(self) -> NDArray[np.int64]:
        """Each day's weekday."""
        return np.array([day.weekday() for day in self.dates], np.int64)

    @cached_property
    def group(self) -> NDArray[np.int64]:
        """Each day's group."""
        return np.array([_GROUP[each] for each in self.classes], np.int64)

    @cached_property
    def levels(self) -> Numbers:
        """How busy each day was against the usual course of its group of days (1 = as usual)."""
        totals = self.calls.sum(axis=0)
        level = np.ones(len(self.dates))
        for group in range(_REST):
            days = np.flatnonzero(self.group == group)
            covered = self.is_covered[days]
            usual = _median_of_covered(totals[days], covered)
            expected = (usual * covered).sum(axis=1)
            level[days] = np.where(expected > 0, (totals[days] * covered).sum(axis=1) / np.maximum(expected, 1e-9), 1.0)
        return level

    @cached_property
    def courses(self) -> Numbers:
        """Expected calls per series, course and slot, [series, course, slot], at the latest weeks' level."""
        found = np.zeros((self.calls.shape[0], COURSES, DAY_SLOTS))
        if not self.calls.any():
            return found
        working = self._mean(_WORKING, self._calm[_WORKING])
        working = _filled(working, self.calls, self.is_covered)
        for weekday in range(5):
            found[:, weekday] = self._own(_WORKING, working, weekday=weekday, worth=_POOLED_DAYS)
        for weekday, group in ((5, _SATURDAY), (6, _SUNDAY)):
            found[:, weekday] = self._own(group, working * _PRIOR_GROUP[group], worth=1.0)
        found[:, HOLIDAY_COURSE] = self._own(_HOLIDAY, found[:, 6], worth=_SUNDAY_DAYS)
        return self._shrunk_to_parent(found)

    @cached_property
    def factors(self) -> dict[DayClass, Numbers]:
        """What bridges, eves and school holidays bring of their weekday's calls, by class and series."""
        return {kind: self._factor(kind, prior) for kind, prior in _PRIOR_FACTOR.items()}

    @cached_property
    def spread_by_hour(self) -> Numbers:
        """Usual relative variance around the course, chance left out, [series, hour]; shrunk to series and vantage."""
        beyond = self._beyond()
        flat = beyond.reshape(beyond.shape[0], -1)
        count = np.isfinite(flat).sum(axis=1)
        own = np.nansum(flat, axis=1)
        vantages = np.bincount(self.parent, weights=own), np.bincount(self.parent, weights=count)
        parent = np.where(vantages[1] > 0, vantages[0] / np.maximum(vantages[1], 1), _SPREAD_UNKNOWN)[self.parent]
        series = (own + parent * _SPREAD_SERIES_SLOTS) / (count + _SPREAD_SERIES_SLOTS)
        hours = beyond.reshape(*beyond.shape[:2], 24, HOUR_SLOTS).swapaxes(1, 2).reshape(beyond.shape[0], 24, -1)
        hour_count = np.isfinite(hours).sum(axis=2)
        found = (np.nansum(hours, axis=2) + series[:, None] * _SPREAD_SLOTS) / (hour_count + _SPREAD_SLOTS)
        return np.asarray(np.clip(found, _SPREAD_FLOOR, _SPREAD_CEILING))

    def _beyond(self) -> Numbers:
        """Return relative variance less chance per series, day and slot; not a number where nothing can be said."""
        course = self.courses[:, self.weekday]
        expected = course * self.levels[None, :, None]
        is_usable = (expected >= _MIN_EXPECTED) & self.is_covered & (self._is_plain & (self.group != _HOLIDAY))[:, None]
        relative = np.where(is_usable, (self.calls - expected) / np.maximum(expected, 1e-9), np.nan)
        beyond = np.where(is_usable, relative**2 - 1.0 / np.maximum(expected, 1e-9), np.nan)
        some = np.isfinite(beyond).any(axis=(1, 2))
        if some.any():
            limit = np.nanquantile(beyond[some].reshape(int(some.sum()), -1), 0.99, axis=1)
            beyond[some] = np.minimum(beyond[some], limit[:, None, None])
        return np.asarray(beyond)

    @cached_property
    def _is_plain(self) -> NDArray[np.bool_]:
        return np.asarray((self.levels >= _HOLIDAY_LEVEL) & (self.group != _REST))

    @cached_property
    def _calm(self) -> list[Numbers]:
        return [self._is_calm(group) for group in range(_REST)]

    @cached_property
    def _at_level_1(self) -> Numbers:
        return np.asarray(self.calls / np.maximum(self.levels, 1e-9)[None, :, None])

    @cached_property
    def _weight(self) -> Numbers:
        """Each day's weight by its age."""
        age = np.arange(len(self.dates))[::-1]
        return np.asarray(0.5 ** (age / _HALF_LIFE_DAYS))

    def _is_calm(self, group: int) -> Numbers:
        """Return 1 where a series' hour of the group's days was covered and calm, [series, day, slot]."""
        mask = np.zeros(self.calls.shape)
        days = np.flatnonzero((self.group == group) & self._is_plain)
        if not days.size:
            return mask
        mask[:, days] = self.is_covered[days]
        due = self._mean(group, mask)[:, None] * self.levels[days][:, None]
        shape = (self.calls.shape[0], days.size, 24, HOUR_SLOTS)
        seen, hoped = (
            (values * self.is_covered[days]).reshape(shape).sum(axis=3) for values in (self.calls[:, days], due)
        )
        is_low = (hoped >= _CALM_CALLS) & (seen < _CALM * hoped)
        mask[:, days] *= ~np.repeat(is_low, HOUR_SLOTS, axis=2)
        return mask

    def _mean(self, group: int, mask: Numbers, *, weekday: int | None = None) -> Numbers:
        """Return the weighted mean course [series, slot] over what the mask keeps, at level 1."""
        days = np.flatnonzero(self._members(group, weekday))
        weight = mask[:, days] * self._weight[days][None, :, None]
        return np.asarray((self._at_level_1[:, days] * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9))

    def _members(self, group: int, weekday: int | None) -> NDArray[np.bool_]:
        is_mine = self.group == group
        return np.asarray(is_mine if weekday is None else is_mine & (self.weekday == weekday))

    def _own(self, group: int, parent: Numbers, *, worth: float, weekday: int | None = None) -> Numbers:
        """Return the course of some days, shrunk towards the parent's, at these days' latest level."""
        mask = self._calm[group]
        is_mine = self._members(group, weekday)
        count = np.einsum("sdk,d->sk", mask, self._weight * is_mine)
        own = self._mean(group, mask, weekday=weekday)
        if not (is_mine & self._is_plain).any():
            return parent
        busy = self._ordinary_level(is_mine & self._is_plain)
        scale = 1.0 if group == _WORKING else _scale(own, parent, count, worth=worth if group == _HOLIDAY else 0.0)
        return np.asarray(busy * (own * count + parent * scale * worth) / (count + worth))

    def _ordinary_level(self, days: NDArray[np.bool_]) -> float:
        """Return the usual level of the days, of those without school holidays where there are any."""
        in_school = days & (self.school == 0)
        if in_school.any():
            return float(np.median(self.levels[in_school]))
        return float(np.median(self.levels[days])) / float(
            np.median(_PRIOR_FACTOR[DayClass.SCHOOL] ** self.school[days])
        )

    def _factor(self, kind: DayClass, prior: float) -> Numbers:
        """Return what days of the class bring of their weekday's calls, per series, shrunk towards the prior."""
        total = np.full(self.calls.shape[0], np.log(prior) * _FACTOR_DAYS)
        worth = np.full(self.calls.shape[0], _FACTOR_DAYS)
        first = NOON if kind is DayClass.EVE else 0
        for day in np.flatnonzero([each is kind for each in self.classes]):
            covered = self.is_covered[day, first:]
            due = self.courses[:, self.weekday[day], first:][:, covered].sum(axis=1)
            seen = self.calls[:, day, first:][:, covered].sum(axis=1)
            share = float(self.school[day]) if kind is DayClass.SCHOOL else 1.0
            is_enough = (due >= _MIN_EXPECTED) & (share > 0)
            ratio = np.log(np.clip(seen / np.maximum(due, 1e-9), *_FACTORS))
            total += np.where(is_enough, ratio, 0.0)
            worth += np.where(is_enough, share, 0.0)
        return np.asarray(np.exp(total / worth))

    def _shrunk_to_parent(self, courses: Numbers) -> Numbers:
        """Return the courses with thin slots shrunk towards the series' smoothed share of its vantage's course."""
        vantages = int(self.parent.max(initial=0)) + 1
        whole = np.stack([courses[self.parent == code].sum(axis=0) for code in range(vantages)])
        share = _smoothed(courses) / np.maximum(_smoothed(whole)[self.parent], 1e-9)
        weeks = max(1.0, len(self.dates) / 7.0)
        calls = courses * weeks
        return np.asarray((courses * calls + share * whole[self.parent] * _SMOOTH_CALLS) / (calls + _SMOOTH_CALLS))


def daily_course(  # the columns of history, and what the days were
    bucket_s: NDArray[np.int64],
    series: NDArray[np.int64],
    outcomes: NDArray[np.int64],
    *,
    parent: NDArray[np.int64],
    timezone: str,
    calendar: Calendar,
    troubled: Sequence[Moments] = (),
) -> Days:
    """Lay counts out by local day and slot; `series` names each row's series, of which `parent` lists the vantages."""
    size = parent.size
    if not bucket_s.size:
        nothing = np.zeros((0, DAY_SLOTS), bool)
        return Days(np.zeros((size, 0, DAY_SLOTS, 4)), (), (), np.zeros(0), nothing, parent)
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
    for begin, end in troubled:
        is_hit = (moments > begin.timestamp() - SLOT_S) & (moments < end.timestamp())
        is_covered[day[is_hit], slot[is_hit]] = False
    dates = tuple(date.fromordinal(first + number) for number in range(days))
    return Days(
        outcomes=counts.reshape(size, days, DAY_SLOTS, 4),
        dates=dates,
        classes=tuple(calendar.class_of(each) for each in dates),
        school=np.array([calendar.school_share(each) for each in dates]),
        is_covered=is_covered,
        parent=parent,
    )


def _median_of_covered(totals: Numbers, covered: NDArray[np.bool_]) -> Numbers:
    usual = np.zeros(totals.shape[1])
    some = covered.any(axis=0)
    if some.any():
        usual[some] = np.nanmedian(np.where(covered, totals, np.nan)[:, some], axis=0)
    return usual


def _filled(working: Numbers, calls: Numbers, is_covered: NDArray[np.bool_]) -> Numbers:
    """Return the working days' course with slots that no working day showed filled from an ordinary practice's day."""
    is_known = working.sum(axis=0) > 0
    if is_known.all():
        return working
    seen, shape = working[:, is_known].sum(axis=1), _PRACTICE[is_known].sum()
    if not is_known.any():
        seen, shape = calls.sum(axis=(1, 2)), (is_covered * _PRACTICE).sum()
    return np.where(is_known, working, seen[:, None] / max(float(shape), 1e-9) * _PRACTICE)


def _scale(own: Numbers, parent: Numbers, count: Numbers, *, worth: float) -> Numbers:
    """Return by how much to move a parent's shape towards the level of what was seen, [series, 1]."""
    seen, hoped = (np.where(count > 0, values, 0.0).sum(axis=1) for values in (own, parent))
    days = count.max(axis=1)
    ratio = np.where((seen > 0) & (hoped > 0), seen / np.maximum(hoped, 1e-9), 1.0)
    return np.asarray(ratio ** (days / np.maximum(days + worth, 1e-9)))[:, None]


def _smoothed(values: Numbers) -> Numbers:
    """Return running means over the last axis, half an hour to either side, within the day."""
    padded = np.concatenate([np.zeros((*values.shape[:-1], 1)), np.cumsum(values, axis=-1)], axis=-1)
    high = np.minimum(np.arange(DAY_SLOTS) + _SMOOTH_SLOTS + 1, DAY_SLOTS)
    low = np.maximum(np.arange(DAY_SLOTS) - _SMOOTH_SLOTS, 0)
    return np.asarray((padded[..., high] - padded[..., low]) / (high - low))
