"""Reads message templates from a content pack, and bulletins, their policy and the pages' record from the database.

Django's models are imported where they are read: replay loads templates here and runs without Django.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tocsin.bulletins.rules.approval import LEVELS, SEVERITIES
from tocsin.bulletins.rules.model import Approval, Bulletin, PublicationPolicy, Severity
from tocsin.bulletins.rules.plain_language import Assessment, assess
from tocsin.bulletins.rules.plain_words import PlainWords, checked_plain_words
from tocsin.bulletins.rules.shadow import Fate, Record, ShadowDraft, Verdict
from tocsin.bulletins.rules.templates import Templates, checked_templates
from tocsin.catalog.queries import load_pack, pack_folder
from tocsin.catalog.rules.model import Pack
from tocsin.kernel.clock import is_simulated
from tocsin.kernel.errors import ConfigurationError
from tocsin.kernel.language import LANGUAGES

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from pydantic import TypeAdapter

    from tocsin.bulletins.models import ApprovalRow, BulletinRow, PageRecord, ShadowDraftRow

NOT_MESSAGES = frozenset({"plain_language.toml"})
"""Files beside the messages that hold none: the words of the plain-language check."""

VERSION_LENGTH = 12
"""Forty-eight bits tell a bulletin's drafts apart, and fit into a text message."""

type BulletinStatus = Literal["draft", "published", "discarded", "superseded"]


def load_templates(folder: Path) -> Templates:
    """Read the messages of the pack in `folder` (`messages/*.toml`).

    Raises `ConfigurationError` naming a file that cannot be read, a message or language that is missing, a message
    said twice, or a placeholder that is not known.
    """
    place = folder / "messages"
    messages: dict[str, Mapping[str, str]] = {}
    files: dict[str, str] = {}
    for path in sorted(place.glob("*.toml")):
        if path.name in NOT_MESSAGES:
            continue
        for key, text in _flat(_read(path), ""):
            if key in messages:
                raise ConfigurationError("messages.twice", f"{key!r} is there twice.", where=str(path))
            messages[key], files[key] = text, str(path)
    return checked_templates(messages, where=str(place), files=files)


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

    row = PolicyRow.objects.filter(pk=1).first() or PolicyRow()
    return PublicationPolicy(
        automation="automatic" if row.automation == "automatic" else "manual",
        min_eyes=row.min_eyes,
        min_confidence=row.min_confidence,
        max_openings_per_hour=row.max_openings_per_hour,
        is_held=row.is_held,
        approvals=_approvals(row.approvals),
        holding="ask" if row.holding == "ask" else "automatic",
        crucial=frozenset(function.id for function in configured_pack().functions.values() if function.is_crucial),
    )


def quiet_hours() -> dict[str, Any]:
    """Return the quiet hours in force, as `notifications.rules.quiet` reads them; empty: as shipped."""
    from tocsin.bulletins.models import PolicyRow

    return PolicyRow.objects.filter(pk=1).values_list("quiet", flat=True).first() or {}


def approvals_need_second_factor() -> bool:
    """Say whether a second factor must be shown before words go out; unless decided, it must where an authority speaks.

    An unofficial demonstration, which anybody may try, asks for none.
    """
    from tocsin.bulletins.models import PolicyRow

    decided = PolicyRow.objects.filter(pk=1).values_list("second_factor", flat=True).first()
    return configured_pack().authority is not None if decided is None else decided


def _approvals(stored: Mapping[str, str]) -> dict[Severity, Approval]:
    levels: Mapping[str, Approval] = {level: level for level in LEVELS}
    return {severity: levels[stored[severity]] for severity in SEVERITIES if stored.get(severity) in levels}


@cache
def configured_pack() -> Pack:
    """Return the configured federation; read once a process."""
    from django.conf import settings

    return load_pack(pack_folder(settings.CONFIGURATION.pack))


@cache
def configured_templates() -> Templates:
    """Return the messages of the configured pack; read once a process."""
    from django.conf import settings

    return load_templates(pack_folder(settings.CONFIGURATION.pack))


@cache
def plain_words() -> PlainWords:
    """Return the words that the check of a text goes by, of the configured pack; read once a process."""
    from django.conf import settings

    return load_plain_words(pack_folder(settings.CONFIGURATION.pack))


def is_demonstration() -> bool:
    """Say whether nobody official speaks here, or time is only played: then automation may be shown unearned."""
    from django.conf import settings

    return configured_pack().authority is None or is_simulated(settings.CLOCK)


def assessments(given: Bulletin) -> Mapping[str, Assessment]:
    """Return what the check of the words finds in each audience's text; each wording is looked at once a process."""
    return _assessed(adapter().dump_json(given))


@lru_cache(maxsize=64)
def _assessed(stored: bytes) -> Mapping[str, Assessment]:
    # Four languages for seven audiences take some thirty milliseconds, and the console asks every few seconds.
    given = adapter().validate_json(stored)
    return {
        audience: assess(text, words=plain_words(), audience=audience, kind=given.kind)
        for audience, text in given.texts.items()
    }


def score(given: Bulletin) -> int | None:
    """Return the plain-language score of the bulletin's worst text; None when it speaks to nobody."""
    return min((found.score for found in assessments(given).values()), default=None)


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
    """Return the drafts that wait for approval as the engine wrote them last, oldest first.

    Where a person edited one and the facts moved since, that is not what waits: see `edited_drafts`. Corrections that
    wait for a second person are left out: they are people's alone.
    """
    rows = _sorted(_waiting().exclude(kind="correction"))
    return tuple(adapter().validate_python(row.moved or row.content) for row in rows)


def edited_drafts() -> frozenset[str]:
    """Return the ids of the waiting drafts that a person has taken over: policy leaves them alone."""
    return frozenset(_waiting().exclude(edited_by="").values_list("pk", flat=True))


def _waiting() -> "QuerySet[BulletinRow]":
    from tocsin.bulletins.models import BulletinRow

    return BulletinRow.objects.filter(status="draft")


def wording(given: Bulletin) -> str:
    """Return a fingerprint of all that a bulletin says: an approval is of one wording, and of no other."""
    said = adapter().dump_python(given, mode="json", exclude={"drafted_at"})
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def version(given: Bulletin) -> str:
    """Return the beginning of the wording's fingerprint: what a link to approve one wording carries."""
    return wording(given)[:VERSION_LENGTH]


def approvals(bulletin_ids: Iterable[str]) -> "list[ApprovalRow]":
    """Return the approvals of these bulletins that still hold, oldest first."""
    from tocsin.bulletins.models import ApprovalRow

    return list(ApprovalRow.objects.filter(bulletin__in=list(bulletin_ids), voided_at=None).order_by("at", "id"))


def shadow_record() -> Record:
    """Return what automation would have published while it was locked, on which days, and what became of it."""
    from tocsin.bulletins.models import BulletinRow, ShadowDay, ShadowDraftRow

    rows = list(ShadowDraftRow.objects.order_by("at", "bulletin"))
    became = {row.pk: row for row in BulletinRow.objects.filter(pk__in=[row.pk for row in rows])}
    return Record(
        days=tuple(ShadowDay.objects.order_by("day").values_list("day", flat=True)),
        drafts=tuple(_shadow_draft(row, became.get(row.pk)) for row in rows),
    )


def shadow_bulletin(bulletin_id: str) -> Bulletin | None:
    """Return the words that automation would have published; None where it would not have."""
    from tocsin.bulletins.models import ShadowDraftRow

    row = ShadowDraftRow.objects.filter(pk=bulletin_id).first()
    return None if row is None else adapter().validate_python(row.content)


def _shadow_draft(row: "ShadowDraftRow", became: "BulletinRow | None") -> ShadowDraft:
    severities: Mapping[str, Severity] = {severity: severity for severity in SEVERITIES}
    verdicts: Mapping[str, Verdict] = {"agree": "agree", "disagree": "disagree"}
    out_at = became.published_at if became is not None else None
    return ShadowDraft(
        bulletin=row.bulletin,
        incident=row.incident,
        kind=row.kind,
        severity=severities.get(row.severity, "limited"),
        at=row.at,
        score=row.score,
        fate=_fate(became),
        human_after=None if out_at is None else out_at - row.at,
        verdict=verdicts.get(row.verdict, ""),
        remark=row.remark,
        reviewed_by=row.reviewed_by,
        reviewed_at=row.reviewed_at,
    )


def _fate(became: "BulletinRow | None") -> Fate:
    if became is None or became.status == "draft":
        return "waits"
    if became.status == "published":
        return "edited" if became.edited_by else "published"
    return "discarded" if became.status == "discarded" else "superseded"


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
