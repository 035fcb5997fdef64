"""Telephone numbers as networks want them (E.164), from how people write them."""

import re
from collections.abc import Collection
from typing import Final

from tocsin.kernel.errors import InputError

LONGEST_TYPED: Final = 30
_SEPARATORS: Final = re.compile(r"[ ./\-\u00a0\u202f\u2011()]")
_E164: Final = re.compile(r"\+[1-9][0-9]{7,14}")
_MOBILES: Final = {"+32": re.compile(r"\+324[0-9]{8}")}
"""Where a number that is no mobile one can be told: a text message to it would be lost, or be read out by a robot."""


def e164(typed: str, *, prefixes: Collection[str], home: str = "+32") -> str:
    """Return the number as `+` and digits; a national one (0470 …) is read as one of `home`.

    `prefixes` are the countries that are paid for (`+32`). Raises `InputError`: `sms.number` for what is no number,
    `sms.country` for one of another country, `sms.mobile` for one that takes no text messages.
    """
    number = _international(_digits(typed), home=home)
    if not _E164.fullmatch(number):
        raise _no_number()
    if not number.startswith(tuple(prefixes)):
        raise InputError("sms.country", "We send no text messages to this country.", hint=", ".join(prefixes))
    for prefix, mobile in _MOBILES.items():
        if number.startswith(prefix) and not mobile.fullmatch(number):
            raise InputError("sms.mobile", "This is not a mobile number.", hint="Write it like 0470 12 34 56.")
    return number


def _digits(typed: str) -> str:
    bare = _SEPARATORS.sub("", typed.strip(" ").replace("(0)", ""))
    if len(typed) > LONGEST_TYPED or not re.fullmatch(r"\+?[0-9]+", bare, flags=re.ASCII):
        raise _no_number()
    return bare


def _international(digits: str, *, home: str) -> str:
    if digits.startswith("+"):
        return digits
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    if digits.startswith("0"):
        return f"{home}{digits[1:]}"
    return f"+{digits}"


def _no_number() -> InputError:
    return InputError("sms.number", "This is not a telephone number.", hint="Write it like 0470 12 34 56.")
