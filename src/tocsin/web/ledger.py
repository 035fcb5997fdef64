"""The facts of an audit entry as a reader wants them: names for ids, lists as words, nothing that is empty."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from tocsin.kernel.clock import parse_moment
from tocsin.kernel.reasons import Reason
from tocsin.web import present, reasons, times, words

_MOMENTS = frozenset({"at", "until"})
_EMPTY: tuple[Any, ...] = (None, "", [], {})


def facts(given: Mapping[str, Any], *, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield what each fact is called and what it says; what is empty says nothing and is left out."""
    names = reasons.known_names(present.pack(), present.procedures())
    for key, value in given.items():
        if value not in _EMPTY:
            items = value if isinstance(value, list) else [value]
            said = (_written(key, item, names=names, now=now) for item in items)
            yield words.word(words.FACTS, key), ", ".join(said)


def _written(key: str, value: Any, *, names: reasons.Names, now: datetime) -> str:
    if isinstance(value, dict):
        return reasons.sentence(Reason.from_json(value), pack=present.pack(), procedures=present.procedures())
    if key in _MOMENTS:
        # The log keeps whatever was written into it; what is no moment is shown as it stands.
        with suppress(ValueError):
            return times.moment_in_words(parse_moment(str(value)), now=now)
    if key == "kind":
        return words.word(words.BULLETINS, str(value))
    return reasons.written(_KINDS.get(key, key), value, reason=Reason(""), names=names)


_KINDS = {
    "functions": "function",
    "suspects": "suspect",
    "audiences": "audience",
    "services": "service",
    "phase": "to",
}
"""As what a fact's value is looked up in the pack or among the words of the screens."""
