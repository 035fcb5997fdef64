"""What became different between the text that somebody was paged about and the text that waits now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from tocsin.bulletins.queries import adapter
from tocsin.bulletins.rules.model import Bulletin
from tocsin.bulletins.rules.templates import Templates
from tocsin.bulletins.rules.wording import lines
from tocsin.kernel.language import Language


@dataclass(frozen=True, slots=True)
class Change:
    """In one audience's text: the lines that are gone, and those that stand there instead."""

    audience: str
    gone: tuple[str, ...]
    new: tuple[str, ...]


def changes(
    before: Mapping[str, Any], after: Bulletin, language: Language, *, templates: Templates
) -> tuple[Change, ...]:
    """Return what changed since the stored text, for each audience in the newer text's order, then audiences gone."""
    earlier = adapter().validate_python(before)
    audiences = [*after.texts, *(each for each in earlier.texts if each not in after.texts)]
    return tuple(
        change
        for audience in audiences
        for change in _changes(
            audience,
            _lines(earlier, audience, language, templates),
            _lines(after, audience, language, templates),
        )
    )


def _lines(bulletin: Bulletin, audience: str, language: Language, templates: Templates) -> tuple[str, ...]:
    if audience not in bulletin.texts:
        return ()
    return tuple(line.plain(language) for line in lines(bulletin.texts[audience], language, templates=templates))


def _changes(audience: str, before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[Change]:
    for kind, a_from, a_to, b_from, b_to in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            yield Change(audience, before[a_from:a_to], after[b_from:b_to])
