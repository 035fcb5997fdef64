"""API keys as bearers."""

from django.http import HttpRequest
from ninja.security import HttpBearer

from tocsin.accounts.models import ApiKey
from tocsin.accounts.rules import Scope
from tocsin.accounts.services import authenticate
from tocsin.api.clock import now
from tocsin.kernel.errors import InputError

_MAX_KEY = 80


class Bearer(HttpBearer):
    """Lets in who shows a key that has the scope."""

    def __init__(self, scope: Scope) -> None:
        """Ask for this scope."""
        super().__init__()
        self._scope = scope

    def authenticate(self, _request: HttpRequest, token: str) -> ApiKey:
        """Return the key; raises an `InputError` (401 or 403)."""
        return authenticate(token, scope=self._scope, now=now())


def batch_key(request: HttpRequest) -> str | None:
    """Return the request's idempotency key, made the sender's own; raises `InputError` when it is too long."""
    given = request.headers.get("Idempotency-Key", "").strip().strip('"')
    if len(given) > _MAX_KEY:
        raise InputError("intake.bad_key", f"An idempotency key has at most {_MAX_KEY} characters.")
    sender: ApiKey = request.auth  # type: ignore[attr-defined]  # ninja sets it on every request that it lets in
    return f"{sender.prefix}:{given}" if given else None
