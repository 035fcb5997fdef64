"""When a message is due: the first word, an update, a promise kept, the end; and when it is better to be silent."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bulletin_cases import NOW, activation, closed, due, first, incident, procedure
from tocsin.bulletins.rules.model import Bulletin
from tocsin.detection.rules.model import State
from tocsin.incidents.rules.model import Incident, Phase


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def kinds(bulletins: tuple[Bulletin, ...]) -> list[str]:
    return [bulletin.kind for bulletin in bulletins]


def later(one: Incident, after: float, *said: Bulletin, **given: Any) -> list[str]:
    """What is due about the incident so many minutes after the first word."""
    return kinds(due(one, published=said or (first(),), now=NOW + minutes(after), **given))


def test_an_opened_incident_gets_its_first_word_at_once() -> None:
    (bulletin,) = due(incident(), happened="opened")

    assert (bulletin.id, bulletin.kind, bulletin.number) == ("2020-01-28-1-b1", "first", 1)
    assert (bulletin.drafted_at, bulletin.next_update_at) == (NOW, NOW + minutes(28))
    assert (bulletin.functions, bulletin.state) == (("dispense",), State.DOWN)


def test_drafting_twice_gives_the_same() -> None:
    assert due(incident(), happened="opened") == due(incident(), happened="opened")


def test_the_event_carries_the_latest_state() -> None:
    (bulletin,) = due(incident(state=State.DEGRADED), happened="opened")

    assert bulletin.state is State.DEGRADED


def test_silence_without_anything_happening() -> None:
    assert due(incident()) == ()


def test_nobody_hit_nobody_told() -> None:
    assert due(incident(audiences=("doctor",)), happened="opened") == ()


def test_no_news_no_message() -> None:
    assert later(incident(), 10) == []


@pytest.mark.parametrize(
    ("change", "at_once"),
    [
        ({"state": State.DOWN}, True),
        ({"audiences": ("pharmacist", "doctor")}, True),
        ({"audiences": None}, True),
        ({"functions": ("dispense", "tarify")}, False),
        ({"functions": ("tarify",)}, False),
        ({"packages": None}, False),
        ({"regions": ("BE-WLG", "BE-WNA", "BE-WLX")}, False),
        ({"state": State.UNKNOWN}, False),
    ],
)
def test_news_goes_out_worse_news_within_the_minute(change: dict[str, Any], at_once: bool) -> None:  # noqa: FBT001 the expected answer
    before = incident(
        state=State.DEGRADED, audiences=("pharmacist",), packages=("pharmacy-a",), regions=("BE-WLG", "BE-WNA")
    )
    said = first(before)
    after = replace(before, **change)

    assert later(after, 0.5, said) == []
    assert later(after, 1, said) == (["update"] if at_once else [])
    assert later(after, 5, said) == ["update"]


@pytest.mark.parametrize(
    "change", [{"audiences": ("pharmacist",)}, {"packages": ("pharmacy-a",)}, {"regions": ("BE-WLG",)}]
)
def test_that_fewer_are_hit_is_news_too(change: dict[str, Any]) -> None:
    both = incident(functions=("dispense", "prescribe"))

    assert later(replace(both, **change), 5, first(both)) == ["update"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"regions": ("BE-WLG", "BE-WNA")}, {"regions": ("BE-WLG",)}),
        ({"packages": ("pharmacy-a", "gp-a")}, {"packages": ("pharmacy-a",)}),
    ],
)
def test_one_region_or_software_fewer_waits_for_the_promised_update(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    start = incident(**before)

    assert later(replace(start, **after), 20, first(start)) == []


def test_better_is_not_told_before_it_is_sure() -> None:
    assert later(incident(state=State.OK, phase=Phase.MONITORING, good_since=NOW), 20) == []


def test_a_new_way_out_is_news() -> None:
    given = {"paper": procedure(), "way": procedure("way", kind="electronic")}
    waiting, active = activation("way", "proposed"), activation("way", start=NOW + minutes(4))
    said = first(procedures=given, activations=(waiting,))

    assert later(incident(), 6, said, procedures=given, activations=(waiting,)) == []
    assert later(incident(), 6, said, procedures=given, activations=(active,)) == ["update"]
    assert later(incident(), 6, said, procedures=given, activations=(replace(active, start=NOW),)) == []
    told = first(procedures=given)
    assert later(incident(), 6, told, procedures=given, activations=(active,)) == []


@pytest.mark.parametrize(("after", "expected"), [(22.9, []), (23, ["holding"]), (28, ["holding"]), (40, ["holding"])])
def test_a_promise_is_kept_even_without_news(after: float, expected: list[str]) -> None:
    assert later(incident(), after) == expected


def test_a_promise_that_is_called_due_is_kept() -> None:
    assert later(incident(), 20, happened="promise_due") == ["holding"]


def test_a_promise_kept_with_news_is_an_update() -> None:
    assert later(incident(functions=("dispense", "tarify")), 26) == ["update"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "No news at 9:08: it is still going on."),
        (
            {"state": State.OK, "good_since": NOW + minutes(20), "phase": Phase.MONITORING},
            "It has been better since 9:02; we are making sure before we say that it is over.",
        ),
    ],
)
def test_a_kept_promise_says_how_it_goes_and_promises_again(changes: dict[str, Any], said: str) -> None:
    now = NOW + minutes(26)
    (holding,) = due(incident(**changes), published=(first(),), now=now)
    text = holding.texts["pharmacist"]

    assert text.scope["en"].endswith(said)
    assert holding.state is State.DOWN
    assert holding.number == 2
    assert text.next_update is not None
    assert text.next_update["en"].startswith("9:40")
    assert text.subject["en"] == "Still going on at 9:08: Electronic prescriptions cannot be retrieved"


def test_numbers_count_on() -> None:
    opened = first()
    (second,) = due(incident(), published=(opened,), now=NOW + minutes(26))
    (third,) = due(incident(), published=(opened, second), now=NOW + minutes(56))

    assert [second.id, third.id] == ["2020-01-28-1-b2", "2020-01-28-1-b3"]


def test_the_end_is_told_once_and_only_where_a_start_was_told() -> None:
    over = closed(incident(), at=NOW + minutes(60))
    now = NOW + minutes(60)
    (end,) = due(over, happened="closed", published=(first(),), now=now)

    assert end.kind == "end"
    assert due(over, happened="closed", published=(first(), end), now=now) == ()
    assert due(over, happened="closed", now=now) == ()
    assert due(over, published=(first(),), now=now + minutes(1)) == ()


def test_the_end_takes_the_place_of_a_draft_that_still_waited() -> None:
    now = NOW + minutes(60)
    waiting = replace(first(), kind="update", number=2, id="2020-01-28-1-b2")
    (end,) = due(closed(incident(), at=now), happened="closed", published=(first(),), drafts=(waiting,), now=now)

    assert (end.id, end.kind) == ("2020-01-28-1-b2", "end")


def test_an_end_without_a_known_good_run_is_the_closing() -> None:
    now = NOW + minutes(60)
    by_hand = replace(closed(incident(), at=now), good_since=None)
    (end,) = due(by_hand, happened="closed", published=(first(),), now=now)
    (dateless,) = due(replace(by_hand, closed_at=None), happened="closed", published=(first(),), now=now)

    assert end.texts["pharmacist"].scope["en"].startswith("Since 9:42.")
    assert dateless.texts == end.texts


class TestWaitingDrafts:
    """A draft that waits for a click is left alone while it holds, and written anew when it does not."""

    def test_left_alone_while_it_holds(self) -> None:
        assert later_with_draft(incident(), 5) == []

    @pytest.mark.parametrize(
        "change",
        [
            {"state": State.DEGRADED},
            {"functions": ("dispense", "tarify")},
            {"audiences": ("pharmacist",)},
            {"packages": ("pharmacy-a",)},
            {"regions": ("BE-WLG",)},
        ],
    )
    def test_written_anew_under_its_own_name_when_the_facts_move(self, change: dict[str, Any]) -> None:
        (again,) = due(incident(**change), drafts=(first(),), now=NOW + minutes(1))

        assert (again.id, again.kind, again.number) == ("2020-01-28-1-b1", "first", 1)
        assert again.drafted_at == NOW + minutes(1)

    @pytest.mark.parametrize(("after", "expected"), [(18, []), (19, ["first"])])
    def test_written_anew_when_its_promise_comes_too_near(self, after: float, expected: list[str]) -> None:
        assert later_with_draft(incident(), after) == expected

    def test_thrown_away_it_stays_away_until_something_happens(self) -> None:
        assert due(incident(), now=NOW + minutes(1)) == ()
        assert kinds(due(incident(), happened="updated", now=NOW + minutes(1))) == ["first"]

    def test_forgotten_when_the_incident_ends_before_anybody_was_told(self) -> None:
        over = closed(incident(), at=NOW + minutes(9))

        assert due(over, happened="closed", drafts=(first(),), now=NOW + minutes(9)) == ()


def later_with_draft(one: Incident, after: float) -> list[str]:
    return kinds(due(one, drafts=(first(),), now=NOW + minutes(after)))
