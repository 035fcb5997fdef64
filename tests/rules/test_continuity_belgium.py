"""What the Belgian procedures say, held against how the project promises to speak."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from parsed_packs import BELGIUM, pack, procedures
from tocsin.catalog.errors import PackError
from tocsin.continuity.queries import check_procedures, load_procedures
from tocsin.continuity.rules.model import Procedure
from tocsin.kernel.language import LANGUAGES, LocalizedText

ALL = tuple(procedures().values())
BY_ID = pytest.mark.parametrize("procedure", ALL, ids=lambda procedure: procedure.id)


def public_texts(procedure: Procedure) -> Iterator[LocalizedText]:
    yield from (procedure.title, procedure.instruction, procedure.patient, procedure.legal.unconfirmed)
    yield from (*procedure.steps, *procedure.forms, *procedure.exclusions)
    yield from (duty.text for duty in procedure.duties)
    yield from (text for text in (procedure.avoid, procedure.time_cost, procedure.caveat) if text)


@BY_ID
def test_everything_is_still_to_be_validated(procedure: Procedure) -> None:
    assert procedure.to_be_validated_by == "INAMI/RIZIV"
    assert procedure.legal.validator is None


@BY_ID
def test_nothing_a_reader_sees_promises_payment(procedure: Procedure) -> None:
    promises = r"sera remboursé|est remboursé|wordt terugbetaald|wird erstattet|is reimbursed|will be reimbursed"
    texts = [text[language] for text in public_texts(procedure) for language in LANGUAGES]
    assert [text for text in texts if re.search(promises, text)] == []


@BY_ID
def test_until_confirmed_a_reader_is_told_so_and_what_to_keep(procedure: Procedure) -> None:
    text = procedure.legal.unconfirmed
    for language, words in {
        "fr": ("as encore confirmé", "arde"),
        "nl": ("og niet bevestigd", "ewaar"),
        "de": ("och nicht bestätigt", "a(uf|lten)"),
        "en": ("ot confirmed yet", "eep"),
    }.items():
        for word in words:
            assert re.search(word, text[language]), (language, text[language])  # type: ignore[index]  # the four languages


@BY_ID
def test_no_word_that_the_reader_does_not_use_daily(procedure: Procedure) -> None:
    jargon = r"\b(STS|ETK|KGSS|ESB|BCP|ICT|SOAP|token|endpoint|TSA|MyCareNet|Recip-e)\b"
    texts = [text[language] for text in public_texts(procedure) for language in LANGUAGES]
    assert [text for text in texts if re.search(jargon, text)] == []


@BY_ID
def test_what_must_fit_at_the_top_of_a_page_is_short(procedure: Procedure) -> None:
    for language in LANGUAGES:
        assert len(procedure.instruction[language]) <= 240
        assert len(re.findall(r"[.?](?:\s|$)", procedure.instruction[language])) <= 3


@BY_ID
def test_no_translation_is_a_copy(procedure: Procedure) -> None:
    for text in (procedure.instruction, procedure.patient, *procedure.steps):
        assert len({text[language] for language in LANGUAGES}) == len(LANGUAGES)


@BY_ID
def test_german_and_dutch_readers_are_addressed_formally(procedure: Procedure) -> None:
    for text in public_texts(procedure):
        assert not re.search(r"\b(du|dein|deine|dir|dich)\b", text["de"])
        assert not re.search(r"\b(je|jij|jouw|jullie)\b", text["nl"])


def test_an_electronic_certificate_is_never_left_for_tomorrow() -> None:
    certificate = procedures()["attest-on-paper"]
    assert [duty.within.days for duty in certificate.duties if duty.within is not None] == [0]


def test_bills_may_wait_no_longer_than_two_months() -> None:
    bill = procedures()["bill-later"]
    assert [duty.within.days for duty in bill.duties if duty.within is not None] == [59]


def test_narcotics_are_excluded_where_medicines_are_given_on_paper() -> None:
    for name in ("prescribe-on-paper", "dispense-on-paper-proof"):
        assert any("arcotics" in text["en"] for text in procedures()[name].exclusions)


def test_only_log_in_speaks_of_what_not_to_do_and_nothing_is_proven_yet() -> None:
    assert [each.id for each in ALL if each.avoid] == ["work-without-log-in"]
    assert not any(each.is_avoid_proven for each in ALL)


def test_only_the_web_front_end_waits_for_a_fault_of_some_software() -> None:
    assert [each.id for each in ALL if each.only_when_single_package] == ["prescribe-on-the-web"]


def test_health_data_are_never_sent_by_ordinary_mail() -> None:
    for name in ("messages-by-telephone", "laboratory-telephones-results", "record-by-telephone"):
        assert any("ordinary e-mail" in text["en"] for text in procedures()[name].steps)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BELGIUM, tmp_path / "pack"))


def test_bad_procedures_are_refused_with_every_finding(copied: Path) -> None:
    (copied / "procedures" / "bill.toml").unlink()
    with pytest.raises(PackError) as caught:
        load_procedures(copied, pack())
    assert [finding.code for finding in caught.value.findings] == ["pack.no_plan_b"] * 4
    assert check_procedures(copied, pack()) == list(caught.value.findings)


def test_a_procedure_file_that_is_no_toml_is_named(copied: Path) -> None:
    (copied / "procedures" / "bill.toml").write_text("[bill-later")
    findings = check_procedures(copied, pack())
    assert ("pack.unreadable", "procedures/bill.toml") in {(each.code, each.file) for each in findings}
    with pytest.raises(PackError):
        load_procedures(copied, pack())
