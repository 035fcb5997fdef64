"""What changed between two wordings, word by word: for whoever approves an edit, and for readers of a correction."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from tocsin.bulletins.rules.model import AudienceText, Bulletin
from tocsin.kernel.language import LANGUAGES, Language, LocalizedText

type Change = Literal["same", "gone", "new"]

_WORDS = re.compile(r"\s+|[^\s]+")


@dataclass(frozen=True, slots=True)
class Span:
    """Some words that stayed, went or came; joined, the spans that did not go are the new wording, spaces included."""

    change: Change
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One part in one language that reads otherwise than before. `place` counts sentences of the same part from 0."""

    part: str
    place: int
    language: Language
    spans: tuple[Span, ...]

    @property
    def before(self) -> str:
        """The old wording."""
        return "".join(span.text for span in self.spans if span.change != "new")

    @property
    def after(self) -> str:
        """The new wording."""
        return "".join(span.text for span in self.spans if span.change != "gone")


def differences(before: AudienceText, after: AudienceText) -> tuple[Difference, ...]:
    """Return every part that reads otherwise, in reading order, and in each the languages in their order."""
    old, new = _by_place(before), _by_place(after)
    places = list(dict.fromkeys((*old, *new)))
    return tuple(
        Difference(part, place, language, _spans(was, becomes))
        for part, place in sorted(places, key=lambda found: (_ORDER.index(found[0]), found[1]))
        for language, was, becomes in _said(old.get((part, place), {}), new.get((part, place), {}))
        if was != becomes
    )


def bulletin_differences(before: Bulletin, after: Bulletin) -> Mapping[str, tuple[Difference, ...]]:
    """Return the differences for every audience that both speak to and that reads something else than before."""
    found = {
        audience: differences(before.texts[audience], text)
        for audience, text in after.texts.items()
        if audience in before.texts
    }
    return {audience: changed for audience, changed in found.items() if changed}


_ORDER = ("headline", "scope", "now", "paid", "avoid", "duties", "next_update", "subject", "sms", "push")


def _by_place(text: AudienceText) -> dict[tuple[str, int], LocalizedText]:
    one = {
        "headline": text.headline,
        "scope": text.scope,
        "paid": text.paid,
        "avoid": text.avoid,
        "next_update": text.next_update,
        "subject": text.subject,
        "sms": text.sms,
        "push": text.push,
    }
    found = {(part, 0): said for part, said in one.items() if said}
    found |= {("now", place): said for place, said in enumerate(text.now)}
    found |= {("duties", place): said for place, said in enumerate(text.duties)}
    return found


def _said(before: LocalizedText, after: LocalizedText) -> Iterator[tuple[Language, str, str]]:
    for language in LANGUAGES:
        yield language, before.get(language, ""), after.get(language, "")


def _spans(before: str, after: str) -> tuple[Span, ...]:
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    spans: list[Span] = []
    for _, from_old, to_old, from_new, to_new in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, came = "".join(old[from_old:to_old]), "".join(new[from_new:to_new])
        if gone == came:
            spans.append(Span("same", came))
        else:
            spans += [Span(change, text) for change, text in _changed(gone, came)]
    return tuple(spans)


def _changed(gone: str, came: str) -> Iterator[tuple[Change, str]]:
    if gone:
        yield "gone", gone
    if came:
        yield "new", came
