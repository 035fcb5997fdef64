"""What a bulletin says: does it hit me, what do I do, will I be paid, when do you speak again."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bulletin_cases import (
    CONFIRMED,
    NOW,
    SINCE,
    activation,
    belgium,
    closed,
    due,
    first,
    incident,
    procedure,
    templates,
    words,
)
from tocsin.bulletins.rules.drafting import next_update_at
from tocsin.bulletins.rules.model import AudienceText, Bulletin
from tocsin.bulletins.rules.wording import lines, plain_text
from tocsin.continuity.rules.model import Duty, Procedure
from tocsin.detection.rules.model import State
from tocsin.diagnosis.rules.model import Suspect
from tocsin.incidents.rules.model import Incident, Phase
from tocsin.kernel.language import LANGUAGES

EVERYTHING = tuple(belgium().functions)


def to_pharmacists(bulletin: Bulletin) -> AudienceText:
    return bulletin.texts["pharmacist"]


def english(bulletin: Bulletin, audience: str = "pharmacist") -> str:
    return plain_text(bulletin.texts[audience], "en", templates=templates())


def everything(bulletin: Bulletin) -> str:
    said = [
        f"{text.subject[language]}\n{plain_text(text, language, templates=templates())}"
        for text in bulletin.texts.values()
        for language in LANGUAGES
    ]
    return "\n".join(said)


def with_procedures(*procedures: Procedure) -> dict[str, Procedure]:
    return {one.id: one for one in procedures}


def test_the_first_word_answers_in_the_order_in_which_a_reader_asks() -> None:
    assert english(first()) == (
        "Electronic prescriptions cannot be retrieved.\n"
        "Since 8:40, in all pharmacies.\n"
        "Now: Do paper en.\n"
        "Reimbursement: Not confirmed yet, keep a copy en.\n"
        "Next update: 9:10, even if nothing has changed."
    )


@pytest.mark.parametrize(
    ("language", "scope", "label", "promise"),
    [
        ("fr", "Depuis 8 h 40, dans toutes les pharmacies.", "Maintenant :", "9 h 10, même sans nouveauté."),
        ("nl", "Sinds 8.40 uur, in alle apotheken.", "Nu:", "9.10 uur, ook als er niets nieuws is."),
        ("de", "Seit 8.40 Uhr, in allen Apotheken.", "Jetzt:", "9.10 Uhr, auch wenn es nichts Neues gibt."),
        ("en", "Since 8:40, in all pharmacies.", "Now:", "9:10, even if nothing has changed."),
    ],
)
def test_every_language_says_it_its_own_way(language: Any, scope: str, label: str, promise: str) -> None:
    text = to_pharmacists(first())
    said = plain_text(text, language, templates=templates()).splitlines()

    assert said[1] == scope
    assert said[2].startswith(label)
    assert said[-1].endswith(promise)


def test_only_those_who_are_hit_are_told() -> None:
    assert list(first().texts) == ["pharmacist"]


def test_each_profession_reads_its_own_trouble() -> None:
    both = first(incident(functions=("prescribe", "dispense")))

    assert list(both.texts) == [audience for audience in belgium().audiences if audience in both.texts]
    assert both.texts["doctor"].headline["en"] == "Electronic prescriptions cannot be made."
    assert both.texts["pharmacist"].headline["en"] == "Electronic prescriptions cannot be retrieved."


def test_when_logging_in_fails_with_all_the_rest_it_leads_and_the_text_stays_short() -> None:
    text = to_pharmacists(first(incident(functions=EVERYTHING)))

    assert text.headline["en"] == "You cannot log in to eHealth."
    assert text.scope["en"].startswith("Since 8:40, in all pharmacies. Hit: Dispensing,")
    assert text.scope["en"].endswith(" more.")
    assert len(text.now) <= 3


def test_many_failures_without_log_in_are_one_headline() -> None:
    many = tuple(function for function in EVERYTHING if not belgium().functions[function].is_login)
    bulletin = first(incident(functions=many))

    assert to_pharmacists(bulletin).headline["en"] == "Several e-health services do not work."
    slow = first(incident(functions=many, state=State.DEGRADED))
    assert to_pharmacists(slow).headline["en"] == "Several e-health services are disrupted."


def test_two_failures_lead_with_the_crucial_one_and_name_the_other() -> None:
    text = to_pharmacists(first(incident(functions=("dispense", "exchange_messages"))))

    assert text.headline["en"] == "Electronic prescriptions cannot be retrieved."
    other = belgium().functions["exchange_messages"].name["en"]
    assert text.scope["en"] == f"Since 8:40, in all pharmacies. Hit: {other}."


def test_slow_is_not_called_down() -> None:
    slow = to_pharmacists(first(incident(state=State.DEGRADED)))

    assert slow.headline == belgium().functions["dispense"].slow


@pytest.mark.parametrize("changes", [{"functions": ()}, {"state": State.UNKNOWN}])
def test_where_nothing_is_known_that_is_said(changes: dict[str, Any]) -> None:
    unclear = first(incident(**changes))

    assert to_pharmacists(unclear).headline["en"] == "We see that something is wrong and do not yet know where."
    assert unclear.next_update_at == NOW + timedelta(minutes=13), "sooner than usual, to five minutes"


def test_an_unknown_place_says_since_when_and_what_to_do_meanwhile() -> None:
    text = to_pharmacists(first(incident(functions=())))

    assert text.scope["en"] == "We have been looking since 8:40."
    assert text.now == (templates().messages["now.unknown"],)


@pytest.mark.parametrize(
    ("changes", "scope"),
    [
        (
            {"regions": ("BE-WNA", "BE-WLG")},
            "Since 8:40, in some pharmacies, only here: Liège, Namur.",
        ),
        (
            {"packages": ("pharmacy-a",)},
            "Since 8:40, in some pharmacies, with some software only. If it works for you, carry on as usual.",
        ),
        (
            {"packages": ("pharmacy-a",), "regions": ("BE-WLG",)},
            (
                "Since 8:40, in some pharmacies, with some software only and only here: Liège. "
                "If it works for you, carry on as usual."
            ),
        ),
        ({"packages": ("pharmacy-a", "pharmacy-b")}, "Since 8:40, in all pharmacies."),
        ({"regions": tuple(belgium().regions)}, "Since 8:40, in all pharmacies."),
    ],
)
def test_who_is_hit_is_narrowed_by_region_names_and_without_naming_software(
    changes: dict[str, Any], scope: str
) -> None:
    bulletin = first(incident(**changes))

    assert to_pharmacists(bulletin).scope["en"] == scope
    assert "pharmacy-" not in english(bulletin)


def test_a_fault_in_another_professions_software_does_not_hit_this_one() -> None:
    bulletin = first(incident(functions=("open_session",), packages=("gp-a",)))

    assert list(bulletin.texts) == ["doctor"]


def test_an_audience_that_is_named_is_told_whatever_the_software() -> None:
    named = incident(functions=("open_session",), packages=("gp-a",), audiences=("doctor", "midwife"))

    assert set(first(named).texts) == {"doctor", "midwife"}


CAUSE = ("cause", "oorzaak", "ursache", "identifi", "proximus", "chg-12")


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.RESOLVED])
def test_whatever_the_engine_believes_the_public_hears_of_no_cause(phase: Phase) -> None:
    blamed = incident(suspects=(Suspect("net_proximus", 0.97, (), partner="proximus"),), change="CHG-12")
    wider = replace(blamed, functions=("dispense", "tarify"), phase=phase)
    start = first(replace(blamed, phase=phase))
    (update,) = due(wider, published=(start,), now=NOW + timedelta(minutes=10))
    (holding,) = due(wider, published=(update,), now=NOW + timedelta(minutes=40))

    assert [start.kind, update.kind, holding.kind] == ["first", "update", "holding"]
    for bulletin in (start, update, holding):
        said = everything(bulletin).lower()
        assert "électroniques" in said
        assert not any(word in said for word in CAUSE)


def test_the_procedures_instructions_stand_under_now_and_their_ids_beside() -> None:
    way, paper = procedure("way", kind="electronic"), procedure("paper")
    text = to_pharmacists(first(procedures=with_procedures(paper, way)))

    assert [sentence["en"] for sentence in text.now] == ["Do way en.", "Do paper en."]
    assert text.procedures == ("way", "paper")


def test_a_way_out_that_nobody_has_put_in_force_yet_is_not_told() -> None:
    way, paper = procedure("way", kind="electronic"), procedure("paper")
    given = with_procedures(way, paper)

    assert to_pharmacists(first(procedures=given, activations=(activation("way", "proposed"),))).procedures == (
        "paper",
    )
    assert to_pharmacists(first(procedures=given, activations=(activation("way"),))).procedures == ("way", "paper")


def test_paper_is_told_even_while_its_activation_waits() -> None:
    assert to_pharmacists(first(activations=(activation("paper", "proposed"),))).procedures == ("paper",)


def test_the_first_way_of_each_function_comes_before_the_second_of_another_and_nothing_is_said_twice() -> None:
    given = with_procedures(
        procedure("a1"),
        procedure("a2"),
        procedure("b1", function="tarify"),
        procedure("b2", function="tarify", instruction=words("Do b1")),
        procedure("c1", function="check_insurability"),
    )
    text = to_pharmacists(first(incident(functions=("dispense", "tarify", "check_insurability")), procedures=given))

    assert len(text.now) == 3
    assert [sentence["en"] for sentence in text.now][:2] == ["Do a1 en.", "Do a2 en."]
    assert set(text.procedures) == set(given), "all that help are named, those of `now` first"
    assert [given[id_].instruction for id_ in text.procedures[:3]] == list(text.now)


def test_a_yes_needs_a_validator_a_date_and_an_expiry_and_names_them() -> None:
    text = to_pharmacists(first(procedures=with_procedures(procedure(legal=CONFIRMED))))

    assert text.paid is not None
    assert text.paid["en"] == (
        "Yes, reimbursed en. Confirmed by INAMI/RIZIV on 27 January 2020, valid until 27 February 2020."
    )


@pytest.mark.parametrize("lacking", ["validator", "validated_on", "expires_on"])
def test_without_any_of_the_three_there_is_no_yes(lacking: str) -> None:
    nothing: dict[str, Any] = {lacking: None}
    weak = replace(CONFIRMED, **nothing)
    text = to_pharmacists(first(procedures=with_procedures(procedure(legal=weak))))

    assert text.paid == weak.unconfirmed


def test_an_expired_yes_is_no_yes() -> None:
    expired = replace(CONFIRMED, expires_on=(SINCE - timedelta(days=1)).date(), validated_on=None)
    text = to_pharmacists(first(procedures=with_procedures(procedure(legal=expired))))

    assert text.paid == expired.unconfirmed


def test_one_doubt_among_the_instructions_is_a_doubt() -> None:
    given = with_procedures(procedure("a", legal=CONFIRMED), procedure("b"))

    assert to_pharmacists(first(procedures=given)).paid == procedure().legal.unconfirmed


def test_money_is_that_of_the_paper_way_not_of_the_second_line() -> None:
    line = procedure("line", kind="electronic")
    given = with_procedures(line, procedure("paper", legal=CONFIRMED))
    text = to_pharmacists(first(procedures=given))

    assert text.paid is not None
    assert "Confirmed by" in text.paid["en"]


def test_with_an_electronic_way_only_its_own_money_counts() -> None:
    text = to_pharmacists(first(procedures=with_procedures(procedure("line", kind="electronic"))))

    assert text.paid == procedure().legal.unconfirmed


def test_without_any_procedure_nothing_is_said_of_money() -> None:
    text = to_pharmacists(first(procedures={}))

    assert text.paid is None
    assert text.now == (templates().messages["now.unknown"],)


def _login(**fields: Any) -> Procedure:
    return procedure("stay", function="open_session", avoid=words("Do not log out"), is_avoid_proven=True, **fields)


@pytest.mark.parametrize(
    ("phase", "switch", "is_shown"),
    [
        (Phase.CONFIRMED, None, True),
        (Phase.SUSPECTED, None, False),
        (Phase.CONFIRMED, "active", False),
        (Phase.CONFIRMED, "proposed", True),
        (Phase.CONFIRMED, "unknown-to-the-pack", True),
    ],
)
def test_a_do_not_never_blocks_plan_b(phase: Phase, switch: str | None, is_shown: bool) -> None:  # noqa: FBT001 the expected answer
    given = with_procedures(_login(), procedure("switch", kind="electronic"))
    active = {
        None: (),
        "active": (activation("switch"),),
        "proposed": (activation("switch", "proposed"),),
        "unknown-to-the-pack": (activation("gone"),),
    }[switch]
    text = to_pharmacists(
        first(incident(functions=("open_session", "dispense"), phase=phase), procedures=given, activations=active)
    )

    assert (text.avoid is not None) is is_shown


def test_a_do_not_is_for_log_in_faults_only() -> None:
    given = with_procedures(procedure(avoid=words("Do not restart"), is_avoid_proven=True))

    assert to_pharmacists(first(procedures=given)).avoid is None


@pytest.mark.parametrize(("after", "promised"), [(0, 30), (2, 30), (3, 35), (7, 35), (8, 40)])
def test_the_promise_is_a_round_time_about_half_an_hour_ahead(after: int, promised: int) -> None:
    assert next_update_at(incident(), now=SINCE + timedelta(minutes=after)) == SINCE + timedelta(minutes=promised)


def test_a_promise_past_midnight_names_the_day() -> None:
    late = SINCE.replace(hour=22, minute=50)
    text = to_pharmacists(first(incident(hit_since=late), now=late))

    assert text.next_update is not None
    assert text.next_update["fr"] == "le 29 janvier à 0 h 20, même sans nouveauté."


def test_a_drill_says_so_before_anything_else() -> None:
    bulletin = first(incident(is_drill=True))
    text = to_pharmacists(bulletin)

    assert bulletin.is_drill
    assert text.headline["nl"].startswith("OEFENING – ")
    assert text.subject["de"].startswith("ÜBUNG – ")


def test_the_subject_line_says_it_all() -> None:
    subject = to_pharmacists(first()).subject

    assert subject["fr"] == "Impossible de récupérer les prescriptions électroniques (depuis 8 h 40)"
    assert subject["en"] == "Electronic prescriptions cannot be retrieved (since 8:40)"


def _end(start: Incident, *said: Bulletin, at: datetime, **given: Any) -> Bulletin:
    (bulletin,) = due(closed(start, at=at), happened="closed", published=said, now=at, **given)
    return bulletin


def test_the_end_is_a_message_too_with_what_is_left_to_do() -> None:
    ended = SINCE + timedelta(hours=3, minutes=36)
    end = _end(incident(), first(), at=ended)

    assert (end.kind, end.state, end.next_update_at, end.number) == ("end", State.OK, None, 2)
    assert english(end) == (
        "Electronic prescriptions can be retrieved again.\n"
        "Since 12:06. It lasted 3 hours and 26 minutes.\n"
        "Now: Work as usual again.\n"
        "Afterwards: Send the proofs en. Do this by 30 January 2020."
    )
    assert to_pharmacists(end).subject["en"] == "Over at 12:06: Electronic prescriptions can be retrieved again"


def test_the_end_goes_to_all_who_were_told_the_start() -> None:
    start = incident(functions=("prescribe", "dispense"))
    narrowed = replace(start, functions=("dispense",))
    end = _end(narrowed, first(start), at=NOW + timedelta(hours=1))

    assert set(end.texts) == set(first(start).texts)
    assert end.texts["doctor"].headline == belgium().functions["prescribe"].back


def test_a_duty_without_a_deadline_stands_alone_and_none_is_told_twice() -> None:
    duty = Duty(words("Recheck"), None)
    given = with_procedures(procedure("a", duties=(duty,)), procedure("b", duties=(duty,)))
    end = _end(incident(), first(procedures=given), at=NOW + timedelta(hours=1), procedures=given)

    assert to_pharmacists(end).duties == (words("Recheck"),)


def test_the_duties_are_those_of_what_was_told_even_when_a_later_message_told_less() -> None:
    given = with_procedures(procedure("a"), procedure("b", duties=(Duty(words("Recheck"), None),)))
    start = first(procedures=given)
    less = replace(start, texts={"pharmacist": replace(to_pharmacists(start), procedures=("a", "retired"))}, number=2)
    end = _end(incident(), start, less, at=NOW + timedelta(hours=1), procedures=given)

    assert [duty["en"] for duty in to_pharmacists(end).duties] == [
        "Send the proofs en. Do this by 30 January 2020.",
        "Recheck en.",
    ]


def test_the_end_of_many_failures_is_one_sentence() -> None:
    many = tuple(function for function in EVERYTHING if not belgium().functions[function].is_login)
    end = _end(incident(functions=many), first(incident(functions=many)), at=NOW + timedelta(hours=1))

    assert to_pharmacists(end).headline["en"] == "The e-health services work again."


def test_whoever_is_spared_from_now_on_is_told_that_it_works_again() -> None:
    start = incident(functions=("prescribe", "dispense"))
    spared = replace(start, functions=("prescribe",))
    later = NOW + timedelta(minutes=10)
    (update,) = due(spared, published=(first(start),), now=later)

    assert update.kind == "update"
    assert update.texts["pharmacist"].headline == belgium().functions["dispense"].back
    assert update.texts["pharmacist"].next_update is None
    assert update.texts["doctor"].next_update is not None


def test_whoever_was_told_the_end_is_not_told_it_again() -> None:
    start = incident(functions=("prescribe", "dispense"))
    spared = replace(start, functions=("prescribe",))
    opened = first(start)
    (update,) = due(spared, published=(opened,), now=NOW + timedelta(minutes=10))
    end = _end(spared, opened, update, at=NOW + timedelta(hours=1))

    assert "pharmacist" not in end.texts
    assert "doctor" in end.texts


def test_parts_with_nothing_to_say_are_left_out() -> None:
    parts = [line.part for line in lines(to_pharmacists(first()), "en", templates=templates())]

    assert parts == ["headline", "scope", "now", "paid", "next"]


def test_every_text_is_whole_in_every_language_on_the_real_pack() -> None:
    bulletin = first(incident(functions=EVERYTHING))

    for text in bulletin.texts.values():
        for language in LANGUAGES:
            said = plain_text(text, language, templates=templates())
            assert "{" not in said
            assert "  " not in said
            assert all(
                line.part == "headline" or line.sentences for line in lines(text, language, templates=templates())
            )
