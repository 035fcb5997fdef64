"""What every channel must do. A plug-in's own tests may subclass `ChannelContract`."""

from collections.abc import Iterator
from email.headerregistry import Address
from importlib.metadata import entry_points
from typing import Any

import pytest

from announcements import at
from mailbox_server import Mailbox, smtp_server
from tocsin.kernel.errors import DeliveryError
from tocsin.notifications.ports import ENTRY_POINTS, UNREACHABLE, Channel, ChannelSettings
from tocsin.notifications.rules.model import Letter, Link, Message, Section
from tocsin.plugins.channels.email.channel import EmailChannel, build, parse_url


def message(key: str = "b1|s1|email", *, recipient: str = "reader@example.org") -> Message:
    letter = Letter(
        language="fr",
        subject="Délivrance impossible",
        headline="Impossible de récupérer les prescriptions électroniques.",
        sections=(Section("Maintenant :", ("Demandez la preuve papier.",)),),
        leave=Link("Ne plus recevoir", "http://127.0.0.1/leave"),
    )
    return Message(key=key, recipient=recipient, at=at(3), thread="2026-03-02-1|1", letter=letter)


class ChannelContract:
    """A channel under test: `channel` reaches, `arrived` counts what came through, `cut` makes it unreachable."""

    def test_a_message_that_was_delivered_has_arrived(self, channel: Channel, arrived: Any) -> None:
        channel.deliver(message())
        assert arrived() == 1

    def test_it_can_be_used_again_after_it_was_closed(self, channel: Channel, arrived: Any) -> None:
        channel.deliver(message())
        channel.close()
        channel.deliver(message("b2|s1|email"))
        assert arrived() == 2

    def test_closing_twice_or_before_use_does_no_harm(self, channel: Channel) -> None:
        channel.close()
        channel.close()

    def test_when_it_cannot_be_reached_it_says_so_and_that_it_may_be_tried_again(self, cut: Channel) -> None:
        with pytest.raises(DeliveryError) as caught:
            cut.deliver(message())
        assert (caught.value.code, caught.value.permanent) == (UNREACHABLE, False)


class TestEmail(ChannelContract):
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
    def arrived(self, mailbox: Mailbox) -> Any:
        return lambda: len(mailbox.mails)

    @pytest.fixture
    def cut(self) -> Channel:
        with smtp_server(Mailbox()) as gone:
            port = gone.port
        return EmailChannel(parse_url(f"smtp://127.0.0.1:{port}"), sender=Address("Tocsin", "tocsin", "example.org"))


def test_the_built_in_channels_register_as_any_other_would() -> None:
    assert {entry.name: entry.load() for entry in entry_points(group=ENTRY_POINTS)}["email"] is build
