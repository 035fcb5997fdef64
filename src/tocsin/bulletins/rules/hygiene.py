"""Hostile or broken text: what is taken out of a fact before it is put into a sentence, and what is refused in a text.

A fact (a region's name, a time) is cleaned and goes on: it must never stop a message. A text that somebody wrote is
refused with its reason instead: they are there to mend it, and silently changed words are not theirs any more.
"""

import unicodedata

from tocsin.bulletins.rules.model import AudienceText
from tocsin.kernel.errors import InputError
from tocsin.kernel.language import LocalizedText

MAX_FACT = 400
"""How many characters of a fact are said: a list of all provinces fits, ten megabytes do not."""

MAX_PART = 2000
"""How many characters one part of an edited text may have."""

_MARKUP = ("<", ">")
"""Nothing that is said to a professional needs them, and everything that could go wrong with them has."""


_FAULTS = {
    "too_long": f"it is longer than {MAX_PART} characters",
    "hidden_characters": "it holds characters that cannot be seen, or that reverse the writing",
    "markup": "it holds < or >",
}


class UnsafeTextError(InputError):
    """Somebody's text holds what must not reach a reader. Nothing of it was kept."""

    def __init__(self, *, audience: str, language: str, part: str, fault: str) -> None:
        """Build the error; `fault` is `too_long`, `hidden_characters` or `markup`."""
        super().__init__(
            "bulletin.unsafe_text",
            f"The text cannot go out: {_FAULTS[fault]}.",
            where=f"{audience} / {language} / {part}",
            hint="Write this part anew; do not paste it.",
            fault=fault,
        )


def cleaned(fact: str) -> str:
    """Return the fact in one line, without control characters and marks that reverse the writing, at a sane length."""
    shown = fact[: 4 * MAX_FACT]
    if not shown.isprintable():
        spaced = (" " if character.isspace() else character for character in shown)
        shown = "".join(character for character in spaced if not _is_hidden(character))
    return " ".join(shown.split(" ")).strip()[:MAX_FACT]


def has_hidden(text: str) -> bool:
    """Say whether the text holds characters that nobody sees, or that reverse the writing; line breaks are none."""
    return any(_is_hidden(character) for character in text if character != "\n")


def checked_text(text: AudienceText, *, audience: str) -> AudienceText:
    """Return a text that somebody wrote, unchanged; raises `UnsafeTextError` naming the part that cannot go out."""
    for part, localized in _parts(text):
        for language, said in localized.items():
            fault = _fault(said)
            if fault:
                raise UnsafeTextError(audience=audience, language=language, part=part, fault=fault)
    return text


def _parts(text: AudienceText) -> list[tuple[str, LocalizedText]]:
    some = [("paid", text.paid), ("avoid", text.avoid), ("next_update", text.next_update)]
    return [
        ("headline", text.headline),
        ("scope", text.scope),
        *(("now", sentence) for sentence in text.now),
        *((part, one) for part, one in some if one is not None),
        *(("duties", duty) for duty in text.duties),
        *(("subject", text.subject), ("sms", text.sms), ("push", text.push)),
    ]


def _fault(said: str) -> str:
    if len(said) > MAX_PART:
        return "too_long"
    if has_hidden(said):
        return "hidden_characters"
    return "markup" if any(mark in said for mark in _MARKUP) else ""


def _is_hidden(character: str) -> bool:
    # Cc control; Cf format (right-to-left overrides, zero-width, byte-order mark); Cs, Co, Cn: no character at all.
    # The soft hyphen and the joiners are harmless, and no message needs them.
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
