"""What may be shown: no green that nobody checked, no red that nobody announced."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulletin_cases import NOW, belgium, closed, due, facts, first, incident, said, verdicts
from tocsin.detection.rules.model import State
from tocsin.incidents.rules.model import Phase
from tocsin.status_site.rules.facts import (
    Facts,
    current_messages,
    endings,
    shown_states,
    states_of,
    worst_state,
)
from tocsin.status_site.rules.pages import audience_page

ANNOUNCED = {"incidents": (incident(),), "said": (said(first()),)}


def dispensing(given: Facts) -> State:
    return shown_states(given)["dispense"]["pharmacist"]


def test_every_function_has_a_state_for_every_audience_that_uses_it() -> None:
    states = shown_states(facts())

    assert list(states) == list(belgium().functions)
    assert {function: tuple(each) for function, each in states.items()} == {
        function.id: function.audiences for function in belgium().functions.values()
    }


def test_good_is_what_was_looked_at_and_found_good() -> None:
    assert {state for each in shown_states(facts()).values() for state in each.values()} == {State.OK}


@pytest.mark.parametrize(
    "given",
    [
        facts(checked_at=None),
        facts(checked_at=None, verdicts={}),
        facts(verdicts={}),
        facts(checked_at=NOW - timedelta(minutes=5, seconds=1)),
        facts(verdicts=verdicts({"dispense": State.UNKNOWN})),
    ],
)
def test_a_green_that_nobody_checked_is_never_shown(given: Facts) -> None:
    assert dispensing(given) is State.UNKNOWN


def test_a_look_of_five_minutes_ago_still_counts() -> None:
    assert dispensing(facts(checked_at=NOW - timedelta(minutes=5))) is State.OK


@pytest.mark.parametrize("state", [State.DOWN, State.DEGRADED])
def test_trouble_that_nobody_announced_is_neither_green_nor_red(state: State) -> None:
    assert dispensing(facts(verdicts=verdicts({"dispense": state}))) is State.UNKNOWN


def test_an_incident_nobody_announced_is_not_green_even_in_a_good_moment() -> None:
    assert dispensing(facts(incidents=(incident(),))) is State.UNKNOWN
    assert dispensing(facts(incidents=(incident(audiences=("pharmacist",)),))) is State.UNKNOWN
    assert dispensing(facts(incidents=(incident(audiences=("doctor",)),))) is State.OK
    assert dispensing(facts(incidents=(incident(functions=("tarify",)),))) is State.OK
    assert dispensing(facts(incidents=(closed(incident(), at=NOW),))) is State.OK


@pytest.mark.parametrize("state", [State.DOWN, State.DEGRADED, State.UNKNOWN])
def test_what_was_announced_is_shown(state: State) -> None:
    one = incident(state=state)

    assert dispensing(facts(incidents=(one,), said=(said(first(one)),))) is state


def test_of_two_announced_troubles_the_worse_is_shown() -> None:
    slow = incident(id="2020-01-28-2", state=State.DEGRADED)
    given = facts(incidents=(slow, incident()), said=(said(first(slow)), said(first())))

    assert dispensing(given) is State.DOWN


def test_other_functions_of_the_audience_stay_what_they_are() -> None:
    assert states_of("pharmacist", facts(**ANNOUNCED))["tarify"] is State.OK
    assert worst_state("pharmacist", facts(**ANNOUNCED)) is State.DOWN
    assert worst_state("doctor", facts(**ANNOUNCED)) is State.OK


def test_nothing_announced_counts_once_nobody_looks_any_more() -> None:
    stale = facts(**ANNOUNCED, checked_at=NOW - timedelta(minutes=6))

    assert dispensing(stale) is State.UNKNOWN
    assert worst_state("pharmacist", stale) is State.UNKNOWN
    assert len(current_messages("pharmacist", stale)) == 1, "what to do still stands there"


def test_the_latest_message_counts() -> None:
    worse = incident(state=State.DOWN)
    start = first(incident(state=State.DEGRADED))
    (update,) = due(worse, published=(start,), now=NOW + timedelta(minutes=2))
    given = facts(incidents=(worse,), said=(said(start), said(update)), now=NOW + timedelta(minutes=3))

    assert [one.bulletin.kind for _, one in current_messages("pharmacist", given)] == ["update"]
    assert dispensing(given) is State.DOWN


def test_the_end_stays_for_a_day() -> None:
    at = NOW + timedelta(hours=1)
    over = closed(incident(), at=at)
    (end,) = due(over, happened="closed", published=(first(),), now=at)
    given = facts(incidents=(over,), said=(said(first()), said(end)), now=at, checked_at=at)

    assert dispensing(given) is State.OK
    assert current_messages("pharmacist", given) == ()
    assert [one.bulletin.kind for _, one in endings("pharmacist", given)] == ["end"]
    assert endings("doctor", given) == ()
    assert len(endings("pharmacist", replace(given, now=at + timedelta(hours=24)))) == 1
    assert endings("pharmacist", replace(given, now=at + timedelta(hours=24, seconds=1))) == ()


def test_an_incident_closed_before_its_end_was_told_shows_what_is_seen() -> None:
    over = closed(incident(phase=Phase.MONITORING), at=NOW)
    given = facts(incidents=(over,), said=(said(first()),))

    assert dispensing(given) is State.OK
    assert endings("pharmacist", given) == ()


def test_an_audience_without_functions_is_not_called_fine() -> None:
    assert worst_state("nobody", facts()) is State.UNKNOWN


@given(
    minutes=st.integers(0, 30),
    seen=st.sampled_from(State),
    is_open=st.booleans(),
    is_announced=st.booleans(),
)
def test_green_always_rests_on_a_fresh_good_look_and_nothing_announced(
    minutes: int, seen: State, *, is_open: bool, is_announced: bool
) -> None:
    one = incident() if is_open else closed(incident(), at=NOW)
    shown = dispensing(
        facts(
            checked_at=NOW - timedelta(minutes=minutes),
            verdicts=verdicts({"dispense": seen}),
            incidents=(one,),
            said=(said(first()),) if is_announced else (),
        )
    )

    if shown is State.OK:
        assert (minutes <= 5, seen, is_open) == (True, State.OK, False)
    if shown in {State.DOWN, State.DEGRADED}:
        assert is_announced


def test_pages_are_valid_for_five_minutes_after_the_look_not_after_the_rendering() -> None:
    given = facts(checked_at=NOW - timedelta(minutes=3))

    assert given.valid_until == NOW + timedelta(minutes=2)
    assert facts(checked_at=None).valid_until == NOW
    assert facts().is_demonstration


def test_an_exercise_changes_no_state_and_stands_after_what_is_real() -> None:
    drill = incident(id="2020-01-28-9", is_drill=True)
    slow = incident(state=State.DEGRADED)
    told = (said(first(drill)), said(first(slow)))
    only = facts(incidents=(drill,), said=told[:1], verdicts=verdicts())
    both = facts(incidents=(drill, slow), said=told, verdicts=verdicts())

    assert shown_states(only) == shown_states(facts(verdicts=verdicts()))
    assert (worst_state("pharmacist", only), worst_state("pharmacist", both)) == (State.OK, State.DEGRADED)
    page = audience_page("pharmacist", "en", facts=both)
    assert [block.is_drill for block in page.troubles] == [False, True]
    assert audience_page("pharmacist", "en", facts=only).troubles[0].headline.startswith("EXERCISE – ")


def test_what_hardly_anybody_notices_worries_nobody() -> None:
    few = {
        subject: replace(verdict, is_minor=True) for subject, verdict in verdicts({"dispense": State.DEGRADED}).items()
    }
    assert dispensing(facts(verdicts=few)) is State.OK
    assert dispensing(facts(verdicts=few, incidents=(replace(incident(), is_minor=True),))) is State.OK
    assert dispensing(facts(verdicts=few, incidents=(incident(),))) is State.UNKNOWN
