"""What automation must have shown before it is trusted."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.bulletins.rules.shadow import DAYS, Record, ShadowDraft, counted, missing, share_right, weeks

TODAY = date(2026, 3, 2)
"""A Monday."""


def draft(days_ago: int = 1, *, number: int = 1, verdict: str = "agree") -> ShadowDraft:
    return ShadowDraft(
        bulletin=f"i-b{number}",
        incident="i",
        kind="first",
        severity="grave",
        at=datetime(2026, 3, 2, 8, tzinfo=UTC) - timedelta(days=days_ago),
        score=96,
        fate="published",
        human_after=timedelta(minutes=3),
        verdict=verdict,  # type: ignore[arg-type]  # a verdict
    )


def record(days: int, *drafts: ShadowDraft) -> Record:
    return Record(days=tuple(TODAY - timedelta(days=back) for back in range(days)), drafts=drafts)


def codes(given_record: Record) -> list[str]:
    return [reason.code for reason in missing(given_record, today=TODAY)]


def test_four_weeks_with_every_draft_judged_and_nearly_all_right_are_enough() -> None:
    right = [draft(number=number) for number in range(19)]
    wrong = draft(number=19, verdict="disagree")
    assert codes(record(DAYS, draft())) == []
    assert codes(record(DAYS, *right, wrong)) == []
    assert codes(record(DAYS, *right[1:], wrong)) == ["shadow.too_often_wrong"]


def test_what_is_missing_is_said_with_how_much() -> None:
    found = missing(record(DAYS - 1, draft(), draft(2, number=2, verdict="")), today=TODAY)
    assert [(reason.code, dict(reason.facts)) for reason in found] == [
        ("shadow.too_short", {"days": 27, "needed": 28}),
        ("shadow.unreviewed", {"drafts": 1}),
    ]


def test_a_quiet_month_earns_nothing() -> None:
    assert codes(record(DAYS)) == ["shadow.nothing_drafted"]


def test_what_is_older_than_eight_weeks_counts_no_longer() -> None:
    old = replace(record(0), days=tuple(TODAY - timedelta(days=56 + back) for back in range(DAYS)), drafts=(draft(60),))
    assert codes(old) == ["shadow.too_short", "shadow.nothing_drafted"]
    assert counted(old, today=TODAY) == Record((), ())


@given(back=st.sets(st.integers(0, 120), max_size=80))
def test_it_is_never_earned_on_fewer_than_twenty_eight_recent_days(back: set[int]) -> None:
    seen = Record(tuple(sorted(TODAY - timedelta(days=each) for each in back)), (draft(),))
    assert ("shadow.too_short" in codes(seen)) == (sum(each < 56 for each in back) < DAYS)


def test_weeks_are_told_from_their_mondays_latest_first() -> None:
    found = weeks(record(9, draft(0), draft(1, number=2, verdict="disagree"), draft(8, number=3, verdict="")))
    assert [(week.monday, week.days, week.drafts, week.right, week.wrong, week.unreviewed) for week in found] == [
        (date(2026, 3, 2), 1, 1, 1, 0, 0),
        (date(2026, 2, 23), 7, 1, 0, 1, 0),
        (date(2026, 2, 16), 1, 1, 0, 0, 1),
    ]


@pytest.mark.parametrize(
    ("verdicts", "share"),
    [((), None), (("",), None), (("agree", "disagree", ""), 0.5), (("agree",), 1.0)],
)
def test_the_share_right_is_of_those_that_were_judged(verdicts: tuple[str, ...], share: float | None) -> None:
    assert share_right([draft(number=n, verdict=verdict) for n, verdict in enumerate(verdicts)]) == share
