"""How secrets look and are compared, and what an API key may be allowed to do.

A key reads `tocsin_<prefix>_<secret>`: the prefix may be shown and finds the row, the whole is known to its
holder alone. Secrets are long random strings, so one round of SHA-256 keeps them as well as a slow hash would.

Codes of authenticator apps are RFC 6238's: six digits, thirty seconds, SHA-1, which every app understands.
"""

import base64
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

type Scope = Literal["telemetry", "reports", "probes", "notices", "changes", "read"]

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope.__value__)
"""What a key can be allowed: to send telemetry, reports, probe results, notices or changes, or to read the state."""

_LETTERS: Final = str.maketrans("0123456789", "ghijklmnop")

type PageKind = Literal["approval", "promise", "watch"]

PAGE_KINDS: Final[tuple[PageKind, ...]] = get_args(PageKind.__value__)
"""What a duty officer can be paged for: a draft that waits, a promise near its end or broken, Tocsin itself ailing."""

CODE_STEP: Final = timedelta(seconds=30)
CODE_DIGITS: Final = 6
CODE_DRIFT: Final = 1
"""A telephone's clock may be one step off either way; with five tries a quarter of an hour, guessing gets nowhere."""

RECOVERY_CODES: Final = 10
RECOVERY_GROUPS: Final = 3
RECOVERY_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that look alike on paper; twelve of them are fifty-nine bits, which one round of SHA-256 keeps."""

TELEPHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")

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


def lettered(hexadecimal: str) -> str:
    """Write hexadecimal digits as letters alone, so that no run of them looks like somebody's number."""
    return hexadecimal.translate(_LETTERS)


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


def code_at(secret: bytes, step: int) -> str:
    """Return the code that an app with this secret shows in a time step (counted since the Unix epoch)."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**CODE_DIGITS).zfill(CODE_DIGITS)


def matching_step(secret: bytes, code: str, *, after: int, now: datetime) -> int | None:
    """Return the time step to which a code belongs; None when to none near `now`, or to none later than `after`.

    Whoever keeps the step and passes it as `after` the next time accepts no code twice.
    """
    digits = re.sub(r"\s", "", code)
    current = int(now.timestamp() // CODE_STEP.total_seconds())
    steps = range(current - CODE_DRIFT, current + CODE_DRIFT + 1)
    # Each is compared, found or not: the time taken tells nothing.
    found = [step for step in steps if hmac.compare_digest(code_at(secret, step).encode(), digits.encode())]
    return next((step for step in found if step > after), None)


def key_in_text(secret: bytes) -> str:
    """Return an app's secret as it is typed by hand: base 32, in groups of four."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def as_recovery_code(typed: str) -> str:
    """Return a recovery code as it is kept, however it was typed."""
    return re.sub(r"[^a-z0-9]", "", typed.lower())


def telephone(written: str) -> str | None:
    """Return a telephone number in the form +32470123456, None when it is none with its country's code."""
    # "+32 (0)470 …" says: with the country's code leave the zero out.
    bare = re.sub(r"[\s./()-]", "", written.replace("(0)", ""))
    number = f"+{bare[2:]}" if bare.startswith("00") else bare
    return number if TELEPHONE.fullmatch(number) else None
