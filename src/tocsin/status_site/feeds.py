"""Feeds, for people's readers and for other systems.

Atom and RSS for each language, for each audience in it, and for each function of that audience; JSON Feed for each
language and audience.

What is the same in many of them is made once: the texts of a bulletin for an audience, and each item in each format.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.utils.translation import gettext

from tocsin.bulletins.rules.clock_words import typeset
from tocsin.bulletins.rules.model import AudienceText
from tocsin.bulletins.rules.templates import Templates
from tocsin.bulletins.rules.wording import lines
from tocsin.kernel.language import Language
from tocsin.status_site.rules.entries import MAX_ENTRIES, Entry, entries, entries_for
from tocsin.status_site.rules.facts import Facts, states_of, worst_state
from tocsin.status_site.rules.pages import checked_words
from tocsin.status_site.rules.syndication import Heading, Item, Written, atom, escaped, json_feed, rss, written

_NEVER = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Press:
    """What every feed of a language is made with."""

    language: Language
    facts: Facts
    templates: Templates
    root: str
    heading: Heading


def feeds(language: Language, *, facts: Facts, templates: Templates, site_url: str) -> Iterator[tuple[str, bytes]]:
    """Yield every feed of a language (which must be active for translations): path and content."""
    root = f"{site_url.rstrip('/')}/{language}/"
    press = _Press(language, facts, templates, root, _heading(language, facts, root))
    told = entries(facts)
    bodies = {entry.id: _bodies(entry, press) for entry in told}
    everything = [written(_common_item(entry, bodies[entry.id], press)) for entry in told[:MAX_ENTRIES]]
    yield f"{language}/feed.xml", atom(press.heading, everything)
    yield f"{language}/rss.xml", rss(press.heading, everything)
    for audience in facts.pack.audiences:
        yield from _audience_feeds(audience, told, bodies, press)


def _audience_feeds(
    audience: str, told: Sequence[Entry], bodies: Mapping[str, Mapping[str, str]], press: _Press
) -> Iterator[tuple[str, bytes]]:
    own = entries_for(audience, told)
    place = f"{press.root}{audience}/"
    items = [written(_item(entry, audience, bodies[entry.id][audience], press)) for entry in own]
    facts = press.facts
    heading = replace(
        press.heading,
        title=feed_title(facts, facts.pack.audiences[audience].plural[press.language]),
        place=place,
        page=f"{place}index.html",
        state=worst_state(audience, press.facts).value,
    )
    path = f"{press.language}/{audience}"
    yield f"{path}/feed.xml", atom(heading, items)
    yield f"{path}/rss.xml", rss(heading, items)
    yield f"{path}/feed.json", _json(json_feed(heading, items))
    yield from _function_feeds(audience, list(zip(own, items, strict=True)), heading, press)


def _function_feeds(
    audience: str, own: Sequence[tuple[Entry, Written]], heading: Heading, press: _Press
) -> Iterator[tuple[str, bytes]]:
    pack = press.facts.pack
    for function, state in states_of(audience, press.facts).items():
        items = [item for entry, item in own if function in entry.bulletin.functions]
        name = gettext("%(audience)s – %(function)s") % {
            "audience": pack.audiences[audience].plural[press.language],
            "function": pack.functions[function].name[press.language],
        }
        narrow = replace(
            heading, title=feed_title(press.facts, name), place=f"{heading.place}{function}/", state=state.value
        )
        path = f"{press.language}/{audience}/{function}"
        yield f"{path}/feed.xml", atom(narrow, items)
        yield f"{path}/rss.xml", rss(narrow, items)


def _item(entry: Entry, audience: str, body: str, press: _Press) -> Item:
    place = f"{press.root}{audience}/"
    title = typeset(entry.bulletin.texts[audience].subject[press.language], press.language)
    return Item(
        id=f"{place}{entry.id}",
        url=f"{place}index.html",
        title=title,
        body=_marked(entry, body, press),
        published_at=entry.published_at,
        updated_at=entry.updated_at,
        tags=_tags(entry),
    )


def _common_item(entry: Entry, bodies: Mapping[str, str], press: _Press) -> Item:
    readers: dict[str, list[str]] = {}
    for audience, body in bodies.items():
        readers.setdefault(body, []).append(press.facts.pack.audiences[audience].plural[press.language])
    body = "".join(f"<h3>{escaped(', '.join(names))}</h3>{text}" for text, names in readers.items())
    return replace(
        _item(entry, next(iter(bodies)), body, press), id=f"{press.root}{entry.id}", url=f"{press.root}index.html"
    )


def _bodies(entry: Entry, press: _Press) -> dict[str, str]:
    return {audience: _body(text, press) for audience, text in entry.bulletin.texts.items()}


def _body(text: AudienceText, press: _Press) -> str:
    said = []
    for line in lines(text, press.language, templates=press.templates):
        sentences = escaped(typeset(" ".join(line.sentences), press.language))
        gap = "\u00a0" if press.language == "fr" else ""
        label = f"<strong>{escaped(line.label)}{gap}:</strong> " if line.label else ""
        said.append(f"<p>{label}{sentences}</p>")
    return "".join(said)


def _marked(entry: Entry, body: str, press: _Press) -> str:
    # An aggregator shows an entry without its feed: what it must say of itself stands in each.
    marks = marks_of(press.facts, is_drill=entry.bulletin.is_drill)
    return "".join(f"<p><strong>{escaped(mark)}</strong></p>" for mark in marks) + body


def marks_of(facts: Facts, *, is_drill: bool) -> tuple[str, ...]:
    """Return what a text must say of itself before anything else, in the active language."""
    marks = (
        (facts.is_demonstration, gettext("Unofficial demonstration")),
        (is_drill, gettext("Exercise")),
        (facts.is_replay, gettext("Scripted reconstruction")),
    )
    return tuple(mark for is_so, mark in marks if is_so)


def _tags(entry: Entry) -> tuple[str, ...]:
    bulletin = entry.bulletin
    return (
        bulletin.kind,
        bulletin.state.value,
        *(("drill",) if bulletin.is_drill else ()),
        *bulletin.functions,
    )


def _heading(language: Language, facts: Facts, root: str) -> Heading:
    return Heading(
        title=feed_title(facts, ""),
        subtitle=checked_sentence(language, facts),
        author=author(language, facts),
        language=language,
        place=root,
        page=f"{root}index.html",
        checked_at=facts.checked_at,
        updated_at=facts.checked_at or _NEVER,
        valid_until=facts.valid_until,
        state=_worst(facts),
        is_demonstration=facts.is_demonstration,
        is_replay=facts.is_replay,
    )


def _worst(facts: Facts) -> str:
    order = ("down", "degraded", "unknown", "ok")
    return min((worst_state(audience, facts).value for audience in facts.pack.audiences), key=order.index)


def feed_title(facts: Facts, whose: str) -> str:
    """Return a title for what an audience reads ("" for all), with what it must say of itself."""
    name = gettext("e-health services")
    title = f"{whose} – {name}" if whose else name
    marks = ", ".join(marks_of(facts, is_drill=False))
    return f"{title} ({marks})" if marks else title


def checked_sentence(language: Language, facts: Facts) -> str:
    """Return when it was checked and until when it may be trusted, in the active language."""
    checked, valid_until = checked_words(language, facts=facts)
    if not checked:
        told = gettext("Not checked yet: treat everything here as not known.")
    elif facts.is_stale:
        told = gettext("Last checked at %(checked)s. That is too long ago: treat everything here as not known.")
    else:
        told = gettext("Checked %(checked)s · valid until %(valid_until)s, then treat as not known.")
    said = told % {"checked": checked, "valid_until": valid_until}
    return f"{said} {gettext('Scripted reconstruction')}." if facts.is_replay else said


def author(language: Language, facts: Facts) -> str:
    """Return who answers for what is said, in the active language."""
    authority = facts.pack.authority
    return gettext("Unofficial demonstration") if authority is None else authority.name[language]


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
