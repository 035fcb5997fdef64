"""Codes of apps against RFC 6238's own examples and another implementation; numbers as people write them."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.accounts import rules

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    assert rules.code_at(SECRET, seconds // 30) == code


@given(st.binary(min_size=20, max_size=20), st.integers(0, 2**33))
def test_codes_are_those_that_other_apps_show(secret: bytes, seconds: int) -> None:
    theirs = pyotp.TOTP(rules.key_in_text(secret).replace(" ", "")).at(seconds)
    assert rules.code_at(secret, seconds // 30) == theirs


def test_a_clock_that_is_half_a_minute_off_is_good_enough_and_one_that_is_a_minute_off_is_not() -> None:
    now = datetime(2026, 11, 23, 3, 0, 15, tzinfo=UTC)
    step = int(now.timestamp()) // 30
    offsets = {}
    for off in (-2, -1, 0, 1, 2):
        code = pyotp.TOTP(rules.key_in_text(SECRET).replace(" ", "")).at(now + off * timedelta(seconds=30))
        offsets[off] = rules.matching_step(SECRET, f" {code[:3]} {code[3:]} ", after=0, now=now)
    assert offsets == {-2: None, -1: step - 1, 0: step, 1: step + 1, 2: None}


def test_no_code_is_good_twice_and_none_before_one_that_was_used() -> None:
    now = datetime(2026, 11, 23, 3, 0, 15, tzinfo=UTC)
    step = int(now.timestamp()) // 30
    assert rules.matching_step(SECRET, rules.code_at(SECRET, step), after=step, now=now) is None
    assert rules.matching_step(SECRET, rules.code_at(SECRET, step - 1), after=step, now=now) is None
    assert rules.matching_step(SECRET, rules.code_at(SECRET, step + 1), after=step, now=now) == step + 1


@pytest.mark.parametrize("code", ["", "abc", "0", "１２３４５６", "1" * 10_000])
def test_what_is_no_code_is_none(code: str) -> None:
    assert rules.matching_step(SECRET, code, after=0, now=datetime(2026, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+32 470 12 34 56", "+32470123456"),
        ("0032470/12.34.56", "+32470123456"),
        ("+32 (0)470 12 34 56", "+32470123456"),
        ("+32470", None),
        ("0470 12 34 56", None),
        ("+" + "1" * 40, None),
        ("+32470123456;DROP", None),
        ("", None),
    ],
    ids=["spaces", "double-zero", "trunk-zero", "short", "no-country", "forty-digits", "more-than-a-number", "empty"],
)
def test_a_telephone_number_has_its_countrys_code(written: str, number: str | None) -> None:
    assert rules.telephone(written) == number
