"""Second factors: enrolled, proven, taken away. Every step is audited; tries are counted like those of a password.

Moments that decide whether a code is good are the machine's: on a replayed morning an app's code would be good for
half a second. Audit entries carry the domain's.
"""

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from django.db import transaction

from tocsin.accounts import passkeys
from tocsin.accounts.errors import FactorError, SealBrokenError
from tocsin.accounts.models import Operator, RecoveryCode, SecondFactor
from tocsin.accounts.passkeys import Made, Question, State
from tocsin.accounts.rules import (
    RECOVERY_CODES,
    RECOVERY_GROUPS,
    RECOVERY_LETTERS,
    as_recovery_code,
    digest,
    key_in_text,
    matching_step,
)
from tocsin.accounts.seals import opened, sealed
from tocsin.audit import services as audit
from tocsin.kernel.errors import InputError

log = logging.getLogger(__name__)

type FactorKind = Literal["totp", "passkey", "recovery"]

SECRET_BYTES: Final = 20
ISSUER: Final = "Tocsin"
_NAME_LENGTH: Final = 60
_GROUP: Final = 4


@dataclass(frozen=True, slots=True)
class AppOffer:
    """An authenticator app's secret before it is enrolled; `sealed` is what may be kept until the first code comes."""

    sealed: str
    key: str
    address: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody shows: a code typed (of an app, or a recovery code), or a browser's answer with what was asked."""

    code: str = ""
    answer: str = ""
    state: State | None = None


def factors_of(operator: Operator) -> tuple[SecondFactor, ...]:
    """Return an operator's factors, the oldest first."""
    return tuple(SecondFactor.objects.filter(operator=operator))


def passkeys_of(operator: Operator) -> tuple[SecondFactor, ...]:
    """Return an operator's passkeys, the oldest first."""
    return tuple(SecondFactor.objects.filter(operator=operator, kind="passkey"))


def has_factor(operator: Operator) -> bool:
    """Say whether a password alone does not let this operator in."""
    return SecondFactor.objects.filter(operator=operator).exists()


def codes_left(operator: Operator) -> int:
    """Return how many recovery codes are still good."""
    return RecoveryCode.objects.filter(operator=operator).count()


def offer_app(operator: Operator, *, kept: str = "") -> AppOffer:
    """Return a fresh secret for an authenticator app, or once more the one that was `kept` from an earlier offer."""
    secret = opened(kept) if kept else secrets.token_bytes(SECRET_BYTES)
    key = key_in_text(secret)
    label = f"{ISSUER}:{operator.username}"
    address = f"otpauth://totp/{label}?secret={key.replace(' ', '')}&issuer={ISSUER}"
    return AppOffer(sealed(secret), key, address)


@transaction.atomic
def enrol_app(operator: Operator, *, kept: str, code: str, name: str, machine_now: datetime, now: datetime) -> None:
    """Enrol the app whose secret was offered; raises `FactorError` when the code is not the one it shows now."""
    step = matching_step(opened(kept), code, after=0, now=machine_now)
    if step is None:
        raise FactorError("factor.code", "This is not the code that the app shows now.")
    _added(operator, kind="totp", name=name, secret=kept, last_used=step, now=now)


def ask_to_make_passkey(operator: Operator) -> Question:
    """Return what to ask the operator's browser so that it makes a passkey."""
    return passkeys.question_to_make(operator, known=passkeys_of(operator))


def ask_for_passkey(operator: Operator) -> Question | None:
    """Return what to ask a browser so that a passkey proves who is there; None when the operator has none."""
    known = passkeys_of(operator)
    return passkeys.question_to_prove(known) if known else None


@transaction.atomic
def enrol_passkey(operator: Operator, *, state: State | None, answer: str, name: str, now: datetime) -> None:
    """Enrol the passkey that the operator's browser made; raises `FactorError` when its answer is not good."""
    if state is None:
        raise FactorError("factor.passkey", "Nothing was asked of this passkey, or too long ago.")
    found: Made = passkeys.made(state, answer)
    if SecondFactor.objects.filter(credential=found.credential).exists():
        raise FactorError("factor.passkey", "This passkey is enrolled already.")
    factor = _added(operator, kind="passkey", name=name, secret=found.public, last_used=found.counter, now=now)
    factor.credential = found.credential
    factor.save(update_fields=["credential"])


@transaction.atomic
def new_recovery_codes(operator: Operator, *, now: datetime) -> tuple[str, ...]:
    """Return recovery codes to be written down; those given before are good no longer.

    Raises `FactorError` when there is no factor that they could stand in for.
    """
    if not has_factor(operator):
        raise FactorError("factor.none", "Recovery codes stand in for a second factor; enrol one first.")
    codes = tuple(_recovery_code() for _ in range(RECOVERY_CODES))
    RecoveryCode.objects.filter(operator=operator).delete()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(operator=operator, code_hash=digest(as_recovery_code(code))) for code in codes
    )
    _audit(operator, "factor.codes_made", now=now, by=operator.username, codes=len(codes))
    return codes


def prove(operator: Operator, proof: Proof, *, purpose: str, machine_now: datetime, now: datetime) -> FactorKind:
    """Return by what the operator proved to be there, noting that it was used; audited either way.

    Raises `FactorError` when nothing was proven. A code is good once; so is a recovery code.
    """
    try:
        with transaction.atomic():
            kind, left = _proven(operator, proof, machine_now=machine_now, now=now)
            _audit(
                operator, "factor.proven", now=now, by=operator.username, factor=kind, purpose=purpose, codes_left=left
            )
    except FactorError as error:
        _audit(operator, "factor.refused", now=now, by="anonymous", purpose=purpose, error=error.code)
        raise
    return kind


@transaction.atomic
def remove_factor(operator: Operator, key: int, *, by: str, now: datetime) -> None:
    """Take a factor away; with the last one, the recovery codes. Raises `FactorError` when it is not the operator's."""
    factor = SecondFactor.objects.filter(operator=operator, pk=key).first()
    if factor is None:
        raise FactorError("factor.unknown", "There is no such factor.")
    _audit(operator, "factor.removed", now=now, by=by, factor=factor.kind, name=factor.name)
    factor.delete()
    if not has_factor(operator):
        RecoveryCode.objects.filter(operator=operator).delete()


@transaction.atomic
def reset_factors(name: str, *, by: str, now: datetime) -> int:
    """Take all factors of an operator away, who lost them, and return how many there were.

    Raises `InputError` for nobody of that name.
    """
    operator = Operator.objects.filter(username=name).first()
    if operator is None:
        raise InputError("operator.unknown", f"There is no operator {name!r}.")
    count = SecondFactor.objects.filter(operator=operator).count()
    SecondFactor.objects.filter(operator=operator).delete()
    RecoveryCode.objects.filter(operator=operator).delete()
    _audit(operator, "factor.reset", now=now, by=by, factors=count)
    return count


def _added(
    operator: Operator, *, kind: FactorKind, name: str, secret: str, last_used: int, now: datetime
) -> SecondFactor:
    factor = SecondFactor.objects.create(
        operator=operator,
        kind=kind,
        name=name.strip()[:_NAME_LENGTH] or kind,
        secret=secret,
        last_used=last_used,
        added_at=now,
    )
    _audit(operator, "factor.added", now=now, by=operator.username, factor=kind, name=factor.name)
    return factor


def _proven(operator: Operator, proof: Proof, *, machine_now: datetime, now: datetime) -> tuple[FactorKind, int]:
    if proof.answer:
        if proof.state is None:
            raise FactorError("factor.refused", "Nothing was asked of this passkey.")
        factor, counter = passkeys.proven(proof.state, proof.answer, known=passkeys_of(operator))
        _note_use(factor, counter, now=now)
        return "passkey", codes_left(operator)
    for factor in SecondFactor.objects.filter(operator=operator, kind="totp"):
        step = _step_shown(factor, proof.code, machine_now=machine_now)
        if step is not None:
            _note_use(factor, step, now=now)
            return "totp", codes_left(operator)
    given = digest(as_recovery_code(proof.code))
    if not RecoveryCode.objects.filter(operator=operator, code_hash=given).delete()[0]:
        raise FactorError("factor.refused", "This code proves nothing.")
    return "recovery", codes_left(operator)


def _step_shown(factor: SecondFactor, code: str, *, machine_now: datetime) -> int | None:
    try:
        secret = opened(factor.secret)
    except SealBrokenError:
        # This app proves nothing any more; a passkey or a recovery code still lets its operator in.
        log.exception("an authenticator app of %s cannot be used", factor.operator.username)
        return None
    return matching_step(secret, code, after=factor.last_used, now=machine_now)


def _note_use(factor: SecondFactor, used: int, *, now: datetime) -> None:
    # Compare-and-swap: of two requests with one code, one is too late. A passkey without a counter always says 0.
    unused = SecondFactor.objects.filter(pk=factor.pk, last_used=factor.last_used)
    if not unused.update(last_used=used, used_at=now):
        raise FactorError("factor.refused", "This code was used already.")


def _recovery_code() -> str:
    groups: Sequence[str] = [
        "".join(secrets.choice(RECOVERY_LETTERS) for _ in range(_GROUP)) for _ in range(RECOVERY_GROUPS)
    ]
    return "-".join(groups)


def _audit(operator: Operator, action: str, *, now: datetime, by: str, **facts: str | int) -> None:
    audit.record(at=now, actor=by, action=action, subject=operator.username, facts=facts)
