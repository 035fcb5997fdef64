"""Second factors for operators, enrolled through the real service."""

from datetime import timedelta

import pyotp

from tocsin.accounts import factors
from tocsin.accounts.models import Operator, SecondFactor
from tocsin.kernel.clock import SystemClock


def app(operator: Operator) -> pyotp.TOTP:
    """An authenticator app, enrolled a while ago; `app(...).now()` is a fresh code."""
    offer = factors.offer_app(operator)
    found = pyotp.parse_uri(offer.address)
    assert isinstance(found, pyotp.TOTP)
    then = SystemClock().now() - timedelta(minutes=5)
    factors.enrol_app(operator, kept=offer.sealed, code=found.at(then), name="", machine_now=then, now=then)
    return found


def forget_last_code(operator: Operator) -> None:
    """Let half a minute pass, as it were: the app's present code may be used again."""
    SecondFactor.objects.filter(operator=operator, kind="totp").update(last_used=0)
