"""What every channel must do. A plug-in's own tests may subclass `ChannelContract`."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from email.headerregistry import Address
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from announcements import at
from http_receiver import Receiver, http_receiver
from mailbox_server import Mailbox, smtp_server
from push_browser import PushBrowser
from smsc_server import Smsc, smsc_server
from tocsin.kernel.addresses import OutwardPolicy
from tocsin.kernel.errors import DeliveryError, InputError
from tocsin.kernel.outward import NOT_SENT, Outward
from tocsin.notifications.ports import ENTRY_POINTS, UNREACHABLE, Channel, ChannelSettings
from tocsin.notifications.rules.model import Letter, Link, Mark, Message, Section
from tocsin.plugins.channels.apprise import channel as apprise_channel
from tocsin.plugins.channels.email.channel import EmailChannel, build, parse_url
from tocsin.plugins.channels.sms import channel as sms_channel
from tocsin.plugins.channels.sms.failover import Standing
from tocsin.plugins.channels.sms.file import ProviderSettings, SmsSettings
from tocsin.plugins.channels.sms.smpp import SmppProvider
from tocsin.plugins.channels.webhook import channel as webhook_channel
from tocsin.plugins.channels.webpush import channel as webpush_channel
from tocsin.plugins.channels.webpush.encryption import new_key

INSIDE = OutwardPolicy(may_reach_private=True)
MARKS = (Mark("Unofficial", "Unofficial demonstration"), Mark("Exercise", "Exercise"), Mark("Replay", "Replayed."))
HOSTILE = ["", " ", "a\r\nBcc: x@example.org", "x" * 10_000_000, "\u202emoc.elpmaxe", "<script>", "\x00", "1" * 40]


def message(key: str = "b1|s1|email", *, recipient: str = "reader@example.org") -> Message:
    letter = Letter(
        language="fr",
        subject="Délivrance impossible",
        headline="Impossible de récupérer les prescriptions électroniques.",
        sections=(Section("Maintenant :", ("Demandez la preuve papier.",)),),
        marks=MARKS,
        leave=Link("Ne plus recevoir", "http://127.0.0.1/leave"),
    )
    return Message(key=key, recipient=recipient, at=at(3), thread="2026-03-02-1|1", letter=letter)


class ChannelContract:
    """A channel under test.

    `channel` reaches, `another` is a second instance of it, `arrived` returns the texts that came through, `recipient`
    is an address as people type it, `cut` is a channel that cannot be reached and `hanging` one that is not answered.
    """

    when_cut = (UNREACHABLE, False)
    """The code of its `DeliveryError` and whether it is permanent; where the recipient's own server is called (and
    not a gateway that carries everybody's messages), that one server says nothing of the others."""

    def test_a_message_that_was_delivered_has_arrived(
        self, channel: Channel, arrived: Callable[[], list[str]], recipient: str
    ) -> None:
        channel.deliver(message(recipient=recipient))
        (text,) = arrived()
        assert "Délivrance impossible" in text or "Impossible de récupérer" in text

    def test_it_says_of_itself_what_it_must(
        self, channel: Channel, arrived: Callable[[], list[str]], recipient: str
    ) -> None:
        channel.deliver(message(recipient=recipient))
        (text,) = arrived()
        assert [mark.short for mark in MARKS if mark.short not in text] == []

    def test_it_can_be_used_again_after_it_was_closed(
        self, channel: Channel, arrived: Callable[[], list[str]], recipient: str
    ) -> None:
        channel.deliver(message(recipient=recipient))
        channel.close()
        channel.deliver(message("b2|s1|email", recipient=recipient))
        assert len(arrived()) == 2

    def test_closing_twice_or_before_use_does_no_harm(self, channel: Channel) -> None:
        channel.close()
        channel.close()

    def test_when_it_cannot_be_reached_it_says_so_and_that_it_may_be_tried_again(
        self, cut: Channel, recipient_when_cut: str
    ) -> None:
        with pytest.raises(DeliveryError) as caught:
            cut.deliver(message(recipient=recipient_when_cut))
        assert (caught.value.code, caught.value.permanent) == self.when_cut

    def test_it_gives_up_rather_than_hang(self, hanging: Channel, recipient: str) -> None:
        began = time.monotonic()
        with pytest.raises(DeliveryError) as caught:
            hanging.deliver(message(recipient=recipient))
        assert not caught.value.permanent
        assert time.monotonic() - began < 5  # the fixture shortens its limits

    def test_one_instance_for_each_thread_is_safe(
        self, channel: Channel, another: Channel, arrived: Callable[[], list[str]], recipient: str
    ) -> None:
        def send(through: Channel, name: str) -> None:
            for number in range(5):
                through.deliver(message(f"{name}{number}|s1|x", recipient=recipient))

        threads = [threading.Thread(target=send, args=pair) for pair in ((channel, "a"), (another, "b"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(arrived()) == 10

    def test_an_address_that_is_good_stays_as_it_is_written_once_it_was_written_well(
        self, check_address: Callable[[str], str], recipient: str
    ) -> None:
        once = check_address(recipient)
        assert check_address(once) == once
        assert check_address(f" {recipient} ") == once

    @pytest.mark.parametrize("given", HOSTILE, ids=range(len(HOSTILE)))
    def test_a_hostile_address_is_refused_with_a_code(self, check_address: Callable[[str], str], given: str) -> None:
        with pytest.raises(InputError) as caught:
            check_address(given)
        assert "." in caught.value.code
        assert len(str(caught.value)) < 1000

    @pytest.fixture
    def recipient_when_cut(self, recipient: str) -> str:
        return recipient

    @pytest.fixture
    def check_address(self, channel: Channel) -> Callable[[str], str]:
        checker: Callable[[str], str] = channel.check_address  # type: ignore[attr-defined]  # part of the contract, beside the Protocol
        return checker


class TestEmail(ChannelContract):
    @pytest.fixture
    def recipient(self) -> str:
        return "reader@example.org"

    @pytest.fixture
    def mailbox(self) -> Iterator[Mailbox]:
        with smtp_server(Mailbox()) as mailbox:
            yield mailbox

    @pytest.fixture
    def channel(self, mailbox: Mailbox) -> Iterator[Channel]:
        channel = build(ChannelSettings(f"smtp://127.0.0.1:{mailbox.port}", "tocsin@example.org", "Tocsin"))
        assert channel is not None
        yield channel
        channel.close()

    @pytest.fixture
    def another(self, mailbox: Mailbox) -> Iterator[Channel]:
        channel = build(ChannelSettings(f"smtp://127.0.0.1:{mailbox.port}", "tocsin@example.org", "Tocsin"))
        assert channel is not None
        yield channel
        channel.close()

    @pytest.fixture
    def arrived(self, mailbox: Mailbox) -> Callable[[], list[str]]:
        return lambda: [f"{mail['Subject']}\n{mail.get_content_type()}" for mail in mailbox.mails]

    @pytest.fixture
    def cut(self) -> Channel:
        with smtp_server(Mailbox()) as gone:
            port = gone.port
        return EmailChannel(parse_url(f"smtp://127.0.0.1:{port}"), sender=Address("Tocsin", "tocsin", "example.org"))

    @pytest.fixture
    def hanging(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
        from tocsin.plugins.channels.email import channel as email_channel

        monkeypatch.setattr(email_channel, "TIMEOUT_S", 0.3)
        with http_receiver() as silent:  # it waits for a request, an SMTP client for a greeting
            yield EmailChannel(
                parse_url(f"smtp://127.0.0.1:{silent.port}"), sender=Address("Tocsin", "tocsin", "example.org")
            )

    @pytest.fixture
    def check_address(self) -> Callable[[str], str]:
        from tocsin.plugins.channels.email import channel as email_channel

        return email_channel.check_address


class CalledBack(ChannelContract):
    """What channels share that call a server which the recipient chose."""

    when_cut = (NOT_SENT, False)

    @pytest.fixture
    def receiver(self) -> Iterator[Receiver]:
        with http_receiver() as receiver:
            yield receiver

    @pytest.fixture
    def cut(self, channel: Channel) -> Channel:
        return channel

    @pytest.fixture
    def hanging(self, receiver: Receiver, quick: Channel) -> Channel:
        receiver.otherwise = "hang"
        return quick


class TestWebhook(CalledBack):
    @pytest.fixture
    def recipient(self, receiver: Receiver) -> str:
        return f"{receiver.url}/hook"

    @pytest.fixture
    def recipient_when_cut(self) -> str:
        with http_receiver() as gone:
            return f"{gone.url}/hook"

    def built(self, folder: Path) -> Channel:
        settings = ChannelSettings(
            "", "t@example.org", "T", data_folder=folder, has_webhooks=True, may_reach_private=True
        )
        channel = webhook_channel.build(settings)
        assert channel is not None
        return channel

    @pytest.fixture
    def channel(self, tmp_path: Path) -> Iterator[Channel]:
        channel = self.built(tmp_path)
        yield channel
        channel.close()

    @pytest.fixture
    def another(self, tmp_path: Path) -> Iterator[Channel]:
        channel = self.built(tmp_path)
        yield channel
        channel.close()

    @pytest.fixture
    def quick(self) -> Channel:
        return webhook_channel.WebhookChannel(INSIDE, master=b"k" * 32, outward=Outward(INSIDE, at_most_s=0.3))

    @pytest.fixture
    def arrived(self, receiver: Receiver) -> Callable[[], list[str]]:
        return lambda: [json.dumps(json.loads(each.body), ensure_ascii=False) for each in receiver.requests]


class TestWebPush(CalledBack):
    @pytest.fixture
    def browser(self, receiver: Receiver) -> PushBrowser:
        return PushBrowser(f"{receiver.url}/push/1")

    @pytest.fixture
    def recipient(self, browser: PushBrowser) -> str:
        return browser.address

    @pytest.fixture
    def recipient_when_cut(self) -> str:
        with http_receiver() as gone:
            return PushBrowser(f"{gone.url}/push/1").address

    def built(self, folder: Path) -> Channel:
        settings = ChannelSettings(
            "", "t@example.org", "T", data_folder=folder, has_webpush=True, may_reach_private=True
        )
        channel = webpush_channel.build(settings)
        assert channel is not None
        return channel

    @pytest.fixture
    def channel(self, tmp_path: Path) -> Iterator[Channel]:
        channel = self.built(tmp_path)
        yield channel
        channel.close()

    @pytest.fixture
    def another(self, tmp_path: Path) -> Iterator[Channel]:
        channel = self.built(tmp_path)
        yield channel
        channel.close()

    @pytest.fixture
    def quick(self) -> Channel:
        outward = Outward(INSIDE, at_most_s=0.3)
        return webpush_channel.WebPushChannel(new_key(), policy=INSIDE, contact="mailto:t@example.org", outward=outward)

    @pytest.fixture
    def arrived(self, receiver: Receiver, browser: PushBrowser) -> Callable[[], list[str]]:
        return lambda: [json.dumps(browser.read(each), ensure_ascii=False) for each in receiver.requests]


class TestApprise(CalledBack):
    when_cut = ("apprise.failed", False)

    @pytest.fixture
    def recipient(self, receiver: Receiver) -> str:
        return f"json://127.0.0.1:{receiver.port}/room"

    @pytest.fixture
    def recipient_when_cut(self) -> str:
        with http_receiver() as gone:
            return f"json://127.0.0.1:{gone.port}/room"

    @pytest.fixture
    def channel(self) -> Iterator[Channel]:
        channel = apprise_channel.build(
            ChannelSettings("", "t@example.org", "T", apprise_services=("json",), may_reach_private=True)
        )
        assert channel is not None
        yield channel
        channel.close()

    @pytest.fixture
    def another(self) -> Iterator[Channel]:
        channel = apprise_channel.AppriseChannel(("json",), policy=INSIDE)
        yield channel
        channel.close()

    @pytest.fixture
    def quick(self) -> Channel:
        return apprise_channel.AppriseChannel(("json",), policy=INSIDE, at_most_s=0.5)

    @pytest.fixture
    def arrived(self, receiver: Receiver) -> Callable[[], list[str]]:
        return lambda: [json.dumps(json.loads(each.body), ensure_ascii=False) for each in receiver.requests]


class TestSms(ChannelContract):
    @pytest.fixture
    def recipient(self) -> str:
        return "0470 12 34 56"

    @pytest.fixture
    def smsc(self) -> Iterator[Smsc]:
        with smsc_server() as smsc:
            yield smsc

    def over(self, smsc: Smsc, *, step_s: float = 5.0) -> sms_channel.SmsChannel:
        given = ProviderSettings(
            "only", "smpp", sender="Tocsin", user="u", secret="secret", host="127.0.0.1", port=smsc.port
        )
        return sms_channel.SmsChannel(SmsSettings((given,)), [SmppProvider(given, step_s=step_s)], standing=Standing())

    @pytest.fixture
    def channel(self, smsc: Smsc) -> Iterator[Channel]:
        channel = self.over(smsc)
        yield channel
        channel.close()

    @pytest.fixture
    def another(self, smsc: Smsc) -> Iterator[Channel]:
        channel = self.over(smsc)
        yield channel
        channel.close()

    @pytest.fixture
    def cut(self) -> Channel:
        with smsc_server() as gone:
            pass
        return self.over(gone)

    @pytest.fixture
    def hanging(self, smsc: Smsc) -> Channel:
        smsc.answers = ["hang"]
        return self.over(smsc, step_s=0.3)

    @pytest.fixture
    def arrived(self, smsc: Smsc) -> Callable[[], list[str]]:
        return lambda: [each.short_message.replace(b"\x05", "é".encode()).decode() for each in smsc.submitted]


def test_the_built_in_channels_register_as_any_other_would() -> None:
    offered = {entry.name: entry.load() for entry in entry_points(group=ENTRY_POINTS)}
    assert offered["email"] is build
    assert set(offered) >= {"apprise", "email", "sms", "webhook", "webpush"}


def test_a_channel_that_is_not_configured_is_not_built() -> None:
    offered = [entry.load() for entry in entry_points(group=ENTRY_POINTS)]
    assert [factory(ChannelSettings("", "tocsin@example.org", "Tocsin")) for factory in offered] == [None] * len(
        offered
    )
