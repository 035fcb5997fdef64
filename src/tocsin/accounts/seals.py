"""Sealing what must be read again: a copy of the database alone, without Tocsin's secret key, opens nothing."""

import base64
from typing import TYPE_CHECKING

from django.utils.crypto import salted_hmac

from tocsin.accounts.errors import SealBrokenError

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


def sealed(secret: bytes) -> str:
    """Return the secret, encrypted under a key that is made of Tocsin's secret key."""
    return _box().encrypt(secret).decode()


def opened(text: str) -> bytes:
    """Return what was sealed; raises `SealBrokenError` when it was sealed under another secret key."""
    from cryptography.fernet import InvalidToken

    try:
        return bytes(_box().decrypt(text.encode()))
    except InvalidToken as error:
        raise SealBrokenError from error


def _box() -> "Fernet":
    from cryptography.fernet import Fernet

    key = salted_hmac("accounts.seals", "factor", algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(key))
