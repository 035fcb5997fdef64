"""What must never be stored is taken out of free text: numbers and addresses that name a person, and names.

Design principle 7: national numbers, prescription ids, telephone numbers, e-mail addresses, and names after a
patient cue or as a signature. Where in doubt about a number, it goes; where in doubt about a word, it needs a cue
(who is named, or where the word stands), so that the report itself stays readable. Pure; applied before storing.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from tocsin.observations.rules.identifiers import IDENTIFIERS, Kind
from tocsin.observations.rules.known_words import ACRONYMS, ALSO_ORDINARY, GIVEN_NAMES, HARMLESS

MARKS: Final[dict[Kind, str]] = {
    "national_number": "[national number]",
    "prescription_id": "[prescription id]",
    "telephone": "[telephone]",
    "email": "[e-mail]",
    "name": "[name]",
}
"""What stands in the text afterwards; a mark is never itself taken for something to remove."""

type Counts = dict[Kind, int]


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without what was removed from it, and how often each kind was."""

    text: str
    counts: Counts

    @property
    def total(self) -> int:
        """How many things were removed."""
        return sum(self.counts.values())


def redact(text: str) -> Redacted:
    """Remove what identifies a person; a text without any comes back as it was. Doing it twice changes nothing more."""
    counts: Counts = {}
    # Zero-width characters would split a number without anybody seeing it. Line breaks and tabs are no such.
    kept = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    for way in IDENTIFIERS:
        kept = _without(kept, way.kind, pattern=way.pattern, is_meant=way.is_meant, counts=counts)
    kept = _without_names_after_cues(kept, counts)
    kept = _without(kept, "name", pattern=_FULL_NAME, is_meant=_is_full_name, counts=counts)
    return Redacted(text=_without_signatures(kept, counts), counts=counts)


def _without(
    text: str, kind: Kind, *, pattern: re.Pattern[str], is_meant: Callable[[str], bool], counts: Counts
) -> str:
    def marked(match: re.Match[str]) -> str:
        if not is_meant(match["it"]):
            return match[0]
        counts[kind] = counts.get(kind, 0) + 1
        start, end = match.span("it")
        return text[match.start() : start] + MARKS[kind] + text[end : match.end()]

    return pattern.sub(marked, text)


# --- names -------------------------------------------------------------------------------------------------------

# In the middle of a sentence "hier" and "ici" are seldom followed by a person: only by one whose name we know.
_KNOWN: Final = "|".join(sorted(name for name in GIVEN_NAMES - ALSO_ORDINARY if name.isalpha()))
_PERSON_CUES: Final = (
    r"patient(?:e|en|in|innen|es|s)?|pati[ëe]nt(?:e|en|es)?|clients?|cliente?s?|cli[ëe]nt(?:e|en)?|"
    r"bewoon?ster|bewoner|bewohner(?:in)?|r[ée]sidente?|b[ée]n[ée]ficiaire|assur[ée]e?|"
    r"mmes?|madame|monsieur|mlle|mademoiselle|mevrouw|meneer|mijnheer|juffrouw|de\s+heer|herrn?|frau|mister|missus|miss|"
    r"docteur|dokter|doktor|doctor|zuster|infirmi[èe]re|nom|naam|name|voornaam|pr[ée]nom|vorname|familienaam"
)
_SHORT_CUES: Final = r"m|mr|mrs|ms|mw|mvr|mevr|dhr|hr|fr|dr|drs|prof|pt|pat|mej|apr|ap"
_SELF_CUES: Final = (
    r"(?:(?:hallo|bonjour|hello)\s*,?\s*)?(?:hier|ici|dit\s+is|this\s+is|c['’]est)(?=\s+(?:" + _KNOWN + r")\b)|"
    r"mijn\s+naam\s+is|je\s+m['’]appelle|my\s+name\s+is|ich\s+hei(?:ß|ss)e|mein\s+name\s+ist|"
    r"ondertekend|sign[ée]|signed|gezeichnet|gez\.?"
)
_CUE: Final = re.compile(
    rf"(?<![\w\[])(?i:(?:{_PERSON_CUES})(?P<join>\s*[:(,=\"“«]\s*|\s+)|"
    rf"(?:{_SHORT_CUES})(?:\.\s*|\s+)|(?:{_SELF_CUES})\s*:?\s+)"
)
_PARTICLE: Final = (
    r"(?:van|von|de|der|den|del|della|di|da|du|des|le|la|el|al|ben|bin|ten|ter|te|vander|vanden|vande|zu|zur|"
    r"d['’]|['’]t)"
)
_CAPITAL: Final = r"[^\W\d_a-zß-öø-ÿ]"
_WORD: Final = rf"{_CAPITAL}(?:[\w'’]|\.(?={_CAPITAL}))*(?:[\-‐‑]\w[\w'’]*)*\.?"
_NAME: Final = re.compile(rf"(?:(?i:{_PARTICLE})(?:\s+|(?<=['’]))){{0,2}}{_WORD}")
_BETWEEN_NAMES: Final = re.compile(
    rf"\s+(?:(?:et|en|and|und|&)\s+(?={_CAPITAL}))?|,\s+(?={_CAPITAL}[\w'’\-]*\s*[,)])|,\s+(?={_CAPITAL}[\w'’\-]*$)"
)
_ANY_WORD: Final = re.compile(r"[^\W\d_][\w'’\-]*")
_FAMILY_NAME: Final = re.compile(
    r"\s+(?!(?i:kan|can|cannot|ne|pas|niet|nicht|not|wacht|attend|wartet|waits|is|est|ist|heeft|has|hat|krijgt|peut|"
    r"lukt|werkt|marche|geht|fails|et|en|and|und|ok)\b)[^\W\d_][\w'’\-]+(?=\s*(?:[,;)(.]|$))"
)
_FULL_NAME: Final = re.compile(
    rf"(?<![\w\[])(?P<it>{_CAPITAL}[\w'’\-]+\s+(?:{_PARTICLE}\s+){{0,2}}{_CAPITAL}[\w'’\-]+)(?![\w\]])"
)
_MAX_NAMES: Final = 4
_INITIALS: Final = re.compile(r"(?:\w{1,2}\.)+")


def _without_names_after_cues(text: str, counts: Counts) -> str:
    pieces: list[str] = []
    position = 0
    for match in _CUE.finditer(text):
        start = match.end()
        end = _end_of_names(text, start)
        is_after_comma = (match["join"] or "").strip() == ","
        # "the patient, Vitalink says" is a sentence that goes on; "patient, Jean Dupont" is not.
        if start < position or end == start or (is_after_comma and len(text[start:end].split()) == 1):
            continue
        pieces += [text[position:start], MARKS["name"]]
        position = end
        counts["name"] = counts.get("name", 0) + 1
    return "".join(pieces) + text[position:]


def _end_of_names(text: str, start: int) -> int:
    """Return where the names that begin at `start` end; `start` itself when there are none."""
    end = position = start
    for _ in range(_MAX_NAMES):
        found = _end_of_name(text, position)
        if found is None:
            break
        end = found
        if text[end - 1] == "." and not _INITIALS.fullmatch(text[position:end].rsplit(maxsplit=1)[-1]):
            return end - 1  # the full stop of the sentence, not of an initial
        gap = _BETWEEN_NAMES.match(text, end)
        if gap is None:
            break
        position = gap.end()
    return end


def _end_of_name(text: str, position: int) -> int | None:
    match = _NAME.match(text, position)
    if match is not None:
        return None if _is_harmless(match[0].split()[-1]) else match.end()
    small = _ANY_WORD.match(text, position)
    if small is None or not _is_given_name(small[0]) or small[0].lower() in ALSO_ORDINARY:
        return None
    # A given name written small is followed by a family name written small: both go.
    family = _FAMILY_NAME.match(text, small.end())
    return family.end() if family else small.end()


def _is_full_name(text: str) -> bool:
    first, *_, last = text.split()
    if _is_harmless(first) or _is_harmless(last):
        return False
    return any(_is_given_name(word) and word.lower() not in ALSO_ORDINARY for word in (first, last))


def _is_harmless(word: str) -> bool:
    bare = word.strip(".,;:!?()'’\"").lower()
    if bare in ACRONYMS:
        return word.isupper()
    return bare in HARMLESS or _first_part(bare) in HARMLESS or any(letter.isdigit() for letter in bare)


def _is_given_name(word: str) -> bool:
    bare = word.strip(".,;:!?").lower()
    return bare in GIVEN_NAMES or _first_part(bare) in GIVEN_NAMES


def _first_part(word: str) -> str:
    return re.split(r"[\-‐‑]", word, maxsplit=1)[0]


# --- signatures --------------------------------------------------------------------------------------------------

_GREETINGS: Final = (
    r"groet(?:en|jes)?(?:\s+van)?|gr(?:tz?|tjs|tjes)?\.?|gtz|mvg|m\.v\.g\.?|bedankt|dank\s*(?:u|je)?(?:\s+wel)?|dankuwel|"
    r"merci(?:\s+(?:d['’]avance|beaucoup|bien))?|cordialement|cdlt|cdt|bien\s+[àa]\s+(?:vous|toi)|bav|b[àa]v|"
    r"salutations|[àa]\s+bient[ôo]t|mfg|lg|vg|gru(?:ß|ss)|gr[üu](?:ß|ss)e?n?|danke(?:\s+sch[öo]n)?|thanks|thank\s+you|"
    r"thx|regards|cheers|sincerely|best|bisous|xx+|met\s+dank|alvast|tot\s+ziens|sign[ée]|ondertekend"
)
_TITLES: Final = (
    r"(?i:(?:(?:dr|drs|prof|m|mr|mme|mevr|dhr|apr|ap)\.?\s+|(?:docteur|dokter|frau|herr|madame|apotheker)\s+)?)"
)
_AFTER_GREETING: Final = re.compile(rf"(?<!\w)(?i:{_GREETINGS})(?!\w)[\s,.!;:–—\-]*{_TITLES}")
_AFTER_DASH: Final = re.compile(rf"(?:^|(?<=\s)|(?<=[.!?,;)\]]))(?:[\-–—~/*_|•]{{1,3}}|//|\()\s*{_TITLES}")
_AFTER_STOP: Final = re.compile(r"(?:^|[.!?,;:)\]]\s+|\n\s*)")
_ENDING: Final = re.compile(r"\s+(?i:here|hier|ici)\b|[\s.!,)]*(?:$|\n|\[|[,(\-–—/]\s*[^\n]{0,60}$)")


def _without_signatures(text: str, counts: Counts) -> str:
    for opening, must_be_known in ((_AFTER_GREETING, False), (_AFTER_DASH, False), (_AFTER_STOP, True)):
        for start, end in reversed(list(_signatures(text, opening, must_be_known=must_be_known))):
            text = text[:start] + MARKS["name"] + text[end:]
            counts["name"] = counts.get("name", 0) + 1
    return text


def _signatures(text: str, opening: re.Pattern[str], *, must_be_known: bool) -> Iterator[tuple[int, int]]:
    for match in opening.finditer(text):
        start = match.end()
        end = _end_of_names(text, start)
        if end == start or _ENDING.match(text, end) is None:
            continue
        if must_be_known and not _is_a_known_name_by_itself(text, start, end):
            continue
        yield start, end


def _is_a_known_name_by_itself(text: str, start: int, end: int) -> bool:
    rest_of_line = text[end:].split("\n", maxsplit=1)[0]
    return (
        _is_given_name(text[start:end].split(maxsplit=1)[0])
        and re.fullmatch(r"[ .!)]*|\s+(?:here|hier|ici)\b.*", rest_of_line) is not None
    )
