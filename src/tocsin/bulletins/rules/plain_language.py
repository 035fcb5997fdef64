"""Is this plain? What in a bulletin stands between the reader and what to do now, and a score from 0 to 100.

A score is the lowest of the four languages: a reader is not helped by the others being clear. Every finding is a
`Reason` that names the language and the part, so that it can be shown beside the field while somebody writes. What may
not go out at all (`BLOCKING`) is overridden by an operator on the record, or not at all. Each rule's source:
docs/explanation/words.md.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tocsin.bulletins.rules.lengths import PUSH_BODY, fits_push, fits_sms, sms_limit, sms_units
from tocsin.bulletins.rules.model import OVER, AudienceText, BulletinKind
from tocsin.bulletins.rules.never import NEVER, Ground, never_shown
from tocsin.bulletins.rules.parts import SHORT_PARTS, localized_parts, page_text, parts
from tocsin.bulletins.rules.plain_words import LanguageWords, PlainWords
from tocsin.bulletins.rules.readability import readability, sentences
from tocsin.bulletins.rules.readability import words as words_of
from tocsin.kernel.language import LANGUAGES, Language
from tocsin.kernel.reasons import Reason

_COSTS: Mapping[str, int] = {
    "plain.language_missing": 40,
    "plain.placeholder": 40,
    "plain.too_long": 40,
    "plain.no_instruction": 30,
    "plain.no_next_update": 25,
    "plain.cause": 25,
    "plain.name": 25,
    "plain.foreign_promise": 25,
    "plain.apology_only": 25,
    "plain.no_money": 15,
    "plain.jargon": 10,
    "plain.acronym": 10,
    "plain.apology": 10,
    "plain.sentence_too_long": 4,
    "plain.hard_to_read": 4,
    "plain.passive": 1,
}
"""How much each finding takes off the score of its language."""

_COST_OF_NEVER = 40
"""The same for what must never be shown."""

BLOCKING = NEVER | frozenset(
    {
        "plain.language_missing",
        "plain.placeholder",
        "plain.too_long",
        "plain.cause",
        "plain.name",
        "plain.foreign_promise",
    }
)
"""What keeps a text from going out unless an operator overrides it on the record."""

_PLACEHOLDER = re.compile(r"\{[^{}]*\}|\{\{|\}\}|%\([^)]*\)s|\bNone\b")
_ROMAN = re.compile(r"[IVX]+")
_ACRONYM = re.compile(r"(?<![\w+-])[A-ZÄÖÜÉÈÊÀÇ]{2,}[0-9]*(?![\w])")


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the check found. `scores` is by language, `readability` each language's reading ease (a hint)."""

    scores: Mapping[Language, int]
    readability: Mapping[Language, float]
    findings: tuple[Reason, ...]

    @property
    def score(self) -> int:
        """The lowest language's score, 0 to 100."""
        return min(self.scores.values())

    @property
    def blocks(self) -> bool:
        """Whether the text must not go out without an override on the record."""
        return any(finding.code in BLOCKING for finding in self.findings)


@dataclass(frozen=True, slots=True)
class _Reader:
    """For whom a text is read, and with which words."""

    language: Language
    audience: str
    kind: BulletinKind | None
    words: PlainWords

    @property
    def own(self) -> LanguageWords:
        return self.words.languages[self.language]


def assess(
    text: AudienceText,
    *,
    words: PlainWords,
    audience: str = "",
    kind: BulletinKind | None = None,
    ground: Ground | None = None,
) -> Assessment:
    """Say how plain a text is for an audience ("": for any), and everything that stands in a reader's way.

    `kind` says what the text is for: an end promises no next update, and need not speak of money. With the `ground`
    that it rests on, what must never be shown is found as well (see `never`).
    """
    never = () if ground is None else never_shown(text, words=words, ground=ground)
    readers = [_Reader(language, audience, kind, words) for language in LANGUAGES]
    found = {reader.language: _dedupe(_all(text, reader, never)) for reader in readers}
    return Assessment(
        scores={language: _score(reasons) for language, reasons in found.items()},
        readability={language: round(readability(page_text(text, language), language), 1) for language in LANGUAGES},
        findings=tuple(reason for reasons in found.values() for reason in reasons),
    )


def _score(reasons: tuple[Reason, ...]) -> int:
    return max(0, 100 - sum(_COSTS.get(reason.code, _COST_OF_NEVER) for reason in reasons))


def _dedupe(reasons: Iterator[Reason]) -> tuple[Reason, ...]:
    # The same word on the page and in the text message is one thing to mend.
    return tuple({(reason.code, *_identity(reason)): reason for reason in reversed(tuple(reasons))}.values())[::-1]


def _identity(reason: Reason) -> tuple[object, ...]:
    word = reason.facts.get("word")
    return (str(word).lower(),) if word is not None else tuple(reason.facts.values())


def _all(text: AudienceText, reader: _Reader, never: tuple[Reason, ...]) -> Iterator[Reason]:
    yield from (reason for reason in never if reason.facts["language"] == reader.language)
    yield from _findings(text, reader)


def _findings(text: AudienceText, reader: _Reader) -> Iterator[Reason]:
    yield from _missing(text, reader.language)
    yield from _unanswered(text, reader)
    yield from _too_long(text, reader.language)
    for part, said in parts(text, reader.language):
        yield from _of_words(part, said, reader)
        yield from _of_phrases(part, said, reader)
        if part not in SHORT_PARTS:
            yield from _of_sentences(part, said, reader)
    yield from _of_apologies(text, reader)
    yield from _of_ease(text, reader)


def _missing(text: AudienceText, language: Language) -> Iterator[Reason]:
    for part, localized in localized_parts(text):
        if not localized.get(language, "").strip():
            yield Reason("plain.language_missing", {"language": language, "part": part})


def _unanswered(text: AudienceText, reader: _Reader) -> Iterator[Reason]:
    language = reader.language
    if not any(sentence.get(language, "").strip() for sentence in text.now):
        yield Reason("plain.no_instruction", {"language": language, "part": "now"})
    # What corrects an end promises nothing more either; from any other, a correction cannot take the promise.
    if reader.kind in OVER or (reader.kind == "correction" and text.next_update is None):
        return
    if text.next_update is None:
        yield Reason("plain.no_next_update", {"language": language, "part": "next_update"})
    if text.paid is None and text.procedures:
        yield Reason("plain.no_money", {"language": language, "part": "paid"})


def _too_long(text: AudienceText, language: Language) -> Iterator[Reason]:
    sms, push = text.sms.get(language, ""), text.push.get(language, "")
    if not fits_sms(sms):
        facts = {"language": language, "part": "sms", "length": sms_units(sms), "limit": sms_limit(sms)}
        yield Reason("plain.too_long", facts)
    if not fits_push(push):
        facts = {"language": language, "part": "push", "length": len(push), "limit": PUSH_BODY}
        yield Reason("plain.too_long", facts)


def _of_words(part: str, said: str, reader: _Reader) -> Iterator[Reason]:
    where = {"language": reader.language, "part": part}
    for found in _PLACEHOLDER.findall(said):
        yield Reason("plain.placeholder", {**where, "word": found})
    for acronym in _ACRONYM.findall(said):
        if acronym not in reader.words.allowed(reader.audience) and not _ROMAN.fullmatch(acronym):
            yield Reason("plain.acronym", {**where, "word": acronym})
    for name in () if reader.words.names is None else reader.words.names.findall(said):
        yield Reason("plain.name", {**where, "word": name})
    for word, instead in reader.own.jargon_in(said):
        yield Reason("plain.jargon", {**where, "word": word, "instead": instead})


def _of_phrases(part: str, said: str, reader: _Reader) -> Iterator[Reason]:
    where = {"language": reader.language, "part": part}
    for phrase in reader.own.hits("cause", said):
        yield Reason("plain.cause", {**where, "word": phrase})
    for phrase in reader.own.hits("foreign_promise", said):
        yield Reason("plain.foreign_promise", {**where, "word": phrase})


def _of_sentences(part: str, said: str, reader: _Reader) -> Iterator[Reason]:
    where = {"language": reader.language, "part": part}
    for sentence in sentences(said):
        length = len(words_of(sentence))
        if length > reader.own.max_words:
            yield Reason("plain.sentence_too_long", {**where, "words": length, "limit": reader.own.max_words})
    for phrase in reader.own.hits("passive", said):
        yield Reason("plain.passive", {**where, "word": phrase})


def _of_apologies(text: AudienceText, reader: _Reader) -> Iterator[Reason]:
    for part, said in parts(text, reader.language):
        for phrase in reader.own.hits("apology", said):
            facts = {"language": reader.language, "part": part, "word": phrase}
            if part == "now" and len(text.now) == 1:
                yield Reason("plain.apology_only", facts)
            else:
                yield Reason("plain.apology", facts)


def _of_ease(text: AudienceText, reader: _Reader) -> Iterator[Reason]:
    ease = round(readability(page_text(text, reader.language), reader.language), 1)
    if ease < reader.own.min_readability:
        facts = {"language": reader.language, "ease": ease, "limit": reader.own.min_readability}
        yield Reason("plain.hard_to_read", facts)
