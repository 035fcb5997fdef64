import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from announcements import at
from labelled_form import Labelled
from tocsin.kernel.clock import FixedClock
from tocsin.notifications import services
from tocsin.notifications.models import OutboxMessage, Subscriber
from tocsin.notifications.queries import link, token_for
from tocsin.notifications.rules.model import Subscription

pytestmark = pytest.mark.django_db

GOOD = {"address": "reader@example.org", "audience": "pharmacist", "language": "fr"}


@pytest.fixture(autouse=True)
def _noon(settings: Settings) -> None:
    settings.CLOCK = FixedClock(at(5))


def subscriber(language: str = "fr") -> Subscriber:
    wish = Subscription("pharmacist", ("dispense",))
    return services.add_subscriber(address="r@example.org", language=language, wish=wish, by="operator:test", now=at(0))


@pytest.mark.parametrize(
    ("language", "heading"),
    [
        ("fr", "Être averti en cas de panne"),
        ("nl", "Bericht krijgen als er iets niet werkt"),
        ("de", "Nachricht bei Störungen"),
        ("en", "Be told when something does not work"),
    ],
)
def test_the_form_speaks_the_language_asked_for_and_names_every_field(
    client: Client, language: str, heading: str
) -> None:
    answer = client.get(f"/subscribe/?language={language}&audience=pharmacist")
    html = answer.content.decode()
    page = Labelled(html)
    assert answer.status_code == 200
    assert f"<h1>{heading}</h1>" in html
    assert (page.language, answer["Content-Language"]) == (language, language)
    assert page.unlabelled == []
    assert '<option value="pharmacist" selected>' in html
    assert f'<option value="{language}" selected>' in html


def test_without_a_language_asked_for_the_browsers_decides(client: Client) -> None:
    assert Labelled(client.get("/subscribe/", headers={"accept-language": "nl"}).content.decode()).language == "nl"


def test_asking_answers_alike_whether_the_address_is_known_or_not(client: Client) -> None:
    subscriber()
    known = client.post("/subscribe/?language=fr", GOOD | {"address": "r@example.org"}, follow=True)
    unknown = client.post("/subscribe/?language=fr", GOOD, follow=True)
    assert known.content == unknown.content
    assert known.redirect_chain == unknown.redirect_chain == [("/subscribe/asked/?language=fr&channel=email", 302)]
    assert "Regardez dans votre boîte mail" in known.content.decode()
    assert OutboxMessage.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"address": ""}, "Write the address that we may write to."),
        ({"address": "nobody"}, "It looks like name@example.org."),
        ({"audience": ""}, "Choose what you work as"),
        ({"functions": ["prescribe"]}, "None of these concern your profession."),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_what_was_typed_is_kept(
    client: Client, change: dict[str, str], sentence: str
) -> None:
    answer = client.post("/subscribe/?language=en", GOOD | change)
    html = answer.content.decode()
    assert answer.status_code == 400
    assert sentence in html
    assert 'role="alert"' in html
    assert f'value="{(GOOD | change)["address"]}"' in html or not (GOOD | change)["address"]
    assert not Subscriber.objects.exists()


def test_functions_of_other_professions_are_left_out(client: Client) -> None:
    client.post("/subscribe/", GOOD | {"functions": ["prescribe", "dispense"]})
    pending = Subscriber.objects.get().pending
    assert pending is not None
    assert pending["functions"] == ["dispense"]


def test_too_many_requests_are_refused_with_a_sentence(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "ATTEMPTS_PER_SENDER", 1)
    client.post("/subscribe/?language=en", GOOD)
    answer = client.post("/subscribe/?language=en", GOOD | {"address": "other@example.org"})
    assert answer.status_code == 429
    assert "Too many requests came from your network." in answer.content.decode()


def test_behind_a_proxy_the_address_it_saw_counts_not_what_the_sender_claims(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "ATTEMPTS_PER_SENDER", 1)
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    statuses = [
        client.post(
            "/subscribe/", GOOD | {"address": f"r{n}@example.org"}, headers={"x-forwarded-for": chain}
        ).status_code
        for n, chain in enumerate(["203.0.113.9, 192.0.2.1", "203.0.113.8, 192.0.2.1", "203.0.113.9, 192.0.2.2"])
    ]
    assert statuses == [302, 429, 302]


def test_the_form_needs_its_token() -> None:
    assert Client(enforce_csrf_checks=True).post("/subscribe/", GOOD).status_code == 403


def test_confirming_shows_what_is_confirmed_and_needs_a_click(client: Client) -> None:
    client.post("/subscribe/", GOOD | {"language": "nl", "functions": ["dispense"]})
    path = f"/subscribe/confirm/{token_for(Subscriber.objects.get(), purpose='confirm')}/"
    shown = client.get(path).content.decode()
    assert "Ja, stuur mij berichten" in shown
    assert "<li>" in shown
    assert Subscriber.objects.get().confirmed_at is None
    assert "In orde: we schrijven u" in client.post(path).content.decode()
    assert Subscriber.objects.get().confirmed_at == at(5)


def test_an_old_link_says_what_to_do(client: Client, settings: Settings) -> None:
    client.post("/subscribe/", GOOD | {"language": "de"})
    path = f"/subscribe/confirm/{token_for(Subscriber.objects.get(), purpose='confirm')}/"
    settings.CLOCK = FixedClock(at(5) + services.CONFIRM_WITHIN * 2)
    answer = client.post(path)
    assert answer.status_code == 410
    assert "Dieser Link gilt nicht mehr." in answer.content.decode()


@pytest.mark.parametrize("act", ["confirm", "leave"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_that_is_not_ours_says_so(client: Client, act: str, method: str) -> None:
    answer = getattr(client, method)(f"/subscribe/{act}/not:ours/")
    assert answer.status_code == 410
    assert "This link is not complete" in answer.content.decode()


def test_leaving_by_the_page_takes_one_click(client: Client) -> None:
    row = subscriber("de")
    path = f"/subscribe/leave/{token_for(row, purpose='leave')}/"
    assert "Schreiben Sie mir nicht mehr" in client.get(path).content.decode()
    assert "Sie hören nichts mehr von uns" in client.post(path).content.decode()
    row.refresh_from_db()
    assert row.left_at == at(5)


def test_pages_with_a_link_of_ones_own_are_kept_nowhere_and_say_that_they_are_a_demonstration(client: Client) -> None:
    answer = client.get(link(subscriber("en"), purpose="leave"))
    assert (answer["Cache-Control"], answer["X-Robots-Tag"]) == ("no-store", "noindex")
    assert "Unofficial demonstration" in answer.content.decode()
