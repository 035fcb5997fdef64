"""Web push: notifications on a screen, through the push service that a browser chose, readable by that browser only.

The push service is an address that a stranger gave (see `kernel.addresses`). One outage is one notification: a later
message takes the place of an earlier one, at the push service (`Topic`) and on the screen (`tag`).
"""

import json
import time
from collections.abc import Callable
from email.utils import parseaddr
from functools import lru_cache
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from tocsin.kernel.addresses import Origin, OutwardPolicy
from tocsin.kernel.errors import ConfigurationError, DeliveryError, InputError
from tocsin.kernel.outward import Outward
from tocsin.notifications.ports import ChannelSettings
from tocsin.notifications.rules.model import Message
from tocsin.plugins.channels.keys import kept_key
from tocsin.plugins.channels.webpush.address import PushAddress, normalised, read_address
from tocsin.plugins.channels.webpush.encryption import (
    LARGEST_PLAIN,
    encoded,
    encrypted,
    new_key,
    public_bytes,
    read_key,
    token,
)

KEY_FILE: Final = "webpush-key"
TOKEN_GOOD_S: Final = 12 * 3600
TOKEN_USED_S: Final = 6 * 3600
"""A token is made once for each push service and some hours: a signature for each message would cost more than it."""

STAYS_S: Final = 4 * 3600
"""How long a push service keeps a message for a device that is off; by then the outage is over, or has newer words."""

END_STAYS_S: Final = 24 * 3600
_URGENT: Final = frozenset({"first", "correction", "retraction"})
_OK: Final = range(200, 300)
_GONE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_LONGEST_BODY: Final = 1500
_TAG: Final = 32


def build(settings: ChannelSettings) -> "WebPushChannel | None":
    """Build the channel, unless the operator switched it off; its VAPID key is made at the first start."""
    if not settings.has_webpush:
        return None
    path = settings.data_folder / KEY_FILE
    pem = kept_key(path, new_key)
    try:
        read_key(pem)
    except ValueError as error:
        raise ConfigurationError(
            "webpush.key",
            "This is not a VAPID key.",
            where=str(path),
            hint="Put the right one back; with a new key every browser must subscribe again.",
        ) from error
    contact = parseaddr(settings.mail_from)[1]
    policy = OutwardPolicy(may_reach_private=settings.may_reach_private)
    return WebPushChannel(pem, policy=policy, contact=f"mailto:{contact}", outward=Outward(policy))


class WebPushChannel:
    """Pushes notifications; see `Channel`."""

    def __init__(
        self,
        pem: bytes,
        *,
        policy: OutwardPolicy,
        contact: str,
        outward: Outward,
        clock_s: Callable[[], float] = time.time,
    ) -> None:
        """Take our VAPID key, and the address at which a push service reaches us when something is wrong with us."""
        self._key = read_key(pem)
        self._public = encoded(public_bytes(self._key)).decode()
        self._policy = policy
        self._contact = contact
        self._outward = outward
        self._clock_s = clock_s
        self._tokens: dict[Origin, tuple[str, float]] = {}
        self._read = lru_cache(1)(lambda address: read_address(address, policy=policy))

    @property
    def public_key(self) -> str:
        """What a browser is given when it subscribes (`applicationServerKey`)."""
        return self._public

    def check_address(self, address: str) -> str:
        """Return the subscription, normalised; raises `InputError` (`webpush.address`, `outward.…`)."""
        return normalised(address, policy=self._policy)

    def deliver(self, message: Message) -> None:
        """Hand a notification to the reader's push service; raises `DeliveryError` (see `Channel`)."""
        address = self._address(message)
        body = encrypted(notification(message), reader=address.reader)
        kind = message.facts.get("kind")
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(END_STAYS_S if kind == "end" else STAYS_S),
            "Topic": tag_of(message),
            "Urgency": "high" if kind in _URGENT else "normal",
            "Authorization": f"vapid t={self._token(address.url.origin)},k={self._public}",
        }
        # A second copy replaces the first, by its topic.
        answer = self._outward.send(address.url, body=body, headers=headers, may_repeat=True)
        if answer.status in _GONE:
            raise DeliveryError("webpush.gone", f"HTTP {answer.status}: the browser unsubscribed.", permanent=True)
        if answer.status not in _OK:
            raise DeliveryError("webpush.refused", f"HTTP {answer.status}", permanent=False)

    def close(self) -> None:
        """Let go of connections."""
        self._outward.close()

    def _address(self, message: Message) -> PushAddress:
        try:
            return self._read(message.recipient)
        except InputError as error:
            raise DeliveryError(error.code, error.message, permanent=True) from error

    def _token(self, origin: Origin) -> str:
        now_s = self._clock_s()
        kept, until_s = self._tokens.get(origin, ("", 0.0))
        if now_s >= until_s:
            kept = token(self._key, origin=str(origin), contact=self._contact, until_s=int(now_s + TOKEN_GOOD_S))
            self._tokens[origin] = (kept, now_s + TOKEN_USED_S)
        return kept


def tag_of(message: Message) -> str:
    """Return what messages of one outage to one reader share, in the alphabet and length of a `Topic`."""
    return encoded(sha256(message.thread.encode()).digest()).decode()[:_TAG]


def notification(message: Message) -> bytes:
    """Return what the service worker shows: title, body, page, language and tag, small enough for one push."""
    letter = message.letter
    said = " ".join(f"[{mark.short}]" for mark in letter.marks)
    content = {
        "title": f"{said} {letter.subject}".strip(),
        "body": (message.push or letter.headline)[:_LONGEST_BODY],
        "url": "" if letter.action is None else letter.action.address,
        "lang": letter.language,
        "tag": tag_of(message),
    }
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    if len(plain) > LARGEST_PLAIN:
        content["body"] = content["body"][: _LONGEST_BODY // 4]
        content["title"] = content["title"][: _LONGEST_BODY // 4]
        plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return plain
