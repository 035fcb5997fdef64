"""What a provider of text messages is, to the channel that has two of them."""

from dataclasses import dataclass
from typing import Literal, Protocol

from tocsin.kernel.errors import DeliveryError

type Outcome = Literal["refused", "unreached", "unanswered"]
"""`refused`: it answered no · `unreached`: nothing was sent · `unanswered`: it may have taken the message, or not."""


@dataclass(frozen=True, slots=True)
class Sms:
    """A text message: the number in E.164, and a reference that stays the same between attempts."""

    to: str
    text: str
    reference: str


class ProviderError(DeliveryError):
    """A provider did not confirm a message; `outcome` says whether another one may be asked without doubling it."""

    def __init__(self, outcome: Outcome, message: str, *, permanent: bool = False) -> None:
        """Build the error; a permanent one is about the number or the text, and the same everywhere."""
        super().__init__("sms.failed", message, permanent=permanent)
        self.outcome = outcome


class Provider(Protocol):
    """Somebody who carries text messages."""

    @property
    def name(self) -> str:
        """What the operator calls it."""
        ...

    def send(self, sms: Sms) -> None:
        """Hand a message over; return only once it was accepted. Raises `ProviderError`."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
