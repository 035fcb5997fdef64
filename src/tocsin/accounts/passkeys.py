"""Passkeys (WebAuthn), through Yubico's `fido2`: what the browser is asked, and whether its answer is good.

The device must have recognised its owner (fingerprint, face or PIN): a telephone found on a table approves nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from django.conf import settings

from tocsin.accounts.errors import FactorError
from tocsin.accounts.models import Operator, SecondFactor

if TYPE_CHECKING:
    from fido2.server import Fido2Server

REQUIRED: Final = "required"
PREFERRED: Final = "preferred"

type State = dict[str, Any]
"""What must be kept in the session between question and answer."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the browser is asked, as JSON, and what to keep until it answers."""

    options: dict[str, Any]
    state: State


@dataclass(frozen=True, slots=True)
class Made:
    """A passkey just made: its id, its public half, and where its counter stands."""

    credential: str
    public: str
    counter: int


def are_possible() -> bool:
    """Say whether browsers offer passkeys here: they do for a name over TLS and for localhost, not for an address."""
    base = urlsplit(settings.CONFIGURATION.base_url)
    host = base.hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        ip_address(host)
    except ValueError:
        return base.scheme == "https"
    return False


def question_to_make(operator: Operator, *, known: Sequence[SecondFactor]) -> Question:
    """Return what to ask a browser so that it makes a passkey; devices that hold one already are left out."""
    user = {"id": str(operator.pk).encode(), "name": operator.username, "displayName": operator.username}
    options, state = _server().register_begin(
        user,  # type: ignore[arg-type]  # the library takes any mapping
        [_public(each) for each in known],
        resident_key_requirement=PREFERRED,  # type: ignore[arg-type]  # and reads these words
        user_verification=REQUIRED,  # type: ignore[arg-type]  # and reads these words
    )
    return Question(_plain(options), state)


def question_to_prove(known: Sequence[SecondFactor]) -> Question:
    """Return what to ask a browser so that one of these passkeys proves itself."""
    options, state = _server().authenticate_begin(
        [_public(each) for each in known],
        user_verification=REQUIRED,  # type: ignore[arg-type]  # the library reads this word
    )
    return Question(_plain(options), state)


def made(state: State, answer: str) -> Made:
    """Return the passkey that a browser made; raises `FactorError` when the answer is not good."""
    try:
        found = _server().register_complete(state, _parsed(answer))
    except (ValueError, KeyError, TypeError) as error:
        raise FactorError("factor.passkey", "This passkey could not be taken.") from error
    public = found.credential_data
    assert public is not None
    return Made(public.credential_id.hex(), bytes(public).hex(), found.counter)


def proven(state: State, answer: str, *, known: Sequence[SecondFactor]) -> tuple[SecondFactor, int]:
    """Return which passkey proved itself, and its counter; raises `FactorError` when none did.

    A counter that does not advance is a copied key. Passkeys that are shared between devices have none and say 0.
    """
    from fido2.webauthn import AuthenticationResponse

    try:
        response = AuthenticationResponse.from_dict(_parsed(answer))
        public = _server().authenticate_complete(state, [_public(each) for each in known], response)
    except (ValueError, KeyError, TypeError) as error:
        raise FactorError("factor.refused", "This passkey proves nothing.") from error
    factor = next(each for each in known if each.credential == public.credential_id.hex())
    counter = response.response.authenticator_data.counter
    if (counter or factor.last_used) and counter <= factor.last_used:
        raise FactorError("factor.copied", "This passkey's counter has gone backwards: it may have been copied.")
    return factor, counter


def _server() -> "Fido2Server":
    from fido2.server import Fido2Server
    from fido2.webauthn import PublicKeyCredentialRpEntity

    base = urlsplit(settings.CONFIGURATION.base_url)
    origin = f"{base.scheme}://{base.netloc}"
    party = PublicKeyCredentialRpEntity(name="Tocsin", id=base.hostname)
    return Fido2Server(party, verify_origin=lambda given: given == origin)


def _public(factor: SecondFactor) -> Any:
    from fido2.webauthn import AttestedCredentialData

    return AttestedCredentialData(bytes.fromhex(factor.secret))


def _parsed(answer: str) -> dict[str, Any]:
    found = json.loads(answer)
    if not isinstance(found, dict):
        raise TypeError(answer)
    return found


def _plain(options: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(dict(options), default=dict))
    return found
