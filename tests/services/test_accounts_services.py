"""Operators, API keys and panel members: let in, refused, shown out; every act audited."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.accounts import rules
from tocsin.accounts.errors import ForbiddenError, UnauthenticatedError
from tocsin.accounts.models import ApiKey, Operator
from tocsin.accounts.queries import has_operator, keys, operators
from tocsin.accounts.services import (
    authenticate,
    change_password,
    create_key,
    create_operator,
    revoke_key,
)
from tocsin.audit.models import AuditEntry
from tocsin.kernel.errors import ConflictError, InputError

pytestmark = pytest.mark.django_db

NOW = datetime(2024, 3, 4, 8, 0, tzinfo=UTC)
PASSWORD = "een lang wachtwoord"


def acts() -> list[tuple[str, str, str]]:
    return list(AuditEntry.objects.order_by("seq").values_list("actor", "action", "subject"))


def refused(code: str) -> AbstractContextManager[object]:
    return pytest.raises(InputError, check=lambda error: error.code == code)


# --- keys --------------------------------------------------------------------------------------------------------


def test_a_key_lets_its_holder_in_for_its_scopes() -> None:
    made = create_key(name=" vendor ", scopes=("reports", "telemetry"), by="jan", now=NOW)
    assert authenticate(made.secret, scope="telemetry", now=NOW) == made.key
    assert (made.key.name, made.key.scopes) == ("vendor", ["telemetry", "reports"])
    with pytest.raises(ForbiddenError):
        authenticate(made.secret, scope="read", now=NOW)
    assert acts() == [("jan", "key.created", made.key.prefix)]


def test_only_a_hash_of_the_key_is_kept() -> None:
    made = create_key(name="vendor", scopes=("read",), by="jan", now=NOW)
    row = ApiKey.objects.values().get()
    assert made.secret not in str(row)
    assert row["secret_hash"] == rules.digest(made.secret)
    assert made.secret.startswith(f"tocsin_{made.key.prefix}_")


@pytest.mark.parametrize("broken", ["", "tocsin", "tocsin__x", "tocsin_abc_x", "other_abcdefgh_x", "tocsin_abcdefgh_"])
def test_what_is_no_key_is_refused(broken: str) -> None:
    create_key(name="vendor", scopes=("read",), by="jan", now=NOW)
    with pytest.raises(UnauthenticatedError):
        authenticate(broken, scope="read", now=NOW)


def test_the_right_prefix_is_not_enough() -> None:
    made = create_key(name="vendor", scopes=("read",), by="jan", now=NOW)
    with pytest.raises(UnauthenticatedError):
        authenticate(made.secret + "x", scope="read", now=NOW)


def test_a_revoked_key_is_refused_from_then_on() -> None:
    made = create_key(name="vendor", scopes=("read",), by="jan", now=NOW)
    later = NOW + timedelta(hours=1)
    revoke_key(made.key.prefix, by="jan", now=later)
    revoke_key(made.key.prefix, by="jan", now=later + timedelta(hours=1))
    with pytest.raises(UnauthenticatedError, match="revoked"):
        authenticate(made.secret, scope="read", now=later)
    assert [action for _, action, _ in acts()] == ["key.created", "key.revoked"]
    assert keys()[0].revoked_at == later
    with refused("key.unknown"):
        revoke_key("nonesuch", by="jan", now=later)


@pytest.mark.parametrize(
    ("name", "scopes", "code"),
    [("v", ("write",), "key.bad_scope"), ("v", (), "key.bad_scope"), (" ", ("read",), "key.bad_name")],
)
def test_a_bad_key_is_not_made(name: str, scopes: tuple[str, ...], code: str) -> None:
    with refused(code):
        create_key(name=name, scopes=scopes, by="jan", now=NOW)
    assert acts() == []


# --- operators ---------------------------------------------------------------------------------------------------


def test_an_operator_logs_in_with_the_password_given() -> None:
    assert not has_operator()
    create_operator(name="an.peeters", password=PASSWORD, language="nl", by="operator:cli", now=NOW)
    operator = Operator.objects.get()
    assert operator.check_password(PASSWORD)
    assert (operator.language, operator.date_joined) == ("nl", NOW)
    assert has_operator()
    assert [found.username for found in operators()] == ["an.peeters"]
    assert acts() == [("operator:cli", "operator.created", "an.peeters")]


def test_a_password_can_be_changed() -> None:
    create_operator(name="an", password=PASSWORD, by="operator:cli", now=NOW)
    change_password("an", password="nog een langer wachtwoord", by="operator:cli", now=NOW)
    assert Operator.objects.get().check_password("nog een langer wachtwoord")
    with refused("operator.bad_password"):
        change_password("an", password="kort", by="operator:cli", now=NOW)
    with refused("operator.unknown"):
        change_password("piet", password=PASSWORD, by="operator:cli", now=NOW)


@pytest.mark.parametrize(
    ("name", "password", "language", "code"),
    [
        ("a", PASSWORD, "en", "operator.bad_name"),
        ("with space", PASSWORD, "en", "operator.bad_name"),
        ("an", "short", "en", "operator.bad_password"),
        ("an", PASSWORD, "es", "account.bad_language"),
    ],
)
def test_a_bad_operator_is_not_made(name: str, password: str, language: str, code: str) -> None:
    with refused(code):
        create_operator(name=name, password=password, language=language, by="operator:cli", now=NOW)
    assert not Operator.objects.exists()


def test_a_name_is_taken_once() -> None:
    create_operator(name="an", password=PASSWORD, by="operator:cli", now=NOW)
    with pytest.raises(ConflictError):
        create_operator(name="an", password=PASSWORD, by="operator:cli", now=NOW)
