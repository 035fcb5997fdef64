"""Every login is audited, and whoever is refused too often waits: in their language, and learns nothing by it."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.http import HttpResponse, HttpResponseBase
from django.test import Client
from pytest_django import Settings

from factories import console as make
from tocsin.accounts import rules
from tocsin.accounts.models import LoginAttempt, Operator
from tocsin.audit.models import AuditEntry
from tocsin.kernel.clock import FixedClock

pytestmark = pytest.mark.django_db

SECRET = "a long enough secret"
TOLD = "Too many tries. Wait 15 minutes, then try again."


@pytest.fixture(autouse=True)
def ann(settings: Settings) -> Operator:
    """An operator, on a clock that stands still: only the machine's own may count tries."""
    settings.CLOCK = FixedClock(make.NOW)
    # The real one is slow on purpose; how slow it is makes no difference here.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return make.operator(password=SECRET)


def tried(
    client: Client, name: str = "ann", *, with_secret: bool = False, sender: str = "127.0.0.1"
) -> HttpResponseBase:
    given = {"username": name, "password": SECRET if with_secret else "wrong"}
    return client.post("/login/", given, headers={"Accept-Language": "en"}, REMOTE_ADDR=sender)


def body(response: HttpResponseBase) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def acts() -> list[tuple[str, str, str]]:
    return list(AuditEntry.objects.order_by("seq").values_list("actor", "action", "subject"))


def pass_time(span: timedelta) -> None:
    """Make every stored try older, as if the machine's clock had gone on."""
    LoginAttempt.objects.update(at=F("at") - span)


def test_coming_in_and_going_out_are_audited(client: Client) -> None:
    assert tried(client, with_secret=True).status_code == 302
    client.post("/logout/")
    assert acts() == [("ann", "login.done", "ann"), ("ann", "logout.done", "ann")]
    assert set(AuditEntry.objects.values_list("at", flat=True)) == {make.NOW}


def test_going_out_without_having_been_in_is_nothing_to_tell(client: Client) -> None:
    client.post("/logout/")
    assert acts() == []


@pytest.mark.parametrize(
    ("name", "subject"),
    [(" ann ", "ann"), ("nobody", "unknown"), (SECRET, "unknown"), ("x" * 400, "unknown"), ("", "unknown")],
    ids=["operator", "nobody", "password-as-name", "long", "empty"],
)
def test_a_refused_login_is_audited_under_operators_names_only(client: Client, name: str, subject: str) -> None:
    assert tried(client, name).status_code == 200
    assert acts() == [("anonymous", "login.refused", subject)]


def test_an_operator_who_left_is_refused_and_named(client: Client, ann: Operator) -> None:
    ann.is_active = False
    ann.save()
    assert tried(client, with_secret=True).status_code == 200
    assert acts() == [("anonymous", "login.refused", "ann")]


def test_after_five_refusals_the_right_password_waits_too(client: Client) -> None:
    for _ in range(5):
        assert tried(client).status_code == 200
    assert acts()[-1] == ("anonymous", "login.limit_reached", "ann")
    before = acts()
    response = tried(client, with_secret=True)
    assert (response.status_code, 890 <= int(response["Retry-After"]) <= 900) == (429, True)
    html = body(response)
    assert TOLD in html
    assert 'value="ann"' in html
    assert "do not belong together" not in html
    assert client.get("/console/").status_code == 302
    assert acts() == before, "whoever floods the login fills no log"


def test_the_wait_ends_and_is_not_prolonged_by_trying(client: Client) -> None:
    for _ in range(5):
        tried(client)
    pass_time(timedelta(minutes=14, seconds=30))
    assert "Wait 1 minute, then" in body(tried(client, with_secret=True))
    pass_time(timedelta(seconds=31))
    assert tried(client, with_secret=True).status_code == 302
    assert LoginAttempt.objects.count() == 0


def test_a_name_that_nobody_has_waits_just_the_same(client: Client) -> None:
    answers = {}
    for name in ("ann", "nobody"):
        codes = [tried(client, name).status_code for _ in range(6)]
        html = body(tried(client, name))
        answers[name] = (codes, TOLD in html)
    assert answers["ann"] == answers["nobody"] == ([200] * 5 + [429], True)


def test_spellings_of_a_name_are_counted_together(client: Client) -> None:
    for name in ("ann", " ann", "ANN", "Ann ", "\uff41nn"):
        tried(client, name)
    assert tried(client, with_secret=True).status_code == 429


def test_who_comes_in_is_forgiven_what_was_mistyped(client: Client) -> None:
    for _ in range(4):
        tried(client)
    assert tried(client, with_secret=True).status_code == 302
    client.post("/logout/")
    assert "login.limit_reached" not in [action for _, action, _ in acts()]
    assert [tried(client).status_code for _ in range(5)] == [200] * 5


def test_one_address_that_tries_many_names_waits_and_others_do_not(client: Client) -> None:
    for number in range(rules.LOGINS_PER_SENDER):
        assert tried(client, f"name{number}").status_code == 200
    assert tried(client, with_secret=True).status_code == 429
    assert tried(client, with_secret=True, sender="192.0.2.7").status_code == 302


def test_a_success_does_not_clear_the_other_tries_of_its_address(client: Client) -> None:
    for number in range(rules.LOGINS_PER_SENDER - 1):
        tried(client, f"name{number}")
    assert tried(client, with_secret=True).status_code == 302
    client.post("/logout/")
    assert tried(client, "name99").status_code == 200
    assert tried(client, "name100").status_code == 429


def test_neither_name_nor_address_is_kept_with_a_try(client: Client) -> None:
    tried(client, sender="192.0.2.7")
    for attempt in LoginAttempt.objects.all():
        assert len(attempt.key) == 64
        assert attempt.at != make.NOW, "counted by the machine's clock"


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("fr", "Trop d’essais. Patientez 15 minutes avant de réessayer."),
        ("nl", "Te veel pogingen. Wacht 15 minuten en probeer het dan opnieuw."),
        ("de", "Zu viele Versuche. Bitte warten Sie 15 Minuten und versuchen Sie es dann noch einmal."),
        ("en", TOLD),
    ],
)
def test_the_wait_is_told_in_the_readers_language(client: Client, language: str, told: str) -> None:
    for _ in range(5):
        tried(client)
    given = {"username": "ann", "password": "wrong"}
    assert told in client.post("/login/", given, headers={"Accept-Language": language}).content.decode()


def test_the_wait_is_until_the_limit_is_free_again() -> None:
    now, minute = make.NOW, timedelta(minutes=1)
    ages = (1, 3, 9, 14, 20)
    refused = [now - age * minute for age in ages]
    assert rules.login_wait(refused, limit=5, now=now) is None
    assert rules.login_wait(refused, limit=4, now=now) == minute
    assert rules.login_wait(refused, limit=2, now=now) == 12 * minute
    assert rules.login_wait([], limit=1, now=now) is None
    assert rules.login_wait([now - 15 * minute], limit=1, now=now) is None
