"""Text messages through one or two providers, with automatic fail-over between them.

`sms_file` names the providers (TOML; docs/how-to/reach-people.md shows it). Each message is offered to the first
provider that works; to the next one only where the first certainly did not take it.
"""

import time
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from tocsin.kernel.errors import DeliveryError
from tocsin.notifications.ports import UNREACHABLE, ChannelSettings
from tocsin.notifications.rules.model import Message
from tocsin.plugins.channels.sms.failover import Standing
from tocsin.plugins.channels.sms.file import SmsSettings, read_settings
from tocsin.plugins.channels.sms.http import HttpProvider
from tocsin.plugins.channels.sms.numbers import e164
from tocsin.plugins.channels.sms.ports import Provider, ProviderError, Sms
from tocsin.plugins.channels.sms.smpp import SmppProvider
from tocsin.plugins.channels.sms.text import encoded, words_of

_REFERENCE: Final = 32


def build(settings: ChannelSettings) -> "SmsChannel | None":
    """Build the channel from the operator's file of providers; None where there is none."""
    if not settings.sms_file:
        return None
    path = Path(settings.sms_file).expanduser()
    given = read_settings(path)
    providers: list[Provider] = [
        SmppProvider(each) if each.kind == "smpp" else HttpProvider(each) for each in given.providers
    ]
    return SmsChannel(given, providers, standing=standing_of(path.resolve()))


@cache
def standing_of(path: Path) -> Standing:
    """Return what all lanes of this process know together of the providers in a file."""
    del path
    return Standing()


class SmsChannel:
    """Sends text messages; see `Channel`."""

    def __init__(
        self,
        settings: SmsSettings,
        providers: Sequence[Provider],
        *,
        standing: Standing,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the providers in the order in which they are asked, and what is known of them."""
        self._settings = settings
        self._providers = {provider.name: provider for provider in providers}
        self._standing = standing
        self._clock_s = clock_s

    def check_address(self, address: str) -> str:
        """Return the number in E.164; raises `InputError` (see `numbers.e164`)."""
        return e164(address, prefixes=self._settings.prefixes, home=self._settings.home)

    def units(self, message: Message) -> int:
        """Return how many text messages a message costs."""
        return len(encoded(words_of(message)).parts)

    def deliver(self, message: Message) -> None:
        """Hand a message to the first provider that takes it; raises `DeliveryError` (see `Channel`)."""
        sms = Sms(message.recipient, words_of(message), sha256(message.key.encode()).hexdigest()[:_REFERENCE])
        order = self._standing.candidates(sms.reference, order=tuple(self._providers))
        refusals: list[ProviderError] = []
        for name in order:
            if not self._standing.lets_through(name, now_s=self._clock_s()):
                continue
            refusal = self._attempt(name, sms)
            if refusal is None:
                return
            refusals.append(refusal)
        if len(order) < len(self._providers):  # that one fails says nothing of the other messages
            raise DeliveryError("sms.unanswered", f"{order[0]} may have taken it, and is not there.", permanent=False)
        raise _summed_up(refusals)

    def close(self) -> None:
        """Let go of every provider's connection."""
        for provider in self._providers.values():
            provider.close()

    def _attempt(self, name: str, sms: Sms) -> ProviderError | None:
        try:
            self._providers[name].send(sms)
        except ProviderError as error:
            if error.permanent:  # it works: the number or the text is at fault
                self._standing.worked(name)
                return error
            self._standing.failed(name, now_s=self._clock_s())
            if error.outcome == "unanswered":
                self._standing.tie(sms.reference, name)
                text = f"{name} may have taken it: {error.message}"
                raise DeliveryError("sms.unanswered", text, permanent=False) from error
            return error
        self._standing.worked(name, reference=sms.reference)
        return None


def _summed_up(refusals: Sequence[ProviderError]) -> DeliveryError:
    said = "; ".join(refusal.message for refusal in refusals) or "Every provider is resting after failures."
    if refusals and all(refusal.permanent for refusal in refusals):
        return DeliveryError("sms.refused", said, permanent=True)
    if any(refusal.permanent or refusal.outcome == "refused" for refusal in refusals):
        return DeliveryError("sms.refused", said, permanent=False)
    return DeliveryError(UNREACHABLE, said, permanent=False, where="sms_file")
