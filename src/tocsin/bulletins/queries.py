"""Reads message templates from a content pack."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tocsin.bulletins.rules.templates import Templates, checked_templates
from tocsin.kernel.errors import ConfigurationError
from tocsin.kernel.language import LANGUAGES


def load_templates(folder: Path) -> Templates:
    """Read the messages of the pack in `folder` (`messages/*.toml`).

    Raises `ConfigurationError` naming a file that cannot be read, a message or language that is missing, a message
    said twice, or a placeholder that is not known.
    """
    place = folder / "messages"
    messages: dict[str, Mapping[str, str]] = {}
    for path in sorted(place.glob("*.toml")):
        for key, text in _flat(_read(path), ""):
            if key in messages:
                raise ConfigurationError("messages.twice", f"{key!r} is there twice.", where=str(path))
            messages[key] = text
    return checked_templates(messages, where=str(place))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(
            "messages.malformed", f"This cannot be read: {error}.", where=str(path), hint="Mend the file."
        ) from error


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    # A table is a message when it holds texts, and a family of messages when it holds tables.
    for name, value in table.items():
        key = f"{prefix}{name}"
        if not isinstance(value, dict):
            raise ConfigurationError(
                "messages.malformed", f"{key!r} is not a table of texts.", hint=f"Give it {', '.join(LANGUAGES)}."
            )
        if all(isinstance(text, str) for text in value.values()):
            yield key, value
        else:
            yield from _flat(value, f"{key}.")
