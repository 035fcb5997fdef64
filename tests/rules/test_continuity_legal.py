from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsed_packs import procedures
from tocsin.continuity.rules.legal import confirmed, may_show_avoid, shown
from tocsin.continuity.rules.model import LegalBasis
from tocsin.kernel.language import LocalizedText

DAY = date(2020, 1, 27)
YES: LocalizedText = {"fr": "oui", "nl": "ja", "de": "ja", "en": "yes"}
KEEP: LocalizedText = {"fr": "gardez", "nl": "bewaar", "de": "aufbewahren", "en": "keep"}
VALID = LegalBasis(
    text=YES,
    unconfirmed=KEEP,
    address="https://example.org",
    version="1",
    validator="A. Validator, INAMI/RIZIV",
    validated_on=DAY,
    expires_on=DAY + timedelta(days=10),
)
DAYS = st.dates(DAY - timedelta(days=30), DAY + timedelta(days=30))


def test_a_validated_text_is_a_yes_until_and_including_its_last_day() -> None:
    assert confirmed(VALID, today=DAY) == YES
    assert confirmed(VALID, today=DAY + timedelta(days=10)) == YES
    assert shown(VALID, today=DAY) == YES


@pytest.mark.parametrize("today", [DAY - timedelta(days=1), DAY + timedelta(days=11)])
def test_it_is_none_before_and_after(today: date) -> None:
    assert confirmed(VALID, today=today) is None
    assert shown(VALID, today=today) == KEEP


@settings(deadline=None)
@given(
    st.sampled_from([None, "", "  ", "A. Validator"]),
    st.none() | DAYS,
    st.none() | DAYS,
    DAYS,
)
def test_never_a_yes_without_a_name_a_day_and_an_expiry(
    validator: str | None, validated_on: date | None, expires_on: date | None, today: date
) -> None:
    legal = replace(VALID, validator=validator, validated_on=validated_on, expires_on=expires_on)
    is_complete = validator == "A. Validator" and validated_on is not None and expires_on is not None
    is_yes = confirmed(legal, today=today) is not None
    assert is_yes <= is_complete
    if validated_on is not None and expires_on is not None and is_complete:
        assert is_yes == (validated_on <= today <= expires_on)


@pytest.mark.parametrize("today", [DAY, date(2026, 11, 22), date(2030, 1, 1)])
def test_nothing_in_the_belgian_pack_is_a_yes(today: date) -> None:
    assert [each.id for each in procedures().values() if confirmed(each.legal, today=today) is not None] == []


AVOID = replace(procedures()["work-without-log-in"], is_avoid_proven=True)


def test_a_do_not_is_shown_for_a_confirmed_log_in_fault_of_proven_software() -> None:
    assert may_show_avoid(AVOID, is_confirmed_login_fault=True, is_endpoint_switch_active=False)


def test_it_is_never_shown_while_software_may_have_to_restart_to_switch() -> None:
    assert not may_show_avoid(AVOID, is_confirmed_login_fault=True, is_endpoint_switch_active=True)


def test_it_is_never_shown_for_another_fault() -> None:
    assert not may_show_avoid(AVOID, is_confirmed_login_fault=False, is_endpoint_switch_active=False)


def test_it_is_never_shown_for_software_that_proved_nothing() -> None:
    unproven = procedures()["work-without-log-in"]
    assert unproven.avoid is not None
    assert not may_show_avoid(unproven, is_confirmed_login_fault=True, is_endpoint_switch_active=False)


def test_a_procedure_without_a_do_not_shows_none() -> None:
    nothing = replace(AVOID, avoid=None)
    assert not may_show_avoid(nothing, is_confirmed_login_fault=True, is_endpoint_switch_active=False)
