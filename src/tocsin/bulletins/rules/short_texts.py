"""The two short lengths of a message: one text message, and the body of a notification on a screen.

Both are whole sentences in the order in which a reader asks (does it hit me · what do I do now · when do you speak
again). What the message must say of itself, what does not work and when the next word comes stand always; the rest is
added as far as there is room, most needed first. Nothing is ever cut off: what does not fit is not said here; it stands
on the page. So one language may find room for a sentence more than another; the three that stand always never differ.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tocsin.bulletins.rules.lengths import fits_push, fits_sms, sms_spelling
from tocsin.bulletins.rules.templates import Templates
from tocsin.kernel.language import LANGUAGES, Language, LocalizedText

_FLOOR: LocalizedText = {
    "fr": "e-santé : voyez la page.",
    "nl": "e-gezondheid: zie de pagina.",
    "de": "E-Health: siehe Seite.",
    "en": "e-health: see the page.",
}
"""What a text message says when a pack's own words are longer than one: `tocsin check` has warned of it before."""

_UNOFFICIAL: LocalizedText = {"fr": "Non officiel.", "nl": "Niet officieel.", "de": "Inoffiziell.", "en": "Unofficial."}
_DRILL: LocalizedText = {"fr": "EXERCICE.", "nl": "OEFENING.", "de": "ÜBUNG.", "en": "EXERCISE."}


ALWAYS = 100
"""The need of what stands in every message."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One place in the message: its sentence in ever fuller forms, each with its need; the most needed come first.

    A form takes the place of a shorter one of the same piece where there is room for it.
    """

    forms: tuple[tuple[int, LocalizedText], ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """What a message must say of itself."""

    is_official: bool
    is_drill: bool
    is_correction: bool = False


def sms(pieces: Sequence[Piece], *, marks: Marks, templates: Templates) -> LocalizedText:
    """Return the text message in every language: always one message, whatever the pack's words."""
    return {
        language: _fullest([*_marks(marks, templates), *pieces], language, fits=fits_sms, spell=sms_spelling)
        or _floor(pieces, marks, language)
        for language in LANGUAGES
    }


def push(pieces: Sequence[Piece], *, marks: Marks, templates: Templates) -> LocalizedText:
    """Return the body of a notification in every language; its title, the subject, says what it is about."""
    return {
        language: _fullest([*_marks(marks, templates), *pieces], language, fits=fits_push, spell=str)
        or _floor(pieces, marks, language)
        for language in LANGUAGES
    }


def _marks(marks: Marks, templates: Templates) -> list[Piece]:
    said = (
        ("sms.unofficial", not marks.is_official),
        ("sms.drill", marks.is_drill),
        ("sms.correction", marks.is_correction),
    )
    return [Piece(((ALWAYS, templates.fill(key)),)) for key, is_so in said if is_so]


def _fullest(
    pieces: Sequence[Piece], language: Language, *, fits: Callable[[str], bool], spell: Callable[[str], str]
) -> str | None:
    forms = [(need, place, spell(form[language])) for place, piece in enumerate(pieces) for need, form in piece.forms]
    chosen = [""] * len(pieces)
    for need, place, said in sorted(forms, key=lambda form: -form[0]):
        longer = [*chosen[:place], said, *chosen[place + 1 :]]
        if fits(_joined(longer)) and said not in chosen:
            chosen = longer
        elif need == ALWAYS:
            return None
    return _joined(chosen)


def _joined(sentences: Sequence[str]) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _floor(pieces: Sequence[Piece], marks: Marks, language: Language) -> str:
    # The marks and the next word first; what happened is on the page, and the page is never too short for it.
    own = [_UNOFFICIAL[language] if not marks.is_official else "", _DRILL[language] if marks.is_drill else ""]
    always = [form[language] for piece in pieces for need, form in piece.forms if need == ALWAYS]
    candidates = [[*own, *always], [*own, _FLOOR[language], *always[-1:]], [*own, _FLOOR[language]]]
    spelled = (sms_spelling(_joined(candidate)) for candidate in candidates)
    return next(text for text in spelled if fits_sms(text))
