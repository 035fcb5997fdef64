"""Second factors: codes held against another implementation, passkeys against keys made here; each step audited."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
from pytest_django import Settings

from passkey_device import Device
from tocsin.accounts import factors, passkeys, rules
from tocsin.accounts.errors import FactorError, SealBrokenError
from tocsin.accounts.factors import Proof
from tocsin.accounts.models import Operator, RecoveryCode, SecondFactor
from tocsin.audit.models import AuditEntry
from tocsin.kernel.errors import InputError

pytestmark = pytest.mark.django_db

NOW = datetime(2020, 1, 27, 8, 0, tzinfo=UTC)
MACHINE = datetime(2026, 11, 23, 3, 0, 5, tzinfo=UTC)
ORIGIN = "https://tocsin.example.org"


@pytest.fixture(autouse=True)
def named(settings: Settings) -> None:
    settings.CONFIGURATION = replace(settings.CONFIGURATION, base_url=ORIGIN)


@pytest.fixture
def ann() -> Operator:
    return Operator.objects.create(username="ann")


def acts() -> list[tuple[str, str, str]]:
    return list(AuditEntry.objects.order_by("seq").values_list("actor", "action", "subject"))


def refused(code: str) -> AbstractContextManager[object]:
    return pytest.raises(FactorError, check=lambda error: error.code == code)


def enrolled(operator: Operator) -> pyotp.TOTP:
    offer = factors.offer_app(operator)
    app = pyotp.parse_uri(offer.address)
    assert isinstance(app, pyotp.TOTP)
    factors.enrol_app(operator, kept=offer.sealed, code=app.at(MACHINE), name="", machine_now=MACHINE, now=NOW)
    return app


def prove(operator: Operator, proof: Proof, *, at: datetime = MACHINE) -> str:
    return factors.prove(operator, proof, purpose="login", machine_now=at, now=NOW)


# --- an authenticator app ----------------------------------------------------------------------------------------


def test_an_app_is_enrolled_by_the_code_it_shows_and_proves_who_is_there(ann: Operator) -> None:
    app = enrolled(ann)
    later = MACHINE + timedelta(seconds=30)
    assert prove(ann, Proof(code=app.at(later)), at=later) == "totp"
    assert acts() == [("ann", "factor.added", "ann"), ("ann", "factor.proven", "ann")]
    factor = SecondFactor.objects.get()
    assert (factor.kind, factor.name, factor.added_at, factor.used_at) == ("totp", "totp", NOW, NOW)


def test_the_key_in_text_is_what_the_picture_says_and_the_offer_can_be_shown_again(ann: Operator) -> None:
    offer = factors.offer_app(ann)
    app = pyotp.parse_uri(offer.address)
    assert offer.key.replace(" ", "") == app.secret
    assert (app.issuer, app.name) == ("Tocsin", "ann")
    assert factors.offer_app(ann, kept=offer.sealed).key == offer.key


def test_an_app_that_shows_another_code_is_not_enrolled(ann: Operator) -> None:
    offer = factors.offer_app(ann)
    with refused("factor.code"):
        factors.enrol_app(ann, kept=offer.sealed, code="000000", name="", machine_now=MACHINE, now=NOW)
    assert not factors.has_factor(ann)


def test_a_code_is_good_once_and_the_one_of_enrolment_was_used(ann: Operator) -> None:
    app = enrolled(ann)
    with refused("factor.refused"):
        prove(ann, Proof(code=app.at(MACHINE)))
    later = MACHINE + timedelta(seconds=30)
    prove(ann, Proof(code=app.at(later)), at=later)
    with refused("factor.refused"):
        prove(ann, Proof(code=app.at(later)), at=later)
    assert acts()[-1] == ("anonymous", "factor.refused", "ann")


def test_of_two_who_show_one_code_at_once_one_is_too_late(ann: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    app = enrolled(ann)
    later = MACHINE + timedelta(seconds=30)

    def meanwhile(*args: Any, **kwargs: Any) -> int | None:
        found = rules.matching_step(*args, **kwargs)
        SecondFactor.objects.update(last_used=found or 0)
        return found

    monkeypatch.setattr(factors, "matching_step", meanwhile)
    with refused("factor.refused"):
        prove(ann, Proof(code=app.at(later)), at=later)


def test_an_apps_secret_cannot_be_read_from_the_database_alone(
    ann: Operator, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    app = enrolled(ann)
    kept = SecondFactor.objects.get().secret
    assert app.secret not in kept
    offer = factors.offer_app(ann)
    codes = factors.new_recovery_codes(ann, now=NOW)
    settings.SECRET_KEY = "another machine's key"
    later = MACHINE + timedelta(seconds=30)
    with refused("factor.refused"):
        prove(ann, Proof(code=app.at(later)), at=later)
    assert "cannot be used" in caplog.text
    assert prove(ann, Proof(code=codes[0])) == "recovery"
    with pytest.raises(SealBrokenError):
        factors.offer_app(ann, kept=offer.sealed)


# --- passkeys ----------------------------------------------------------------------------------------------------


def with_passkey(operator: Operator, device: Device | None = None) -> Device:
    device = device or Device(ORIGIN)
    question = factors.ask_to_make_passkey(operator)
    factors.enrol_passkey(operator, state=question.state, answer=device.make(question.options), name="key", now=NOW)
    return device


def test_a_passkey_is_enrolled_and_proves_who_is_there(ann: Operator) -> None:
    device = with_passkey(ann)
    question = factors.ask_for_passkey(ann)
    assert question is not None
    assert prove(ann, Proof(answer=device.prove(question.options), state=question.state)) == "passkey"
    assert SecondFactor.objects.get().last_used == 1


def test_a_passkey_without_a_counter_serves_again_and_again(ann: Operator) -> None:
    device = with_passkey(ann, Device(ORIGIN, counter=None))
    for _ in range(2):
        question = factors.ask_for_passkey(ann)
        assert question is not None
        prove(ann, Proof(answer=device.prove(question.options), state=question.state))


def test_a_passkey_whose_counter_goes_back_may_be_a_copy(ann: Operator) -> None:
    device = with_passkey(ann)
    SecondFactor.objects.update(last_used=7)
    question = factors.ask_for_passkey(ann)
    assert question is not None
    with refused("factor.copied"):
        prove(ann, Proof(answer=device.prove(question.options), state=question.state))


@pytest.mark.parametrize("case", ["other-question", "other-device", "other-origin", "nobody-recognised", "no-json"])
def test_a_passkey_that_proves_nothing_is_refused(ann: Operator, case: str) -> None:
    device = with_passkey(ann)
    question, other = factors.ask_for_passkey(ann), factors.ask_for_passkey(ann)
    assert question is not None
    assert other is not None
    answers: dict[str, Callable[[], str]] = {
        "other-question": lambda: device.prove(other.options),
        "other-device": lambda: Device(ORIGIN).prove(question.options),
        "other-origin": lambda: replace(device, origin="https://evil.example").prove(question.options),
        "nobody-recognised": lambda: replace(device, recognises_owner=False).prove(question.options),
        "no-json": lambda: "[]",
    }
    with refused("factor.refused"):
        prove(ann, Proof(answer=answers[case](), state=question.state))


def test_an_answer_to_no_question_is_refused(ann: Operator) -> None:
    device = with_passkey(ann)
    question = factors.ask_for_passkey(ann)
    assert question is not None
    with refused("factor.refused"):
        prove(ann, Proof(answer=device.prove(question.options), state=None))
    with refused("factor.passkey"):
        factors.enrol_passkey(ann, state=None, answer="{}", name="", now=NOW)


def test_a_passkey_is_not_enrolled_twice_nor_from_elsewhere(ann: Operator) -> None:
    device = with_passkey(ann)
    with refused("factor.passkey"):
        with_passkey(ann, device)
    with refused("factor.passkey"):
        with_passkey(ann, Device("https://evil.example", credential=b"another"))
    assert SecondFactor.objects.count() == 1


def test_who_has_no_passkey_is_asked_for_none(ann: Operator) -> None:
    assert factors.ask_for_passkey(ann) is None


@pytest.mark.parametrize(
    ("address", "possible"),
    [
        ("https://tocsin.example.org", True),
        ("http://tocsin.example.org", False),
        ("http://localhost:8000", True),
        ("http://127.0.0.1:8000", False),
        ("https://[::1]:8000", False),
    ],
)
def test_browsers_offer_passkeys_for_names_over_tls(address: str, *, possible: bool, settings: Settings) -> None:
    settings.CONFIGURATION = replace(settings.CONFIGURATION, base_url=address)
    assert passkeys.are_possible() is possible


# --- codes on paper, and losing things ---------------------------------------------------------------------------


def test_recovery_codes_are_good_once_however_they_are_typed(ann: Operator) -> None:
    enrolled(ann)
    codes = factors.new_recovery_codes(ann, now=NOW)
    assert (len(codes), len(set(codes)), factors.codes_left(ann)) == (10, 10, 10)
    assert prove(ann, Proof(code=f" {codes[0].upper().replace('-', ' ')} ")) == "recovery"
    assert factors.codes_left(ann) == 9
    with refused("factor.refused"):
        prove(ann, Proof(code=codes[0]))
    assert not RecoveryCode.objects.filter(code_hash__contains=codes[1]).exists()


def test_new_recovery_codes_void_the_old_and_need_a_factor(ann: Operator) -> None:
    with refused("factor.none"):
        factors.new_recovery_codes(ann, now=NOW)
    enrolled(ann)
    old = factors.new_recovery_codes(ann, now=NOW)
    factors.new_recovery_codes(ann, now=NOW)
    with refused("factor.refused"):
        prove(ann, Proof(code=old[0]))


def test_another_operators_code_is_not_mine(ann: Operator) -> None:
    enrolled(ann)
    code = factors.new_recovery_codes(ann, now=NOW)[0]
    bob = Operator.objects.create(username="bob")
    enrolled(bob)
    with refused("factor.refused"):
        prove(bob, Proof(code=code))


def test_with_the_last_factor_the_recovery_codes_go(ann: Operator) -> None:
    enrolled(ann)
    with_passkey(ann)
    factors.new_recovery_codes(ann, now=NOW)
    first, second = factors.factors_of(ann)
    factors.remove_factor(ann, first.pk, by="ann", now=NOW)
    assert factors.codes_left(ann) == 10
    factors.remove_factor(ann, second.pk, by="ann", now=NOW)
    assert (factors.codes_left(ann), factors.has_factor(ann)) == (0, False)
    assert acts()[-1] == ("ann", "factor.removed", "ann")


def test_nobody_removes_anothers_factor(ann: Operator) -> None:
    enrolled(ann)
    bob = Operator.objects.create(username="bob")
    with refused("factor.unknown"):
        factors.remove_factor(bob, SecondFactor.objects.get().pk, by="bob", now=NOW)


def test_who_lost_everything_is_reset_by_whoever_runs_tocsin(ann: Operator) -> None:
    enrolled(ann)
    factors.new_recovery_codes(ann, now=NOW)
    assert factors.reset_factors("ann", by="operator:cli", now=NOW) == 1
    assert (factors.has_factor(ann), factors.codes_left(ann)) == (False, 0)
    assert acts()[-1] == ("operator:cli", "factor.reset", "ann")
    with pytest.raises(InputError, match="no operator"):
        factors.reset_factors("bob", by="operator:cli", now=NOW)
