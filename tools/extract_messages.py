"""Brings the translation catalogues of an app up to date with its sources, without the gettext binaries.

`python tools/extract_messages.py src/tocsin/web subscriptions` reads the Python files and templates, keeps every
translation that is there, adds what is new (empty) and drops what is gone. English is filled with the message itself.
Folders named after the app are left out (their texts have a catalogue elsewhere). It lists what lacks a translation,
and ends with 1 when something does.
"""

import ast
import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

LANGUAGES = ("fr", "nl", "de", "en")
_CALLS = {"_": 1, "gettext": 1, "gettext_lazy": 1, "gettext_noop": 1, "ngettext": 2, "ngettext_lazy": 2}
_TRANSLATE = re.compile(r"""\{%\s*translate\s+(?:"([^"]*)"|'([^']*)')""")
_BLOCK = re.compile(r"\{%\s*blocktranslate\b([^%]*)%\}(.*?)\{%\s*endblocktranslate\s*%\}", re.DOTALL)
_PLURAL = re.compile(r"\{%\s*plural\s*%\}")
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class Message(NamedTuple):
    """One message to translate; `plural` is empty when it has none."""

    singular: str
    plural: str = ""


def messages_in(app: Path, *, without: frozenset[str] = frozenset()) -> dict[Message, str]:
    """Return every message of the app with the file it was first found in, folders named in `without` left out."""
    found: dict[Message, str] = {}
    for path in sorted([*app.rglob("*.py"), *app.rglob("*.html"), *app.rglob("*.txt")]):
        if without.intersection(path.relative_to(app).parts):
            continue
        text = path.read_text(encoding="utf-8")
        for message in _in_python(text) if path.suffix == ".py" else _in_template(text):
            found.setdefault(message, path.relative_to(app).as_posix())
    return found


def _in_python(text: str) -> Iterator[Message]:
    for node in ast.walk(ast.parse(text)):
        name = getattr(getattr(node, "func", None), "id", None)
        if isinstance(node, ast.Call) and name in _CALLS:
            parts = [str(part.value) for part in node.args[: _CALLS[name]] if isinstance(part, ast.Constant)]
            if len(parts) == _CALLS[name]:
                yield Message(*parts)


def _in_template(text: str) -> Iterator[Message]:
    for match in _TRANSLATE.finditer(text):
        # Django doubles a lone percent sign in a {% translate %} before looking it up.
        yield Message((match[1] or match[2] or "").replace("%", "%%"))
    for match in _BLOCK.finditer(text):
        parts = [_VARIABLE.sub(r"%(\1)s", part.replace("%", "%%")) for part in _PLURAL.split(match[2])]
        yield Message(*([" ".join(part.split()) for part in parts] if " trimmed" in match[1] else parts))


def update(app: Path, language: str, *, without: frozenset[str]) -> list[str]:
    """Write the app's catalogue of this language anew and return the messages that lack a translation."""
    path = app / "locale" / language / "LC_MESSAGES" / "django.po"
    before = read_po(BytesIO(path.read_bytes()), locale=language) if path.exists() else Catalog(locale=language)
    after = Catalog(locale=language, project="Tocsin", charset="utf-8", fuzzy=False)
    missing = []
    for message, place in messages_in(app, without=without).items():
        known = before.get(message.singular)
        said = known.string if known is not None and known.string else None
        if said is None and language == "en":
            said = tuple(message) if message.plural else message.singular
        if not said or (isinstance(said, tuple) and not all(said)):
            missing.append(message.singular)
        key = tuple(message) if message.plural else message.singular
        flags = ("python-format",) if "%(" in message.singular else ()
        after.add(key, said or ("", "") if message.plural else said or "", locations=[(place, 0)], flags=flags)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, after, width=120, omit_header=False, include_lineno=False)
    return missing


def main() -> int:
    """Update every language of the app named on the command line."""
    app, without = Path(sys.argv[1]), frozenset(sys.argv[2:])
    lacking = {language: update(app, language, without=without) for language in LANGUAGES}
    for language, missing in lacking.items():
        for message in missing:
            print(f"{language}: {message!r}")
    return 1 if any(lacking.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
