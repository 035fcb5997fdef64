"""A browser as far as web push goes: it has keys, checks who sends, and alone can read what it is sent.

Written with other people's pieces (http-ece, py-vapid), so that our own encryption is not its own judge.
"""

import base64
import json
import os
import time
from dataclasses import dataclass, field
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from http_receiver import Request


def base64url(content: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass
class PushBrowser:
    """One subscription of one browser at the push service of `url`."""

    url: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    secret: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def address(self) -> str:
        """What it tells the site that it subscribes to (`PushSubscription.toJSON()`)."""
        public = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": base64url(public), "auth": base64url(self.secret)}
        return json.dumps({"endpoint": self.url, "expirationTime": None, "keys": keys})

    def read(self, request: Request) -> dict[str, Any]:
        """Return what was sent, decrypted."""
        assert request.headers["content-encoding"] == "aes128gcm"
        plain = http_ece.decrypt(request.body, private_key=self.key, auth_secret=self.secret, version="aes128gcm")
        read: dict[str, Any] = json.loads(plain)
        return read


def claims(request: Request, *, public_key: str) -> dict[str, Any]:
    """Return what the sender says of itself, once its signature proved to be of this key; raises otherwise."""
    kind, _, rest = request.headers["authorization"].partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert kind == "vapid"
    assert parts["k"] == public_key
    assert Vapid02.verify(request.headers["authorization"])
    content, _, signature = parts["t"].rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    point = base64.urlsafe_b64decode(public_key + "=" * (-len(public_key) % 4))
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point).verify(
        encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:])), content.encode(), ec.ECDSA(SHA256())
    )
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(content.split(".")[1] + "=="))
    assert time.time() < said["exp"] <= time.time() + 24 * 3600
    return said
