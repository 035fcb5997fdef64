"""Who is on duty, and where they are reached: what pages go by. Every change is audited, without the address itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from tocsin.accounts.models import Operator
from tocsin.accounts.rules import PAGE_KINDS, telephone
from tocsin.audit import services as audit
from tocsin.kernel.errors import InputError

_ON: Final = "operator.on_duty"
_OFF: Final = "operator.off_duty"


def on_duty() -> tuple[Operator, ...]:
    """Return who is on duty now, by name."""
    return tuple(Operator.objects.filter(is_active=True, is_on_duty=True).order_by("username"))


def officers() -> tuple[Operator, ...]:
    """Return everybody who could be paged, by name."""
    return tuple(Operator.objects.filter(is_active=True).order_by("username"))


def contacts_of(name: str) -> Operator:
    """Return an operator with their contacts. Raises `InputError` for nobody of that name."""
    return _operator(name)


@transaction.atomic
def set_duty(name: str, *, is_on_duty: bool, by: str, now: datetime) -> None:
    """Put an operator on duty, or off; saying so twice changes nothing. Raises `InputError` for nobody of that name."""
    operator = _operator(name)
    if operator.is_on_duty != is_on_duty:
        operator.is_on_duty = is_on_duty
        operator.save(update_fields=["is_on_duty"])
        audit.record(at=now, actor=by, action=_ON if is_on_duty else _OFF, subject=name)


@transaction.atomic
def set_contacts(name: str, *, email: str, phone: str, pages: Sequence[str], by: str, now: datetime) -> Operator:
    """Note where an operator is paged, and what for.

    Raises `InputError` for nobody of that name, an address or a number that is none, or a kind of page unknown here.
    """
    operator = _operator(name)
    operator.email, operator.phone = _checked_email(email.strip()), _checked_phone(phone.strip())
    unknown = [kind for kind in pages if kind not in PAGE_KINDS]
    if unknown:
        raise InputError("operator.bad_page", f"There are no pages of {unknown[0]!r}.", hint=", ".join(PAGE_KINDS))
    operator.pages = [kind for kind in PAGE_KINDS if kind in pages]
    operator.save(update_fields=["email", "phone", "pages"])
    facts = {"has_email": bool(operator.email), "has_phone": bool(operator.phone), "pages": operator.pages}
    audit.record(at=now, actor=by, action="operator.contacts_changed", subject=name, facts=facts)
    return operator


def _operator(name: str) -> Operator:
    operator = Operator.objects.filter(username=name).first()
    if operator is None:
        raise InputError("operator.unknown", f"There is no operator {name!r}.")
    return operator


def _checked_email(written: str) -> str:
    if written:
        try:
            validate_email(written)
        except ValidationError as error:
            raise InputError("operator.bad_email", "This is not an e-mail address.") from error
    return written


def _checked_phone(written: str) -> str:
    number = telephone(written)
    if written and number is None:
        raise InputError(
            "operator.bad_phone", "This is not a telephone number.", hint="With the country's code: +32470123456"
        )
    return number or ""
