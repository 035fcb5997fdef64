"""What kind of day a date is: on which other days' traffic it is to be expected.

The calendar itself is data from the content pack: fixed holidays, movable ones as days after Easter, eves that end at
noon, and the school holidays of each community. Easter is computed. A day is one class only, the most particular.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

_SATURDAY, _SUNDAY = 5, 6


class DayClass(StrEnum):
    """Classes of days, by what they do to the traffic."""

    WORKING = "working"
    SATURDAY = "saturday"
    SUNDAY = "sunday"
    HOLIDAY = "holiday"
    BRIDGE = "bridge"
    EVE = "eve"
    SCHOOL = "school"


@dataclass(frozen=True, slots=True)
class Span:
    """Days from the first to the last, both included."""

    first: date
    last: date

    def holds(self, day: date) -> bool:
        """Say whether the day lies inside."""
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Community:
    """Who keeps the same school holidays; `share` is its part of the population."""

    id: str
    share: float
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Holidays of a federation. Empty where the pack has none: then there are only weekdays and weekends.

    `fixed` and `eves` are (month, day), `after_easter` days after Easter Sunday.
    """

    fixed: tuple[tuple[int, int], ...] = ()
    after_easter: tuple[int, ...] = ()
    eves: tuple[tuple[int, int], ...] = ()
    communities: Mapping[str, Community] = field(default_factory=dict)

    def is_holiday(self, day: date) -> bool:
        """Say whether the day is a public holiday."""
        if (day.month, day.day) in self.fixed:
            return True
        return bool(self.after_easter) and (day - easter(day.year)).days in self.after_easter

    def is_bridge(self, day: date) -> bool:
        """Say whether a working day lies between a public holiday and a weekend, with nothing else between."""
        before, after = day - timedelta(days=1), day + timedelta(days=1)
        is_long = (self.is_holiday(before) and after.weekday() == _SATURDAY) or (
            self.is_holiday(after) and before.weekday() == _SUNDAY
        )
        return is_long and day.weekday() < _SATURDAY and not self.is_holiday(day)

    def school_share(self, day: date) -> float:
        """Return for which part of the population schools are closed for holidays on the day."""
        closed = (each.share for each in self.communities.values() if any(span.holds(day) for span in each.spans))
        return min(1.0, sum(closed))

    def class_of(self, day: date) -> DayClass:
        """Return the day's class: a holiday before a weekend, that before an eve, a bridge, school's."""
        if self.is_holiday(day):
            return DayClass.HOLIDAY
        if day.weekday() >= _SATURDAY:
            return DayClass.SATURDAY if day.weekday() == _SATURDAY else DayClass.SUNDAY
        if (day.month, day.day) in self.eves:
            return DayClass.EVE
        if self.is_bridge(day):
            return DayClass.BRIDGE
        return DayClass.SCHOOL if self.school_share(day) > 0 else DayClass.WORKING


def easter(year: int) -> date:
    """Return Easter Sunday (Gregorian), by the anonymous algorithm (Nature, 20 April 1876; Meeus 1991, chapter 8)."""
    golden = year % 19
    century, rest = divmod(year, 100)
    skipped, leap = divmod(century, 4)
    moon = (19 * golden + century - skipped - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * leap + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
