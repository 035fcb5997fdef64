"""Exports bulletins as CAP 1.2 messages and an Atom index of them, under `cap/`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Protocol
from urllib.parse import urlsplit

from tocsin.bulletins.rules.model import Bulletin
from tocsin.bulletins.rules.templates import Templates
from tocsin.catalog.rules.model import Pack
from tocsin.kernel.clock import format_moment
from tocsin.plugins.exporters.cap.message import Sender, Told, alert, kind, status

INDEX = "cap/index.xml"


class Said(Protocol):
    """A bulletin that is out, and since when."""

    @property
    def bulletin(self) -> Bulletin:
        """What was said."""
        ...

    @property
    def published_at(self) -> datetime:
        """Since when it is out."""
        ...


class PublicFacts(Protocol):
    """The part of what the pages are built from that this exporter needs."""

    @property
    def pack(self) -> Pack:
        """The federation."""
        ...

    @property
    def said(self) -> Sequence[Said]:
        """What is out, oldest first."""
        ...

    @property
    def checked_at(self) -> datetime | None:
        """When the engine last looked."""
        ...

    @property
    def valid_until(self) -> datetime:
        """Until when the index may be trusted."""
        ...

    @property
    def is_replay(self) -> bool:
        """Whether the clock is a replay's."""
        ...


class PublicSite(Protocol):
    """Where the site lies."""

    @property
    def site_url(self) -> str:
        """Its address."""
        ...


@dataclass(frozen=True, slots=True)
class _Written:
    """A message as it was written, and all that it was written from."""

    told: Told
    sender: Sender
    pack: Pack
    templates: Templates
    content: bytes


class CapExporter:
    """Writes each message once; what was written before is handed out again."""

    def __init__(self) -> None:
        self._written: dict[str, _Written] = {}

    def export(self, facts: PublicFacts, *, templates: Templates, addresses: PublicSite) -> Mapping[str, bytes]:
        """Return a file for each message, and their index; silent edits are no messages."""
        sender = Sender(
            host=urlsplit(addresses.site_url).hostname or "localhost",
            site_url=addresses.site_url,
            is_demonstration=facts.pack.authority is None,
            is_replay=facts.is_replay,
        )
        told = _told(facts.said)
        self._written = {each.bulletin.id: self._file(each, sender, facts.pack, templates) for each in told}
        files = {f"cap/{name}.xml": written.content for name, written in self._written.items()}
        return {**files, INDEX: _index(told, facts=facts, sender=sender)}

    def _file(self, told: Told, sender: Sender, pack: Pack, templates: Templates) -> _Written:
        known = self._written.get(told.bulletin.id)
        is_same = known is not None and known.pack is pack and known.templates is templates
        if known is not None and is_same and (known.told, known.sender) == (told, sender):
            return known
        content = alert(told, pack=pack, templates=templates, sender=sender)
        return _Written(told, sender, pack, templates, content)


def build() -> CapExporter:
    """Return the exporter."""
    return CapExporter()


def _told(said: Sequence[Said]) -> list[Told]:
    before: dict[str, tuple[tuple[str, datetime], ...]] = {}
    told = []
    for one in said:
        bulletin = one.bulletin
        if bulletin.is_silent:
            continue
        earlier = before.get(bulletin.incident, ())
        told.append(Told(bulletin, one.published_at, earlier))
        before[bulletin.incident] = (*earlier, (bulletin.id, one.published_at))
    return told


def _index(told: Sequence[Told], *, facts: PublicFacts, sender: Sender) -> bytes:
    root = f"{sender.site_url.rstrip('/')}/cap/"
    updated = format_moment(facts.checked_at or facts.valid_until)
    entries = "".join(_entry(each, sender, root) for each in reversed(told))
    mark = " (Unofficial demonstration)" if sender.is_demonstration else ""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:t="urn:tocsin:status:1" xml:lang="en">'
        f"<id>{escape(root)}index.xml</id><title>CAP messages{mark}</title>"
        f'<link rel="self" type="application/atom+xml" href="{escape(root)}index.xml"/><updated>{updated}</updated>'
        f"<author><name>{escape(sender.host)}</name></author>"
        f"<t:validUntil>{format_moment(facts.valid_until)}</t:validUntil>\n{entries}</feed>\n"
    ).encode()


def _entry(told: Told, sender: Sender, root: str) -> str:
    bulletin = told.bulletin
    text = next(iter(bulletin.texts.values()))
    return (
        f"<entry><id>{escape(root)}{escape(bulletin.id)}.xml</id>"
        f"<title>{escape(text.headline['en'])}</title>"
        f'<link rel="alternate" type="application/cap+xml" href="{escape(root)}{escape(bulletin.id)}.xml"/>'
        f"<updated>{format_moment(told.sent_at)}</updated>"
        f'<category term="{status(bulletin, sender)}"/><category term="{kind(told)}"/></entry>\n'
    )
