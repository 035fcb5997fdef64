"""Editing a bulletin's words: as fields on a screen and back, and what becomes of an edit when the facts move on.

The engine never overwrites a person's words. When facts move under an edited draft, its newer wording is kept beside
it; the person then takes the new wording, or has their own words carried over into it, part by part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal

from tocsin.bulletins.rules.model import AudienceText, Bulletin
from tocsin.kernel.language import LANGUAGES, Language, LocalizedText

type Part = Literal["headline", "scope", "now", "paid", "avoid", "next_update", "duties", "subject", "sms", "push"]

PARTS: tuple[Part, ...] = (
    "headline",
    "scope",
    "now",
    "paid",
    "avoid",
    "duties",
    "next_update",
    "subject",
    "sms",
    "push",
)
"""What may be edited, in reading order; which procedures help is a fact and no wording."""

LISTS: frozenset[Part] = frozenset({"now", "duties"})
"""Parts of several sentences: on a screen, a line each."""

MAY_BE_MISSING: frozenset[Part] = frozenset({"paid", "avoid", "next_update"})


def field_name(part: Part, language: Language) -> str:
    """Return the name of the field on the screen."""
    return f"{part}.{language}"


def to_fields(text: AudienceText) -> dict[str, str]:
    """Return the text as fields: one for each part and language, a list's sentences on lines of their own."""
    return {field_name(part, language): _as_field(text, part, language) for part in PARTS for language in LANGUAGES}


def from_fields(given: Mapping[str, str], *, base: AudienceText) -> AudienceText:
    """Return the text that the fields say; what is not among them is as in `base`.

    Line ends and spaces at the edges are evened out; where a list has fewer lines in one language than in another, the
    missing ones are empty, which the check of the text then says.
    """
    values = {name: _clean(value) for name, value in (to_fields(base) | dict(given)).items()}
    parts: dict[str, object] = {part: _from_fields(values, part) for part in PARTS}
    return replace(base, **parts)  # type: ignore[arg-type]  # each part has the shape that its field declares


def _as_field(text: AudienceText, part: Part, language: Language) -> str:
    value = getattr(text, part)
    if part in LISTS:
        return "\n".join(sentence.get(language, "") for sentence in value)
    return "" if value is None else value.get(language, "")


def _from_fields(values: Mapping[str, str], part: Part) -> object:
    said = {language: values[field_name(part, language)] for language in LANGUAGES}
    if part in LISTS:
        return _sentences(said)
    if part in MAY_BE_MISSING and not any(said.values()):
        return None
    if part in {"sms", "push"} and not any(said.values()):
        return {}
    return {language: " ".join(value.split("\n")) for language, value in said.items()}


def _sentences(said: Mapping[Language, str]) -> tuple[LocalizedText, ...]:
    lines = {language: [line for line in value.split("\n") if line] for language, value in said.items()}
    longest = max(len(found) for found in lines.values())
    return tuple(
        {language: found[number] if number < len(found) else "" for language, found in lines.items()}
        for number in range(longest)
    )


def _clean(value: str) -> str:
    # Only what a form adds is evened out; what must not be in a text is refused by `hygiene`, not silently taken out.
    lines = (line.strip() for line in value.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    return "\n".join(line for line in lines if line)


@dataclass(frozen=True, slots=True)
class Rebased:
    """An edited bulletin carried over to newer facts; `conflicts` are the parts that both changed (`audience.part`)."""

    bulletin: Bulletin
    conflicts: tuple[str, ...]


def rebased(base: Bulletin, mine: Bulletin, theirs: Bulletin) -> Rebased:
    """Carry a person's words over: facts and all parts that they left alone are `theirs`, what they wrote is `mine`.

    `base` is the wording that the person began with.
    """
    texts, conflicts = {}, []
    for audience, new in theirs.texts.items():
        if audience in base.texts and audience in mine.texts:
            texts[audience], clashes = _carried(base.texts[audience], mine.texts[audience], new)
            conflicts += [f"{audience}.{part}" for part in clashes]
        else:
            texts[audience] = new
    return Rebased(replace(theirs, texts=texts), tuple(conflicts))


def _carried(base: AudienceText, mine: AudienceText, theirs: AudienceText) -> tuple[AudienceText, Sequence[str]]:
    written = [name for name in _wording() if getattr(mine, name) != getattr(base, name)]
    clashes = [name for name in written if getattr(theirs, name) not in (getattr(base, name), getattr(mine, name))]
    return replace(theirs, **{name: getattr(mine, name) for name in written}), clashes


def _wording() -> tuple[str, ...]:
    return tuple(field.name for field in fields(AudienceText) if field.name != "procedures")


def has_moved(before: Bulletin, after: Bulletin) -> bool:
    """Say whether a newer wording of a draft says anything else than the one before."""
    return _said(before) != _said(after)


def _said(bulletin: Bulletin) -> tuple[object, ...]:
    return (
        bulletin.state,
        bulletin.functions,
        bulletin.audiences,
        bulletin.packages,
        bulletin.regions,
        bulletin.next_update_at,
        dict(bulletin.texts),
    )
