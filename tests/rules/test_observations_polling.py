"""Whom to ask: those who differ most, who answer, and nobody too often."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.kernel.reasons import Reason
from tocsin.observations.rules.panel_plan import chance
from tocsin.observations.rules.polling import (
    ANSWER_CHANCE,
    ANSWERS_WANTED,
    ASKED_AT_ONCE,
    BUDGET,
    CHANCE_WANTED,
    OPEN_FOR,
    Askable,
    Doubt,
    Panel,
    Said,
    is_within_budget,
    polls,
)
from tocsin.observations.rules.tapping import tapped_by_our_clock

NOON = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)
NIGHT = datetime(2026, 3, 4, 1, 0, tzinfo=UTC)
DOUBT = Doubt("dispense", "pharmacist", Reason("poll.one_eye", {"eye": "front", "state": "down"}))


def member(number: int, **given: object) -> Askable:
    base = Askable(f"m{number}", "pharmacist", f"package-{number}", f"region-{number}", f"p{number}")
    return replace(base, **given)  # type: ignore[arg-type]  # what a test gives is what the field takes


def asked(*members: Askable, doubts: tuple[Doubt, ...] = (DOUBT,), now: datetime = NOON) -> list[tuple[str, ...]]:
    return [poll.members for poll in polls(doubts, Panel(members), said=(), now=now)]


def test_so_many_are_asked_that_two_answers_are_likely() -> None:
    assert chance(ASKED_AT_ONCE, p=ANSWER_CHANCE, witnesses=ANSWERS_WANTED) >= CHANCE_WANTED
    (chosen,) = asked(*(member(number) for number in range(30)))
    assert chosen == tuple(f"m{number}" for number in range(ASKED_AT_ONCE))


def test_nobody_of_another_profession_and_none_without_members() -> None:
    assert asked(member(1, audience="doctor")) == []
    assert asked() == []


def test_a_slice_is_asked_of_those_in_it() -> None:
    doubt = replace(DOUBT, packages=("package-2",), regions=("region-2", "region-3"))
    assert asked(*(member(number) for number in range(5)), doubts=(doubt,)) == [("m2",)]


def test_those_unlike_each_other_come_first_and_colleagues_never_together() -> None:
    alike = [member(number, package="a", region="north") for number in range(ASKED_AT_ONCE)]
    other = member(90, package="b", region="south")
    colleague = member(91, package="c", region="east", practice="p90")
    (chosen,) = asked(*alike, other, colleague)
    assert chosen[:2] == ("m0", "m90")
    assert "m91" not in chosen
    many = [member(number, practice="") for number in range(3)]
    assert asked(*many) == [("m0", "m1", "m2")]


def test_of_equals_those_who_answer_and_were_asked_least() -> None:
    weeks_ago = (NOON - timedelta(days=20), NOON - timedelta(days=19))
    silent = member(1, package="a", region="n", asked_at=weeks_ago)
    keen = member(2, package="a", region="n", asked_at=weeks_ago, answered=2)
    fresh = member(3, package="a", region="n")
    (chosen,) = asked(silent, keen, fresh)
    assert chosen == ("m2", "m3", "m1")


@pytest.mark.parametrize(("span", "most"), [(span, most) for span, most in BUDGET.items()], ids=str)
def test_nobody_is_asked_beyond_the_budget(span: timedelta, most: int) -> None:
    # Spread so that no shorter span is full.
    at = tuple(sorted(NOON - span * (number + 0.5) / most for number in range(most)))
    assert not is_within_budget(member(1, asked_at=at), now=NOON)
    assert is_within_budget(member(1, asked_at=at), now=NOON + span)


def test_nobody_is_woken_who_is_not_on_duty() -> None:
    assert asked(member(1), member(2, is_on_duty=True), now=NIGHT) == [("m2",)]
    assert is_within_budget(member(1), now=datetime(2026, 3, 4, 20, 59, tzinfo=UTC))
    assert not is_within_budget(member(1), now=datetime(2026, 3, 4, 21, 0, tzinfo=UTC))
    # Summer time: 22:00 in Brussels is 20:00 by UTC.
    assert not is_within_budget(member(1), now=datetime(2026, 7, 4, 20, 0, tzinfo=UTC))


def test_who_spoke_lately_of_that_function_is_not_asked() -> None:
    said = (
        Said("m1", "dispense", NOON - timedelta(minutes=5)),
        Said("m2", "dispense", NOON - timedelta(minutes=50)),
        Said("m3", "prescribe", NOON),
    )
    (poll,) = polls((DOUBT,), Panel(tuple(member(number) for number in (1, 2, 3))), said=said, now=NOON)
    assert poll.members == ("m2", "m3")
    assert (poll.at, poll.until) == (NOON, NOON + OPEN_FOR)
    assert (poll.function, poll.audience, poll.reason) == ("dispense", "pharmacist", DOUBT.reason)


def test_one_question_at_a_time_for_one_profession() -> None:
    members = tuple(member(number) for number in range(3))
    second = replace(DOUBT, function="insurability")
    (poll,) = polls((DOUBT, second), Panel(members), said=(), now=NOON)
    assert poll.function == "dispense"
    open_now = Panel(members, asked=(poll,))
    assert polls((second,), open_now, said=(), now=NOON + OPEN_FOR / 2) == ()
    assert [each.function for each in polls((second,), open_now, said=(), now=NOON + OPEN_FOR)] == ["insurability"]
    doctors = (member(7, audience="doctor"),)
    both = polls((DOUBT, replace(second, audience="doctor")), Panel(members + doctors), said=(), now=NOON)
    assert [each.audience for each in both] == ["pharmacist", "doctor"]


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=20), st.permutations(list("xyzuvw")))
def test_names_make_no_difference(packages: list[str], names: list[str]) -> None:
    members = tuple(
        Askable(f"{number}", "pharmacist", package, "north", f"{number}") for number, package in enumerate(packages)
    )
    renamed = tuple(
        replace(one, member=f"{names[0]}{one.member}", package=names[ord(one.package) - 96]) for one in members
    )
    (one,) = polls((DOUBT,), Panel(members), said=(), now=NOON)
    (other,) = polls((DOUBT,), Panel(renamed), said=(), now=NOON + timedelta(weeks=3))
    assert tuple(f"{names[0]}{name}" for name in one.members) == other.members


def test_a_tap_is_told_by_our_clock_however_wrong_the_telephones_is() -> None:
    theirs = datetime(1999, 1, 1, tzinfo=UTC)
    later = theirs + timedelta(minutes=40)
    assert tapped_by_our_clock(tapped_at=theirs, sent_at=later, now=NOON) == NOON - timedelta(minutes=40)
    assert tapped_by_our_clock(tapped_at=theirs, sent_at=later, now=NOON, speed=60) == NOON - timedelta(hours=40)
