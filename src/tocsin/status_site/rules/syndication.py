"""Atom 1.0 (RFC 4287), RSS 2.0 and JSON Feed 1.1, written out: one list of items, three ways of saying it.

Hundreds of feeds leave the house every minute and most of them hold the same items; so an item is written once in each
format (`written`) and a feed is a heading and a row of such pieces. Every feed carries, for people and for machines,
when it was checked and until when it may be trusted (`t:checkedAt`, `t:validUntil`; `_tocsin` in JSON).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape

from tocsin.kernel.clock import format_moment
from tocsin.status_site.rules.document import Json

NAMESPACE = "urn:tocsin:status:1"
"""The namespace of what Tocsin adds to a feed: `checkedAt`, `validUntil`, `state`, `isDemonstration`, `isReplay`."""

_UNWANTED = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]")


def escaped(text: str) -> str:
    """Return the text fit for XML and HTML: what neither may hold is left out, and so is what turns lines around."""
    return escape(_UNWANTED.sub("", text))


@dataclass(frozen=True, slots=True)
class Item:
    """An entry ready to be written; `body` is HTML, `tags` say of what kind it is and whom it concerns."""

    id: str
    url: str
    title: str
    body: str
    published_at: datetime
    updated_at: datetime
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """An item, written once in each format."""

    atom: str
    rss: str
    json: Json


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above a feed's items. `place` is the address of the folder in which the feed and its page lie."""

    title: str
    subtitle: str
    author: str
    language: str
    place: str
    page: str
    checked_at: datetime | None
    updated_at: datetime
    valid_until: datetime
    state: str
    is_demonstration: bool
    is_replay: bool


def written(item: Item) -> Written:
    """Write an item in every format."""
    title, body, url = escaped(item.title), escape(item.body), escape(item.url)
    atom_tags = "".join(f'<category term="{escape(tag)}"/>' for tag in item.tags)
    rss_tags = "".join(f"<category>{escape(tag)}</category>" for tag in item.tags)
    published, updated = format_moment(item.published_at), format_moment(item.updated_at)
    return Written(
        atom=f'<entry><id>{escape(item.id)}</id><title>{title}</title><link rel="alternate" href="{url}"/>'
        f"<published>{published}</published><updated>{updated}</updated>{atom_tags}"
        f'<content type="html">{body}</content></entry>\n',
        rss=f'<item><guid isPermaLink="false">{escape(item.id)}</guid><title>{title}</title><link>{url}</link>'
        f"<pubDate>{_mail_date(item.published_at)}</pubDate><atom:updated>{updated}</atom:updated>{rss_tags}"
        f"<description>{body}</description></item>\n",
        json={
            "id": item.id,
            "url": item.url,
            "title": _UNWANTED.sub("", item.title),
            "content_html": item.body,
            "date_published": published,
            "date_modified": updated,
            "tags": list(item.tags),
        },
    )


def atom(heading: Heading, items: Sequence[Written]) -> bytes:
    """Return the Atom feed."""
    place, page = escape(heading.place), escape(heading.page)
    feed = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:t="{NAMESPACE}" xml:lang="{heading.language}">'
        f"<id>{place}feed.xml</id><title>{escaped(heading.title)}</title>"
        f"<subtitle>{escaped(heading.subtitle)}</subtitle>"
        f'<link rel="self" type="application/atom+xml" href="{place}feed.xml"/>'
        f'<link rel="alternate" type="text/html" href="{page}"/>'
        f"<updated>{format_moment(heading.updated_at)}</updated>"
        f"<author><name>{escaped(heading.author)}</name></author>{_for_machines(heading)}\n"
    )
    return "".join((feed, *(item.atom for item in items), "</feed>\n")).encode()


def rss(heading: Heading, items: Sequence[Written]) -> bytes:
    """Return the RSS feed."""
    place, page = escape(heading.place), escape(heading.page)
    feed = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:t="{NAMESPACE}"><channel>'
        f"<title>{escaped(heading.title)}</title><link>{page}</link>"
        f"<description>{escaped(heading.subtitle)}</description><language>{heading.language}</language>"
        f'<atom:link rel="self" type="application/rss+xml" href="{place}rss.xml"/>'
        f"<lastBuildDate>{_mail_date(heading.updated_at)}</lastBuildDate><ttl>1</ttl>{_for_machines(heading)}\n"
    )
    return "".join((feed, *(item.rss for item in items), "</channel></rss>\n")).encode()


def json_feed(heading: Heading, items: Sequence[Written]) -> Json:
    """Return the JSON Feed; what it adds stands in `_tocsin`."""
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": _UNWANTED.sub("", heading.title),
        "home_page_url": heading.page,
        "feed_url": f"{heading.place}feed.json",
        "description": _UNWANTED.sub("", heading.subtitle),
        "language": heading.language,
        "authors": [{"name": heading.author}],
        "_tocsin": {
            "checked_at": None if heading.checked_at is None else format_moment(heading.checked_at),
            "valid_until": format_moment(heading.valid_until),
            "state": heading.state,
            "is_demonstration": heading.is_demonstration,
            "is_replay": heading.is_replay,
        },
        "items": [item.json for item in items],
    }


def _for_machines(heading: Heading) -> str:
    checked = "" if heading.checked_at is None else f"<t:checkedAt>{format_moment(heading.checked_at)}</t:checkedAt>"
    return (
        f"{checked}<t:validUntil>{format_moment(heading.valid_until)}</t:validUntil><t:state>{heading.state}</t:state>"
        f"<t:isDemonstration>{str(heading.is_demonstration).lower()}</t:isDemonstration>"
        f"<t:isReplay>{str(heading.is_replay).lower()}</t:isReplay>"
    )


def _mail_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC))
