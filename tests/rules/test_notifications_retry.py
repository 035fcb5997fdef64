from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.notifications.rules.retry import (
    FIRST_WAIT,
    JITTER,
    LONGEST_WAIT,
    MAX_ATTEMPTS,
    is_given_up,
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
    ("attempts", "permanent", "expected"),
    [(1, False, False), (MAX_ATTEMPTS - 1, False, False), (MAX_ATTEMPTS, False, True), (1, True, True)],
)
def test_giving_up(attempts: int, permanent: bool, expected: bool) -> None:  # noqa: FBT001  (a table)
    assert is_given_up(attempts, permanent=permanent) is expected


def test_all_attempts_together_last_about_an_hour() -> None:
    total = sum((wait_before_retry(n, key="any") for n in range(1, MAX_ATTEMPTS)), timedelta())
    assert timedelta(minutes=40) < total < timedelta(minutes=90)
