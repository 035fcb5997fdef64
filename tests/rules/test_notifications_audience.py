from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from announcements import audience_text, bulletin
from tocsin.notifications.rules.audience import CONTINUES, carries, concerns, is_told, priority, told_of
from tocsin.notifications.rules.model import Subscription, Told

PHARMACIST = Subscription("pharmacist")
KINDS = st.sampled_from(["first", "update", "holding", "correction", "retraction", "end"])
PLAIN = told_of(bulletin())


def told(**changes: Any) -> Told:
    return replace(PLAIN, **changes)


def test_a_bulletin_concerns_the_audiences_it_speaks_to() -> None:
    assert concerns(PHARMACIST, PLAIN)
    assert not concerns(Subscription("doctor"), PLAIN)


def test_who_chose_functions_hears_of_these_only() -> None:
    assert concerns(Subscription("pharmacist", ("tarify", "dispense")), PLAIN)
    assert not concerns(Subscription("pharmacist", ("tarify",)), PLAIN)


@pytest.mark.parametrize(
    ("own", "hit", "expected"),
    [("", ("BE-VLG",), True), ("BE-VLG", None, True), ("BE-VLG", ("BE-VLG",), True), ("BE-VLG", ("BE-WLG",), False)],
)
def test_where_and_with_what_one_works_counts_where_both_are_known(
    own: str,
    hit: tuple[str, ...] | None,
    expected: bool,  # noqa: FBT001  (a table)
) -> None:
    assert concerns(Subscription("pharmacist", region=own), told(regions=hit)) is expected
    assert concerns(Subscription("pharmacist", package=own), told(packages=hit)) is expected


@pytest.mark.parametrize(("state", "expected"), [("down", True), ("degraded", False), ("unknown", False)])
def test_who_wants_to_hear_of_the_worst_only_does(state: str, expected: bool) -> None:  # noqa: FBT001  (a table)
    assert concerns(Subscription("pharmacist", least="down"), told(state=state)) is expected
    assert concerns(PHARMACIST, told(state=state))


def test_exercises_are_for_those_who_asked_for_them() -> None:
    drill = told(is_drill=True)
    assert not concerns(PHARMACIST, drill)
    assert concerns(Subscription("pharmacist", with_drills=True), drill)


@pytest.mark.parametrize("kind", sorted(CONTINUES))
def test_ends_and_corrections_go_to_those_who_were_told_and_to_nobody_else(kind: str) -> None:
    assert is_told(PHARMACIST, told(kind=kind), heard_before=True)
    assert not is_told(PHARMACIST, told(kind=kind), heard_before=False)


def test_who_joins_in_the_middle_hears_the_next_update() -> None:
    assert is_told(PHARMACIST, told(kind="update"), heard_before=False)


def test_an_outage_that_narrows_or_gets_better_does_not_go_silent_on_who_heard_of_it() -> None:
    narrowed = told(kind="update", state="degraded")
    for wish in (Subscription("pharmacist", ("tarify",)), Subscription("pharmacist", least="down")):
        assert is_told(wish, narrowed, heard_before=True)
        assert not is_told(wish, narrowed, heard_before=False)


@pytest.mark.parametrize("channel", ["sms", "webpush"])
def test_nothing_new_yet_rings_in_no_pocket(channel: str) -> None:
    assert not carries(channel, "holding")
    assert carries(channel, "update")
    assert carries("email", "holding")
    assert not is_told(PHARMACIST, told(kind="holding"), channel=channel, heard_before=True)


def test_first_words_and_ends_go_before_updates_and_updates_before_the_rest() -> None:
    order = ["first", "update", "holding"]
    assert sorted(order, key=priority) == order
    assert priority("end") == priority("first") == priority("retraction") == priority("digest") == 0


@given(kind=KINDS, heard=st.booleans(), audience=st.sampled_from(["pharmacist", "doctor", "nurse"]))
def test_nobody_is_sent_what_was_written_for_another_audience(kind: str, heard: bool, audience: str) -> None:  # noqa: FBT001  (hypothesis passes by keyword)
    spoken_to = told_of(bulletin(kind=kind, texts={"doctor": audience_text()}))  # type: ignore[arg-type]  # drawn from the kinds
    assert not is_told(Subscription(audience), spoken_to, heard_before=heard) or audience == "doctor"
