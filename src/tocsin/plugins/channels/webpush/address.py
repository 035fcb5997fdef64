"""A browser's push address: the JSON of its subscription, checked before anything is sent there."""

import json
from dataclasses import dataclass
from typing import Any, Final

from tocsin.kernel.addresses import OutwardPolicy, OutwardUrl, outward_url
from tocsin.kernel.errors import InputError
from tocsin.plugins.channels.webpush.encryption import Reader, decoded, is_point

LONGEST: Final = 3000
_KEY_LENGTH: Final = 65
_SECRET_LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class PushAddress:
    """Where a browser's push service takes messages, and who alone can read them."""

    url: OutwardUrl
    reader: Reader


def read_address(text: str, *, policy: OutwardPolicy) -> PushAddress:
    """Read a subscription as browsers give it (`PushSubscription.toJSON()`); raises `InputError`."""
    try:
        stored: Any = json.loads(text) if len(text) <= LONGEST else None
        endpoint, keys = stored["endpoint"], stored["keys"]
        reader = Reader(decoded(keys["p256dh"]), decoded(keys["auth"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _no_address() from error
    if not isinstance(endpoint, str) or len(reader.key) != _KEY_LENGTH or len(reader.secret) != _SECRET_LENGTH:
        raise _no_address()
    if not is_point(reader.key):
        raise _no_address()
    return PushAddress(outward_url(endpoint, policy=policy), reader)


def normalised(text: str, *, policy: OutwardPolicy) -> str:
    """Return the subscription with what is needed of it, the same for the same browser."""
    address = read_address(text, policy=policy)
    keys = json.loads(text)["keys"]
    kept = {
        "endpoint": str(address.url),
        "keys": {"auth": keys["auth"].rstrip("="), "p256dh": keys["p256dh"].rstrip("=")},
    }
    return json.dumps(kept, separators=(",", ":"))


def _no_address() -> InputError:
    return InputError("webpush.address", "This is not a push subscription of a browser.")
