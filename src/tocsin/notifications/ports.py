"""What a channel is: e-mail is one, a plug-in may bring others (entry-point group `tocsin.channels`).

An entry point names a factory: called with `ChannelSettings`, it returns a `Channel`, or None where the operator
has not configured it. Built-in channels register in just the same way.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tocsin.notifications.rules.model import Message

ENTRY_POINTS = "tocsin.channels"

UNREACHABLE = "channel.unreachable"
"""The code of a `DeliveryError` that every other message would meet too."""


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """What the operator configured, as far as channels are concerned. `sender_name` is who speaks.

    `data_folder` is where a channel keeps keys of its own, made at the first start. `sms_file` names the providers of
    text messages. `apprise_services` are the schemes of chat services that people may give an address of.
    `may_reach_private` lets addresses that strangers give lead inside: for tests only.
    """

    smtp_url: str = field(repr=False)
    mail_from: str
    sender_name: str
    data_folder: Path = Path("data")
    base_url: str = ""
    sms_file: str = ""
    has_webhooks: bool = False
    has_webpush: bool = False
    apprise_services: tuple[str, ...] = ()
    may_reach_private: bool = False


class Channel(Protocol):
    """A way to reach one person."""

    def deliver(self, message: Message) -> None:
        """Hand the message over to whoever carries it on; return only once they have accepted it.

        Raises `DeliveryError` when that fails: `permanent` when trying again is useless, and with the code
        `channel.unreachable` when it would fail for every other message as well. The same `message.key` may come
        twice (a worker died between sending and noting it): the channel marks what it sends with it, so that the
        receiving side can tell. Must give up within half a minute rather than hang.
        """
        ...

    def close(self) -> None:
        """Let go of connections; called after each batch. A later `deliver` opens them again."""
        ...


type ChannelFactory = Callable[[ChannelSettings], Channel | None]
