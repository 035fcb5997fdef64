"""A telephone's passkeys in memory: answers what a browser is asked, as `passkeys.js` writes it down."""

import hashlib
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData

USER_PRESENT, USER_VERIFIED, HAS_CREDENTIAL = 0x01, 0x04, 0x40


def text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


@dataclass
class Device:
    """One passkey; `counter` None is one that is shared between devices and does not count."""

    origin: str
    recognises_owner: bool = True
    counter: int | None = 0
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential: bytes = b"a credential's id"

    def make(self, options: dict[str, Any]) -> str:
        asked = options["publicKey"]
        public = AttestedCredentialData.create(
            bytes(Aaguid(b"\0" * 16)),
            self.credential,
            ES256.from_cryptography_key(self.key.public_key()),  # type: ignore[no-untyped-call]  # the library's
        )
        seen = self._seen(asked["rp"]["id"], HAS_CREDENTIAL, public)
        made = AttestationObject.create("none", seen, {})
        said = self._said("webauthn.create", asked["challenge"])
        return self._answer({"clientDataJSON": text(said), "attestationObject": text(bytes(made))})

    def prove(self, options: dict[str, Any]) -> str:
        asked = options["publicKey"]
        if self.counter is not None:
            self.counter += 1
        seen = self._seen(asked["rpId"], 0, None)
        said = self._said("webauthn.get", asked["challenge"])
        signature = self.key.sign(bytes(seen) + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        response = {"clientDataJSON": text(said), "authenticatorData": text(bytes(seen)), "signature": text(signature)}
        return self._answer(response)

    def _seen(self, party: str, flags: int, public: AttestedCredentialData | None) -> AuthenticatorData:
        flags |= USER_PRESENT | (USER_VERIFIED if self.recognises_owner else 0)
        digest = hashlib.sha256(party.encode()).digest()
        found: AuthenticatorData = AuthenticatorData.create(
            digest, AuthenticatorData.FLAG(flags), self.counter or 0, bytes(public) if public else b""
        )
        return found

    def _said(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _answer(self, response: dict[str, str]) -> str:
        name = text(self.credential)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
