"""'I have this problem too', as a visitor meets it."""

import pytest
from django.test import Client
from pytest_django import Settings

from factories import console as make
from tocsin.accounts.models import Operator
from tocsin.kernel.clock import FixedClock
from tocsin.observations.models import CrowdReport
from tocsin.web import present

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> None:
    settings.CLOCK = FixedClock(make.NOW)


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("fr", "Qu’est-ce qui ne fonctionne pas chez vous"),
        ("nl", "Wat werkt er bij u niet?"),
        ("de", "Was funktioniert bei Ihnen nicht?"),
        ("en", "What does not work for you?"),
    ],
)
def test_the_link_of_the_public_page_opens_it_in_the_readers_language(
    client: Client, language: str, title: str
) -> None:
    html = client.get(f"/problem/?language={language}&audience=pharmacist").content.decode()

    assert f'<html lang="{language}">' in html
    assert title in html


def test_the_function_read_about_stands_first_and_only_own_functions_are_asked() -> None:
    html = Client().get("/problem/?language=en&audience=pharmacist&function=tarify").content.decode()

    assert html.index('value="tarify"') < html.index('value="dispense"')
    assert 'value="prescribe"' not in html


def test_without_a_profession_it_asks_for_one_first() -> None:
    html = Client().get("/problem/?language=en").content.decode()

    assert "?language=en&amp;audience=midwife" in html
    assert '<form method="post" class="one-tap"' not in html


def test_one_tap_counts_and_says_that_the_page_does_not_follow_by_itself(client: Client) -> None:
    response = client.post("/problem/?language=en&audience=pharmacist", {"function": "dispense"})
    html = response.content.decode()

    assert CrowdReport.objects.get().function == "dispense"
    assert "<strong>Dispensing</strong> does not work for you" in html
    assert "Your word alone does not change the public page" in html
    again = client.post("/problem/?language=en&audience=pharmacist", {"function": "dispense"}).content.decode()
    assert "We had you noted already" in again


def test_whoever_reports_what_is_known_is_led_to_what_to_do(client: Client) -> None:
    make.store_incident(make.incident(functions=("dispense",)))
    make.publish(make.bulletin(present.pack(), function="dispense"))
    html = client.post("/problem/?language=en&audience=pharmacist", {"function": "dispense"}).content.decode()

    assert "We know about it. The page says what to do now." in html
    assert "that takes confirmation" not in html


@pytest.mark.parametrize("function", ["", "made-up", "<script>alert(1)</script>", "x" * 100_000])
def test_what_was_not_offered_is_asked_again(client: Client, function: str) -> None:
    response = client.post("/problem/?language=en&audience=pharmacist", {"function": function})

    assert (response.status_code, CrowdReport.objects.count()) == (400, 0)
    assert "<script>" not in response.content.decode()


def test_reading_it_counts_nobody_and_a_forged_form_neither() -> None:
    guarded = Client(enforce_csrf_checks=True)
    guarded.get("/problem/?language=en&audience=pharmacist&function=dispense")
    assert guarded.post("/problem/?audience=pharmacist", {"function": "dispense"}).status_code == 403
    assert not CrowdReport.objects.exists()


def test_the_duty_officer_sees_how_many(client: Client) -> None:
    Client().post("/problem/?audience=pharmacist", {"function": "dispense"})
    client.force_login(Operator.objects.create_user("ann", password="a long enough one"))
    html = client.get("/console/").content.decode()

    assert "Visitors who say" in html
    assert "never changes a page" in html
