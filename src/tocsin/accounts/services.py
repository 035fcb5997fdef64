"""Let people and machines in: operators and API keys (the panel: `panel`). Every change here is audited."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.crypto import salted_hmac

from tocsin.accounts.errors import ForbiddenError, UnauthenticatedError
from tocsin.accounts.models import ApiKey, LoginAttempt, Operator
from tocsin.accounts.rules import (
    LOGIN_WINDOW,
    LOGINS_PER_NAME,
    LOGINS_PER_SENDER,
    PREFIX_LENGTH,
    SCOPES,
    as_tried,
    assembled,
    digest,
    is_match,
    login_wait,
    prefix_of,
)
from tocsin.audit import services as audit
from tocsin.kernel.errors import ConflictError, InputError
from tocsin.kernel.language import LANGUAGES

_PREFIX_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
_OPERATOR_NAME: Final = re.compile(r"[\w.@+-]{2,60}")
_NAME_LENGTH: Final = 120
_TRIED_LENGTH: Final = 60
"""Longer than any operator's name is allowed to be."""

NOBODY: Final = "anonymous"
"""Who acts in the audit log when somebody is not let in."""

UNKNOWN: Final = "unknown"
"""The subject of a refused login under a name that no operator has: people type passwords there by mistake."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """An API key just made; `secret` is shown to its holder now and never again."""

    key: ApiKey
    secret: str


def authenticate(secret: str, *, scope: str, now: datetime) -> ApiKey:
    """Return the key behind a secret that is good for the scope at `now`.

    Raises `UnauthenticatedError` when it is no living key of ours, `ForbiddenError` when the scope was not given.
    """
    prefix = prefix_of(secret)
    key = ApiKey.objects.filter(prefix=prefix).first() if prefix else None
    # An unknown prefix is compared all the same, so that the time taken does not tell which prefixes exist.
    is_known = is_match(secret, key.secret_hash if key else "")
    if key is None or not is_known:
        raise UnauthenticatedError(
            "key.unknown", "This API key is not known.", hint="Make one with: tocsin key create --name … --scope …"
        )
    if key.revoked_at is not None and key.revoked_at <= now:
        raise UnauthenticatedError("key.revoked", "This API key was revoked.", hint="Ask the operators for a new one.")
    if scope not in key.scopes:
        raise ForbiddenError(
            "key.scope",
            f"This API key may not do that: it lacks the scope {scope!r}.",
            hint=f"Use a key with --scope {scope}.",
        )
    return key


@transaction.atomic
def create_key(*, name: str, scopes: Sequence[str], by: str, now: datetime) -> NewKey:
    """Make an API key. Raises `InputError` for an unknown scope, none at all, or a name that is empty or too long."""
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        problem = f"There is no scope {unknown[0]!r}." if unknown else "A key needs at least one scope."
        raise InputError("key.bad_scope", problem, hint=f"Scopes are {', '.join(SCOPES)}.")
    if not 0 < len(name.strip()) <= _NAME_LENGTH:
        raise InputError("key.bad_name", f"A key needs a name of at most {_NAME_LENGTH} characters.")
    prefix = "".join(secrets.choice(_PREFIX_LETTERS) for _ in range(PREFIX_LENGTH))
    secret = assembled(prefix, secrets.token_urlsafe(32))
    given = [scope for scope in SCOPES if scope in scopes]
    key = ApiKey.objects.create(
        name=name.strip(), prefix=prefix, secret_hash=digest(secret), scopes=given, created_at=now
    )
    audit.record(at=now, actor=by, action="key.created", subject=prefix, facts={"name": key.name, "scopes": given})
    return NewKey(key=key, secret=secret)


@transaction.atomic
def revoke_key(prefix: str, *, by: str, now: datetime) -> None:
    """Make a key useless from now on. Raises `InputError` when there is none with this prefix."""
    key = ApiKey.objects.filter(prefix=prefix).first()
    if key is None:
        raise InputError("key.unknown", f"There is no key {prefix!r}.", hint="tocsin key list shows them all.")
    if key.revoked_at is None:
        key.revoked_at = now
        key.save(update_fields=["revoked_at"])
        audit.record(at=now, actor=by, action="key.revoked", subject=prefix)


@transaction.atomic
def create_operator(*, name: str, password: str, by: str, now: datetime, language: str = "en") -> Operator:
    """Let somebody into the console. Raises `InputError` for a bad name or password, `ConflictError` when taken."""
    if not _OPERATOR_NAME.fullmatch(name):
        raise InputError(
            "operator.bad_name",
            f"{name!r} cannot be an operator's name.",
            hint="Use 2 to 60 letters, digits or any of . @ + - _",
        )
    _check_language(language)
    if Operator.objects.filter(username=name).exists():
        raise ConflictError("operator.exists", f"There is an operator {name!r} already.")
    operator = Operator(username=name, language=language, date_joined=now)
    _check_password(password, operator)
    operator.set_password(password)
    operator.save()
    audit.record(at=now, actor=by, action="operator.created", subject=name)
    return operator


@transaction.atomic
def change_password(name: str, *, password: str, by: str, now: datetime) -> None:
    """Give an operator a new password. Raises `InputError` for nobody of that name or a bad password."""
    operator = Operator.objects.filter(username=name).first()
    if operator is None:
        raise InputError("operator.unknown", f"There is no operator {name!r}.")
    _check_password(password, operator)
    operator.set_password(password)
    operator.save(update_fields=["password"])
    audit.record(at=now, actor=by, action="operator.password_changed", subject=name)


@transaction.atomic
def admit_login(name: str, *, sender: str, now: datetime) -> timedelta | None:
    """Return how long this name, or this sender, must wait before its password is looked at; None when it may try now.

    A try that is admitted counts as refused until `welcome` takes it back, so that many at once cannot pass the limit
    together. Whether the name exists makes no difference. Tries that are turned away count no further: they prolong no
    wait, and write nothing, so that a flood of them fills neither the audit log nor the disk.

    `now` is here the machine's clock's: a replayed morning runs sixty times as fast, and would let as many more pass.
    """
    LoginAttempt.objects.filter(at__lte=now - LOGIN_WINDOW).delete()
    wait = _login_wait(name, sender=sender, now=now)
    if wait is None:
        LoginAttempt.objects.bulk_create(LoginAttempt(key=key, at=now) for key in _limits(name, sender))
    return wait


@transaction.atomic
def forgive(name: str, *, sender: str, tries: int = 1) -> None:
    """Take back what was mistyped under a name, and the sender's last `tries`, which were good; others stay counted."""
    LoginAttempt.objects.filter(key=_name_key(name)).delete()
    admitted = LoginAttempt.objects.filter(key=_sender_key(sender)).order_by("-at", "-pk")[:tries]
    LoginAttempt.objects.filter(pk__in=[attempt.pk for attempt in admitted]).delete()


@transaction.atomic
def welcome(operator: Operator, *, tried: str, sender: str, now: datetime, tries: int = 1) -> None:
    """Audit a login, and forgive what was mistyped under this name before it.

    `tries` is how many were admitted for it: one for the password, another for a second factor.
    """
    forgive(tried, sender=sender, tries=tries)
    audit.record(at=now, actor=operator.username, action="login.done", subject=operator.username)


@transaction.atomic
def refuse_login(name: str, *, sender: str, machine_now: datetime, now: datetime) -> None:
    """Audit a login that was refused, and that a wait began by it; under its name when that is an operator's."""
    subject = _subject(name)
    audit.record(at=now, actor=NOBODY, action="login.refused", subject=subject)
    if _login_wait(name, sender=sender, now=machine_now) is not None:
        audit.record(at=now, actor=NOBODY, action="login.limit_reached", subject=subject)


def farewell(operator: Operator, *, now: datetime) -> None:
    """Audit a logout."""
    audit.record(at=now, actor=operator.username, action="logout.done", subject=operator.username)


def _login_wait(name: str, *, sender: str, now: datetime) -> timedelta | None:
    waits = []
    for key, limit in _limits(name, sender).items():
        refused = tuple(LoginAttempt.objects.filter(key=key).values_list("at", flat=True))
        waits.append(login_wait(refused, limit=limit, now=now))
    return max((wait for wait in waits if wait is not None), default=None)


def _limits(name: str, sender: str) -> dict[str, int]:
    return {_name_key(name): LOGINS_PER_NAME, _sender_key(sender): LOGINS_PER_SENDER}


def _name_key(name: str) -> str:
    return salted_hmac("accounts.login.name", as_tried(name).casefold(), algorithm="sha256").hexdigest()


def _sender_key(sender: str) -> str:
    return salted_hmac("accounts.login.sender", sender, algorithm="sha256").hexdigest()


def _subject(name: str) -> str:
    tried = as_tried(name)
    return tried[:_TRIED_LENGTH] if Operator.objects.filter(username=tried).exists() else UNKNOWN


def _check_password(password: str, operator: Operator) -> None:
    try:
        validate_password(password, operator)
    except ValidationError as error:
        raise InputError("operator.bad_password", " ".join(error.messages), hint="Choose a longer one.") from error


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise InputError("account.bad_language", f"{language!r} is not a language here.", hint=", ".join(LANGUAGES))
