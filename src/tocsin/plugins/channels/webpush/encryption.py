"""Web push on the wire: content that only one browser can read (RFC 8291), and who we are (VAPID, RFC 8292)."""

import base64
import json
import os
import struct
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

LARGEST_PLAIN: Final = 3993
"""Push services take 4,096 bytes; salt, key and tag cost the rest."""

_RECORD: Final = 4096
_CURVE: Final = ec.SECP256R1()
_COORDINATE: Final = 32


@dataclass(frozen=True, slots=True)
class Reader:
    """A browser's own keys, as its subscription carries them."""

    key: bytes
    secret: bytes


def encrypted(plain: bytes, *, reader: Reader) -> bytes:
    """Return an `aes128gcm` body that only this reader can open; a key of our own is made for each."""
    own = ec.generate_private_key(_CURVE)
    own_public = public_bytes(own)
    salt = os.urandom(16)
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, reader.key))
    secret = _derived(shared, salt=reader.secret, info=b"WebPush: info\x00" + reader.key + own_public, length=32)
    key = _derived(secret, salt=salt, info=b"Content-Encoding: aes128gcm\x00", length=16)
    nonce = _derived(secret, salt=salt, info=b"Content-Encoding: nonce\x00", length=12)
    header = salt + struct.pack("!IB", _RECORD, len(own_public)) + own_public
    return header + AESGCM(key).encrypt(nonce, plain + b"\x02", None)


def new_key() -> bytes:
    """Return a fresh VAPID key as PEM."""
    key = ec.generate_private_key(_CURVE)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Read a VAPID key; raises `ValueError` when it is none."""
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != _CURVE.name:
        raise ValueError("not a key on P-256")
    return key


def public_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public half, uncompressed (65 bytes)."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def token(key: ec.EllipticCurvePrivateKey, *, origin: str, contact: str, until_s: int) -> str:
    """Return the signed word by which a push service knows who sends, good for one origin until a moment."""
    claims = {"aud": origin, "exp": until_s} | ({"sub": contact} if contact else {})
    content = b".".join(encoded(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
    r, s = decode_dss_signature(key.sign(content, ec.ECDSA(hashes.SHA256())))
    return b".".join((content, encoded(r.to_bytes(_COORDINATE) + s.to_bytes(_COORDINATE)))).decode()


def encoded(content: bytes) -> bytes:
    """Return base64url without padding, as both standards write it."""
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def decoded(text: str) -> bytes:
    """Read base64url with or without padding; raises `ValueError`."""
    return base64.b64decode(
        text.translate(str.maketrans("-_", "+/")).rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True
    )


def is_point(content: bytes) -> bool:
    """Say whether these bytes are a point on the curve."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, content)
    except ValueError:
        return False
    return True


def _derived(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)
