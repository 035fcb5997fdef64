"""How secrets look and are compared, and what an API key may be allowed to do.

A key reads `tocsin_<prefix>_<secret>`: the prefix may be shown and finds the row, the whole is known to its
holder alone. Secrets are long random strings, so one round of SHA-256 keeps them as well as a slow hash would.
"""

import hashlib
import hmac
from typing import Final, Literal, get_args

type Scope = Literal["telemetry", "reports", "probes", "notices", "changes", "read"]

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope.__value__)
"""What a key can be allowed: to send telemetry, reports, probe results, notices or changes, or to read the state."""

KEY_MARK: Final = "tocsin"
PREFIX_LENGTH: Final = 8


def assembled(prefix: str, secret: str) -> str:
    """Return the key as its holder gets it."""
    return f"{KEY_MARK}_{prefix}_{secret}"


def prefix_of(key: str) -> str | None:
    """Return the part of a key that may be shown, or None when this is no key of ours."""
    mark, _, rest = key.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != KEY_MARK or len(prefix) != PREFIX_LENGTH or not secret:
        return None
    return prefix


def digest(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_match(secret: str, kept: str) -> bool:
    """Say whether the secret is the one of which `kept` was kept; takes as long either way."""
    return hmac.compare_digest(digest(secret), kept)
