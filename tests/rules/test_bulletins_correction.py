"""A correction says what changed, to those it concerns, in every length; what changed is shown word by word."""

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bulletin_cases import NOW, PACK_FOLDER, belgium, due, first, incident, templates
from tocsin.bulletins.rules.correction import corrected, unchanged_short_texts
from tocsin.bulletins.rules.differences import Span, bulletin_differences, differences
from tocsin.bulletins.rules.lengths import fits_push, fits_sms
from tocsin.bulletins.rules.model import AudienceText, Bulletin
from tocsin.continuity.queries import load_procedures
from tocsin.kernel.language import LANGUAGES

LATER = NOW + timedelta(minutes=7)


@cache
def original() -> Bulletin:
    procedures = load_procedures(PACK_FOLDER, belgium())
    return first(incident(functions=("dispense", "prescribe")), procedures=procedures)


def edited(audience: str = "pharmacist", **parts: str) -> AudienceText:
    """The audience's text with parts written over in English."""
    text = original().texts[audience]
    changed: dict[str, Any] = {part: {**getattr(text, part), "en": said} for part, said in parts.items()}
    return replace(text, **changed)


def mended(**parts: str) -> Bulletin:
    texts = {"pharmacist": edited(**parts), "doctor": original().texts["doctor"]}
    return corrected(original(), texts, templates=templates(), now=LATER)


def test_it_is_a_bulletin_of_its_own_that_names_the_one_it_mends_and_keeps_the_promise() -> None:
    correction = mended(headline="Prescriptions arrive late.")

    assert (correction.id, correction.number, correction.kind) == ("2020-01-28-1-b2", 2, "correction")
    assert (correction.corrects, correction.drafted_at) == (original().id, LATER)
    assert correction.next_update_at == original().next_update_at
    assert not correction.is_silent


def test_only_those_whose_text_changed_are_told() -> None:
    assert list(mended(headline="Prescriptions arrive late.").texts) == ["pharmacist"]
    assert mended().texts == {}


def test_an_audience_that_was_never_told_is_not_told_a_correction() -> None:
    texts = {"nurse": edited(headline="x")}

    assert corrected(original(), texts, templates=templates(), now=LATER).texts == {}


def test_every_length_says_that_it_corrects_and_which_message() -> None:
    text = mended(headline="Prescriptions arrive late.").texts["pharmacist"]

    assert text.subject["en"] == "Correction at 8:49: Prescriptions arrive late"
    assert text.scope["en"] == (
        "Corrected at 8:49: our message of 8:42 had a mistake in it. Since 8:40, in all pharmacies."
    )
    assert text.sms["en"].startswith("Corrected. Unofficial demonstration. ")
    assert text.push["nl"].startswith("Correctie. ")
    assert text.next_update == original().texts["pharmacist"].next_update
    for language in LANGUAGES:
        assert fits_sms(text.sms[language])
        assert fits_push(text.push[language])


def test_the_time_named_is_when_the_mended_message_went_out() -> None:
    texts = {"pharmacist": edited(headline="x")}
    correction = corrected(
        original(), texts, templates=templates(), now=LATER, number=5, published_at=NOW + timedelta(minutes=3)
    )

    assert correction.id == "2020-01-28-1-b5"
    assert "our message of 8:45" in correction.texts["pharmacist"].scope["en"]


def test_a_correction_of_a_correction_says_so_once() -> None:
    once = mended(headline="Prescriptions arrive late.")
    text = once.texts["pharmacist"]
    again = corrected(
        once,
        {"pharmacist": replace(text, headline={**text.headline, "en": "Prescriptions arrive."})},
        templates=templates(),
        now=LATER + timedelta(minutes=2),
    )

    said = again.texts["pharmacist"]
    assert said.scope["fr"] == (
        "Corrigé à 8 h 51 : notre message de 8 h 49 contenait une erreur. Depuis 8 h 40, dans toutes les pharmacies."
    )
    assert said.sms["en"].count("Corrected.") == 1
    assert said.push["en"].count("Corrected.") == 1
    assert again.corrects == once.id


def test_a_silent_one_changes_the_words_alone() -> None:
    texts = {"pharmacist": edited(headline="Prescriptions arrive late.")}
    silent = corrected(original(), texts, templates=templates(), now=LATER, is_silent=True)

    assert silent.is_silent
    assert silent.kind == "correction"
    assert silent.texts == texts


def test_where_there_is_no_room_the_word_on_money_gives_way_and_else_the_mark() -> None:
    money = templates().messages["sms.unconfirmed"]["en"]
    full = f"Unofficial demonstration. {'x' * 80}. {money} Next: 9:10."
    assert 160 - len("Corrected. ") < len(full) <= 160

    said = mended(sms=full).texts["pharmacist"].sms["en"]
    assert said == f"Corrected. Unofficial demonstration. {'x' * 80}. Next: 9:10."
    assert mended(sms="y" * 155).texts["pharmacist"].sms["en"] == "y" * 155
    assert mended(push="y" * 175).texts["pharmacist"].push["en"] == "y" * 175


def test_after_a_correction_nothing_is_due_until_something_happens() -> None:
    correction = corrected(original(), {"pharmacist": edited(headline="x")}, templates=templates(), now=LATER)
    one = incident(functions=("dispense", "prescribe"))

    assert due(one, published=(original(), correction), now=LATER + timedelta(minutes=6)) == ()


# --- short texts that still say the old ------------------------------------------------------------------------------


def test_a_short_text_that_still_says_the_old_is_named() -> None:
    before = original().texts["pharmacist"]

    assert unchanged_short_texts(before, before) == ()
    assert unchanged_short_texts(before, edited(sms="New.")) == ()
    (only_sms,) = unchanged_short_texts(before, edited(headline="x", push="New."))
    assert (only_sms.code, only_sms.facts) == ("plain.short_unchanged", {"language": "en", "part": "sms"})
    both = unchanged_short_texts(before, edited(headline="x"))
    assert [reason.facts["part"] for reason in both] == ["sms", "push"]


# --- differences -----------------------------------------------------------------------------------------------------


def test_what_changed_is_shown_word_by_word() -> None:
    before = original().texts["pharmacist"]
    (found,) = differences(before, edited(headline="Electronic prescriptions can be retrieved slowly."))

    assert (found.part, found.place, found.language) == ("headline", 0, "en")
    assert found.before == before.headline["en"]
    assert found.after == "Electronic prescriptions can be retrieved slowly."
    assert found.spans == (
        Span("same", "Electronic prescriptions "),
        Span("gone", "cannot"),
        Span("new", "can"),
        Span("same", " be "),
        Span("gone", "retrieved."),
        Span("new", "retrieved slowly."),
    )


def test_sentences_that_come_and_go_are_whole_differences() -> None:
    before = original().texts["pharmacist"]
    longer = replace(before, now=(*before.now, dict.fromkeys(LANGUAGES, "Wait.")))

    came = differences(before, longer)
    assert [(d.part, d.place, d.language, d.before, d.after) for d in came] == [
        ("now", len(before.now), language, "", "Wait.") for language in LANGUAGES
    ]
    went = differences(longer, before)
    assert [(d.before, d.after) for d in went] == [("Wait.", "")] * 4


def test_parts_are_in_reading_order_and_missing_ones_count_as_empty() -> None:
    before = original().texts["pharmacist"]
    after = replace(before, paid=None, sms={}, scope={**before.scope, "fr": "Partout."})

    found = differences(before, after)
    assert list(dict.fromkeys(d.part for d in found)) == ["scope", "paid", "sms"]
    assert [d.language for d in found] == ["fr", *LANGUAGES, *LANGUAGES]


def test_a_bulletins_differences_are_by_audience() -> None:
    after = replace(original(), texts={**original().texts, "pharmacist": edited(headline="x"), "nurse": edited()})

    assert list(bulletin_differences(original(), after)) == ["pharmacist"]
    assert bulletin_differences(original(), original()) == {}


@given(before=st.text(max_size=60), after=st.text(max_size=60))
def test_nothing_of_either_wording_is_lost(before: str, after: str) -> None:
    text = original().texts["pharmacist"]
    old = replace(text, headline={**text.headline, "de": before})
    new = replace(text, headline={**text.headline, "de": after})

    found = differences(old, new)
    assert [(d.before, d.after) for d in found] == ([] if before == after else [(before, after)])
