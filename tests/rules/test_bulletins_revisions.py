"""A person's words: as fields and back, and carried over when the facts move."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from announcements import at, audience_text, bulletin, words
from tocsin.bulletins.rules.revisions import PARTS, from_fields, has_moved, rebased, to_fields
from tocsin.detection.rules.model import State

TEXT = replace(audience_text(), duties=(words("Send the proofs."),), sms=words("sms"), push=words("push"))


def test_a_text_survives_the_form() -> None:
    assert from_fields(to_fields(TEXT), base=TEXT) == TEXT
    bare = audience_text()
    assert from_fields(to_fields(bare), base=bare) == bare


def test_every_part_is_a_field_in_every_language() -> None:
    assert set(to_fields(TEXT)) == {f"{part}.{language}" for part in PARTS for language in ("fr", "nl", "de", "en")}


def test_a_line_more_in_one_language_is_missing_in_the_others() -> None:
    text = from_fields({"now.fr": "Un\r\n\r\n  Deux  \r\nTrois"}, base=TEXT)
    assert [sentence["fr"] for sentence in text.now] == ["Un", "Deux", "Trois"]
    assert text.now[2] == {"fr": "Trois", "nl": "", "de": "", "en": ""}


def test_what_is_emptied_in_every_language_is_gone() -> None:
    empty = {f"{part}.{language}": " " for part in ("paid", "sms") for language in ("fr", "nl", "de", "en")}
    text = from_fields(empty, base=TEXT)
    assert (text.paid, text.sms) == (None, {})


def test_a_sentence_stays_one_line() -> None:
    assert from_fields({"headline.en": "One\ntwo"}, base=TEXT).headline["en"] == "One two"


@given(st.dictionaries(st.sampled_from(sorted(to_fields(TEXT))), st.text(max_size=40)))
def test_whatever_is_typed_comes_back_as_it_was_taken(typed: dict[str, str]) -> None:
    text = from_fields(typed, base=TEXT)
    assert from_fields(to_fields(text), base=text) == text
    assert text.procedures == TEXT.procedures


BASE = bulletin(1, texts={"pharmacist": TEXT, "doctor": TEXT})


def edited(**parts: object) -> dict[str, object]:
    return {"pharmacist": replace(TEXT, **parts), "doctor": TEXT}  # type: ignore[arg-type]  # parts of the text


def test_ones_own_words_stand_in_the_newer_facts() -> None:
    mine = replace(BASE, texts=edited(headline=words("Mine.")))  # type: ignore[arg-type]  # texts by audience
    later = replace(TEXT, next_update=words("10:00"))
    theirs = replace(BASE, state=State.DEGRADED, next_update_at=at(60), texts={"pharmacist": later, "nurse": later})
    found = rebased(BASE, mine, theirs)
    assert found.conflicts == ()
    assert (found.bulletin.state, found.bulletin.next_update_at) == (State.DEGRADED, at(60))
    assert list(found.bulletin.texts) == ["pharmacist", "nurse"]
    assert found.bulletin.texts["pharmacist"] == replace(later, headline=words("Mine."))
    assert found.bulletin.texts["nurse"] == later


def test_what_both_changed_is_ones_own_and_said_to_clash() -> None:
    mine = replace(BASE, texts=edited(headline=words("Mine."), scope=words("Same.")))  # type: ignore[arg-type]  # texts by audience
    theirs = replace(BASE, texts=edited(headline=words("Theirs."), scope=words("Same.")))  # type: ignore[arg-type]  # texts by audience
    found = rebased(BASE, mine, theirs)
    assert found.bulletin.texts["pharmacist"].headline == words("Mine.")
    assert found.conflicts == ("pharmacist.headline",)


def test_that_it_was_drafted_again_is_no_move() -> None:
    assert not has_moved(BASE, replace(BASE, drafted_at=at(50)))
    assert has_moved(BASE, replace(BASE, next_update_at=at(50)))
    assert has_moved(BASE, replace(BASE, texts={"doctor": TEXT}))
