"""Reads message templates from a content pack, and bulletins, their policy and the pages' record from the database.

Django's models are imported where they are read: replay loads templates here and runs without Django.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tocsin.bulletins.rules.model import Bulletin, PublicationPolicy
from tocsin.bulletins.rules.plain_words import PlainWords, checked_plain_words
from tocsin.bulletins.rules.templates import Templates, checked_templates
from tocsin.catalog.queries import load_pack
from tocsin.kernel.errors import ConfigurationError
from tocsin.kernel.language import LANGUAGES

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from tocsin.bulletins.models import BulletinRow, PageRecord

NOT_MESSAGES = frozenset({"plain_language.toml", "maintenance.toml"})
"""Files beside the bulletins' messages that others read: the words of the plain-language check, planned maintenance."""

type BulletinStatus = Literal["draft", "published", "discarded", "superseded"]


def load_templates(folder: Path) -> Templates:
    """Read the messages of the pack in `folder` (`messages/*.toml`).

    Raises `ConfigurationError` naming a file that cannot be read, a message or language that is missing, a message
    said twice, or a placeholder that is not known.
    """
    place = folder / "messages"
    messages: dict[str, Mapping[str, str]] = {}
    for path in sorted(place.glob("*.toml")):
        if path.name in NOT_MESSAGES:
            continue
        for key, text in _flat(_read(path), ""):
            if key in messages:
                raise ConfigurationError("messages.twice", f"{key!r} is there twice.", where=str(path))
            messages[key] = text
    return checked_templates(messages, where=str(place))


def load_plain_words(folder: Path) -> PlainWords:
    """Read the words of the plain-language check of the pack in `folder` (`messages/plain_language.toml`).

    Raises `ConfigurationError` naming what cannot be read, and `PackError` for a pack that cannot be used.
    """
    pack = load_pack(folder)
    path = folder / "messages" / "plain_language.toml"
    names = [*(partner.name for partner in pack.partners.values()), *(s.name for s in pack.services.values())]
    return checked_plain_words(_read(path), names=names, where=str(path))


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


@cache
def adapter() -> "TypeAdapter[Bulletin]":
    """Return what turns a bulletin into JSON and back."""
    from pydantic import TypeAdapter

    return TypeAdapter(Bulletin)


def policy() -> PublicationPolicy:
    """Return the publication policy in force; as shipped (locked) until somebody changed it."""
    from tocsin.bulletins.models import PolicyRow

    row = PolicyRow.objects.filter(pk=1).first()
    if row is None:
        return PublicationPolicy()
    return PublicationPolicy(
        automation="automatic" if row.automation == "automatic" else "manual",
        min_eyes=row.min_eyes,
        min_confidence=row.min_confidence,
        max_openings_per_hour=row.max_openings_per_hour,
        is_held=row.is_held,
    )


def bulletin(bulletin_id: str) -> "BulletinRow | None":
    """Return the bulletin's row, with its status; None where there is none of that id."""
    from tocsin.bulletins.models import BulletinRow

    return BulletinRow.objects.filter(pk=bulletin_id).first()


def read_bulletin(row: "BulletinRow") -> Bulletin:
    """Return the stored bulletin."""
    return adapter().validate_python(row.content)


def published_since(moment: datetime) -> tuple[Bulletin, ...]:
    """Return the bulletins that went out at that moment or later, oldest first."""
    from tocsin.bulletins.models import BulletinRow

    return _in_order(BulletinRow.objects.filter(status="published", published_at__gte=moment))


def drafts() -> tuple[Bulletin, ...]:
    """Return the bulletins that wait for approval, oldest first."""
    from tocsin.bulletins.models import BulletinRow

    return _in_order(BulletinRow.objects.filter(status="draft"))


def of_incident(incident_id: str) -> "list[BulletinRow]":
    """Return all bulletins of an incident, whatever became of them, oldest first."""
    from tocsin.bulletins.models import BulletinRow

    return _sorted(BulletinRow.objects.filter(incident=incident_id))


def last_page() -> "PageRecord | None":
    """Return what the public pages say at present, None before they were first published."""
    from tocsin.bulletins.models import PageRecord

    return PageRecord.objects.order_by("id").last()


def _in_order(rows: "Iterable[BulletinRow]") -> tuple[Bulletin, ...]:
    return tuple(read_bulletin(row) for row in _sorted(rows))


def _sorted(rows: "Iterable[BulletinRow]") -> "list[BulletinRow]":
    # By when they came out (or were drafted); the number within the incident decides between equals, not the id's text.
    return sorted(rows, key=lambda row: (row.published_at or row.drafted_at, row.drafted_at, row.content["number"]))
