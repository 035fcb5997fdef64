"""Subscribing by any channel with one field, and changing, taking along and erasing it by a link."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from pytest_django.fixtures import Settings

from announcements import at
from labelled_form import Labelled
from push_browser import PushBrowser
from tocsin.kernel.clock import FixedClock
from tocsin.notifications import services
from tocsin.notifications.models import OutboxMessage, Subscriber
from tocsin.notifications.queries import subscription_of, token_for
from tocsin.notifications.rules.model import Subscription
from tocsin.web.subscriptions import channels

pytestmark = pytest.mark.django_db

GOOD = {"audience": "pharmacist", "language": "fr"}
PUSH = PushBrowser("https://push.example.org/abc").address
SMS_FILE = """
[[providers]]
name = "only"
kind = "http"
url = "https://sms.example.org/"
body = { to = "{to}", text = "{text}" }
"""


@pytest.fixture(autouse=True)
def _all_channels(settings: Settings, tmp_path: Path) -> Iterator[None]:
    from dataclasses import replace

    (tmp_path / "sms.toml").write_text(SMS_FILE)
    settings.CLOCK = FixedClock(at(5))
    settings.CONFIGURATION = replace(
        django_settings.CONFIGURATION, data_folder=tmp_path, sms_file=str(tmp_path / "sms.toml")
    )
    channels.offered.cache_clear()
    yield
    channels.offered.cache_clear()


def ask(client: Client, **given: Any) -> Any:
    return client.post("/subscribe/?language=en", GOOD | given)


def confirmed(client: Client, **given: Any) -> Subscriber:
    assert ask(client, **given).status_code == 302
    client.post(f"/subscribe/confirm/{token_for(Subscriber.objects.get(), purpose='confirm')}/")
    return Subscriber.objects.get()


@pytest.mark.parametrize(
    ("typed", "channel", "kept"),
    [
        ("Reader@Example.org", "email", "reader@example.org"),
        ("0470 12 34 56", "sms", "+32470123456"),
        ("+32 470 12 34 56", "sms", "+32470123456"),
        ("https://hook.example.org/tocsin", "webhook", "https://hook.example.org/tocsin"),
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "apprise", None),
        ("matrixs://user:password@chat.example.org/#room", "apprise", None),
    ],
    ids=["e-mail", "national number", "international number", "webhook", "slack", "matrix"],
)
def test_the_form_of_an_address_tells_its_channel(client: Client, typed: str, channel: str, kept: str | None) -> None:
    answer = ask(client, address=typed)
    assert answer["Location"] == f"/subscribe/asked/?language=en&channel={channel}"
    row = Subscriber.objects.get()
    assert (row.channel, row.address) == (channel, kept or typed)
    assert OutboxMessage.objects.get().channel == channel


def test_a_browser_subscribes_itself_with_what_its_script_puts_into_the_form(client: Client) -> None:
    assert ask(client, address=PUSH, channel="webpush").status_code == 302
    row = Subscriber.objects.get()
    assert row.channel == "webpush"
    assert json.loads(row.address)["endpoint"] == "https://push.example.org/abc"


def test_after_a_browser_that_failed_an_address_can_be_typed(client: Client) -> None:
    html = ask(client, address=PUSH, channel="webpush", audience="").content.decode()
    assert "push.example.org" not in html
    assert '<input type="hidden" name="channel" value="">' in html
    assert ask(client, address="r@example.org", channel="webpush").status_code == 302
    assert Subscriber.objects.get().channel == "email"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"address": "02 555 12 12"}, "This is not a mobile number."),
        ({"address": "1" * 40}, "This is not a telephone number."),
        ({"address": "+44 7700 900123"}, "We send no text messages to this country."),
        ({"address": "a@example.org\r\nBcc: b@example.org"}, "This is not an e-mail address."),
        ({"address": "https://169.254.169.254/latest/meta-data"}, "is not on the public internet"),
        ({"address": "https://localhost/"}, "is not on the public internet"),
        ({"address": "http://example.org/"}, "must begin with https://"),
        ({"address": "https://example.org:22/"}, "We call ports"),
        ({"address": "https://user:pw@example.org/"}, "cannot be called"),
        ({"address": "exec:///bin/sh"}, "We cannot write into this chat service."),
        ({"address": "slack://"}, "not the address of a chat room"),
        ({"address": "{}", "channel": "webpush"}, "This browser gave us nothing"),
        ({"address": "<script>alert(1)</script>"}, "This is not an e-mail address."),
        ({"address": "\u202egro.elpmaxe@x"}, "This is not an e-mail address."),
        ({"address": "x" * 10_000}, "at most"),
        ({"address": "a@example.org", "package": "gp-a"}, "another profession"),
    ],
    ids=range(16),
)
def test_what_is_wrong_with_an_address_is_said_in_words(client: Client, given: dict[str, str], sentence: str) -> None:
    answer = ask(client, **given)
    html = answer.content.decode()
    assert answer.status_code == 400
    assert sentence in html
    assert "<script>alert" not in html
    assert not Subscriber.objects.exists()


def test_a_body_of_ten_megabytes_is_refused(client: Client) -> None:
    assert ask(client, address="x" * 10_000_000).status_code == 400
    assert not Subscriber.objects.exists()


@pytest.mark.parametrize(
    ("channel", "words"),
    [
        ("email", "Look into your mailbox"),
        ("sms", "We have sent you a text message."),
        ("webpush", "A notification appears on this device"),
        ("apprise", "We have written into the room."),
        ("webhook", "links.action"),
        ("<script>", "Look into your mailbox"),
    ],
    ids=range(6),
)
def test_the_next_step_is_told_for_each_channel(client: Client, channel: str, words: str) -> None:
    html = client.get("/subscribe/asked/", {"language": "en", "channel": channel}).content.decode()
    assert words in html
    assert "<script>" not in html


def test_a_webhooks_secret_is_shown_once_to_who_proved_to_own_the_address(client: Client) -> None:
    ask(client, address="https://hook.example.org/x")
    path = f"/subscribe/confirm/{token_for(Subscriber.objects.get(), purpose='confirm')}/"
    secret = channels.offered()["webhook"].secret_of("https://hook.example.org/x")
    assert secret not in client.get(path).content.decode()
    assert secret in client.post(path).content.decode()
    manage = client.get(f"/subscribe/manage/{token_for(Subscriber.objects.get(), purpose='manage')}/")
    assert secret not in manage.content.decode()


def test_without_providers_no_text_messages_are_promised(client: Client, settings: Settings) -> None:
    from dataclasses import replace

    assert "mobile number" in client.get("/subscribe/?language=en").content.decode()
    settings.CONFIGURATION = replace(django_settings.CONFIGURATION, sms_file="", has_webpush=False)
    channels.offered.cache_clear()
    html = client.get("/subscribe/?language=en").content.decode()
    assert "mobile number" not in html
    assert "push.js" not in html


def test_who_comes_by_a_professions_link_reads_only_what_concerns_it(client: Client) -> None:
    of_pharmacists = client.get("/subscribe/?language=en&audience=pharmacist").content.decode()
    of_anybody = client.get("/subscribe/?language=en&audience=nobody").content.decode()
    assert 'value="dispense"' in of_pharmacists
    assert 'value="prescribe"' not in of_pharmacists
    assert 'value="prescribe"' in of_anybody


def test_the_choices_are_kept_and_shown_before_they_are_confirmed(client: Client) -> None:
    given = {
        "address": "r@example.org",
        "region": "BE-BRU",
        "package": "pharmacy-a",
        "functions": ["dispense"],
        "only_down": "on",
        "with_drills": "on",
        "is_on_duty": "on",
    }
    ask(client, **given)
    row = Subscriber.objects.get()
    shown = client.get(f"/subscribe/confirm/{token_for(row, purpose='confirm')}/").content.decode()
    for part in ("Bruxelles", "Pharmacy-A", "Seulement quand", "Aussi les exercices", "Nous sommes de garde"):
        assert part in shown
    client.post(f"/subscribe/confirm/{token_for(row, purpose='confirm')}/")
    row.refresh_from_db()
    assert subscription_of(row) == Subscription(
        "pharmacist",
        ("dispense",),
        region="BE-BRU",
        package="pharmacy-a",
        least="down",
        with_drills=True,
        is_on_duty=True,
    )


def test_by_the_link_one_changes_what_one_hears_of(client: Client) -> None:
    row = confirmed(client, address="r@example.org", functions=["dispense"])
    path = f"/subscribe/manage/{token_for(row, purpose='manage')}/"
    html = client.get(path).content.decode()
    assert "r@example.org" in html
    assert 'value="dispense" id="id_functions_' in html.replace(" checked", "")
    assert Labelled(html).unlabelled == []
    answer = client.post(path, {"audience": "doctor", "language": "nl", "only_down": "on"}, follow=True)
    assert "Bewaard." in answer.content.decode()
    row.refresh_from_db()
    assert (row.language, subscription_of(row)) == ("nl", Subscription("doctor", least="down", is_on_duty=False))


def test_a_change_that_makes_no_sense_is_said_at_the_field(client: Client) -> None:
    row = confirmed(client, address="r@example.org")
    answer = client.post(f"/subscribe/manage/{token_for(row, purpose='manage')}/", {"audience": "", "language": "fr"})
    assert answer.status_code == 400
    assert "Choisissez" in answer.content.decode()


def test_two_subscriptions_of_one_address_do_not_become_one(client: Client) -> None:
    services.add_subscriber(
        address="r@example.org", language="en", wish=Subscription("doctor"), by="operator:test", now=at(0)
    )
    row = services.add_subscriber(
        address="r@example.org", language="en", wish=Subscription("pharmacist"), by="operator:test", now=at(0)
    )
    answer = client.post(
        f"/subscribe/manage/{token_for(row, purpose='manage')}/", {"audience": "doctor", "language": "en"}
    )
    assert "hears from us for that profession already" in answer.content.decode()
    row.refresh_from_db()
    assert row.audience == "pharmacist"


def test_one_takes_along_all_that_is_held(client: Client) -> None:
    row = confirmed(client, address="r@example.org")
    answer = client.get(f"/subscribe/manage/{token_for(row, purpose='manage')}/data.json")
    held = json.loads(answer.content)
    assert (held["address"], held["audience"]) == ("r@example.org", "pharmacist")
    assert answer["Content-Disposition"] == 'attachment; filename="tocsin.json"'
    assert answer["Cache-Control"] == "no-store"


def test_one_is_forgotten_at_once_by_a_click_and_by_no_link_alone(client: Client) -> None:
    row = confirmed(client, address="r@example.org")
    path = f"/subscribe/manage/{token_for(row, purpose='manage')}/erase/"
    assert client.get(path).status_code == 405
    assert Subscriber.objects.exists()
    assert "C’est effacé" in client.post(path).content.decode().replace("&#x27;", "’").replace("'", "’")
    assert not Subscriber.objects.exists()
    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize("path", ["", "data.json", "erase/"])
@pytest.mark.parametrize("token", ["not:ours", "leave"])
def test_a_link_for_something_else_manages_nothing(*, client: Client, path: str, token: str) -> None:
    row = confirmed(client, address="r@example.org")
    given = token_for(row, purpose="leave") if token == "leave" else token
    url = f"/subscribe/manage/{given}/{path}"
    answer = client.post(url) if path == "erase/" else client.get(url)
    assert answer.status_code == 410
    assert Subscriber.objects.count() == 1


def test_who_left_is_told_so_and_can_still_take_along_and_erase(client: Client) -> None:
    row = confirmed(client, address="r@example.org")
    services.leave(token_for(row, purpose="leave"), now=at(6))
    html = client.get(f"/subscribe/manage/{token_for(row, purpose='manage')}/").content.decode()
    assert "Cet abonnement est terminé." in html
    assert "data.json" in html
    assert '<select name="audience"' not in html


def test_a_browsers_address_is_not_shown_to_anybody(client: Client) -> None:
    row = confirmed(client, address=PUSH, channel="webpush")
    assert (
        "push.example.org" not in client.get(f"/subscribe/manage/{token_for(row, purpose='manage')}/").content.decode()
    )


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en"])
def test_every_sentence_for_a_refused_address_is_translated(language: str) -> None:
    from django.utils import translation

    with translation.override("en"):
        english = {code: channels.sentence(code) for code in channels.SENTENCES}
    with translation.override(language):
        own = {code: channels.sentence(code) for code in channels.SENTENCES}
    assert {code for code in own if own[code] == english[code]} == (set(english) if language == "en" else set())
    assert channels.sentence("unheard.of") == channels.sentence("subscription.address")
