"""What must never be shown, looked for in every text, whether a rule or a person wrote it.

Each finding is one line of what the federation promised its readers: no legal "yes" that nobody stands for, no "don't"
that keeps them from plan B, no green that nobody checked, no authority that is not there, nobody's raw words and nobody
else's promises. The drafting rules keep all of it by themselves; these look again, because a person may edit the text.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from tocsin.bulletins.rules.lengths import sms_spelling
from tocsin.bulletins.rules.model import AudienceText
from tocsin.bulletins.rules.parts import parts
from tocsin.bulletins.rules.plain_words import PlainWords
from tocsin.bulletins.rules.templates import Templates
from tocsin.catalog.rules.model import Pack
from tocsin.kernel.language import LANGUAGES, Language, LocalizedText
from tocsin.kernel.reasons import Reason

NEVER = frozenset(
    {
        "never.legal_yes",
        "never.dont",
        "never.green",
        "never.unmarked",
        "never.copied",
        "never.foreign_time",
    }
)
"""The codes of what must never be shown."""

OVERLAP = 5
"""From how many words in a row on a text is somebody else's: fewer are everybody's ("no longer works since this")."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a text may rest on; `is_over` once the trouble has ended, so that "works again" may be said.

    `may_say` are sentences that the rules allow today, by language: the legal answers that stand (with validator, day
    and expiry) and the "do not"s that may be shown; `must_not_say` the legal answers and "do not"s that may not.
    `sources` are what partners and members wrote, `own_times` the local times (hour, minute) that are our own, and
    `own_words` all that the pack says. Built by `grounds.ground`.
    """

    is_over: bool
    is_drill: bool
    functions: tuple[str, ...]
    pack: Pack
    templates: Templates
    may_say: tuple[LocalizedText, ...]
    must_not_say: tuple[LocalizedText, ...]
    own_times: frozenset[tuple[int, int]]
    own_words: Mapping[Language, frozenset[tuple[str, ...]]]
    sources: tuple[str, ...] = ()


def never_shown(text: AudienceText, *, words: PlainWords, ground: Ground) -> tuple[Reason, ...]:
    """Return everything in a text that must never be shown, by language and part."""
    return tuple(
        finding
        for language in LANGUAGES
        for part, said in parts(text, language)
        for place in (_Place(part, said, _without(said, ground.may_say, language), language, words, ground),)
        for rule in _RULES
        for finding in rule(place)
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """One part of a text in one language; `rest` is what is left without the sentences that the rules allow."""

    part: str
    said: str
    rest: str
    language: Language
    words: PlainWords
    ground: Ground

    def facts(self, word: str) -> dict[str, str]:
        return {"language": self.language, "part": self.part, "word": word}

    def hits(self, kind: str) -> list[str]:
        return self.words.languages[self.language].hits(kind, self.rest)


def _without(said: str, allowed: Iterable[LocalizedText], language: Language) -> str:
    for sentence in allowed:
        said = said.replace(sentence[language], " ")
    return said


def _legal_yes(place: _Place) -> Iterator[Reason]:
    for forbidden in place.ground.must_not_say:
        if forbidden[place.language] in place.rest:
            yield Reason("never.legal_yes", place.facts(forbidden[place.language]))
    for phrase in place.hits("legal_yes"):
        yield Reason("never.legal_yes", place.facts(phrase))


def _dont(place: _Place) -> Iterator[Reason]:
    for phrase in place.hits("restart"):
        yield Reason("never.dont", place.facts(phrase))


def _green(place: _Place) -> Iterator[Reason]:
    for phrase in place.hits("green"):
        yield Reason("never.green", place.facts(phrase))
    if place.ground.is_over:
        return
    for function in place.ground.functions:
        back = place.ground.pack.functions[function].back[place.language]
        if back.rstrip(".") in place.said:
            yield Reason("never.green", place.facts(back))


def _unmarked(place: _Place) -> Iterator[Reason]:
    if place.part not in _MARKED or not place.said:
        return
    said = sms_spelling(place.said)
    for key, is_needed in (
        ("sms.unofficial", place.ground.pack.authority is None and place.part != "subject"),
        ("sms.drill", place.ground.is_drill),
    ):
        mark = place.ground.templates.messages[key][place.language].rstrip(".")
        if is_needed and sms_spelling(mark) not in said:
            yield Reason("never.unmarked", place.facts(mark))


_MARKED = frozenset({"subject", "sms", "push"})
"""Parts that must say of themselves what they are; pages and e-mails are marked by whoever renders them."""


def _copied(place: _Place) -> Iterator[Reason]:
    if not place.ground.sources:
        return
    own = place.ground.own_words[place.language]
    theirs = {run for source in place.ground.sources for run in runs(source)} - own
    found = [run for run in runs(place.said) if run in theirs]
    if found:
        yield Reason("never.copied", place.facts(" ".join(found[0])))


def _foreign_time(place: _Place) -> Iterator[Reason]:
    theirs = {moment for source in place.ground.sources for moment in times(source)} - place.ground.own_times
    for moment in dict.fromkeys(times(place.said)):
        if moment in theirs:
            yield Reason("never.foreign_time", place.facts(f"{moment[0]}:{moment[1]:02d}"))


_RULES: tuple[Callable[[_Place], Iterator[Reason]], ...] = (
    _legal_yes,
    _dont,
    _green,
    _unmarked,
    _copied,
    _foreign_time,
)

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_TIME = re.compile(r"(?<![\d.:,/-])([01]?\d|2[0-3])\s?(?:[:.hu]\s?([0-5]\d)|(?:h|u|uur|uhr)(?!\w))", re.IGNORECASE)


def runs(text: str) -> list[tuple[str, ...]]:
    """Return every five words in a row of a text, whatever their case and what stands between them."""
    words = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    return [tuple(words[start : start + OVERLAP]) for start in range(len(words) - OVERLAP + 1)]


def all_runs(texts: Iterable[str]) -> frozenset[tuple[str, ...]]:
    """Return every five words in a row of several texts."""
    return frozenset(run for text in texts for run in runs(text))


def times(text: str) -> list[tuple[int, int]]:
    """Return the times of day that a text names, as hour and minute: 9 h 10, 9.10 uur, 10u, 14:00."""
    return [(int(hour), int(minute or 0)) for hour, minute in _TIME.findall(text)]
