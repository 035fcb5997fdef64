"""Reading a pack's `calendar.toml`, which may be absent: then there are only weekdays and weekends."""

from collections.abc import Callable
from datetime import date

from tocsin.catalog.rules.calendar import Calendar, Community, Span
from tocsin.catalog.rules.findings import Finding
from tocsin.catalog.rules.reading import ParsedFiles, Table

CALENDAR_FILE = "calendar.toml"
_LEAP_YEAR = 2024
_FARTHEST = 200

type Cite = Callable[[Table, str], object]
"""Checks that the table names a source of the register."""


def read_calendar(files: ParsedFiles, findings: list[Finding], *, cite: Cite) -> Calendar:
    """Return the calendar; every fact in it must name its source."""
    if CALENDAR_FILE not in files:
        return Calendar()
    file = Table(CALENDAR_FILE, "", files[CALENDAR_FILE], findings)
    holidays, eves, communities = (file.optional_table(name) for name in ("holidays", "eves", "communities"))
    found = Calendar(
        fixed=_days(holidays, cite),
        after_easter=_after_easter(holidays),
        eves=_days(eves, cite),
        communities={}
        if communities is None
        else {name: _community(name, t, cite) for name, t in communities.entries()},
    )
    for table in (holidays, eves, file):
        if table is not None:
            table.finish()
    return found


def _days(table: Table | None, cite: Cite) -> tuple[tuple[int, int], ...]:
    if table is None:
        return ()
    cite(table, "source")
    return tuple(day for day in (_day(table, text) for text in table.ids("fixed")) if day is not None)


def _day(table: Table, text: str) -> tuple[int, int] | None:
    try:
        day = date.fromisoformat(f"{_LEAP_YEAR}-{text}")
    except ValueError:
        table.note("pack.kind", "fixed", f"{text!r} is no day of the year.", "Give month and day, such as 12-25.")
        return None
    return day.month, day.day


def _after_easter(table: Table | None) -> tuple[int, ...]:
    if table is None or not table.has("after_easter"):
        return ()
    given = table.content["after_easter"]
    if isinstance(given, list) and all(type(day) is int and abs(day) <= _FARTHEST for day in given):
        return tuple(given)
    table.note("pack.kind", "after_easter", "It is not of the right kind.", "Give a list of days after Easter Sunday.")
    return ()


def _community(name: str, table: Table, cite: Cite) -> Community:
    cite(table, "source")
    share = table.content.get("share")
    if not table.has("share") or not isinstance(share, int | float) or not 0 < share <= 1:
        table.note("pack.kind", "share", "It is not of the right kind.", "Give the part of the population, up to 1.")
        share = 0.0
    spans = tuple(_span(each) for each in table.tables("spans"))
    table.finish()
    return Community(name, float(share), spans)


def _span(table: Table) -> Span:
    span = Span(table.day("first"), table.day("last"))
    if span.last < span.first:
        table.note("pack.kind", "last", "It ends before it begins.", "Give the last day after the first.")
    table.finish()
    return span
