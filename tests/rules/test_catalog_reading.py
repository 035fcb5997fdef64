from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tocsin.catalog.rules.findings import Finding
from tocsin.catalog.rules.reading import Table, open_file

ALL = {"fr": "un", "nl": "een", "de": "eins", "en": "one"}


def table(**content: Any) -> Table:
    return Table("some.toml", "entry", content, [])


def found(place: Table) -> list[tuple[str, str]]:
    return [(finding.code, finding.key) for finding in place.findings]


def test_what_is_there_and_right_is_returned_without_a_finding() -> None:
    place = table(a=" text ", b=True, c=3, d=date(2026, 11, 22), e=["x", "y"], f=ALL, g=[ALL], h={"z": 1}, i=[{"z": 1}])
    assert place.text("a") == "text"
    assert place.optional_text("a") == "text"
    assert place.flag("b") is True
    assert place.whole("c") == 3
    assert place.day("d") == place.optional_day("d") == date(2026, 11, 22)
    assert place.ids("e") == ("x", "y")
    assert place.localized("f") == place.optional_localized("f") == ALL
    assert place.localized_list("g") == (ALL,)
    assert place.table("h").whole("z") == 1
    assert [each.key for each in place.tables("i")] == ["entry.i[1]"]
    place.finish()
    assert place.findings == []


def test_what_may_be_absent_is_absent_without_a_finding() -> None:
    place = table()
    assert place.optional_text("a") is None
    assert place.optional_day("a") is None
    assert place.optional_localized("a") is None
    assert place.optional_table("a") is None
    assert place.flag("a", default=True) is True
    assert place.choice("a", ("x", "y"), default="y") == "y"
    assert place.ids("a", default=()) == ()
    assert place.localized_list("a") == ()
    assert place.tables("a") == ()
    assert place.findings == []


READERS: list[Callable[[Table, str], object]] = [
    Table.text,
    Table.whole,
    Table.day,
    Table.ids,
    Table.localized,
    Table.table,
    lambda place, name: place.choice(name, ("x",)),
]


@pytest.mark.parametrize("read", READERS)
def test_what_must_be_there_and_is_not_is_one_finding(read: Callable[[Table, str], object]) -> None:
    place = table()
    read(place, "a")
    assert found(place) == [("pack.missing", "entry.a")]


@pytest.mark.parametrize(
    ("read", "wrong"),
    [
        (Table.text, 3),
        (Table.text, "  "),
        (Table.whole, "3"),
        (Table.whole, -1),
        (Table.whole, True),
        (Table.day, "2026-11-22"),
        (Table.day, datetime(2026, 11, 22, tzinfo=UTC)),
        (Table.ids, "x"),
        (Table.ids, ["x", 1]),
        (Table.localized, "text"),
        (Table.localized, {**ALL, "fr": 1}),
        (Table.localized_list, ALL),
        (Table.table, 1),
        (Table.tables, {"z": 1}),
        (Table.flag, "true"),
    ],
)
def test_what_is_of_the_wrong_kind_is_one_finding(read: Callable[[Table, str], object], wrong: object) -> None:
    place = table(a=wrong)
    read(place, "a")
    assert found(place) == [("pack.kind", "entry.a")]


def test_a_choice_names_what_may_be_chosen() -> None:
    place = table(a="z")
    assert place.choice("a", ("x", "y")) == "x"
    assert [finding.hint for finding in place.findings] == ["Use one of: x, y."]


def test_an_id_named_twice_is_found_once_and_kept_once() -> None:
    place = table(a=["x", "y", "x", "x"])
    assert place.ids("a") == ("x", "y")
    assert found(place) == [("pack.duplicate", "entry.a")]


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en"])
def test_each_missing_language_is_named(language: str) -> None:
    place = table(a={**ALL, language: " "})
    place.localized("a")
    assert found(place) == [("pack.language", f"entry.a.{language}")]


def test_a_language_that_nobody_reads_is_found() -> None:
    place = table(a={**ALL, "it": "uno"})
    assert place.localized("a") == ALL
    assert found(place) == [("pack.language", "entry.a.it")]


def test_an_item_of_a_list_is_named_by_its_number() -> None:
    place = table(a=[ALL, {"fr": "un", "nl": "een", "de": "eins"}], b=[{}, 3])
    place.localized_list("a")
    assert len(place.tables("b")) == 1
    assert found(place) == [("pack.language", "entry.a[2].en"), ("pack.kind", "entry.b[2]")]


def test_an_entry_that_is_no_table_is_found() -> None:
    place = table(a={}, b=3)
    assert [name for name, _ in place.entries()] == ["a"]
    assert found(place) == [("pack.kind", "entry.b")]


def test_a_key_that_nobody_asked_for_is_found_with_those_that_are_known() -> None:
    place = table(name="x", nmae="y")
    place.text("name")
    place.finish()
    assert place.findings == [
        Finding(
            "error",
            "pack.unknown_key",
            "some.toml",
            "entry.nmae",
            "There is no such key.",
            "Remove it, or use one of: name.",
        )
    ]


def test_an_absent_file_is_found_and_reads_as_empty() -> None:
    findings: list[Finding] = []
    assert list(open_file({}, "some.toml", findings).entries()) == []
    assert [(finding.code, finding.file) for finding in findings] == [("pack.file", "some.toml")]
    assert str(findings[0]) == "some.toml: The file is missing. Add it to the pack. [pack.file]"
