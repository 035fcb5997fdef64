"""What is said of reimbursement and legality: a yes only with a named validator, its day, and its expiry."""

from collections.abc import Sequence
from datetime import date

from tocsin.bulletins.rules.clock_words import full_day_words
from tocsin.bulletins.rules.templates import Templates
from tocsin.continuity.rules.legal import confirmed
from tocsin.continuity.rules.model import LegalBasis
from tocsin.kernel.language import LANGUAGES, LocalizedText


def legal_words(legal: LegalBasis, *, today: date, templates: Templates) -> LocalizedText:
    """Return the confirmed text with who stands for it, since when and until when; or what to keep until then."""
    text = confirmed(legal, today=today)
    if text is None or legal.validated_on is None or legal.expires_on is None:
        return legal.unconfirmed
    facts: dict[str, LocalizedText] = {
        "text": text,
        "validator": dict.fromkeys(LANGUAGES, legal.validator or ""),
        "validated_on": _days(legal.validated_on),
        "expires_on": _days(legal.expires_on),
    }
    return templates.fill("paid.confirmed", facts)


def money_words(bases: Sequence[LegalBasis], *, today: date, templates: Templates) -> LocalizedText | None:
    """Return one answer for several procedures: a yes only when it holds for all that the reader is told to do."""
    for legal in bases:
        if confirmed(legal, today=today) is None:
            return legal.unconfirmed
    said = [legal_words(legal, today=today, templates=templates) for legal in bases]
    if not said:
        return None
    return {language: " ".join(dict.fromkeys(text[language] for text in said)) for language in LANGUAGES}


def _days(day: date) -> LocalizedText:
    return {language: full_day_words(day, language) for language in LANGUAGES}
