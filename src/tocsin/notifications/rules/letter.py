"""A bulletin as a letter: the same facts in the same order as on the page (`does it hit me` first)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tocsin.kernel import gsm7
from tocsin.kernel.language import Language, LocalizedText
from tocsin.notifications.rules.model import Labels, Letter, Link, Mark, Section, Words


def marks(labels: Labels, *, is_official: bool, is_drill: bool) -> tuple[Mark, ...]:
    """Return what a message must say of itself before anything else."""
    unofficial = () if is_official else (Mark(labels.unofficial, labels.unofficial),)
    drill = (Mark(labels.drill, labels.drill),) if is_drill else ()
    return unofficial + drill


def said_first(marks: Iterable[Mark], text: str) -> str:
    """Return a short text with what it must say of itself in front, where it does not say so already.

    A text message says it in capitals or without an accent; that is said.
    """
    plain = gsm7.respelled(text).casefold()
    missing = [mark.short for mark in marks if gsm7.respelled(mark.short).casefold() not in plain]
    return " ".join([*(f"[{short}]" for short in missing), text])


def bulletin_letter(
    words: Words,
    *,
    language: Language,
    labels: Labels,
    marks: tuple[Mark, ...],
    page: str,
    leave: str,
    opens_thread: bool,
) -> Letter:
    """Return the letter that tells one audience of a bulletin in one language.

    `page` and `leave` are the addresses of the public page and of the one-click way out.
    """
    return Letter(
        language=language,
        subject=words.subject[language],
        headline=words.headline[language],
        sections=_sections(words, language=language, labels=labels),
        marks=marks,
        action=Link(labels.page, page),
        footer=labels.why,
        leave=Link(labels.leave, leave),
        opens_thread=opens_thread,
    )


def digest_letter(letters: Sequence[Letter], *, labels: Labels) -> Letter:
    """Return one letter that names what several say: their headlines, under the marks that all of them bear.

    What only some bear stands before their own headline: an exercise must not make one of what is real.
    """
    first = letters[0]
    said = tuple(mark for mark in first.marks if all(mark in letter.marks for letter in letters))
    lines = tuple(
        said_first((mark for mark in letter.marks if mark not in said), letter.headline) for letter in letters
    )
    return replace(
        first,
        subject=f"{labels.several} ({len(letters)})",
        headline=labels.several,
        sections=(Section("", lines),),
        marks=said,
    )


def _sections(words: Words, *, language: Language, labels: Labels) -> tuple[Section, ...]:
    candidates = (
        ("", (words.scope,)),
        (labels.now, words.now),
        (labels.paid, (words.paid,)),
        (labels.avoid, (words.avoid,)),
        (labels.duties, words.duties),
        (labels.next_update, (words.next_update,)),
    )
    sections = (Section(label, _lines(texts, language)) for label, texts in candidates)
    return tuple(section for section in sections if section.lines)


def _lines(texts: Iterable[LocalizedText | None], language: Language) -> tuple[str, ...]:
    return tuple(text[language] for text in texts if text is not None and text[language].strip())
