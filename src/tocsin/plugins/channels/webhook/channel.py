"""Signed webhooks: each message as JSON to an address that a subscriber gave, as Standard Webhooks says.

The address is a stranger's: it is checked when it is given and each time it is called, redirects are an answer like
any other, and nothing waits for it longer than some seconds. docs/reference/webhook.md tells receivers the rest.
"""

import secrets
import time
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from tocsin.kernel.addresses import OutwardPolicy, OutwardUrl, outward_url
from tocsin.kernel.errors import DeliveryError, InputError
from tocsin.kernel.outward import Outward
from tocsin.notifications.ports import ChannelSettings
from tocsin.notifications.rules.model import Message
from tocsin.plugins.channels.keys import kept_key
from tocsin.plugins.channels.webhook.payload import as_json, secret_for, signature, webhook_id

KEY_FILE: Final = "webhook-key"
AT_MOST_S: Final = 5.0
"""A receiver that needs longer should answer first and work afterwards."""

_OK: Final = range(200, 300)
_ADDRESSES_KEPT: Final = 4096


def build(settings: ChannelSettings) -> "WebhookChannel | None":
    """Build the channel, unless the operator switched it off; the key behind all secrets is made at the first start."""
    if not settings.has_webhooks:
        return None
    master = kept_key(settings.data_folder / KEY_FILE, lambda: secrets.token_bytes(32))
    policy = OutwardPolicy(may_reach_private=settings.may_reach_private)
    return WebhookChannel(policy, master=master, outward=Outward(policy, at_most_s=AT_MOST_S))


class WebhookChannel:
    """Posts messages; see `Channel`."""

    def __init__(
        self, policy: OutwardPolicy, *, master: bytes, outward: Outward, clock_s: Callable[[], float] = time.time
    ) -> None:
        """Take how far addresses may reach, and the key from which every address's own secret is derived."""
        self._outward = outward
        self._clock_s = clock_s
        self._parsed = lru_cache(_ADDRESSES_KEPT)(lambda address: outward_url(address, policy=policy))
        self._secret = lru_cache(_ADDRESSES_KEPT)(lambda address: secret_for(address, master=master))

    def check_address(self, address: str) -> str:
        """Return the address, normalised; raises `InputError` (`outward.…`) where it may not be called."""
        return str(self._parsed(address.strip()))

    def secret_of(self, address: str) -> str:
        """Return the secret that a subscriber checks signatures with; show it only to who proved to own the address."""
        return self._secret(address)

    def deliver(self, message: Message) -> None:
        """Post a message; raises `DeliveryError` (see `Channel`)."""
        body, identifier, timestamp = as_json(message), webhook_id(message), int(self._clock_s())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Tocsin-Webhook/1",
            "webhook-id": identifier,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(
                body, identifier=identifier, timestamp=timestamp, secret=self.secret_of(message.recipient)
            ),
            "Idempotency-Key": identifier,
        }
        # The receiver can tell a second copy by its id, so one lost to a connection that had died may be sent again.
        answer = self._outward.send(self._address(message), body=body, headers=headers, may_repeat=True)
        if answer.status == HTTPStatus.GONE:
            raise DeliveryError("webhook.gone", "HTTP 410: the receiver wants no more.", permanent=True)
        if answer.status not in _OK:
            raise DeliveryError(
                "webhook.refused", f"HTTP {answer.status}", permanent=answer.status == HTTPStatus.NOT_FOUND
            )

    def close(self) -> None:
        """Let go of connections."""
        self._outward.close()

    def _address(self, message: Message) -> OutwardUrl:
        try:
            return self._parsed(message.recipient)
        except InputError as error:
            raise DeliveryError(error.code, error.message, permanent=True) from error
