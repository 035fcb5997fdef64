"""Which pages are due: each rung of the ladder at its minute, and none for what is over, taken or too old."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import console as make
from tocsin.incidents.rules.model import Phase
from tocsin.incidents.rules.paging import STALE, Desk, WaitingDraft, pages_due
from tocsin.incidents.rules.promises import Word

OPENED = make.NOW
MINUTE = timedelta(minutes=1)
INCIDENT = replace(make.incident(), opened_at=OPENED, owner="ann")
DRAFT = WaitingDraft("2020-01-27-1-b1", OPENED)
WAITING = Desk(INCIDENT, waiting=(DRAFT,))


def rungs(desk: Desk, *, after: timedelta) -> list[tuple[str, str]]:
    return [(page.kind, page.whom) for page in pages_due([desk], now=OPENED + after)]


def told(*, until: timedelta | None) -> Desk:
    return Desk(INCIDENT, word=Word(OPENED, None if until is None else OPENED + until))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, [("draft_waits", "owner")]),
        (119, [("draft_waits", "owner")]),
        (120, [("draft_waits", "owner"), ("draft_still_waits", "duty")]),
        (299, [("draft_waits", "owner"), ("draft_still_waits", "duty")]),
        (300, [("draft_waits", "owner"), ("draft_still_waits", "duty"), ("first_word_late", "all")]),
    ],
)
def test_a_first_draft_climbs_the_ladder(seconds: int, expected: list[tuple[str, str]]) -> None:
    assert rungs(WAITING, after=timedelta(seconds=seconds)) == expected


def test_who_takes_it_is_not_called_again_but_the_promise_still_breaks() -> None:
    taken = replace(WAITING, taken_at=OPENED + MINUTE)
    assert rungs(taken, after=3 * MINUTE) == [("draft_waits", "owner")]
    assert rungs(taken, after=5 * MINUTE) == [("draft_waits", "owner"), ("first_word_late", "all")]


def test_that_it_was_taken_before_the_draft_says_nothing_of_the_draft() -> None:
    taken = replace(WAITING, taken_at=OPENED - MINUTE)
    assert rungs(taken, after=2 * MINUTE)[1] == ("draft_still_waits", "duty")


def test_once_one_of_two_agreed_the_others_are_called_and_not_who_agreed() -> None:
    agreed = Desk(INCIDENT, waiting=(replace(DRAFT, approved_by=("ann",)),), word=Word(OPENED, None))
    pages = pages_due([agreed], now=OPENED + 3 * MINUTE)
    assert [(page.kind, page.whom, page.but) for page in pages] == [("second_needed", "duty", ("ann",))]


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (24, []),
        (25, [("update_due", "owner")]),
        (29, [("update_due", "owner")]),
        (30, [("promise_broken", "all")]),
        (59, [("promise_broken", "all")]),
        (60, []),
    ],
)
def test_a_promised_update_pages_the_owner_before_and_everybody_when_it_is_missed(
    minutes: int, expected: list[tuple[str, str]]
) -> None:
    assert rungs(told(until=30 * MINUTE), after=minutes * MINUTE) == expected


def test_where_nothing_is_drafted_or_promised_nobody_is_called() -> None:
    assert rungs(Desk(INCIDENT), after=10 * MINUTE) == []
    assert rungs(told(until=None), after=10 * MINUTE) == []


def test_what_is_over_pages_for_its_last_draft_only() -> None:
    over = replace(INCIDENT, phase=Phase.RESOLVED, closed_at=OPENED)
    assert rungs(Desk(over, waiting=(DRAFT,), word=Word(OPENED, OPENED)), after=MINUTE) == [("draft_waits", "owner")]


def test_an_engine_that_comes_back_after_a_night_wakes_nobody() -> None:
    assert rungs(WAITING, after=STALE + timedelta(hours=6)) == []


def test_the_page_before_a_promise_leads_to_the_draft_that_would_keep_it() -> None:
    desk = replace(told(until=30 * MINUTE), waiting=(replace(DRAFT, since=OPENED + 27 * MINUTE),))
    pages = {page.kind: page for page in pages_due([desk], now=OPENED + 28 * MINUTE)}
    assert pages["update_due"].bulletin == pages["draft_waits"].bulletin == DRAFT.bulletin
    assert pages["update_due"].key == "2020-01-27-1|2020-01-27T08:52:10Z|update_due"


@given(one=st.integers(0, 3600), other=st.integers(0, 3600), is_told=st.booleans())
def test_a_reason_keeps_its_key_as_time_goes_on(one: int, other: int, *, is_told: bool) -> None:
    desk = told(until=30 * MINUTE) if is_told else WAITING
    early, late = (
        {page.kind: page.key for page in pages_due([desk], now=OPENED + timedelta(seconds=seconds))}
        for seconds in (one, other)
    )
    assert all(late[kind] == key for kind, key in early.items() if kind in late)
    assert len(set(early.values())) == len(early)
