"""What somebody chose, as a digest: a rule is asked once for all who chose the same."""

import json
from hashlib import sha256

from tocsin.notifications.rules.model import Subscription


def digest_of_choices(channel: str, wish: Subscription) -> str:
    """Return the same digest for the same choices; the order in which functions were ticked is none."""
    stated = [
        channel,
        wish.audience,
        sorted(wish.functions),
        wish.region,
        wish.package,
        wish.least,
        wish.with_drills,
    ]
    return sha256(json.dumps(stated).encode()).hexdigest()[:32]


def digest_of_address(channel: str, address: str) -> str:
    """Return what stands for an address where it must be unique: a browser's is longer than an index likes."""
    return sha256(f"{channel}|{address}".encode()).hexdigest()
