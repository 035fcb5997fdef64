"""The Belgian catalogue against what recordings and facts fix about it."""

import re
import tomllib

import pytest

from conftest import SHARED
from parsed_packs import BELGIUM, pack
from tocsin.catalog.rules.model import Function
from tocsin.kernel.language import LANGUAGES, Language

ADDED_SERVICES = {"hub_vznkul", "vault_brusafe"}


@pytest.fixture
def federation() -> dict[str, dict[str, dict[str, object]]]:
    file = SHARED / "federation" / "belgium.toml"
    if not file.is_file():
        pytest.skip(f"{file} lies beside the project, not in it: nothing to compare the ids with")
    return tomllib.loads(file.read_text())


def test_ids_and_their_order_are_those_of_the_recordings(federation: dict[str, dict[str, dict[str, object]]]) -> None:
    belgium = pack()
    assert [each for each in belgium.services if each not in ADDED_SERVICES] == list(federation["services"])
    assert list(belgium.functions) == list(federation["functions"])
    assert list(belgium.partners) == list(federation["partners"])
    assert list(belgium.packages) == list(federation["packages"])
    assert list(belgium.regions) == list(federation["regions"])


def test_services_need_what_the_recordings_say(federation: dict[str, dict[str, dict[str, object]]]) -> None:
    for name, told in federation["services"].items():
        service = pack().services[name]
        assert (service.partner, list(service.needs)) == (told["partner"], told["needs"])
        assert service.kind == told.get("kind", "service")
        assert told.get("uddi") in {None, service.uddi}


def test_functions_use_what_the_recordings_say(federation: dict[str, dict[str, dict[str, object]]]) -> None:
    for name, told in federation["functions"].items():
        function = pack().functions[name]
        assert [each for each in function.uses if each not in ADDED_SERVICES] == told["uses"]
        assert [each for each in function.audiences if each != "midwife"] == told["audiences"]
        assert list(function.soft) == told.get("soft", [])


def test_midwives_log_in_prescribe_and_check_insurance() -> None:
    functions = [each.id for each in pack().functions.values() if "midwife" in each.audiences]
    assert functions == ["open_session", "prescribe", "check_insurability"]


def test_only_log_in_is_a_log_in() -> None:
    assert [each.id for each in pack().functions.values() if each.is_login] == ["open_session"]


def test_proximus_is_reached_through_recipe() -> None:
    assert pack().partners["proximus"].subcontractor_of == "recipe"


def test_nobody_is_said_to_be_responsible() -> None:
    assert pack().authority is None


@pytest.mark.parametrize("function", pack().functions.values(), ids=lambda function: function.id)
def test_headlines_are_whole_sentences(function: Function) -> None:
    for text in (function.fails, function.slow, function.back):
        for language in LANGUAGES:
            assert re.fullmatch(r"[A-ZÀ-Ü].+\.", text[language]), text[language]
            assert len(text[language]) <= 110, text[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_headline_says_two_things(language: Language) -> None:
    said = [text[language] for each in pack().functions.values() for text in (each.fails, each.slow, each.back)]
    assert len(set(said)) == len(said)


def test_no_text_uses_words_that_readers_do_not_use_daily() -> None:
    said = [
        text[language]
        for each in pack().functions.values()
        for text in (each.fails, each.slow, each.back)
        for language in LANGUAGES
    ]
    assert [text for text in said if re.search(r"\b(STS|ETK|KGSS|ESB|BCP|DNS|HTTP|API|MyCareNet)\b", text)] == []


def test_every_count_is_a_range_with_a_source() -> None:
    counts = [each.population for each in pack().audiences.values()]
    counts += [each.transactions_per_month for each in pack().functions.values() if each.transactions_per_month]
    assert [count for count in counts if not (0 < count.low <= count.high and count.source.address)] == []


def test_no_vendor_is_named() -> None:
    assert all(re.fullmatch(r"[A-Z][A-Za-z]+-[A-C]", each.name) for each in pack().packages.values())


def test_french_uses_its_own_apostrophe() -> None:
    lines = [
        line
        for file in BELGIUM.rglob("*.toml")
        for line in file.read_text().splitlines()
        if re.match(r"(\w+\.)?fr = ", line) and "'" in line
    ]
    assert lines == []
