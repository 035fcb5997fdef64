from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from parsed_packs import Files, pack, parsed, procedures, renamed
from tocsin.catalog.rules.validation import check_catalogue
from tocsin.continuity.rules.selection import procedures_for
from tocsin.continuity.rules.validation import check_procedure_files
from tocsin.detection.rules.model import State

PAPER = "procedures/prescribe.toml"
TODAY = date(2026, 11, 22)


def setting(key: str, value: Any) -> Callable[[Files], None]:
    def spoil(files: Files) -> None:
        files[PAPER]["prescribe-on-paper"][key] = value

    return spoil


def without(key: str) -> Callable[[Files], None]:
    def spoil(files: Files) -> None:
        del files[PAPER]["prescribe-on-paper"][key]

    return spoil


def found(spoil: Callable[[Files], None], *, today: date | None = None) -> list[tuple[str, str]]:
    files = parsed()
    spoil(files)
    checked = check_procedure_files(files, pack(), today=today)
    assert all(finding.message and finding.hint and finding.file for finding in checked.findings)
    return [(finding.code, finding.key) for finding in checked.findings]


def test_the_belgian_procedures_have_nothing_to_mend() -> None:
    checked = check_procedure_files(parsed(), pack(), today=TODAY)
    assert checked.findings == ()
    assert checked.procedures == procedures()


def test_procedures_come_in_the_packs_order_of_functions() -> None:
    order = list(pack().functions)
    positions = [order.index(each.function) for each in procedures().values()]
    assert positions == sorted(positions)


@pytest.mark.parametrize(
    ("spoil", "code", "key"),
    [
        (setting("legal", "x"), "pack.dangling", "legal"),
        (setting("sources", ["x", "inami"]), "pack.dangling", "sources"),
        (setting("needs", ["x"]), "pack.dangling", "needs"),
        (setting("steps", []), "pack.empty", "steps"),
        (setting("audiences", ["doctor", "dentist", "hospital", "midwife", "nurse"]), "pack.stranger", "audiences"),
        (setting("colour", "red"), "pack.unknown_key", "colour"),
        (setting("duties", [{"text": {}, "within_days": 1, "by": "me"}]), "pack.language", "duties[1].text.fr"),
        (without("review_on"), "pack.missing", "review_on"),
        (without("may_activate"), "pack.missing", "may_activate"),
        (setting("may_activate", ["anybody"]), "pack.choice", "may_activate"),
        (setting("may_activate", []), "pack.empty", "may_activate"),
        (setting("last_exercised", "last year"), "pack.kind", "last_exercised"),
        (without("to_be_validated_by"), "pack.unvalidated", "to_be_validated_by"),
    ],
)
def test_each_fault_is_found_where_it_is(spoil: Callable[[Files], None], code: str, key: str) -> None:
    assert found(spoil)[0] == (code, f"prescribe-on-paper.{key}")


def test_a_duty_with_a_key_too_many_is_found() -> None:
    words = {"fr": "a", "nl": "b", "de": "c", "en": "d"}
    assert found(setting("duties", [{"text": words, "by": "me"}])) == [
        ("pack.unknown_key", "prescribe-on-paper.duties[1].by")
    ]


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en"])
def test_a_language_missing_in_a_step_is_found(language: str) -> None:
    def spoil(files: Files) -> None:
        del files[PAPER]["prescribe-on-paper"]["steps"][1][language]

    assert found(spoil) == [("pack.language", f"prescribe-on-paper.steps[2].{language}")]


def test_a_function_that_is_unknown_leaves_the_known_one_uncovered() -> None:
    assert found(setting("function", "x")) == [
        ("pack.dangling", "prescribe-on-paper.function"),
        *[("pack.no_plan_b", "")] * 4,
    ]


@pytest.mark.parametrize(
    "spoil",
    [
        setting("kind", "electronic"),
        setting("packages", ["gp-a"]),
        setting("only_when_single_package", value=True),
        setting("states", ["degraded"]),
        lambda files: files[PAPER].pop("prescribe-on-paper"),
    ],
)
def test_an_audience_without_a_way_without_ict_is_an_error(spoil: Callable[[Files], None]) -> None:
    assert found(spoil) == [("pack.no_plan_b", "")] * 4


def test_the_audience_and_function_without_plan_b_are_named() -> None:
    files = parsed()
    files[PAPER]["prescribe-on-paper"]["audiences"] = ["doctor", "dentist", "hospital"]
    checked = check_procedure_files(files, pack())
    assert checked.procedures == {}
    assert [str(finding) for finding in checked.findings] == [
        (
            "procedures/prescribe.toml: "
            "There is no procedure without ICT for 'midwife' when 'prescribe' does not work. "
            'Add one with kind = "non_ict", states with "down", and this audience. [pack.no_plan_b]'
        )
    ]


def test_a_state_in_which_nobody_needs_a_procedure_is_found() -> None:
    assert found(setting("states", ["down", "ok"])) == [("pack.choice", "prescribe-on-paper.states")]


def test_no_state_at_all_is_found() -> None:
    assert found(setting("states", []))[0] == ("pack.empty", "prescribe-on-paper.states")


def test_an_unknown_audience_is_found_twice_over() -> None:
    spoil = setting("audiences", ["doctor", "dentist", "hospital", "midwife", "x"])
    assert found(spoil) == [
        ("pack.dangling", "prescribe-on-paper.audiences"),
        ("pack.stranger", "prescribe-on-paper.audiences"),
    ]


def test_an_unknown_package_is_found() -> None:
    assert found(setting("packages", ["x"]))[0] == ("pack.dangling", "prescribe-on-paper.packages")


def test_the_same_id_in_two_files_is_found() -> None:
    def spoil(files: Files) -> None:
        files["procedures/bill.toml"]["prescribe-on-paper"] = files[PAPER]["prescribe-on-paper"]

    assert found(spoil) == [("pack.duplicate", "prescribe-on-paper")]


@pytest.mark.parametrize(
    "given",
    [
        {"validator": "A"},
        {"validated_on": TODAY},
        {"expires_on": TODAY},
        {"validator": "A", "validated_on": TODAY},
        {"validated_on": TODAY, "expires_on": TODAY},
    ],
)
def test_half_a_validation_is_an_error(given: dict[str, Any]) -> None:
    assert found(lambda files: files["legal.toml"]["paper-prescription"].update(given)) == [
        ("pack.half_validated", "paper-prescription")
    ]


def test_a_whole_validation_is_read() -> None:
    files = parsed()
    files["legal.toml"]["paper-prescription"] |= {
        "validator": "A. Validator, INAMI/RIZIV",
        "validated_on": TODAY,
        "expires_on": TODAY + timedelta(days=30),
    }
    legal = check_procedure_files(files, pack()).procedures["prescribe-on-paper"].legal
    assert (legal.validator, legal.validated_on) == ("A. Validator, INAMI/RIZIV", TODAY)


def test_a_procedure_past_its_review_is_a_warning_and_still_usable() -> None:
    files = parsed()
    files[PAPER]["prescribe-on-paper"]["review_on"] = TODAY - timedelta(days=1)
    checked = check_procedure_files(files, pack(), today=TODAY)
    assert [(each.severity, each.code, each.key) for each in checked.findings] == [
        ("warning", "pack.overdue", "prescribe-on-paper.review_on")
    ]
    assert "prescribe-on-paper" in checked.procedures
    assert check_procedure_files(files, pack()).findings == ()


def test_a_validation_that_has_run_out_is_a_warning() -> None:
    past = {"validator": "A", "validated_on": TODAY, "expires_on": TODAY - timedelta(days=1)}
    spoil: Callable[[Files], None] = lambda files: files["legal.toml"]["bill-later"].update(past)  # noqa: E731 - one use
    assert found(spoil, today=TODAY) == [("pack.overdue", "bill-later.expires_on")]


@pytest.mark.parametrize("file", ["sources.toml", "legal.toml"])
def test_a_missing_register_is_found_first(file: str) -> None:
    assert found(lambda files: files.pop(file))[0] == ("pack.file", "")


def test_renamed_ids_choose_the_same_procedures() -> None:
    def rename(kind: str, identity: str) -> str:
        return f"{kind}-{identity[::-1]}"

    files = renamed(parsed(), rename)
    there = check_catalogue(files).pack
    assert there is not None
    other = check_procedure_files(files, there).procedures
    for function in pack().functions.values():
        for audience in function.audiences:
            here = procedures_for(
                functions=[function.id],
                audience=audience,
                state=State.DOWN,
                packages=None,
                procedures=procedures(),
                pack=pack(),
            )
            new = procedures_for(
                functions=[rename("functions", function.id)],
                audience=rename("audiences", audience),
                state=State.DOWN,
                packages=None,
                procedures=other,
                pack=there,
            )
            assert [each.id for each in new] == [rename("procedures", each.id) for each in here]
            assert [each.instruction for each in new] == [each.instruction for each in here]
