"""Message templates: whole sentences, the same facts in every language, checked when they are loaded."""

import shutil
from pathlib import Path

import pytest

from bulletin_cases import PACK_FOLDER, belgium, templates, words
from tocsin.bulletins.queries import load_templates
from tocsin.bulletins.rules.templates import MESSAGES, checked_templates
from tocsin.kernel.errors import ConfigurationError
from tocsin.kernel.language import LANGUAGES


def _messages() -> dict[str, dict[str, str]]:
    return {key: {language: text[language] for language in LANGUAGES} for key, text in templates().messages.items()}


def test_the_belgian_pack_says_everything_in_four_languages() -> None:
    messages = load_templates(PACK_FOLDER).messages

    assert set(MESSAGES) <= set(messages)
    assert all(text[language] for text in messages.values() for language in LANGUAGES)


def test_no_sentence_is_the_same_in_two_languages() -> None:
    for key, text in templates().messages.items():
        if key.startswith(("headline.many", "scope.", "note.", "now.")):
            assert len({text[language] for language in LANGUAGES}) == len(LANGUAGES), key


@pytest.mark.parametrize("family", ["who", "who_all"])
def test_every_audience_of_the_pack_has_its_own_phrase(family: str) -> None:
    assert {f"{family}.{audience}" for audience in belgium().audiences} <= set(templates().messages)


def test_an_audience_without_a_phrase_gets_the_default() -> None:
    said = templates().who("who_all", "astronaut", words("Astronauts"))

    assert said["en"] == "for all: Astronauts en."


def test_facts_are_said_in_their_own_language() -> None:
    said = templates().fill(
        "next.promise", {"time": {"fr": "9 h 10", "nl": "9.10 uur", "de": "9.10 Uhr", "en": "9:10"}}
    )

    assert said == {
        "fr": "9 h 10, même sans nouveauté.",
        "nl": "9.10 uur, ook als er niets nieuws is.",
        "de": "9.10 Uhr, auch wenn es nichts Neues gibt.",
        "en": "9:10, even if nothing has changed.",
    }


@pytest.mark.parametrize(
    ("key", "text", "code"),
    [
        ("now.end", {"fr": "a", "nl": "b", "de": " ", "en": "d"}, "messages.language"),
        ("now.end", {"fr": "a", "nl": "b", "de": "c"}, "messages.language"),
        ("next.promise", dict.fromkeys(LANGUAGES, "At {hour}."), "messages.placeholder"),
        ("next.promise", {**dict.fromkeys(LANGUAGES, "At {time}."), "de": "Bald."}, "messages.unequal"),
        ("next.promise", dict.fromkeys(LANGUAGES, "At {time."), "messages.braces"),
        ("next.never", dict.fromkeys(LANGUAGES, "Never."), "messages.unknown"),
        ("who.astronaut", dict.fromkeys(LANGUAGES, "on {planet}"), "messages.placeholder"),
        ("next.promise", dict.fromkeys(LANGUAGES, "Soon."), "messages.variable"),
        ("paid.confirmed", dict.fromkeys(LANGUAGES, "{text} Yes, says {validator}."), "messages.variable"),
        ("headline.drill", dict.fromkeys(LANGUAGES, "EXERCISE"), "messages.variable"),
        ("next.promise", dict.fromkeys(LANGUAGES, "At {time.__class__}."), "messages.placeholder"),
        ("sms_now.paper", dict.fromkeys(LANGUAGES, "At {time}."), "messages.placeholder"),
        ("now.end", dict.fromkeys(LANGUAGES, "x" * 1001), "messages.too_long"),
        ("now.end", {**dict.fromkeys(LANGUAGES, "Work."), "nl": "Werk\u202e."}, "messages.characters"),
        ("now.end", {**dict.fromkeys(LANGUAGES, "Work."), "en": "Work\x00."}, "messages.characters"),
    ],
)
def test_a_bad_message_is_refused_by_name(key: str, text: dict[str, str], code: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        checked_templates({**_messages(), key: text}, where="pack")

    assert (caught.value.code, caught.value.where) == (code, f"pack [{key}]")


def test_what_a_message_may_leave_out_may_be_left_out() -> None:
    checked = checked_templates({**_messages(), "scope.end": dict.fromkeys(LANGUAGES, "Since {end}.")})

    assert checked.messages["scope.end"]["en"] == "Since {end}."


def test_the_file_the_key_and_the_language_of_a_missing_variable_are_named(tmp_path: Path) -> None:
    shutil.copytree(PACK_FOLDER / "messages", tmp_path / "messages")
    path = tmp_path / "messages" / "sms.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("Next: {time}.", "Next: {tme}."), encoding="utf-8")

    with pytest.raises(ConfigurationError) as caught:
        load_templates(tmp_path)

    assert caught.value.code == "messages.placeholder"
    assert caught.value.where == f"{path} [sms.next]"
    assert caught.value.message == "en: {tme} is not known here."


def test_a_missing_message_is_named() -> None:
    messages = _messages()
    del messages["headline.unclear"]

    with pytest.raises(ConfigurationError, match=r"headline\.unclear") as caught:
        checked_templates(messages)

    assert caught.value.code == "messages.missing"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("[now.end\n", "messages.malformed"),
        ("greeting = 'hello'\n", "messages.malformed"),
        ("[now.end]\nfr = 'a'\nnl = 'b'\nde = 'c'\nen = 'd'\n", "messages.twice"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, content: str, code: str) -> None:
    folder = tmp_path / "messages"
    folder.mkdir()
    shipped = (PACK_FOLDER / "messages" / "bulletins.toml").read_text(encoding="utf-8")
    (folder / "a.toml").write_text(shipped, encoding="utf-8")
    (folder / "b.toml").write_text(content, encoding="utf-8")

    with pytest.raises(ConfigurationError) as caught:
        load_templates(tmp_path)

    assert caught.value.code == code


def test_a_pack_without_messages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_templates(tmp_path)

    assert caught.value.code == "messages.missing"
