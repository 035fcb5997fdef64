"""A bulletin's text put in reading order, with the words before each part; what e-mail, feeds and screens print."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tocsin.bulletins.rules.model import AudienceText
from tocsin.bulletins.rules.templates import Templates
from tocsin.kernel.language import Language

type Part = Literal["headline", "scope", "now", "paid", "avoid", "duties", "next"]


@dataclass(frozen=True, slots=True)
class Line:
    """One part of a bulletin: its label ("" where it needs none) and its sentences, never empty."""

    part: Part
    label: str
    sentences: tuple[str, ...]

    def plain(self, language: Language) -> str:
        """Return the line as plain text: "Now: …"."""
        said = " ".join(self.sentences)
        if not self.label:
            return said
        return f"{self.label} : {said}" if language == "fr" else f"{self.label}: {said}"


def lines(text: AudienceText, language: Language, *, templates: Templates) -> tuple[Line, ...]:
    """Return the text's parts in the order in which they are read; parts with nothing to say are left out."""
    return tuple(Line(part, _label(part, language, templates), said) for part, said in _parts(text, language) if said)


def plain_text(text: AudienceText, language: Language, *, templates: Templates) -> str:
    """Return the whole text, a line for each part."""
    return "\n".join(line.plain(language) for line in lines(text, language, templates=templates))


def _parts(text: AudienceText, language: Language) -> Iterator[tuple[Part, tuple[str, ...]]]:
    yield "headline", (text.headline[language],)
    yield "scope", (text.scope[language],)
    yield "now", tuple(sentence[language] for sentence in text.now)
    yield "paid", () if text.paid is None else (text.paid[language],)
    yield "avoid", () if text.avoid is None else (text.avoid[language],)
    yield "duties", tuple(duty[language] for duty in text.duties)
    yield "next", () if text.next_update is None else (text.next_update[language],)


def _label(part: Part, language: Language, templates: Templates) -> str:
    return "" if part in {"headline", "scope"} else templates.label(part, language)
