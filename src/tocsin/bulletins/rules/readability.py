"""How hard a text is to read: one number from the length of its sentences and of its words, by language.

Every language has its own constants, because words are longer in one than in the other: Flesch (en), Kandel and Moles
(fr), Douma (nl), Amstad (de). About 100 is for a child, 30 for an academic. Syllables are counted by groups of vowels,
which is right within a few per cent; the number is a hint beside the findings, never a verdict.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tocsin.kernel.language import Language

_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?;:])[\"”»’]*\s+(?=\S)|\n+")
_ORDINAL = re.compile(r"(?<=\d)\.(?=\s)")


@dataclass(frozen=True, slots=True)
class _Formula:
    base: float
    per_word_of_sentence: float
    per_syllable_of_word: float
    vowels: re.Pattern[str]


_FORMULAS: Mapping[Language, _Formula] = {
    "fr": _Formula(209.0, 1.15, 68.0, re.compile(r"[aeiouyàâäéèêëîïôöùûüœæ]+(?<!e)|e(?!s?$)", re.IGNORECASE)),
    "nl": _Formula(206.84, 0.93, 77.0, re.compile(r"ij|[aeiouyáéèëïíóöúü]+", re.IGNORECASE)),
    "de": _Formula(180.0, 1.0, 58.5, re.compile(r"[aeiouyäöü]+", re.IGNORECASE)),
    "en": _Formula(206.835, 1.015, 84.6, re.compile(r"[aiouy]+e?|e(?!s?$|d$)|ee|ea", re.IGNORECASE)),
}


def words(text: str) -> list[str]:
    """Return the words of a text; a number or a time counts as one."""
    return _WORD.findall(text)


def sentences(text: str) -> list[str]:
    """Return the sentences of a text.

    A colon or semicolon ends one too: the reader rests there. The full stop of an ordinal (27. Januar) does not.
    """
    joined = _ORDINAL.sub("\u2024", text)
    return [part.replace("\u2024", ".") for part in _SENTENCE_END.split(joined) if words(part)]


def readability(text: str, language: Language) -> float:
    """Return the reading ease of a text, 100 where it has no words."""
    said = sentences(text)
    spoken = words(text)
    if not spoken:
        return 100.0
    formula = _FORMULAS[language]
    syllables = sum(max(1, len(formula.vowels.findall(word))) for word in spoken)
    per_sentence, per_word = len(spoken) / len(said), syllables / len(spoken)
    return formula.base - formula.per_word_of_sentence * per_sentence - formula.per_syllable_of_word * per_word
