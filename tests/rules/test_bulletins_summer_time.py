"""The last Sundays of March and October: what is said of since, next and until is right, and means one moment only."""

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from bulletin_cases import PACK_FOLDER, belgium, closed, due, first, incident, templates
from tocsin.bulletins.rules.clock_words import clock_time, clock_times
from tocsin.bulletins.rules.drafting import PROMISE_STEP, next_update_at
from tocsin.bulletins.rules.lengths import fits_sms, sms_spelling
from tocsin.bulletins.rules.model import Bulletin
from tocsin.bulletins.rules.never import times
from tocsin.continuity.queries import load_procedures
from tocsin.continuity.rules.model import Procedure
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.clock import BRUSSELS
from tocsin.kernel.language import LANGUAGES, Language

YEARS = (2026, 2027, 2028)
AUTUMN = {2026: 25, 2027: 31, 2028: 29}
SPRING = {2026: 29, 2027: 28, 2028: 26}


@cache
def procedures() -> dict[str, Procedure]:
    return dict(load_procedures(PACK_FOLDER, belgium()))


def autumn(year: int, minutes: int = 0) -> datetime:
    """So many minutes after 2:00 summer time on the night when 2:00 comes twice."""
    return datetime(year, 10, AUTUMN[year], 0, 0, tzinfo=UTC) + timedelta(minutes=minutes)


def spring(year: int, minutes: int = 0) -> datetime:
    """So many minutes after 1:00 on the night when 2:00 is left out."""
    return datetime(year, 3, SPRING[year], 0, 0, tzinfo=UTC) + timedelta(minutes=minutes)


def at(moment: datetime, *, hit: datetime | None = None) -> Incident:
    return incident(opened_at=moment, phase_since=moment, hit_since=hit or moment - timedelta(minutes=2))


def started(moment: datetime, *, hit: datetime | None = None) -> Bulletin:
    return first(at(moment, hit=hit), now=moment, procedures=procedures())


@pytest.mark.parametrize("year", YEARS)
def test_these_are_the_nights(year: int) -> None:
    assert autumn(year).astimezone(BRUSSELS).isoweekday() == 7
    assert autumn(year, 59).astimezone(BRUSSELS).utcoffset() == timedelta(hours=2)
    assert autumn(year, 60).astimezone(BRUSSELS).utcoffset() == timedelta(hours=1)
    assert autumn(year, 60).astimezone(BRUSSELS).hour == 2
    assert spring(year).astimezone(BRUSSELS).isoweekday() == 7
    assert spring(year, 60).astimezone(BRUSSELS).hour == 3


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize(
    ("language", "summer", "winter"),
    [
        ("fr", "2 h 30 (heure d’été)", "2 h 30 (heure d’hiver)"),
        ("nl", "2.30 uur (zomertijd)", "2.30 uur (wintertijd)"),
        ("de", "2.30 Uhr (Sommerzeit)", "2.30 Uhr (Winterzeit)"),
        ("en", "2:30 (summer time)", "2:30 (winter time)"),
    ],
)
def test_half_past_two_that_comes_twice_says_which_it_is(
    year: int, language: Language, summer: str, winter: str
) -> None:
    assert clock_time(autumn(year, 30), language) == summer
    assert clock_time(autumn(year, 90), language) == winter
    assert "(" not in clock_time(autumn(year, -1), language)
    assert "(" not in clock_time(autumn(year, 120), language)


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("minutes", range(-60, 180, 15))
def test_in_that_night_no_two_moments_are_said_alike_and_the_promise_is_half_an_hour_ahead(
    year: int, minutes: int
) -> None:
    now = autumn(year, minutes)
    promised = next_update_at(at(now), now=now)

    assert timedelta(minutes=27) < promised - now <= timedelta(minutes=33)
    assert promised.minute % (PROMISE_STEP.seconds // 60) == 0
    bulletin = started(now, hit=now - timedelta(minutes=60))
    text = bulletin.texts["pharmacist"]
    assert text.next_update is not None
    for language in LANGUAGES:
        since, following = (clock_times(moment, now=now)[language] for moment in (now - timedelta(hours=1), promised))
        assert since != following
        assert since in text.scope[language]
        assert text.next_update[language].startswith(following)
        assert sms_spelling(following) in text.sms[language]
        assert fits_sms(text.sms[language])


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("minutes", range(0, 120, 10))
def test_in_spring_the_hour_that_is_left_out_is_never_named(year: int, minutes: int) -> None:
    now = spring(year, minutes)
    text = started(now).texts["pharmacist"]
    assert text.next_update is not None

    for language in LANGUAGES:
        said = " ".join((text.scope[language], text.next_update[language], text.sms[language], text.subject[language]))
        assert all(hour != 2 for hour, _ in times(said)), said
        assert "(" not in text.next_update[language]


@pytest.mark.parametrize("year", YEARS)
def test_across_the_spring_night_half_past_one_is_followed_by_three_o_clock(year: int) -> None:
    text = started(spring(year, 32)).texts["pharmacist"]

    assert text.next_update is not None
    assert text.next_update["en"].startswith("3:00,")
    assert text.scope["en"].startswith("Since 1:30,")


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize(("start", "spoken"), [(autumn, "2 hours"), (spring, "2 hours")])
def test_how_long_it_lasted_is_what_passed_and_not_what_the_clock_shows(year: int, start: object, spoken: str) -> None:
    begun = autumn(year, 30) if start is autumn else spring(year, 30)
    opened = started(begun, hit=begun)
    over = closed(at(begun, hit=begun), at=begun + timedelta(hours=2, minutes=10))
    (end,) = due(
        over,
        happened="closed",
        published=(opened,),
        now=begun + timedelta(hours=2, minutes=10),
        procedures=procedures(),
    )
    text = end.texts["pharmacist"]

    assert f"It lasted {spoken}." in text.scope["en"]
    clock = "3:30" if start is autumn else "4:30"
    assert text.scope["en"].startswith(f"Since {clock}.")


@pytest.mark.parametrize("year", YEARS)
def test_a_deadline_in_days_is_counted_on_the_calendar_across_the_change(year: int) -> None:
    good = autumn(year) - timedelta(hours=25, minutes=45)  # a quarter past midnight on Saturday
    begun, now = good - timedelta(hours=3), good + timedelta(minutes=10)
    opened = first(at(begun), now=begun)
    (end,) = due(closed(at(begun), at=now), happened="closed", published=(opened,), now=now)
    (duty,) = end.texts["pharmacist"].duties

    monday = AUTUMN[year] + 1
    said = "1 November" if monday == 32 else f"{monday} October"
    assert duty["en"] == f"Send the proofs en. Do this by {said} {year}."


def test_the_words_for_the_two_hours_survive_the_text_messages_alphabet() -> None:
    for language in LANGUAGES:
        for minutes in (30, 90):
            assert fits_sms(
                sms_spelling(
                    templates().fill("sms.next", {"time": clock_times(autumn(2026, minutes), now=autumn(2026))})[
                        language
                    ]
                )
            )
