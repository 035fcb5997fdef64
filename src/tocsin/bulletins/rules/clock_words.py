"""Times and durations as each language writes them: 8 h 40, 8.40 uur, 8.40 Uhr, 8:40.

Always local (Brussels), always 24 hours, always with minutes, so that a reader's eye finds the same shape every time.
Where the clock itself is ambiguous (the hour that happens twice in October) the words say which of the two is meant.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from tocsin.kernel.clock import in_brussels
from tocsin.kernel.language import LANGUAGES, Language, LocalizedText

_CLOCK: Mapping[Language, str] = {
    "fr": "{hour} h {minute:02d}",
    "nl": "{hour}.{minute:02d} uur",
    "de": "{hour}.{minute:02d} Uhr",
    "en": "{hour}:{minute:02d}",
}
_SUMMER: LocalizedText = {"fr": "heure d’été", "nl": "zomertijd", "de": "Sommerzeit", "en": "summer time"}
_WINTER: LocalizedText = {"fr": "heure d’hiver", "nl": "wintertijd", "de": "Winterzeit", "en": "winter time"}
_ON_DAY: LocalizedText = {
    "fr": "le {day} à {time}",
    "nl": "{day}, {time}",
    "de": "{day}, {time}",
    "en": "{day}, {time}",
}
_DAY: LocalizedText = {"fr": "{day} {month}", "nl": "{day} {month}", "de": "{day}. {month}", "en": "{day} {month}"}
_FIRST: Mapping[Language, str] = {"fr": "1er"}
_MONTHS: Mapping[Language, tuple[str, ...]] = {
    "fr": (
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
    "nl": (
        *("januari", "februari", "maart", "april", "mei", "juni"),
        *("juli", "augustus", "september", "oktober", "november", "december"),
    ),
    "de": (
        *("Januar", "Februar", "März", "April", "Mai", "Juni"),
        *("Juli", "August", "September", "Oktober", "November", "Dezember"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
_UNITS: Mapping[Language, tuple[tuple[str, str], ...]] = {
    "fr": (("jour", "jours"), ("heure", "heures"), ("minute", "minutes")),
    "nl": (("dag", "dagen"), ("uur", "uur"), ("minuut", "minuten")),
    "de": (("Tag", "Tage"), ("Stunde", "Stunden"), ("Minute", "Minuten")),
    "en": (("day", "days"), ("hour", "hours"), ("minute", "minutes")),
}
_AND: LocalizedText = {"fr": "{a} et {b}", "nl": "{a} en {b}", "de": "{a} und {b}", "en": "{a} and {b}"}
_SHORT: LocalizedText = {
    "fr": "moins d’une minute",
    "nl": "minder dan een minuut",
    "de": "weniger als eine Minute",
    "en": "less than a minute",
}


def clock_time(moment: datetime, language: Language, *, today: date | None = None) -> str:
    """Return the time of day; with the day before it where `today` (Brussels) is given and is another day."""
    local = in_brussels(moment)
    time = _CLOCK[language].format(hour=local.hour, minute=local.minute)
    if _happens_twice(local):
        time = f"{time} ({(_SUMMER if local.fold == 0 else _WINTER)[language]})"
    if today is None or local.date() == today:
        return time
    return _ON_DAY[language].format(day=day_words(local.date(), language), time=time)


def _happens_twice(local: datetime) -> bool:
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def clock_times(moment: datetime, *, now: datetime) -> LocalizedText:
    """Return the time in every language; the day is said when it is not the day of `now`."""
    today = in_brussels(now).date()
    return {language: clock_time(moment, language, today=today) for language in LANGUAGES}


def day_words(day: date, language: Language) -> str:
    """Return a day and its month: 27 janvier, 1er mai, 27. Januar."""
    number = _FIRST.get(language, "1") if day.day == 1 else str(day.day)
    return _DAY[language].format(day=number, month=_MONTHS[language][day.month - 1])


def full_day_words(day: date, language: Language) -> str:
    """Return a day with its month and year: 27 janvier 2020."""
    return f"{day_words(day, language)} {day.year}"


def duration_words(duration: timedelta, language: Language) -> str:
    """Return a duration in words, its two largest units: "41 minutes", "3 heures et 14 minutes"."""
    minutes = int(duration.total_seconds() // 60)
    if minutes < 1:
        return _SHORT[language]
    amounts = (minutes // 1440, minutes // 60 % 24, minutes % 60)
    said = [
        f"{amount} {one if amount == 1 else many}"
        for amount, (one, many) in zip(amounts, _UNITS[language], strict=True)
        if amount
    ]
    return said[0] if len(said) == 1 else _AND[language].format(a=said[0], b=said[1])


def durations(duration: timedelta) -> LocalizedText:
    """Return the duration in words in every language."""
    return {language: duration_words(duration, language) for language in LANGUAGES}


_GAPS = re.compile(r"(?<=\d) (?=\d|uur\b|Uhr\b)")
_FRENCH_GAPS = re.compile(r" (?=[:;?!»])|(?<=«) |(?<=\d) (?=\d|h \d)|(?<=\d h) (?=\d)")


def typeset(text: str, language: Language) -> str:
    """Return the text with the spaces that must not break: inside times and numbers, and before a French colon."""
    return (_FRENCH_GAPS if language == "fr" else _GAPS).sub("\u00a0", text)
