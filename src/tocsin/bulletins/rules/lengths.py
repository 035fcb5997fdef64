"""The four lengths of a message: text message, notification on a screen, e-mail and page; and what fits the short two.

E-mail and page carry everything. The short two are made of whole sentences: the fullest candidate that fits is taken,
and a sentence is never cut off.
"""

from collections.abc import Callable, Iterable

from tocsin.kernel import gsm7

PUSH_BODY = 178
"""How many characters its body may have: about four lines, after which telephones hide the rest."""


def sms_units(text: str) -> int:
    """Return what a text costs in a text message: septets of GSM-7, or characters of UCS-2 (see `kernel.gsm7`)."""
    return gsm7.units(text)


def sms_limit(text: str) -> int:
    """Return how much one text message holds of such a text: 160 septets, or 70 characters of UCS-2."""
    return gsm7.SEPTETS if gsm7.is_spelled(text) else gsm7.CHARACTERS


def fits_sms(text: str) -> bool:
    """Say whether the text goes into one text message."""
    return gsm7.fits(text)


def fits_push(text: str) -> bool:
    """Say whether the text is short enough for the body of a notification."""
    return len(text) <= PUSH_BODY


def sms_spelling(text: str) -> str:
    """Return the text as it is spelled in a text message."""
    return gsm7.respelled(text)


def fullest(candidates: Iterable[str], *, fits: Callable[[str], bool]) -> str | None:
    """Return the first candidate that fits (they come fullest first), or None when none does."""
    return next((candidate for candidate in candidates if candidate and fits(candidate)), None)
