"""Kinds of days: computed feasts, bridges, eves, and school holidays that differ between communities."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.catalog.queries import load_pack, pack_folder
from tocsin.catalog.rules.calendar import Calendar, Community, DayClass, Span, easter
from tocsin.catalog.rules.calendar_reading import CALENDAR_FILE, read_calendar
from tocsin.catalog.rules.findings import Finding
from tocsin.catalog.rules.reading import Table

BELGIUM = load_pack(pack_folder("belgium")).calendar


@pytest.mark.parametrize(
    ("year", "day"),
    [
        (2000, "04-23"),
        (2008, "03-23"),
        (2011, "04-24"),
        (2020, "04-12"),
        (2021, "04-04"),
        (2025, "04-20"),
        (2038, "04-25"),
    ],
)
def test_easter_is_computed(year: int, day: str) -> None:
    assert easter(year) == date.fromisoformat(f"{year}-{day}")


@given(st.integers(1900, 2199))
def test_easter_is_a_sunday_of_spring(year: int) -> None:
    assert easter(year).weekday() == 6
    assert date(year, 3, 22) <= easter(year) <= date(year, 4, 25)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2021-05-24", DayClass.HOLIDAY),
        ("2021-05-14", DayClass.BRIDGE),
        ("2026-11-23", DayClass.WORKING),
        ("2026-12-24", DayClass.EVE),
        ("2026-12-28", DayClass.SCHOOL),
        ("2026-12-26", DayClass.SATURDAY),
        ("2026-11-01", DayClass.HOLIDAY),
        ("2026-11-15", DayClass.SUNDAY),
        ("2026-07-20", DayClass.BRIDGE),
        ("2024-12-31", DayClass.EVE),
    ],
)
def test_each_day_is_of_its_most_particular_class(day: str, expected: DayClass) -> None:
    assert BELGIUM.class_of(date.fromisoformat(day)) is expected


def test_communities_have_kept_different_holidays_since_2022() -> None:
    assert BELGIUM.school_share(date(2025, 4, 29)) == pytest.approx(0.42)
    assert BELGIUM.school_share(date(2025, 4, 8)) == pytest.approx(0.58)
    assert BELGIUM.school_share(date(2021, 4, 8)) == pytest.approx(1.0)
    assert BELGIUM.school_share(date(2025, 10, 29)) == pytest.approx(1.0)


def test_a_day_between_two_working_days_is_no_bridge() -> None:
    assert not BELGIUM.is_bridge(date(2026, 11, 10) - timedelta(days=1))
    assert not Calendar().is_bridge(date(2021, 5, 14))


def test_without_a_calendar_there_are_weekdays_and_weekends_only() -> None:
    days = [date(2024, 1, 1) + timedelta(days=number) for number in range(366)]
    assert {Calendar().class_of(day) for day in days} == {DayClass.WORKING, DayClass.SATURDAY, DayClass.SUNDAY}


def read(content: dict[str, object]) -> tuple[Calendar, list[str]]:
    findings: list[Finding] = []

    def cite(table: Table, name: str) -> str:
        return table.text(name)

    return read_calendar({CALENDAR_FILE: content}, findings, cite=cite), [finding.key for finding in findings]


def test_a_pack_may_have_no_calendar() -> None:
    assert read_calendar({}, [], cite=Table.text) == Calendar()
    assert read({}) == (Calendar(), [])


def test_a_calendar_is_read_whole() -> None:
    span = {"first": date(2026, 12, 21), "last": date(2027, 1, 3)}
    found, findings = read(
        {
            "holidays": {"source": "x", "fixed": ["12-25"], "after_easter": [1]},
            "eves": {"source": "x", "fixed": ["12-24"]},
            "communities": {"all": {"source": "x", "share": 1.0, "spans": [span]}},
        }
    )
    assert findings == []
    assert found == Calendar(
        fixed=((12, 25),),
        after_easter=(1,),
        eves=((12, 24),),
        communities={"all": Community("all", 1.0, (Span(date(2026, 12, 21), date(2027, 1, 3)),))},
    )


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ({"holidays": {"fixed": ["12-25"]}}, "holidays.source"),
        ({"holidays": {"source": "x", "fixed": ["13-45"]}}, "holidays.fixed"),
        ({"holidays": {"source": "x", "fixed": [], "after_easter": ["one"]}}, "holidays.after_easter"),
        ({"eves": {"source": "x", "fixed": [], "until": 3}}, "eves.until"),
        ({"communities": {"a": {"source": "x", "share": 2, "spans": []}}}, "communities.a.share"),
        (
            {
                "communities": {
                    "a": {"source": "x", "share": 1, "spans": [{"first": date(2026, 2, 1), "last": date(2026, 1, 1)}]}
                }
            },
            "communities.a.spans[1].last",
        ),
        ({"fairs": {}}, "fairs"),
    ],
    ids=["no source", "no day", "no number", "unknown key", "too large a share", "backwards", "unknown table"],
)
def test_what_is_wrong_with_a_calendar_is_named(content: dict[str, object], key: str) -> None:
    assert key in read(content)[1]
