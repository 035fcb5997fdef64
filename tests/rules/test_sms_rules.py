"""Telephone numbers, the bytes of a text message, and which of two providers is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from announcements import at
from tocsin.kernel.errors import InputError
from tocsin.notifications.rules.model import Letter, Link, Mark, Message
from tocsin.plugins.channels.sms.failover import FAILURES_TO_OPEN, FIRST_REST_S, LONGEST_REST_S, Circuit, Standing
from tocsin.plugins.channels.sms.numbers import e164
from tocsin.plugins.channels.sms.text import MOST_PARTS, PART_CHARACTERS, PART_SEPTETS, encoded, words_of

BELGIUM = ("+32",)
ORDER = ("first", "second")


@pytest.mark.parametrize(
    "typed",
    [
        "0470123456",
        "0470 12 34 56",
        "0470/12.34.56",
        "+32470123456",
        "0032 470 12 34 56",
        "+32 (0)470 12-34-56",
        "32470123456",
    ],
)
def test_a_belgian_mobile_number_is_read_however_it_is_written(typed: str) -> None:
    assert e164(typed, prefixes=BELGIUM) == "+32470123456"


def test_numbers_of_other_countries_need_the_operators_consent() -> None:
    assert e164("+352 621 123 456", prefixes=("+32", "+352")) == "+352621123456"
    assert e164("0621 123 456", prefixes=("+352",), home="+352") == "+352621123456"
    with pytest.raises(InputError) as caught:
        e164("+352 621 123 456", prefixes=BELGIUM)
    assert caught.value.code == "sms.country"


@pytest.mark.parametrize("typed", ["02 555 12 12", "+32 2 555 12 12", "+3247012345", "+324701234567"])
def test_a_number_that_takes_no_text_messages_is_refused(typed: str) -> None:
    with pytest.raises(InputError) as caught:
        e164(typed, prefixes=BELGIUM)
    assert caught.value.code == "sms.mobile"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "+",
        "0",
        "abc",
        "0470 CALL ME",
        "1" * 40,
        "+32470123456\r\nBcc: x",
        "0470123456;0471",
        "٠٤٧٠١٢٣٤٥٦",
        "++32470123456",
    ],
    ids=range(10),
)
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(InputError) as caught:
        e164(typed, prefixes=BELGIUM)
    assert caught.value.code == "sms.number"


@given(st.text(max_size=40))
def test_a_number_that_passes_is_a_number(typed: str) -> None:
    try:
        number = e164(typed, prefixes=BELGIUM)
    except InputError:
        return
    assert number.startswith("+324")
    assert number[1:].isascii()
    assert number[1:].isdigit()


def message(sms: str = "") -> Message:
    letter = Letter(
        "fr", "Sujet", "Cela « ne va » pas.", (), (Mark("Exercice", "Exercice"),), Link("Voir", "https://x.example/")
    )
    return Message("k", "+32470123456", at(0), "t", letter, sms=sms)


def test_the_drafted_text_is_sent_as_it_is() -> None:
    assert words_of(message(sms="Exercice: rien ne va")) == "Exercice: rien ne va"


def test_without_one_the_letter_speaks_and_says_what_it_must() -> None:
    assert words_of(message()) == '[Exercice] Cela "ne va" pas. Voir: https://x.example/'


def test_a_short_text_is_one_part_in_the_alphabet_of_telephones() -> None:
    assert encoded("@ é €[") == encoded("@ é €[")
    assert encoded("@é€").parts == (b"\x00\x05\x1b\x65",)
    assert len(encoded("a" * 160).parts) == 1
    assert [len(part) for part in encoded("a" * 161).parts] == [PART_SEPTETS, 8]


def test_one_letter_that_the_alphabet_lacks_costs_more_than_half_of_the_room() -> None:
    text = encoded("ê" + "a" * 69)
    assert (len(text.parts), text.is_gsm7, text.parts[0][:2]) == (1, False, b"\x00\xea")
    assert [len(part) for part in encoded("ê" + "a" * 70).parts] == [PART_CHARACTERS * 2, 8]


def test_a_text_without_end_is_cut() -> None:
    assert len(encoded("a" * 10_000).parts) == MOST_PARTS


@given(st.text(alphabet="aé€[]^ê😀\n", min_size=1, max_size=300))
def test_no_character_is_torn_between_two_parts(text: str) -> None:
    sent = encoded(text)
    for part in sent.parts:
        assert len(part) <= 160 if sent.is_gsm7 else len(part) <= 140
        assert part[-1] != 0x1B if sent.is_gsm7 else part.decode("utf-16-be")


def test_a_circuit_opens_after_failures_on_end_and_lets_one_through_after_a_rest() -> None:
    circuit = Circuit()
    for _ in range(FAILURES_TO_OPEN):
        assert circuit.lets_through(100.0)
        circuit.failed(100.0)
    assert not circuit.lets_through(100.0 + FIRST_REST_S - 1)
    assert circuit.lets_through(100.0 + FIRST_REST_S)
    assert not circuit.lets_through(100.0 + FIRST_REST_S)  # the others wait for what becomes of that one
    circuit.worked()
    assert circuit.lets_through(100.0 + FIRST_REST_S)


def test_each_failure_makes_the_rest_longer_up_to_a_limit() -> None:
    circuit = Circuit()
    for _ in range(30):
        circuit.failed(0.0)
    assert circuit.rests_until_s == LONGEST_REST_S


def test_a_success_between_keeps_the_circuit_closed() -> None:
    circuit = Circuit()
    for _ in range(FAILURES_TO_OPEN * 3):
        circuit.failed(0.0)
        circuit.worked()
    assert circuit.lets_through(0.0)


def asked(standing: Standing, reference: str, *, now_s: float) -> list[str]:
    names = standing.candidates(reference, order=ORDER)
    return [name for name in names if standing.lets_through(name, now_s=now_s)]


def test_the_second_provider_is_used_until_the_first_works_again() -> None:
    standing = Standing()
    assert asked(standing, "m", now_s=0) == ["first", "second"]
    for _ in range(FAILURES_TO_OPEN):
        standing.failed("first", now_s=0)
    assert asked(standing, "m", now_s=1) == ["second"]
    assert asked(standing, "m", now_s=FIRST_REST_S) == ["first", "second"]
    standing.worked("first")
    assert asked(standing, "m", now_s=FIRST_REST_S) == ["first", "second"]


def test_a_message_that_one_may_have_taken_is_offered_to_no_other() -> None:
    standing = Standing()
    standing.tie("m", "first")
    assert asked(standing, "m", now_s=0) == ["first"]
    assert asked(standing, "other", now_s=0) == ["first", "second"]
    for _ in range(FAILURES_TO_OPEN):
        standing.failed("first", now_s=0)
    assert asked(standing, "m", now_s=0) == []
    standing.worked("first", reference="m")
    assert asked(standing, "m", now_s=0) == ["first", "second"]


def test_a_provider_that_the_operator_took_away_ties_nothing() -> None:
    standing = Standing()
    standing.tie("m", "gone")
    assert asked(standing, "m", now_s=0) == ["first", "second"]


def test_only_so_many_ties_are_kept() -> None:
    standing = Standing()
    for number in range(10_050):
        standing.tie(str(number), "first")
    assert len(standing.ties) == 10_000
    assert "0" not in standing.ties
