"""A false alarm has its own end: "we were wrong", to all who were told, with what to do with papers already used."""

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from bulletin_cases import CONFIRMED, NOW, belgium, closed, due, first, incident, procedure, templates, words
from tocsin.bulletins.rules.model import Bulletin
from tocsin.bulletins.rules.retraction import retraction
from tocsin.bulletins.rules.wording import plain_text
from tocsin.continuity.rules.model import Duty, Procedure
from tocsin.detection.rules.model import State
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.language import LANGUAGES

LATER = NOW + timedelta(minutes=20)


@cache
def given() -> dict[str, Procedure]:
    return {"paper": procedure(), "tariff": procedure("tariff", function="tarify", duties=(Duty(words("Redo"), None),))}


def back(said: list[Bulletin], one: Incident | None = None, **options: Any) -> Bulletin:
    return retraction(
        one or incident(),
        said,
        **{"procedures": given(), "templates": templates(), "pack": belgium(), "now": LATER, **options},
    )


def test_it_says_that_we_were_wrong_what_we_had_said_when_and_what_to_do() -> None:
    text = back([first(procedures=given())]).texts["pharmacist"]

    assert text.subject["en"] == "False alarm, 9:02: Dispensing"
    assert plain_text(text, "en", templates=templates()) == (
        "We were wrong: it was a false alarm (Dispensing).\n"
        "Our message of 8:42 said: “Electronic prescriptions cannot be retrieved.” That was not so.\n"
        "Now: Work as usual. Did you already work another way? Keep those papers and finish what follows.\n"
        "Reimbursement: Not confirmed yet, keep a copy en.\n"
        "Afterwards: Send the proofs en. Do this by 30 January 2020."
    )


def test_it_is_the_end_and_promises_nothing_more() -> None:
    bulletin = back([first(procedures=given())])

    assert (bulletin.id, bulletin.kind, bulletin.number) == ("2020-01-28-1-b2", "retraction", 2)
    assert (bulletin.state, bulletin.next_update_at) == (State.OK, None)
    assert all(text.next_update is None for text in bulletin.texts.values())
    over = closed(incident(), at=LATER)
    assert due(over, happened="closed", published=(first(procedures=given()), bulletin), now=LATER) == ()


def test_a_yes_is_never_said_of_an_outage_that_never_was() -> None:
    legal = {"paper": procedure(legal=CONFIRMED)}
    start = first(procedures=legal)
    told = start.texts["pharmacist"].paid

    assert told is not None
    assert "Confirmed by" in told["en"]
    paid = back([start], procedures=legal).texts["pharmacist"].paid
    assert paid == CONFIRMED.unconfirmed


def test_whoever_was_told_the_start_is_told_and_nobody_else() -> None:
    wide = first(incident(functions=("dispense", "prescribe")), procedures=given())
    assert set(back([wide]).texts) == {"pharmacist", "doctor", "dentist", "hospital", "midwife"}
    assert list(back([wide]).texts) == [audience for audience in belgium().audiences if audience in wide.texts]


def test_whoever_was_told_an_end_already_is_not_told_another() -> None:
    start = first(incident(functions=("dispense", "prescribe")), procedures=given())
    ended = replace(start.texts["doctor"], next_update=None)
    update = replace(start, id="2020-01-28-1-b2", number=2, kind="update", texts={**start.texts, "doctor": ended})

    assert "doctor" not in back([start, update]).texts
    assert (
        back([start, replace(update, texts={a: replace(t, next_update=None) for a, t in start.texts.items()})]).texts
        == {}
    )


def test_duties_are_those_of_the_ways_that_this_audience_was_told() -> None:
    both = first(incident(functions=("dispense", "tarify")), procedures=given())
    texts = back([both]).texts

    assert [duty["en"] for duty in texts["pharmacist"].duties] == [
        "Send the proofs en. Do this by 30 January 2020.",
        "Redo en.",
    ]
    assert texts["doctor"].duties == ()
    assert texts["doctor"].paid is None
    assert [now["en"] for now in texts["doctor"].now] == ["Work as usual."]
    assert texts["pharmacist"].procedures == ("paper", "tariff")


def test_a_procedure_that_the_pack_no_longer_has_is_left_out() -> None:
    text = back([first(procedures=given())], procedures={}).texts["pharmacist"]

    assert (text.procedures, text.duties, text.paid) == ((), (), None)


def test_it_quotes_the_last_word_and_when_that_went_out() -> None:
    start = first(procedures=given())
    (update,) = due(
        incident(state=State.DEGRADED), published=(start,), procedures=given(), now=NOW + timedelta(minutes=6)
    )
    went_out = {update.id: NOW + timedelta(minutes=8)}
    text = back([start, update], published_at=went_out).texts["pharmacist"]

    assert "Our message of 8:50 said: “Electronic prescriptions are slow" in text.scope["en"]


def test_where_nothing_was_clear_no_function_is_named() -> None:
    unclear = incident(functions=())
    text = back([first(unclear, procedures=given())], unclear).texts["nurse"]

    assert text.headline["en"] == "We were wrong: it was a false alarm."
    assert text.subject["en"] == "False alarm, 9:02: We were wrong: it was a false alarm"
    assert "We were wrong: it was a false alarm." in text.sms["en"]


def test_many_functions_are_counted() -> None:
    many = incident(functions=tuple(f for f in belgium().functions if f != "open_session"))
    text = back([first(many, procedures=given())], many).texts["doctor"]

    assert text.headline["en"].endswith(" more).")
    assert text.sms["fr"].startswith("Démonstration non officielle. Nous nous sommes trompés : c'était une fausse")


def test_an_exercise_ends_as_one() -> None:
    drill = incident(is_drill=True)
    bulletin = back([first(drill, procedures=given())], drill)

    assert bulletin.is_drill
    text = bulletin.texts["pharmacist"]
    for language, mark in {"fr": "EXERCICE", "nl": "OEFENING", "de": "ÜBUNG", "en": "EXERCISE"}.items():
        for said in (text.headline, text.subject, text.sms, text.push):
            assert mark in said[language]  # type: ignore[index]  # a language


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_takes_it_back_in_its_own_words(language: Any) -> None:
    texts = back([first(procedures=given())]).texts["pharmacist"]
    sorry = {"fr": "trompés", "nl": "mis", "de": "geirrt", "en": "wrong"}[language]

    assert sorry in texts.headline[language]
    assert sorry in texts.sms[language]


def test_the_number_may_be_given() -> None:
    assert back([first(procedures=given())], number=7).id == "2020-01-28-1-b7"
