"""Planned maintenance in a calendar: read back with the `icalendar` library, on the days when clocks change too."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from bulletin_cases import NOW, belgium, facts, words
from exported_site import SUNDAY, exported, maintenance, official
from tocsin.changes.rules import Maintenance
from tocsin.kernel.clock import BRUSSELS
from tocsin.kernel.language import LANGUAGES


def calendar_file(*planned: Maintenance, language: str = "en", audience: str = "doctor", **changes: Any) -> bytes:
    return exported(facts(maintenance=planned, **changes))[f"{language}/{audience}/maintenance.ics"]


def events(content: bytes) -> list[Any]:
    return list(Calendar.from_ical(content).walk("VEVENT"))


def test_every_profession_has_a_calendar_in_every_language() -> None:
    names = {name for name in exported(facts()) if name.endswith(".ics")}
    assert names == {
        f"{language}/{audience}/maintenance.ics" for language in LANGUAGES for audience in belgium().audiences
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_round_trip_keeps_everything(language: str) -> None:
    content = calendar_file(maintenance(), language=language)
    again: Any = Calendar.from_ical(content)

    assert again.to_ical() == content
    assert again.errors == []
    assert str(again["METHOD"]) == "PUBLISH"
    assert again["REFRESH-INTERVAL"].dt == timedelta(minutes=15)
    assert str(again["X-PUBLISHED-TTL"]) == "PT15M"
    (event,) = events(content)
    assert event.errors == []
    assert str(event["UID"]) == "m-1@status.example.org"
    assert event["SEQUENCE"] == 0
    assert event["STATUS"] == "CONFIRMED"
    assert event["DTSTAMP"].dt == NOW - timedelta(days=1)
    assert f"Prescriptions pause {language}." in event["DESCRIPTION"]
    assert event["URL"] == f"https://status.example.org/{language}/doctor/index.html"


def test_only_those_concerned_see_it() -> None:
    assert len(events(calendar_file(maintenance(), audience="doctor"))) == 1
    assert events(calendar_file(maintenance(), audience="nurse")) == []
    assert events(calendar_file(maintenance(audiences=("pharmacist",)), audience="doctor")) == []
    assert events(calendar_file(maintenance(is_public=False), audience="doctor")) == []


def test_a_change_keeps_the_uid_and_counts_up() -> None:
    moved = maintenance(start=SUNDAY + timedelta(hours=1), revision=1, state="changed", changed_at=NOW)
    (event,) = events(calendar_file(moved))

    assert str(event["UID"]) == "m-1@status.example.org"
    assert event["SEQUENCE"] == 1
    assert event["LAST-MODIFIED"].dt == NOW


@pytest.mark.parametrize("ended_at", [NOW, None])
def test_a_cancellation_reaches_calendars(ended_at: datetime | None) -> None:
    (event,) = events(calendar_file(maintenance(state="cancelled", revision=2, ended_at=ended_at)))

    assert event["STATUS"] == "CANCELLED"
    assert event["SEQUENCE"] == 2
    assert event["DTSTAMP"].dt == (ended_at or NOW - timedelta(days=1))


def test_the_functions_name_it_and_a_long_list_is_cut() -> None:
    (short,) = events(calendar_file(maintenance()))
    every = tuple(function.id for function in belgium().functions.values() if "doctor" in function.audiences)
    (long,) = events(calendar_file(maintenance(functions=every)))

    assert short["SUMMARY"] == "Planned maintenance: Prescribing (Unofficial demonstration)"
    assert str(long["SUMMARY"]).startswith("Planned maintenance: Logging in, Prescribing, ")
    assert f"and {len(every) - 3} more" in long["SUMMARY"]


def test_an_official_calendar_is_not_marked_and_a_replay_is() -> None:
    (ours,) = events(calendar_file(maintenance(), pack=official(belgium())))
    (again,) = events(calendar_file(maintenance(), is_replay=True))

    assert ours["SUMMARY"] == "Planned maintenance: Prescribing"
    assert "Scripted reconstruction" in again["SUMMARY"]


DAYS: Mapping[str, tuple[datetime, datetime]] = {
    "summer": (datetime(2020, 7, 5, 8, 0, tzinfo=UTC), datetime(2020, 7, 5, 8, 30, tzinfo=UTC)),
    "winter": (SUNDAY, SUNDAY + timedelta(minutes=30)),
    "over the gap in March": (datetime(2020, 3, 29, 0, 30, tzinfo=UTC), datetime(2020, 3, 29, 1, 30, tzinfo=UTC)),
    "into the first 2:30 in October": (
        datetime(2020, 10, 24, 23, 30, tzinfo=UTC),
        datetime(2020, 10, 25, 0, 30, tzinfo=UTC),
    ),
    "into the second 2:30 in October": (
        datetime(2020, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2020, 10, 25, 1, 30, tzinfo=UTC),
    ),
    "past the hour that comes twice": (
        datetime(2020, 10, 25, 1, 30, tzinfo=UTC),
        datetime(2020, 10, 25, 2, 30, tzinfo=UTC),
    ),
}


@pytest.mark.parametrize("day", DAYS)
def test_the_moment_is_the_same_after_reading_it_back(day: str) -> None:
    start, end = DAYS[day]
    (event,) = events(calendar_file(maintenance(start=start, end=end)))

    assert event["DTSTART"].dt.astimezone(UTC) == start
    assert event["DTEND"].dt.astimezone(UTC) == end


def test_times_are_local_with_the_clock_s_rules_in_the_file() -> None:
    content = calendar_file(maintenance()).decode()
    rules: Any = next(iter(Calendar.from_ical(content).walk("VTIMEZONE")))
    zone = rules.to_tz()

    assert "DTSTART;TZID=Europe/Brussels:20200202T100000" in content
    for days in range(366):
        local = datetime(2026, 1, 1, 12, 0) + timedelta(days=days)  # noqa: DTZ001  the zone is what is tested
        assert local.replace(tzinfo=zone).utcoffset() == local.replace(tzinfo=BRUSSELS).utcoffset(), local


def test_the_hour_that_comes_twice_is_written_in_utc() -> None:
    content = calendar_file(maintenance(start=datetime(2020, 10, 25, 1, 0, tzinfo=UTC)))
    assert b"DTSTART:20201025T010000Z" in content


def test_an_unchanged_plan_is_an_unchanged_file() -> None:
    later = NOW + timedelta(minutes=1)
    assert calendar_file(maintenance()) == calendar_file(maintenance(), now=later, checked_at=later)


def test_hostile_text_stays_in_its_line() -> None:
    effect = dict.fromkeys(LANGUAGES, "Text\r\nEND:VEVENT\r\nBEGIN:VALARM; , \\n\u202e")
    (event,) = events(calendar_file(replace(maintenance(), effect=effect)))
    assert "END:VEVENT" in event["DESCRIPTION"]


def test_what_was_announced_without_a_date_is_dated_by_its_start() -> None:
    (event,) = events(calendar_file(maintenance(announced_at=None, effect=words("Pause"))))
    assert event["DTSTAMP"].dt == SUNDAY
