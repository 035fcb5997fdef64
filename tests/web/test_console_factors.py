"""The second step of the login, and an operator's own account: duty, contacts, factors."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from django.db.models import F
from django.test import Client
from pytest_django import Settings

from factories import console as make
from factories import factors as proofs
from passkey_device import Device
from tocsin.accounts import factors
from tocsin.accounts.models import LoginAttempt, Operator, SecondFactor
from tocsin.audit.models import AuditEntry
from tocsin.kernel.clock import FixedClock

pytestmark = pytest.mark.django_db

SECRET = "a long enough secret"
ORIGIN = "https://tocsin.example.org"


@pytest.fixture(autouse=True)
def ann(settings: Settings) -> Operator:
    settings.CLOCK = FixedClock(make.NOW)
    settings.CONFIGURATION = replace(settings.CONFIGURATION, base_url=ORIGIN)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return make.operator(password=SECRET)


@pytest.fixture
def inside(client: Client, ann: Operator) -> Client:
    client.force_login(ann)
    return client


def acts() -> list[tuple[str, str]]:
    return list(AuditEntry.objects.order_by("seq").values_list("actor", "action"))


def password(client: Client, *, wanted: str = "/console/audit/") -> str:
    return client.post("/login/", {"username": "ann", "password": SECRET, "next": wanted})["Location"]


# --- the second step ---------------------------------------------------------------------------------------------


def test_a_password_alone_lets_nobody_in_who_has_a_second_factor(client: Client, ann: Operator) -> None:
    proofs.app(ann)
    assert password(client) == "/login/factor/"
    assert client.get("/console/").status_code == 302
    assert ("ann", "login.done") not in acts()


def test_a_code_lets_in_and_leads_where_one_wanted(client: Client, ann: Operator) -> None:
    app = proofs.app(ann)
    password(client)
    assert client.post("/login/factor/", {"code": app.now()})["Location"] == "/console/audit/"
    assert client.get("/console/").status_code == 200
    assert acts()[-2:] == [("ann", "factor.proven"), ("ann", "login.done")]
    assert LoginAttempt.objects.count() == 0


def test_a_passkey_lets_in(client: Client, ann: Operator) -> None:
    device, question = Device(ORIGIN), factors.ask_to_make_passkey(ann)
    factors.enrol_passkey(ann, state=question.state, answer=device.make(question.options), name="", now=make.NOW)
    password(client)
    asked = json.loads(client.get("/login/factor/").context["question"])
    assert client.post("/login/factor/", {"answer": device.prove(asked)})["Location"] == "/console/audit/"


def test_the_second_step_is_for_those_who_took_the_first(client: Client, ann: Operator) -> None:
    app = proofs.app(ann)
    assert client.get("/login/factor/")["Location"] == "/login/"
    assert client.post("/login/factor/", {"code": app.now()})["Location"] == "/login/"


def test_the_second_step_must_follow_soon(client: Client, ann: Operator) -> None:
    app = proofs.app(ann)
    password(client)
    session = client.session
    session["halfway_in"] |= {"at": "2026-01-01T00:00:00+00:00"}
    session.save()
    assert client.post("/login/factor/", {"code": app.now()})["Location"] == "/login/"


def test_the_second_step_leads_nowhere_else(client: Client, ann: Operator) -> None:
    app = proofs.app(ann)
    password(client, wanted="https://elsewhere.example/")
    assert client.post("/login/factor/", {"code": app.now()})["Location"] == "/console/"


def test_guessing_codes_ends_and_a_known_password_does_not_begin_it_anew(client: Client, ann: Operator) -> None:
    app = proofs.app(ann)
    password(client)
    answers = [client.post("/login/factor/", {"code": "000000"}).status_code for _ in range(5)]
    assert answers == [200] * 4 + [429]
    assert client.post("/login/factor/", {"code": app.now()}).status_code == 429
    given = {"username": "ann", "password": SECRET}
    assert client.post("/login/", given).status_code == 429
    LoginAttempt.objects.update(at=F("at") - timedelta(minutes=15))
    assert password(client) == "/login/factor/"
    assert client.post("/login/factor/", {"code": app.now()}).status_code == 302
    assert acts().count(("anonymous", "factor.refused")) == 4


def test_a_recovery_code_lets_in_once(client: Client, ann: Operator) -> None:
    proofs.app(ann)
    code = factors.new_recovery_codes(ann, now=make.NOW)[0]
    password(client)
    assert client.post("/login/factor/", {"code": code}).status_code == 302
    client.post("/logout/")
    password(client)
    html = client.post("/login/factor/", {"code": code}).content.decode()
    assert "That proves nothing" in html


# --- the account -------------------------------------------------------------------------------------------------


def test_the_account_is_for_who_is_in(client: Client) -> None:
    for path in ("", "app/", "passkey/"):
        assert client.get(f"/account/{path}").status_code == 302
    for path in ("duty/", "contacts/", "codes/", "factors/1/remove/"):
        assert client.post(f"/account/{path}")["Location"].startswith("/login/")
        assert client.get(f"/account/{path}").status_code == 405


def test_going_on_duty_and_off_again_is_one_click_and_audited(inside: Client) -> None:
    assert "Nobody is on duty now" in inside.get("/account/").content.decode()
    inside.post("/account/duty/", {"duty": "on"})
    assert "You are on duty" in inside.get("/account/").content.decode()
    inside.post("/account/duty/", {"duty": "off"})
    assert acts() == [("ann", "operator.on_duty"), ("ann", "operator.off_duty")]


def test_contacts_are_kept_and_their_audit_tells_no_address(inside: Client, ann: Operator) -> None:
    given = {"email": "ann@example.org", "phone": "0032 470 12 34 56", "pages": ["promise"]}
    assert inside.post("/account/contacts/", given).status_code == 302
    ann.refresh_from_db()
    assert (ann.email, ann.phone, ann.pages) == ("ann@example.org", "+32470123456", ["promise"])
    entry = AuditEntry.objects.get()
    assert entry.facts == {"has_email": True, "has_phone": True, "pages": ["promise"]}


def test_a_number_that_is_none_is_said_and_what_was_typed_is_kept(inside: Client, ann: Operator) -> None:
    response = inside.post("/account/contacts/", {"email": "ann@example.org", "phone": "0470"})
    html = response.content.decode()
    assert response.status_code == 400
    assert "This is not a telephone number." in html
    assert 'value="0470"' in html
    ann.refresh_from_db()
    assert ann.email == ""


def test_an_app_is_enrolled_with_its_first_code_and_brings_recovery_codes(inside: Client, ann: Operator) -> None:
    html = inside.get("/account/app/").content.decode()
    assert re.search(r"<svg[^>]*>.*</svg>", html, flags=re.DOTALL)
    assert "style=" not in html
    found = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', html)
    assert found is not None
    code = pyotp.TOTP(found[1].replace(" ", "")).now()
    response = inside.post("/account/app/", {"code": code, "name": "my telephone", "password": SECRET})
    assert len(re.findall(r"<li><code>[a-z0-9]{4}(?:-[a-z0-9]{4}){2}</code></li>", response.content.decode())) == 10
    assert [factor.name for factor in factors.factors_of(ann)] == ["my telephone"]
    html = inside.get("/account/").content.decode()
    assert "my telephone" in html
    assert "10 recovery codes are left." in html


@pytest.mark.parametrize("given", [{"password": "wrong"}, {"code": "000000"}], ids=["password", "code"])
def test_no_app_is_enrolled_without_the_password_or_with_another_code(
    inside: Client, ann: Operator, given: dict[str, str]
) -> None:
    key = re.search(r'class="key">([A-Z2-7 ]+)<', inside.get("/account/app/").content.decode())
    assert key is not None
    right = {"code": pyotp.TOTP(key[1].replace(" ", "")).now(), "password": SECRET}
    response = inside.post("/account/app/", right | given)
    assert response.status_code == 400
    assert key[1] in response.content.decode(), "the picture stays good for another try"
    assert not factors.has_factor(ann)


def test_an_offer_kept_under_another_secret_key_is_made_anew(inside: Client) -> None:
    inside.get("/account/app/")
    session = inside.session
    session["app_offer"] = "sealed elsewhere"
    session.save()
    assert inside.get("/account/app/").status_code == 200
    assert inside.session["app_offer"] != "sealed elsewhere"


def test_a_passkey_is_enrolled(inside: Client, ann: Operator) -> None:
    asked = json.loads(inside.get("/account/passkey/").context["question"])
    device = Device(ORIGIN)
    given = {"answer": device.make(asked), "name": "my key", "password": SECRET}
    assert b"<ol" in inside.post("/account/passkey/", given).content
    assert [factor.kind for factor in factors.factors_of(ann)] == ["passkey"]
    assert inside.post("/account/passkey/", given).status_code == 400, "what was asked was answered"


def test_a_second_factor_more_keeps_the_recovery_codes(inside: Client, ann: Operator) -> None:
    proofs.app(ann)
    factors.new_recovery_codes(ann, now=make.NOW)
    asked = json.loads(inside.get("/account/passkey/").context["question"])
    given = {"answer": Device(ORIGIN).make(asked), "password": SECRET}
    assert inside.post("/account/passkey/", given)["Location"] == "/account/"
    assert (len(factors.factors_of(ann)), factors.codes_left(ann)) == (2, 10)


def test_a_passkey_needs_the_password_too(inside: Client, ann: Operator) -> None:
    asked = json.loads(inside.get("/account/passkey/").context["question"])
    response = inside.post("/account/passkey/", {"answer": Device(ORIGIN).make(asked), "password": "wrong"})
    assert response.status_code == 400
    assert not factors.has_factor(ann)


def test_where_browsers_offer_no_passkeys_the_page_says_so(inside: Client, settings: Settings) -> None:
    settings.CONFIGURATION = replace(settings.CONFIGURATION, base_url="http://127.0.0.1:8000")
    assert "only where Tocsin is reached by a name" in inside.get("/account/passkey/").content.decode()
    assert "/account/passkey/" not in inside.get("/account/").content.decode()


def test_a_factor_is_removed_by_who_knows_the_password(inside: Client, ann: Operator) -> None:
    proofs.app(ann)
    path = f"/account/factors/{SecondFactor.objects.get().pk}/remove/"
    assert inside.post(path, {"password": "wrong"}).status_code == 400
    assert factors.has_factor(ann)
    assert inside.post(path, {"password": SECRET})["Location"] == "/account/"
    assert not factors.has_factor(ann)
    assert inside.post(path, {"password": SECRET}).status_code == 400


def test_new_recovery_codes_need_the_password_and_a_factor(inside: Client, ann: Operator) -> None:
    assert inside.post("/account/codes/", {"password": SECRET}).status_code == 400
    proofs.app(ann)
    assert inside.post("/account/codes/", {"password": "wrong"}).status_code == 400
    assert b"<ol" in inside.post("/account/codes/", {"password": SECRET}).content


def test_at_a_console_left_open_the_password_is_not_guessed(inside: Client, ann: Operator) -> None:
    proofs.app(ann)
    for _ in range(5):
        inside.post("/account/codes/", {"password": "wrong"})
    for path in ("/account/codes/", "/account/app/", "/account/passkey/"):
        response = inside.post(path, {"password": SECRET})
        assert response.status_code == 429
