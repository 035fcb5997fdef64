"""Hostile text: cleaned out of what is put into sentences, refused in what a person wrote."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulletin_cases import NOW, belgium, first, incident, procedure, templates, words
from tocsin.bulletins.rules.drafting import due_bulletins
from tocsin.bulletins.rules.hygiene import MAX_FACT, MAX_PART, UnsafeTextError, checked_text, cleaned, has_hidden
from tocsin.bulletins.rules.templates import Templates
from tocsin.incidents.rules.model import IncidentEvent
from tocsin.kernel.language import LANGUAGES


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ("Liège", "Liège"),
        ("  two\n\nlines\t", "two  lines"),
        ("a\u202eb\u200fc\u2066d", "abcd"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("bell\x07 null\x00 esc\x1b[31m", "bell null esc[31m"),
        ("line\u2028break", "line break"),
        ("x" * 10_000_000, "x" * MAX_FACT),
        ("8\u00a0h\u00a040", "8 h 40"),
    ],
)
def test_a_fact_is_one_clean_line_of_a_sane_length(fact: str, said: str) -> None:
    assert cleaned(fact) == said


@given(st.text())
def test_whatever_comes_nothing_hidden_is_left(text: str) -> None:
    assert not has_hidden(cleaned(text))
    assert cleaned(cleaned(text)) == cleaned(text)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("<script>alert(1)</script>", "markup"),
        ("1 > 0", "markup"),
        ("Call\u202e 99", "hidden_characters"),
        ("nul\x00", "hidden_characters"),
        ("zero\u200bwidth", "hidden_characters"),
        ("x" * (MAX_PART + 1), "too_long"),
        ("x" * 10_000_000, "too_long"),
    ],
)
@pytest.mark.parametrize("part", ["headline", "scope", "subject", "sms", "push", "paid", "avoid", "next_update"])
def test_a_text_that_somebody_wrote_is_refused_with_its_place(part: str, said: str, fault: str) -> None:
    changed: dict[str, Any] = {part: {"fr": "Bon.", "de": said}}
    text = replace(first().texts["pharmacist"], **changed)

    with pytest.raises(UnsafeTextError) as caught:
        checked_text(text, audience="pharmacist")

    assert (caught.value.code, caught.value.where) == ("bulletin.unsafe_text", f"pharmacist / de / {part}")
    assert caught.value.facts == {"fault": fault}


@pytest.mark.parametrize("part", ["now", "duties"])
def test_every_sentence_of_a_list_is_looked_at(part: str) -> None:
    changed: dict[str, Any] = {part: ({"en": "Fine."}, {"en": "<b>"})}
    text = replace(first().texts["pharmacist"], **changed)

    with pytest.raises(UnsafeTextError):
        checked_text(text, audience="pharmacist")


def test_a_good_text_comes_back_as_it_was() -> None:
    text = replace(first().texts["pharmacist"], scope=dict.fromkeys(LANGUAGES, "« Oui » – 8 h 40 &\nla suite"))

    assert checked_text(text, audience="pharmacist") is text


HOSTILE = "Liège\u202e<script>\x00" + "x" * 10_000_000


def test_hostile_names_in_a_pack_neither_break_a_bulletin_nor_make_it_endless() -> None:
    regions = {
        id_: replace(region, name=dict.fromkeys(LANGUAGES, HOSTILE)) for id_, region in belgium().regions.items()
    }
    (bulletin,) = due_bulletins(
        events=(IncidentEvent("opened", NOW, incident(regions=("BE-WLG",))),),
        incidents=(),
        published=(),
        drafts=(),
        activations=(),
        procedures={"paper": procedure()},
        templates=templates(),
        pack=replace(belgium(), regions=regions),
        now=NOW,
    )
    text = bulletin.texts["pharmacist"]
    for language in LANGUAGES:
        assert not has_hidden(text.scope[language])
        assert len(text.scope[language]) < 1000
        assert len(text.sms[language]) <= 160


# --- templates that cannot be filled ---------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", ["At {tme}.", "At {0}.", "At {time.x.y}.", "At {time", ""])
def test_a_template_that_cannot_be_filled_still_says_its_facts(broken: str) -> None:
    spoilt = Templates({**templates().messages, "next.promise": dict.fromkeys(LANGUAGES, broken)})

    said = spoilt.fill("next.promise", {"time": dict.fromkeys(LANGUAGES, "9:10")})
    assert said == dict.fromkeys(LANGUAGES, "9:10")


def test_a_message_that_is_not_there_still_says_its_facts() -> None:
    said = Templates({}).fill("scope.everywhere", {"since": words("8 h"), "who": words("everywhere")})

    assert said["fr"] == "8 h fr, everywhere fr"
    assert Templates({}).own("sms_name.x") is None


def test_a_whole_bulletin_of_broken_templates_still_tells_the_essential() -> None:
    broken = Templates({key: dict.fromkeys(LANGUAGES, "{nothing}") for key in templates().messages})
    (bulletin,) = due_bulletins(
        events=(IncidentEvent("opened", NOW, incident()),),
        incidents=(),
        published=(),
        drafts=(),
        activations=(),
        procedures={"paper": procedure()},
        templates=broken,
        pack=belgium(),
        now=NOW,
    )
    text = bulletin.texts["pharmacist"]
    assert text.headline == belgium().functions["dispense"].fails
    assert text.now[0]["en"] == "Do paper en."
    assert text.next_update is not None
    assert text.next_update["de"] == "9.10 Uhr"
    assert "Pharmacists" in text.scope["en"]
    assert "8:40" in text.scope["en"]
    assert text.sms["en"]
