"""The check of the words: what it finds in each language, what it costs, and that our own texts pass it."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulletin_cases import NOW, PACK_FOLDER, belgium, closed, due, first, incident, templates
from tocsin.bulletins.queries import load_plain_words
from tocsin.bulletins.rules.model import AudienceText, BulletinKind
from tocsin.bulletins.rules.plain_language import BLOCKING, Assessment, assess
from tocsin.bulletins.rules.plain_words import PlainWords, checked_plain_words, either
from tocsin.bulletins.rules.readability import readability, sentences, words
from tocsin.bulletins.rules.retraction import retraction
from tocsin.continuity.queries import load_procedures
from tocsin.continuity.rules.model import Procedure
from tocsin.detection.rules.model import State
from tocsin.kernel.errors import ConfigurationError
from tocsin.kernel.language import LANGUAGES, Language, LocalizedText

FUNCTIONS = tuple(belgium().functions)


@cache
def plain() -> PlainWords:
    return load_plain_words(PACK_FOLDER)


@cache
def procedures() -> Mapping[str, Procedure]:
    return load_procedures(PACK_FOLDER, belgium())


@cache
def good() -> AudienceText:
    """A text that the rules wrote, without fault."""
    return first(incident(functions=("dispense",)), procedures=procedures()).texts["pharmacist"]


def said(text: LocalizedText, language: Language, words_: str) -> LocalizedText:
    return {**text, language: words_}


def look(audience: str = "pharmacist", kind: BulletinKind | None = "first", **parts: Any) -> Assessment:
    return assess(replace(good(), **parts), words=plain(), audience=audience, kind=kind)


def codes(found: Assessment) -> list[str]:
    return [finding.code for finding in found.findings]


# --- our own texts pass ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["down", "degraded", "unknown"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_everything_that_the_rules_write_is_plain_in_every_language(function: str, state: str) -> None:
    one = incident(functions=(function,), state=State(state))
    start = first(one, procedures=procedures())
    later = NOW + timedelta(hours=2)
    (end,) = due(closed(one, at=later), happened="closed", published=(start,), procedures=procedures(), now=later)
    back = retraction(one, [start], procedures=procedures(), templates=templates(), pack=belgium(), now=later)
    for bulletin in (start, end, back):
        for audience, text in bulletin.texts.items():
            found = assess(text, words=plain(), audience=audience, kind=bulletin.kind)
            assert found.score >= 90, (bulletin.kind, audience, found.findings)
            assert not found.blocks


def test_every_template_every_headline_and_every_instruction_of_the_pack_is_plain() -> None:
    shown = [
        *templates().messages.items(),
        *(
            (f"{f.id}.{part}", getattr(f, part))
            for f in belgium().functions.values()
            for part in ("fails", "slow", "back")
        ),
        *((f"{p.id}.instruction", p.instruction) for p in procedures().values()),
        *((f"{p.id}.unconfirmed", p.legal.unconfirmed) for p in procedures().values()),
        *((f"{p.id}.duty", duty.text) for p in procedures().values() for duty in p.duties),
    ]
    for key, text in shown:
        filled = {language: text[language].replace("{", "").replace("}", "") for language in LANGUAGES}
        found = look(scope=filled, audience="")
        assert found.score >= 90, (key, found.findings)


def test_the_texts_that_the_federation_holds_up_as_examples_pass() -> None:
    for language, sentence in {
        "fr": "Demandez au patient la preuve papier de la prescription électronique (code-barres RID).",
        "nl": "Geen bewijs? Bel de voorschrijver: die kan een papieren voorschrift op het officiële model schrijven.",
        "de": "Kein Nachweis? Rufen Sie den verschreibenden Arzt oder Zahnarzt an.",
        "en": "Ask the patient for the paper proof of the electronic prescription (RID barcode).",
    }.items():
        assert look(scope=said(good().scope, language, sentence)).score == 100  # type: ignore[arg-type]  # a language


# --- what is found ---------------------------------------------------------------------------------------------------

FINDINGS: Mapping[str, Mapping[Language, str]] = {
    "plain.jargon": {
        "fr": "Le token est expiré.",
        "nl": "Het platform heeft een issue.",
        "de": "Der Endpunkt hat einen Bug.",
        "en": "The endpoint has an issue.",
    },
    "plain.acronym": {
        "fr": "Le STS ne répond pas.",
        "nl": "De STS antwoordt niet.",
        "de": "Der STS antwortet nicht.",
        "en": "The STS does not answer.",
    },
    "plain.cause": {
        "fr": "Cela ne marche pas à cause d’une erreur.",
        "nl": "Het werkt niet door een fout.",
        "de": "Es geht nicht wegen eines Fehlers.",
        "en": "It does not work because of a fault.",
    },
    "plain.foreign_promise": {
        "fr": "Le service sera rétabli vers midi.",
        "nl": "De dienst zal tegen de middag hersteld zijn.",
        "de": "Der Dienst soll bis Mittag wiederhergestellt werden.",
        "en": "It should be fixed by noon.",
    },
    "plain.apology": {
        "fr": "Nous sommes désolés.",
        "nl": "Onze excuses.",
        "de": "Wir bedauern das.",
        "en": "We apologise for this.",
    },
    "plain.name": dict.fromkeys(LANGUAGES, "Proximus network (Recip-e)."),
    "plain.passive": {
        "fr": "Une panne a été constatée.",
        "nl": "De fout werd gisteren gevonden.",
        "de": "Es wird daran gearbeitet.",
        "en": "The fault was reported.",
    },
    "plain.placeholder": dict.fromkeys(LANGUAGES, "Since {since}."),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", FINDINGS)
def test_what_stands_between_a_reader_and_the_answer_is_found(code: str, language: Language) -> None:
    found = look(scope=said(good().scope, language, FINDINGS[code][language]))

    assert code in codes(found)
    finding = next(finding for finding in found.findings if finding.code == code)
    assert (finding.facts["language"], finding.facts["part"]) == (language, "scope")
    assert finding.facts["word"]
    assert found.score == found.scores[language] < 100
    assert all(found.scores[other] == 100 for other in LANGUAGES if other != language)
    assert found.blocks is (code in BLOCKING)


def test_jargon_comes_with_what_to_say_instead() -> None:
    found = look(scope=said(good().scope, "en", "The latency is high."))

    (finding,) = found.findings
    assert (finding.facts["word"], finding.facts["instead"]) == ("latency", "slow")


def test_a_word_is_found_whatever_its_case_and_never_inside_another() -> None:
    assert codes(look(scope=said(good().scope, "en", "LATENCY. Tokens and tissues."))) == [
        "plain.acronym",
        "plain.jargon",
    ]


def test_an_acronym_is_fine_for_those_who_use_it_daily() -> None:
    assert codes(look("pharmacist")) == []
    assert codes(look("laboratory")) == ["plain.acronym"] * 4
    assert codes(look("")) == []


def test_the_same_word_on_the_page_and_in_the_text_message_is_one_thing_to_mend() -> None:
    text: dict[str, Any] = {
        "headline": said(good().headline, "en", "The token."),
        "push": said(good().push, "en", "The Token."),
    }

    assert codes(look(**text)) == ["plain.jargon"]


def test_a_long_sentence_is_counted_in_words_and_a_colon_rests_the_reader() -> None:
    long = "one " * 23
    (finding,) = look(scope=said(good().scope, "en", long)).findings
    assert (finding.code, finding.facts["words"], finding.facts["limit"]) == ("plain.sentence_too_long", 23, 22)
    assert codes(look(scope=said(good().scope, "en", "one " * 20 + ": " + "one " * 20))) == []


def test_long_words_are_hard_to_read() -> None:
    hard = " ".join(["Interoperability institutionalisation accountability rationalisation"] * 4)

    changed: dict[str, Any] = {part: said(getattr(good(), part), "en", f"{hard}.") for part in ("headline", "scope")}
    found = look(**changed)
    assert "plain.hard_to_read" in codes(found)
    assert found.readability["en"] < 50 < found.readability["fr"]


def test_a_missing_language_blocks_whatever_part_it_is_missing_from() -> None:
    for part in ("headline", "scope", "paid", "next_update", "subject", "sms", "push"):
        changed: dict[str, Any] = {part: {"fr": "a", "nl": "b", "de": " "}}
        found = look(**changed)
        missing = [f.facts for f in found.findings if f.code == "plain.language_missing"]
        assert missing == [{"language": "de", "part": part}, {"language": "en", "part": part}]
        assert found.blocks


def test_short_texts_that_were_never_drafted_are_not_missing() -> None:
    assert codes(look(sms={}, push={})) == []


def test_a_short_text_that_does_not_fit_blocks() -> None:
    found = look(sms=said(good().sms, "en", "a" * 161), push=said(good().push, "nl", "a" * 179))

    assert [(f.code, f.facts) for f in found.findings] == [
        ("plain.too_long", {"language": "nl", "part": "push", "length": 179, "limit": 178}),
        ("plain.too_long", {"language": "en", "part": "sms", "length": 161, "limit": 160}),
    ]
    assert found.blocks
    assert codes(look(sms=said(good().sms, "fr", "ê" * 71))) == ["plain.too_long"]


def test_a_text_must_say_what_to_do_what_is_paid_and_when_the_next_word_comes() -> None:
    assert codes(look(now=())) == ["plain.no_instruction"] * 4
    assert codes(look(paid=None)) == ["plain.no_money"] * 4
    assert codes(look(paid=None, procedures=())) == []
    assert codes(look(next_update=None)) == ["plain.no_next_update"] * 4


@pytest.mark.parametrize("kind", ["end", "retraction"])
def test_an_end_promises_nothing_more(kind: BulletinKind) -> None:
    assert codes(look(kind=kind, next_update=None, paid=None)) == []


def test_an_apology_in_place_of_an_instruction_costs_more_than_one_beside_it() -> None:
    alone = look(now=(said(good().now[0], "en", "We apologise."),))
    beside = look(now=(good().now[0], said(good().now[0], "en", "We apologise.")))

    assert codes(alone) == ["plain.apology_only"]
    assert codes(beside) == ["plain.apology"]
    assert alone.score < beside.score


def test_a_score_is_never_below_nothing() -> None:
    nothing: LocalizedText = {}

    assert look(headline=nothing, scope=nothing, subject=nothing, now=(), next_update=None).score == 0


texts = st.text(max_size=80)
localized = st.dictionaries(st.sampled_from(LANGUAGES), texts, max_size=4)


@given(headline=localized, scope=localized, now=st.lists(localized, max_size=3).map(tuple), sms=localized)
@settings(max_examples=100, deadline=None)
def test_whatever_is_typed_there_is_an_answer(**parts: Any) -> None:
    found = look(**parts)

    assert 0 <= found.score <= 100
    assert set(found.scores) == set(LANGUAGES)


# --- reading ease ----------------------------------------------------------------------------------------------------


def test_sentences_end_at_stops_and_rests_but_not_in_times_and_ordinals() -> None:
    assert sentences("Seit 27. Januar, 8.40 Uhr. Jetzt: warten; dann rufen. “Ja.” Gut?") == [
        "Seit 27. Januar, 8.40 Uhr.",
        "Jetzt:",
        "warten;",
        "dann rufen.",
        "“Ja.",
        "Gut?",
    ]
    assert words("l’hôpital, 8 h 40 – ok") == ["l’hôpital", "8", "h", "40", "ok"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_short_words_in_short_sentences_read_more_easily(language: Language) -> None:
    easy = good().now[0][language]
    hard = easy.replace(".", "").replace(",", "").replace(":", "") + " administratievereenvoudigingsmaatregelen" * 3

    assert readability("", language) == 100
    assert readability(hard, language) < readability(easy, language)


@pytest.mark.parametrize(
    ("language", "expected"),
    [("fr", 209 - 1.15 - 68), ("nl", 206.84 - 0.93 - 77), ("de", 180 - 1 - 58.5), ("en", 206.835 - 1.015 - 84.6)],
)
def test_each_language_has_its_own_formula(language: Language, expected: float) -> None:
    assert readability("Non.", language) == pytest.approx(expected)


# --- the words of a pack ---------------------------------------------------------------------------------------------


def _given() -> dict[str, Any]:
    return {language: {"max_words": 20, "min_readability": 40, "jargon": {"x": "y"}} for language in LANGUAGES}


def test_words_may_be_few() -> None:
    words_ = checked_plain_words(_given(), names=["Acme (Thing)"])

    assert words_.names is not None
    assert words_.names.findall("Acme and Thing, not acme") == ["Acme", "Thing"]
    assert words_.languages["fr"].hits("cause", "à cause de rien") == []
    assert words_.allowed("doctor") == frozenset()
    assert either([]) is None


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        ({"fr": {}}, "fr"),
        ({"fr": "none"}, "fr"),
        ({"fr": {"max_words": "many", "min_readability": 4}}, "max_words"),
        ({"fr": {"max_words": True, "min_readability": 4}}, "max_words"),
        ({"fr": {"max_words": 3}}, "min_readability"),
        ({"fr": {"max_words": 3, "min_readability": 4, "cause": "x"}}, "cause"),
        ({"fr": {"max_words": 3, "min_readability": 4, "cause": ["("]}}, "cause"),
        ({"fr": {"max_words": 3, "min_readability": 4, "jargon": ["x"]}}, "jargon"),
        ({"acronyms": "RID"}, "acronyms"),
        ({"acronyms_of": {"doctor": "RID"}}, "doctor"),
        ({"names_allowed": [1]}, "names_allowed"),
    ],
)
def test_a_bad_file_of_words_is_refused_by_name(spoil: Mapping[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        checked_plain_words({**_given(), **spoil}, where="words.toml")

    assert caught.value.code == "plain_language.malformed"
    assert f"'{named}'" in str(caught.value)
    assert caught.value.where.startswith("words.toml")


def test_a_pack_without_words_is_refused(tmp_path: Path) -> None:
    shutil.copytree(PACK_FOLDER, tmp_path / "pack")
    (tmp_path / "pack" / "messages" / "plain_language.toml").unlink()

    with pytest.raises(ConfigurationError) as caught:
        load_plain_words(tmp_path / "pack")

    assert caught.value.code == "messages.malformed"
