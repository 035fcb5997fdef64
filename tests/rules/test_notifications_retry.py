from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.notifications.rules.retry import (
    FAILURES,
    FIRST_WAIT,
    GIVE_UP_AFTER,
    JITTER,
    LONGEST_WAIT,
    is_given_up,
    suppression_of,
    wait_before_retry,
)

ATTEMPTS = st.integers(1, 200)


@given(attempts=ATTEMPTS, key=st.text())
def test_a_wait_stays_between_the_first_and_the_longest_with_jitter(attempts: int, key: str) -> None:
    wait = wait_before_retry(attempts, key=key)
    assert FIRST_WAIT * (1 - JITTER) <= wait <= LONGEST_WAIT * (1 + JITTER)


@given(attempts=st.integers(1, 4), key=st.text())
def test_a_wait_doubles_but_for_its_jitter(attempts: int, key: str) -> None:
    middle = FIRST_WAIT * 2 ** (attempts - 1)
    assert abs(wait_before_retry(attempts, key=key) - middle) <= middle * JITTER + timedelta(microseconds=1)


def test_messages_that_failed_together_do_not_return_together() -> None:
    waits = {wait_before_retry(3, key=f"message-{n}") for n in range(100)}
    assert len(waits) == 100
    assert max(waits) - min(waits) > FIRST_WAIT


def test_the_same_message_waits_as_long_each_time_it_is_computed() -> None:
    assert wait_before_retry(2, key="a") == wait_before_retry(2, key="a")


@pytest.mark.parametrize(
    ("age", "attempts", "permanent", "expected"),
    [
        (timedelta(), 1, False, False),
        (timedelta(), 1, True, True),
        (GIVE_UP_AFTER - timedelta(seconds=1), 90, False, False),
        (GIVE_UP_AFTER, 2, False, True),
        (GIVE_UP_AFTER * 3, 1, False, False),
    ],
)
def test_giving_up(age: timedelta, attempts: int, permanent: bool, expected: bool) -> None:  # noqa: FBT001  (a table)
    assert is_given_up(age, attempts, permanent=permanent) is expected


@pytest.mark.parametrize(
    ("failures", "code", "expected"),
    [
        (1, "email.refused", ""),
        (FAILURES - 1, "email.refused", ""),
        (FAILURES, "email.refused", "email.refused"),
        (1, "webpush.gone", "webpush.gone"),
    ],
)
def test_an_address_is_left_alone_after_failures_in_a_row_or_when_it_has_ended(
    failures: int, code: str, expected: str
) -> None:
    assert suppression_of(failures, code=code) == expected


def test_a_server_that_is_away_for_an_hour_is_tried_again_all_the_time() -> None:
    hour = sum((wait_before_retry(n, key="any") for n in range(1, 12)), timedelta())
    assert timedelta(minutes=40) < hour < GIVE_UP_AFTER
