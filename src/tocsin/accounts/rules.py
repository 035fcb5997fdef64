"""How secrets look and are compared, and what an API key may be allowed to do.

A key reads `tocsin_<prefix>_<secret>`: the prefix may be shown and finds the row, the whole is known to its
holder alone. Secrets are long random strings, so one round of SHA-256 keeps them as well as a slow hash would.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

type Scope = Literal["telemetry", "reports", "probes", "notices", "changes", "read"]

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope.__value__)
"""What a key can be allowed: to send telemetry, reports, probe results, notices or changes, or to read the state."""

LOGIN_WINDOW: Final = timedelta(minutes=15)
"""Refused logins older than this are forgiven and forgotten."""

LOGINS_PER_NAME: Final = 5
"""Room for somebody who mistypes at five in the morning; at 20 tries an hour nobody guesses twelve characters."""

LOGINS_PER_SENDER: Final = 30
"""Coarser, against one sender who tries many names: a whole hospital may sit behind one network address."""

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


def login_wait(refused: Sequence[datetime], *, limit: int, now: datetime) -> timedelta | None:
    """Return how long until fewer than `limit` of the refused logins lie in the window; None when that is so now."""
    counted = sorted(at for at in refused if now - at < LOGIN_WINDOW)
    return counted[-limit] + LOGIN_WINDOW - now if len(counted) >= limit else None


def as_tried(name: str) -> str:
    """Return the name as the login reads it: however a keyboard composed its letters, without spaces around it."""
    return unicodedata.normalize("NFKC", name).strip()
