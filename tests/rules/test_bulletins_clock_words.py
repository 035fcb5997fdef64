"""Times and durations, as each language writes them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.bulletins.rules.clock_words import (
    clock_time,
    clock_times,
    day_words,
    duration_words,
    full_day_words,
    typeset,
)
from tocsin.kernel.clock import BRUSSELS
from tocsin.kernel.language import LANGUAGES, Language

WINTER = datetime(2020, 1, 28, 7, 40, tzinfo=UTC)
SUMMER = datetime(2020, 7, 1, 6, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "winter", "summer"),
    [
        ("fr", "8 h 40", "8 h 05"),
        ("nl", "8.40 uur", "8.05 uur"),
        ("de", "8.40 Uhr", "8.05 Uhr"),
        ("en", "8:40", "8:05"),
    ],
)
def test_time_is_local_and_written_as_the_language_does(language: Language, winter: str, summer: str) -> None:
    assert (clock_time(WINTER, language), clock_time(SUMMER, language)) == (winter, summer)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", "le 28 janvier à 8 h 40"),
        ("nl", "28 januari, 8.40 uur"),
        ("de", "28. Januar, 8.40 Uhr"),
        ("en", "28 January, 8:40"),
    ],
)
def test_another_day_is_named(language: Language, said: str) -> None:
    assert clock_times(WINTER, now=WINTER + timedelta(days=1))[language] == said


def test_the_day_is_the_one_in_brussels() -> None:
    late = datetime(2020, 1, 27, 23, 30, tzinfo=UTC)

    assert clock_time(late, "en", today=date(2020, 1, 28)) == "0:30"


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("fr", "2 h 30 (heure d’été)", "2 h 30 (heure d’hiver)"),
        ("nl", "2.30 uur (zomertijd)", "2.30 uur (wintertijd)"),
        ("de", "2.30 Uhr (Sommerzeit)", "2.30 Uhr (Winterzeit)"),
        ("en", "2:30 (summer time)", "2:30 (winter time)"),
    ],
)
def test_the_hour_that_happens_twice_is_told_apart(language: Language, first: str, second: str) -> None:
    summer = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    assert clock_time(summer, language) == first
    assert clock_time(summer + timedelta(hours=1), language) == second


def test_the_hour_that_is_left_out_is_never_said() -> None:
    before = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)

    assert clock_time(before, "en") == "1:59"
    assert clock_time(before + timedelta(minutes=1), "en") == "3:00"


@given(st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 hypothesis wants bounds without a zone
def test_no_two_moments_of_a_day_read_alike(moment: datetime) -> None:
    later = moment + timedelta(hours=1)
    if moment.astimezone(BRUSSELS).date() == later.astimezone(BRUSSELS).date():
        for language in LANGUAGES:
            assert clock_time(moment, language) != clock_time(later, language)


@pytest.mark.parametrize(
    ("language", "first", "other", "full"),
    [
        ("fr", "1er mai", "27 mai", "27 mai 2020"),
        ("nl", "1 mei", "27 mei", "27 mei 2020"),
        ("de", "1. Mai", "27. Mai", "27. Mai 2020"),
        ("en", "1 May", "27 May", "27 May 2020"),
    ],
)
def test_days(language: Language, first: str, other: str, full: str) -> None:
    assert day_words(date(2020, 5, 1), language) == first
    assert day_words(date(2020, 5, 27), language) == other
    assert full_day_words(date(2020, 5, 27), language) == full


@pytest.mark.parametrize(
    ("minutes", "fr", "nl", "de", "en"),
    [
        (0.5, "moins d’une minute", "minder dan een minuut", "weniger als eine Minute", "less than a minute"),
        (1, "1 minute", "1 minuut", "1 Minute", "1 minute"),
        (41, "41 minutes", "41 minuten", "41 Minuten", "41 minutes"),
        (60, "1 heure", "1 uur", "1 Stunde", "1 hour"),
        (194, "3 heures et 14 minutes", "3 uur en 14 minuten", "3 Stunden und 14 Minuten", "3 hours and 14 minutes"),
        (2880, "2 jours", "2 dagen", "2 Tage", "2 days"),
        (1565, "1 jour et 2 heures", "1 dag en 2 uur", "1 Tag und 2 Stunden", "1 day and 2 hours"),
    ],
)
def test_durations_are_words(minutes: float, *, fr: str, nl: str, de: str, en: str) -> None:
    duration = timedelta(minutes=minutes)

    assert [duration_words(duration, language) for language in LANGUAGES] == [fr, nl, de, en]


@pytest.mark.parametrize(
    ("language", "text", "shown"),
    [
        ("fr", "À 8 h 40 : « oui » ?", "À 8\u00a0h\u00a040\u00a0: «\u00a0oui\u00a0»\u00a0?"),
        ("nl", "Om 8.40 uur: bel 02 788 51", "Om 8.40\u00a0uur: bel 02\u00a0788\u00a051"),
        ("de", "Um 8.40 Uhr: warten", "Um 8.40\u00a0Uhr: warten"),
        ("en", "At 8:40: call 02 788 51", "At 8:40: call 02\u00a0788\u00a051"),
    ],
)
def test_what_belongs_together_does_not_break(language: Language, text: str, shown: str) -> None:
    assert typeset(text, language) == shown
