"""Times and durations in the reader's language, in the words that the bulletins use."""

from datetime import datetime, timedelta

from django.utils.translation import get_language

from tocsin.bulletins.rules.clock_words import clock_time as clock_words
from tocsin.bulletins.rules.clock_words import duration_words, full_day_words
from tocsin.kernel.clock import in_brussels
from tocsin.kernel.language import LANGUAGES, Language


def language() -> Language:
    """Return the reader's language, English when it is none of ours."""
    code = (get_language() or "en")[:2]
    return code if code in LANGUAGES else "en"


def clock_time(moment: datetime) -> str:
    """Return a moment as the wall clock says it: 8 h 40, 8.40 uur, 8.40 Uhr, 8:40."""
    return clock_words(moment, language())


def day(moment: datetime) -> str:
    """Return the local date in words."""
    return full_day_words(in_brussels(moment).date(), language())


def moment_in_words(moment: datetime, *, now: datetime) -> str:
    """Return the time, with its date when that is not today's."""
    return clock_words(moment, language(), today=in_brussels(now).date())


def duration_in_words(duration: timedelta) -> str:
    """Return how long in words."""
    return duration_words(max(duration, timedelta()), language())
