"""A panel member's page: one tap, no login, nothing kept that must not be."""

import pytest
from django.test import Client
from pytest_django import Settings

from factories import console as make
from tocsin.accounts.models import PanelMember
from tocsin.accounts.panel import invite_member
from tocsin.kernel.clock import FixedClock
from tocsin.observations.models import ReportRow

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> None:
    settings.CLOCK = FixedClock(make.NOW)


@pytest.fixture
def token() -> str:
    return invite_member(
        audience="pharmacist", package="pharmacy-a", region="BE-WLG", language="fr", by="ann", now=make.NOW
    ).token


def test_the_link_alone_opens_the_form_in_the_members_language(client: Client, token: str) -> None:
    response = client.get(f"/panel/{token}/")
    html = response.content.decode()
    assert response.status_code == 200
    assert '<html lang="fr">' in html
    assert "Vous répondez pour : Pharmaciens, Pharmacy-A, Liège." in html
    assert response["Cache-Control"].startswith("max-age=0")


def test_a_member_is_asked_only_what_the_profession_does(client: Client, token: str) -> None:
    html = client.get(f"/panel/{token}/").content.decode()
    assert 'value="dispense:no"' in html
    assert 'value="dispense:yes"' in html
    assert 'value="prescribe:no"' not in html


def test_a_language_chosen_on_this_device_wins(client: Client, token: str) -> None:
    client.cookies["django_language"] = "nl"
    assert "Werkt het bij u?" in client.get(f"/panel/{token}/").content.decode()


@pytest.mark.parametrize(("answer", "said"), [("no", "ne marche pas"), ("yes", "marche")])
def test_one_tap_is_a_report_and_the_page_says_what_was_noted_when(
    client: Client, token: str, answer: str, said: str
) -> None:
    response = client.post(f"/panel/{token}/", {"answer": f"dispense:{answer}"}, follow=True)
    row = ReportRow.objects.get()
    member = PanelMember.objects.get()
    assert (row.member, row.audience, row.package, row.region) == (
        member.pseudonym,
        "pharmacist",
        "pharmacy-a",
        "BE-WLG",
    )
    assert (row.function, row.works, row.at) == ("dispense", answer == "yes", make.NOW)
    html = response.content.decode()
    assert f"<strong>Délivrer</strong> {said} chez vous, à <strong>9 h 22</strong>" in html.replace("\u00a0", " ")
    assert response.redirect_chain == [(f"/panel/{token}/sent/?function=dispense", 302)]


def test_words_are_redacted_before_they_are_stored_and_the_page_says_so(client: Client, token: str) -> None:
    said = {"answer": "dispense:no", "text": "patient 85.07.30-033.28 ne reçoit rien"}
    response = client.post(f"/panel/{token}/", said, follow=True)
    row = ReportRow.objects.get()
    assert "85.07.30" not in row.text
    assert row.redactions >= 1
    assert "Nous l’avons effacé avant de garder le reste." in response.content.decode()


@pytest.mark.parametrize("answer", ["", "dispense", "dispense:maybe", "prescribe:no", "made-up:no"])
def test_an_answer_that_was_not_offered_is_asked_again_with_the_words_kept(
    client: Client, token: str, answer: str
) -> None:
    response = client.post(f"/panel/{token}/", {"answer": answer, "text": "mes mots"})
    html = response.content.decode()
    assert response.status_code == 400
    assert "Touchez l’un des boutons ci-dessous" in html
    assert "mes mots" in html
    assert not ReportRow.objects.exists()


def test_what_intake_cannot_take_is_asked_again(client: Client, token: str) -> None:
    # The pack may have changed since the member was invited: intake then refuses the package.
    PanelMember.objects.update(package="withdrawn")
    response = client.post(f"/panel/{token}/", {"answer": "dispense:no"})
    assert response.status_code == 400
    assert "Réessayez dans une minute" in response.content.decode()


@pytest.mark.parametrize("path", ["/panel/wrong/", "/panel/wrong/sent/"])
def test_a_wrong_link_is_met_kindly(client: Client, path: str) -> None:
    response = client.get(path, headers={"Accept-Language": "de"})
    assert response.status_code == 404
    assert "Dieser Link geht nicht mehr" in response.content.decode()


def test_who_left_the_panel_cannot_report(client: Client, token: str) -> None:
    PanelMember.objects.update(left_at=make.NOW)
    assert client.post(f"/panel/{token}/", {"answer": "dispense:no"}).status_code == 404
    assert not ReportRow.objects.exists()


def test_a_report_needs_the_forms_token(token: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(f"/panel/{token}/", {"answer": "dispense:no"}).status_code == 403
    assert not ReportRow.objects.exists()


def test_the_thanks_of_somebody_who_sent_nothing(client: Client, token: str) -> None:
    html = client.get(f"/panel/{token}/sent/?function=dispense").content.decode()
    assert "Nous n’avons encore rien reçu de vous." in html
