"""The rhythm of the day of complaints without cause: a few a day are normal, most of them on a working morning.

Per function and audience a Gamma: the complaints counted in calm over so many days, shrunk towards one in four days.
How a day's complaints lie over its hours is a stated prior (practices' opening hours), not learned: there are never
enough of them to tell.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from tocsin.detection.rules.credence import Credence
from tocsin.detection.rules.model import Subject

_PRIOR_STRAYS, _PRIOR_DAYS = 1.0, 4.0
_HOURS = (0.08,) * 6 + (0.3, 1.2, 2.4, 2.6, 2.4, 2.0, 1.3, 1.5, 1.9, 1.8, 1.7, 1.5, 1.1, 0.6, 0.4, 0.3, 0.2, 0.1)
"""Complaints by local hour, against the mean hour of the day: the mean is about 1 and nothing needs it to be exact."""
_WEEKDAYS = (1.5, 1.2, 1.2, 1.2, 1.2, 0.4, 0.3)
"""Monday morning is busiest, and what broke over the weekend is found then."""
_MINUTES_A_DAY = 1440.0


def stray_rate(subject: Subject, *, credence: Credence, at: datetime, timezone: str) -> float:
    """Return how many complaints a minute come about the subject while all is well."""
    count, days = credence.strays.get((subject.function, subject.audience), (0.0, 0.0))
    a_day = (_PRIOR_STRAYS + count) / (_PRIOR_DAYS + days)
    local = at.astimezone(ZoneInfo(timezone))
    return a_day / _MINUTES_A_DAY * _HOURS[local.hour] * _WEEKDAYS[local.weekday()]
