"""From the form on the page to the end of an outage, by every channel, with real receivers at the other end."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from pytest_django.fixtures import Settings
from standardwebhooks.webhooks import Webhook

from announcements import at, bulletin
from http_receiver import Receiver, http_receiver
from push_browser import PushBrowser, claims
from smsc_server import Smsc, smsc_server
from tocsin.kernel.clock import FixedClock
from tocsin.notifications import queries
from tocsin.notifications.announcing import enqueue
from tocsin.notifications.delivery import work
from tocsin.notifications.models import OutboxMessage, Subscriber
from tocsin.web.subscriptions import channels

pytestmark = pytest.mark.django_db

LINK = re.compile(r"http://127\.0\.0\.1:8000(/subscribe/confirm/[^\s\"\\]+)")


class Told:
    """Somebody at the other end of a channel: `texts` are what reached them, decrypted and checked, oldest first."""

    def __init__(self, address: str, texts: Callable[[], list[str]], channel: str = "") -> None:
        self.address, self.texts, self.channel = address, texts, channel


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver(Receiver(otherwise=201)) as receiver:
        yield receiver


@pytest.fixture
def smsc() -> Iterator[Smsc]:
    with smsc_server() as smsc:
        yield smsc


@pytest.fixture(autouse=True)
def _configured(settings: Settings, tmp_path: Path, smsc: Smsc) -> Iterator[None]:
    (tmp_path / "secret").write_text(smsc.password)
    (tmp_path / "sms.toml").write_text(
        f'[[providers]]\nname = "only"\nkind = "smpp"\nhost = "127.0.0.1"\nport = {smsc.port}\nuser = "tocsin"\n'
        f'secret_file = "{tmp_path / "secret"}"\n'
    )
    settings.CONFIGURATION = replace(
        django_settings.CONFIGURATION,
        data_folder=tmp_path,
        base_url="http://127.0.0.1:8000",
        sms_file=str(tmp_path / "sms.toml"),
        apprise_services=("json",),
        channels_may_reach_private=True,
    )
    settings.CLOCK = FixedClock(at(0))
    channels.offered.cache_clear()
    yield
    channels.offered.cache_clear()


def by_webhook(receiver: Receiver, _smsc: Smsc) -> Told:
    address = f"{receiver.url}/hook"

    def texts() -> list[str]:
        secret = queries.channels()["webhook"].secret_of(address)  # type: ignore[attr-defined]  # a webhook's own
        return [json.dumps(Webhook(secret).verify(each.body, each.headers)) for each in receiver.requests]

    return Told(address, texts)


def by_push(receiver: Receiver, _smsc: Smsc) -> Told:
    browser = PushBrowser(f"{receiver.url}/push/1")

    def texts() -> list[str]:
        key = queries.channels()["webpush"].public_key  # type: ignore[attr-defined]  # web push's own
        assert [claims(each, public_key=key)["aud"] for each in receiver.requests] == [receiver.url] * len(
            receiver.requests
        )
        return [json.dumps(browser.read(each), ensure_ascii=False) for each in receiver.requests]

    return Told(browser.address, texts, "webpush")


def by_chat(receiver: Receiver, _smsc: Smsc) -> Told:
    return Told(
        f"json://127.0.0.1:{receiver.port}/room",
        lambda: [json.dumps(json.loads(each.body), ensure_ascii=False) for each in receiver.requests],
    )


def by_sms(_receiver: Receiver, smsc: Smsc) -> Told:
    def texts() -> list[str]:
        whole, found = "", []
        for each in smsc.submitted:
            is_part = each.short_message[:3] == b"\x05\x00\x03"
            part = each.short_message[6:] if is_part else each.short_message
            whole += part.replace(b"\x11", b"_").replace(b"\x05", "é".encode()).decode("utf-8", "replace")
            if not is_part or each.short_message[4] == each.short_message[5]:
                found.append(whole)
                whole = ""
        return found

    return Told("0470 12 34 56", texts)


def send() -> None:
    while work(FixedClock(at(0))):
        continue


@pytest.mark.parametrize("by", [by_webhook, by_push, by_chat, by_sms], ids=["webhook", "push", "chat room", "sms"])
def test_who_asks_by_a_channel_confirms_by_it_and_hears_beginning_and_end_by_it(
    *, client: Client, receiver: Receiver, smsc: Smsc, by: Callable[[Receiver, Smsc], Told]
) -> None:
    told = by(receiver, smsc)
    form: dict[str, Any] = {
        "address": told.address,
        "audience": "pharmacist",
        "language": "en",
        "channel": told.channel,
    }
    assert client.post("/subscribe/?language=en", form).status_code == 302
    enqueue(bulletin(1), now=at(1))
    send()
    (question,) = told.texts()
    found = LINK.search(question)
    assert found is not None, question
    assert "nofficial" in question
    client.post(found[1])
    assert Subscriber.objects.get().confirmed_at is not None

    enqueue(bulletin(2, is_drill=False, incident="2026-03-02-2"), now=at(2))
    enqueue(bulletin(2, is_drill=False, incident="2026-03-02-2"), now=at(2))
    send()
    enqueue(bulletin(3, kind="end", incident="2026-03-02-2"), now=at(3))
    send()
    assert len(told.texts()) == 3
    assert all("nofficial" in text for text in told.texts())
    assert OutboxMessage.objects.filter(failed_at__isnull=False).count() == 0


def test_a_browser_that_unsubscribed_is_asked_no_more(client: Client, receiver: Receiver, smsc: Smsc) -> None:
    told = by_push(receiver, smsc)
    form = {"address": told.address, "audience": "pharmacist", "language": "en", "channel": "webpush"}
    client.post("/subscribe/", form)
    Subscriber.objects.update(confirmed_at=at(0), pending=None)
    receiver.otherwise = 410
    send()
    enqueue(bulletin(1), now=at(1))
    enqueue(bulletin(1, incident="2026-03-02-9"), now=at(1))
    send()
    assert Subscriber.objects.get().suppressed_for
    assert len(receiver.requests) == 1
