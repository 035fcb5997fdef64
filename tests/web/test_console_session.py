"""Coming in and going out, the language, and the pages of what went wrong."""

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.utils import translation
from pytest_django import Settings

from factories import console as make
from tocsin.kernel.clock import FixedClock

pytestmark = pytest.mark.django_db

SECRET = "a long enough secret"


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> None:
    settings.CLOCK = FixedClock(make.NOW)


def test_the_start_leads_to_the_console_and_the_console_to_the_login(client: Client) -> None:
    response = client.get("/", follow=True)
    assert [step for step, _ in response.redirect_chain] == ["/console/", "/login/?next=/console/"]


def test_a_duty_officer_logs_in_and_goes_where_they_wanted(client: Client) -> None:
    make.operator(password=SECRET)
    response = client.post("/login/", {"username": "ann", "password": SECRET, "next": "/console/audit/"})
    assert response["Location"] == "/console/audit/"
    assert client.get("/login/")["Location"] == "/console/"
    assert client.post("/logout/")["Location"] == "/login/"
    assert client.get("/console/").status_code == 302


def test_a_wrong_password_is_told_kindly_and_keeps_the_name(client: Client) -> None:
    make.operator()
    html = client.post("/login/", {"username": "ann", "password": "wrong"}).content.decode()
    assert "That name and password do not belong together." in html
    assert 'value="ann"' in html


def test_logging_out_is_never_a_link(client: Client) -> None:
    assert client.get("/logout/").status_code == 405


def test_the_login_leads_nowhere_else(client: Client) -> None:
    make.operator(password=SECRET)
    given = {"username": "ann", "password": SECRET, "next": "https://elsewhere.example/"}
    assert client.post("/login/", given)["Location"] == "/console/"


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("fr", "Connexion à la console"),
        ("nl", "Aanmelden bij de console"),
        ("de", "Anmeldung an der Konsole"),
        ("en", "Log in to the console"),
    ],
)
def test_the_language_is_chosen_by_a_button_and_kept(client: Client, language: str, title: str) -> None:
    response = client.post("/language/", {"language": language, "next": "/login/"})
    assert response["Location"] == "/login/"
    assert title in client.get("/login/").content.decode()


def test_the_browsers_language_is_taken_until_one_is_chosen(client: Client) -> None:
    assert "Aanmelden bij de console" in client.get("/login/", headers={"Accept-Language": "nl-BE"}).content.decode()


@pytest.mark.parametrize("template", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html"])
def test_what_went_wrong_is_told_in_four_languages_without_a_database(template: str) -> None:
    told = set()
    for language in ("fr", "nl", "de", "en"):
        with translation.override(language):
            told.add(render_to_string(template))
    assert len(told) == 4


def test_pages_forbid_inline_code_and_being_framed(client: Client) -> None:
    response = client.get("/login/")
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert response["X-Frame-Options"] == "DENY"
