"""The words behind the plain-language check: what to say instead of what, from the pack, in every language."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tocsin.kernel.errors import ConfigurationError
from tocsin.kernel.language import LANGUAGES, Language

PHRASE_LISTS = ("passive", "cause", "apology", "foreign_promise", "legal_yes", "restart", "green")
"""What a language's table lists beside its jargon: turns of phrase, as regular expressions.

`passive` hides who must act; `cause` guesses at one; `apology` stands in for an instruction; `foreign_promise` says
when somebody else hopes to be done; `legal_yes` says that something is allowed or paid; `restart` forbids restarting or
logging out; `green` says that all is well.
"""


@dataclass(frozen=True)
class LanguageWords:
    """One language's words. `jargon` maps what is not said to what to say instead; both patterns ignore case."""

    max_words: int
    min_readability: float
    jargon: Mapping[str, str]
    phrases: Mapping[str, re.Pattern[str] | None]

    @cached_property
    def _jargon(self) -> re.Pattern[str] | None:
        return either([re.escape(word) for word in self.jargon])

    def jargon_in(self, text: str) -> list[tuple[str, str]]:
        """Return the jargon that the text uses, each word with what to say instead."""
        found = () if self._jargon is None else self._jargon.findall(text)
        return [(word, self.jargon[word]) for word in dict.fromkeys(word.lower() for word in found)]

    def hits(self, kind: str, text: str) -> list[str]:
        """Return the turns of phrase of one kind that the text uses, as it uses them."""
        pattern = self.phrases[kind]
        return [] if pattern is None else [found.group(0) for found in pattern.finditer(text)]


@dataclass(frozen=True, slots=True)
class PlainWords:
    """Everything the check knows. `acronyms` are those that everybody reads, `acronyms_of` those of one audience.

    `names` are the partners' and services' own names, which public text never says.
    """

    languages: Mapping[Language, LanguageWords]
    acronyms: frozenset[str]
    acronyms_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    names: re.Pattern[str] | None = None

    def allowed(self, audience: str) -> frozenset[str]:
        """Return the acronyms that an audience reads; for "" those of any."""
        if audience:
            return self.acronyms | self.acronyms_of.get(audience, frozenset())
        return self.acronyms.union(*self.acronyms_of.values())


def checked_plain_words(given: Mapping[str, Any], *, names: Iterable[str] = (), where: str = "") -> PlainWords:
    """Return the words, or raise `ConfigurationError` naming the first entry that cannot be used.

    `names` are partners and services as the pack calls them; those in the file's `names_allowed` may be said.
    """
    may_be_said = frozenset(_strings(given, "names_allowed", where))
    hidden = [name for full in names for name in _spellings(full) if name not in may_be_said]
    return PlainWords(
        languages={
            language: _language(_table(given, language, where), f"{where} [{language}]") for language in LANGUAGES
        },
        acronyms=frozenset(_strings(given, "acronyms", where)),
        acronyms_of={
            audience: frozenset(_strings(_table(given, "acronyms_of", where), audience, where))
            for audience in given.get("acronyms_of", {})
        },
        names=either([re.escape(name) for name in hidden], ignore_case=False),
    )


def either(patterns: Sequence[str], *, ignore_case: bool = True) -> re.Pattern[str] | None:
    """Return one pattern for several, each a whole word or words; None for none."""
    if not patterns:
        return None
    longest_first = sorted(dict.fromkeys(patterns), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)", re.IGNORECASE if ignore_case else 0)


def _spellings(name: str) -> Iterator[str]:
    # "CIN/NIC (MyCareNet)" is spoken of as either.
    yield name
    outside, _, inside = name.partition("(")
    if inside:
        yield outside.strip()
        yield inside.rstrip(") ").strip()


def _language(table: Mapping[str, Any], where: str) -> LanguageWords:
    return LanguageWords(
        max_words=int(_number(table, "max_words", where)),
        min_readability=_number(table, "min_readability", where),
        jargon={str(word).lower(): str(instead) for word, instead in _table(table, "jargon", where).items()},
        phrases={kind: _pattern(_strings(table, kind, where), kind, where) for kind in PHRASE_LISTS},
    )


def _pattern(patterns: Sequence[str], kind: str, where: str) -> re.Pattern[str] | None:
    try:
        return either(patterns)
    except re.error as error:
        raise _fault(f"A pattern of {kind!r} cannot be read: {error}.", where) from error


def _table(given: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    table = given.get(key, {})
    if not isinstance(table, Mapping) or (key in LANGUAGES and not table):
        raise _fault(f"{key!r} must be a table with something in it.", where)
    return table


def _strings(given: Mapping[str, Any], key: str, where: str) -> Sequence[str]:
    found = given.get(key, [])
    if not isinstance(found, list) or not all(isinstance(each, str) and each for each in found):
        raise _fault(f"{key!r} must be a list of words.", where)
    return found


def _number(given: Mapping[str, Any], key: str, where: str) -> float:
    found = given.get(key)
    if not isinstance(found, int | float) or isinstance(found, bool):
        raise _fault(f"{key!r} must be a number.", where)
    return found


def _fault(message: str, where: str) -> ConfigurationError:
    hint = "docs/how-to/write-a-content-pack.md shows the file."
    return ConfigurationError("plain_language.malformed", message, where=where, hint=hint)
