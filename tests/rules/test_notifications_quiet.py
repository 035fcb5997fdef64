"""Who may be left in peace at night, and who never."""

from dataclasses import replace
from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.kernel.errors import InputError
from tocsin.notifications.rules.quiet import NEVER_SILENCED, SHIPPED, QuietHours, asked_for, is_quiet, read, stored

NIGHT = datetime(2026, 1, 14, 23, 30, tzinfo=UTC)
"""0:30 in Brussels, in winter."""

MORNING = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)
"""7:00 of that day in Brussels."""

ALL = ("doctor", "pharmacist", "nurse", "midwife", "dentist", "hospital", "laboratory")
KINDS = ("first", "update", "holding", "correction", "retraction", "end")


def test_an_end_waits_until_the_morning_rather_than_never() -> None:
    assert is_quiet("dentist", "end", "ok", NIGHT) == MORNING


@pytest.mark.parametrize("kind", KINDS)
def test_hospitals_are_never_silenced_whatever_the_policy_says(kind: str) -> None:
    hours = replace(SHIPPED, audiences=ALL)
    assert is_quiet("hospital", kind, "degraded", NIGHT, hours=hours, is_on_duty=False) is None


@pytest.mark.parametrize("audience", ["doctor", "pharmacist"])
def test_guard_posts_and_duty_pharmacies_are_never_silenced(audience: str) -> None:
    assert is_quiet(audience, "end", "ok", NIGHT) is None, "nobody said whether they are on duty"
    assert is_quiet(audience, "end", "ok", NIGHT, is_on_duty=True) is None
    assert is_quiet(audience, "end", "ok", NIGHT, is_on_duty=False) == MORNING


def test_who_is_on_duty_is_never_silenced_in_any_profession() -> None:
    assert is_quiet("dentist", "holding", "down", NIGHT, is_on_duty=True) is None


@pytest.mark.parametrize(
    ("kind", "state", "waits"),
    [
        ("first", "down", False),
        ("first", "degraded", True),
        ("update", "down", False),
        ("update", "degraded", True),
        ("holding", "down", True),
        ("correction", "degraded", False),
        ("retraction", "ok", True),
    ],
)
def test_what_stops_work_or_mends_an_instruction_never_waits(kind: str, state: str, waits: bool) -> None:  # noqa: FBT001 the expected answer
    assert (is_quiet("dentist", kind, state, NIGHT) is not None) is waits


@pytest.mark.parametrize(
    ("at", "until"),
    [
        (datetime(2026, 1, 14, 20, 59, tzinfo=UTC), None),
        (datetime(2026, 1, 14, 21, 0, tzinfo=UTC), MORNING),
        (datetime(2026, 1, 15, 5, 59, tzinfo=UTC), MORNING),
        (MORNING, None),
        # The nights in which the clocks change: seven in the morning is seven on the wall.
        (datetime(2026, 3, 28, 22, 0, tzinfo=UTC), datetime(2026, 3, 29, 5, 0, tzinfo=UTC)),
        (datetime(2026, 10, 24, 21, 0, tzinfo=UTC), datetime(2026, 10, 25, 6, 0, tzinfo=UTC)),
    ],
    ids=["before", "begins", "just before the end", "over", "spring", "autumn"],
)
def test_the_night_is_that_of_brussels(at: datetime, until: datetime | None) -> None:
    assert is_quiet("dentist", "end", "ok", at) == until


def test_quiet_hours_may_lie_within_a_day() -> None:
    noon = QuietHours(start=time(12), end=time(14))
    assert is_quiet("dentist", "end", "ok", datetime(2026, 1, 14, 12, 0, tzinfo=UTC), hours=noon) == datetime(
        2026, 1, 14, 13, 0, tzinfo=UTC
    )
    assert is_quiet("dentist", "end", "ok", datetime(2026, 1, 14, 14, 0, tzinfo=UTC), hours=noon) is None


def test_a_policy_that_names_nobody_silences_nobody() -> None:
    assert is_quiet("dentist", "end", "ok", NIGHT, hours=replace(SHIPPED, audiences=())) is None
    assert is_quiet("dentist", "end", "ok", NIGHT, hours=replace(SHIPPED, kinds=())) is None


@given(
    audience=st.sampled_from(ALL),
    kind=st.sampled_from(KINDS),
    at=st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 hypothesis adds the zone
    duty=st.sampled_from([None, True, False]),
)
def test_whatever_happens_a_first_does_not_work_is_told_and_nothing_waits_a_day(
    audience: str,
    kind: str,
    at: datetime,
    duty: bool | None,  # noqa: FBT001  three answers
) -> None:
    assert is_quiet(audience, "first", "down", at, is_on_duty=duty) is None
    until = is_quiet(audience, kind, "degraded", at, is_on_duty=duty)
    if until is not None:
        assert audience not in NEVER_SILENCED
        assert 0 < (until - at).total_seconds() <= 10 * 3600


def test_the_policy_survives_storage() -> None:
    hours = QuietHours(start=time(21, 30), end=time(6), audiences=("dentist",), kinds=("end",))
    assert read(stored(hours)) == hours
    assert read({}) == SHIPPED


def test_hours_are_taken_as_somebody_writes_them_and_hospitals_left_out() -> None:
    asked = asked_for(start="21:30", end="06:00", audiences=["dentist", "hospital"])
    assert (asked.start, asked.end, asked.audiences) == (time(21, 30), time(6), ("dentist",))


@pytest.mark.parametrize(("start", "end"), [("late", "06:00"), ("22:00", "22:00"), ("22:00+01:00", "06:00")])
def test_hours_that_are_none_are_refused(start: str, end: str) -> None:
    with pytest.raises(InputError) as caught:
        asked_for(start=start, end=end, audiences=())
    assert caught.value.code == "policy.quiet_hours"
