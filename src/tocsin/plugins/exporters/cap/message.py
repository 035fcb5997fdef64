"""A bulletin as an OASIS Common Alerting Protocol 1.2 message: one alert, one `info` for each language.

A message is written once and never changed, as CAP wants it: what follows is a message of its own that refers to those
before it. It expires when the next word was promised and did not come, so that no display keeps it for ever.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Literal

from tocsin.bulletins.rules.clock_words import typeset
from tocsin.bulletins.rules.model import AudienceText, Bulletin
from tocsin.bulletins.rules.templates import Templates
from tocsin.bulletins.rules.wording import Part, lines
from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.model import State
from tocsin.kernel.clock import in_brussels
from tocsin.kernel.language import LANGUAGES, Language

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"

LANGUAGE_TAGS: Mapping[Language, str] = {"fr": "fr-BE", "nl": "nl-BE", "de": "de-BE", "en": "en"}

GRACE = timedelta(minutes=5)
"""How long after the promised next word a message may still be shown; the pages' own validity."""

END_STAYS = timedelta(hours=24)
"""How long an end is shown: as long as on the pages."""

HEADLINE_CHARACTERS = 160
"""What CAP recommends at most, for the smallest displays."""

_UNWANTED = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]")

type Status = Literal["Actual", "Exercise", "Test"]
type Kind = Literal["Alert", "Update", "Cancel"]

_SEVERITY = {State.DOWN: "Severe", State.DEGRADED: "Moderate", State.UNKNOWN: "Minor", State.OK: "Minor"}
_CERTAINTY = {State.DOWN: "Observed", State.DEGRADED: "Observed", State.UNKNOWN: "Possible", State.OK: "Observed"}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who speaks, from which site, and whether it is meant: a demonstration's or a replay's messages are tests."""

    host: str
    site_url: str
    is_demonstration: bool
    is_replay: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A bulletin that is out, since when, and the messages of the same incident before it, oldest first."""

    bulletin: Bulletin
    sent_at: datetime
    before: tuple[tuple[str, datetime], ...]


def status(bulletin: Bulletin, sender: Sender) -> Status:
    """Return how seriously a message is meant. `Test` is for everybody to disregard, so it wins over `Exercise`."""
    if sender.is_demonstration or sender.is_replay:
        return "Test"
    return "Exercise" if bulletin.is_drill else "Actual"


def kind(told: Told) -> Kind:
    """Return the message's type: a false alarm is cancelled; an end is an update, for it says what is left to do."""
    if told.bulletin.kind == "retraction" and told.before:
        return "Cancel"
    return "Update" if told.before else "Alert"


def identifier(bulletin_id: str, pack: Pack) -> str:
    """Return the message's own name; CAP allows it neither spaces nor commas."""
    return f"tocsin.{pack.id}.{bulletin_id}"


def expires_at(told: Told) -> datetime:
    """Return until when the message may be shown: a little after the next word was promised."""
    promised = told.bulletin.next_update_at
    return told.sent_at + END_STAYS if promised is None else max(promised, told.sent_at) + GRACE


def alert(told: Told, *, pack: Pack, templates: Templates, sender: Sender) -> bytes:
    """Return the message's file."""
    bulletin = told.bulletin
    references = " ".join(f"{sender.host},{identifier(each, pack)},{_moment(sent_at)}" for each, sent_at in told.before)
    parts = (
        _tag("identifier", identifier(bulletin.id, pack)),
        _tag("sender", sender.host),
        _tag("sent", _moment(told.sent_at)),
        _tag("status", status(bulletin, sender)),
        _tag("msgType", kind(told)),
        _tag("scope", "Public"),
        _tag("note", _note(bulletin, sender)),
        _tag("references", references),
        _tag("incidents", bulletin.incident),
        *(_info(language, told, pack=pack, templates=templates, sender=sender) for language in LANGUAGES),
    )
    document = "".join(parts)
    return f'<?xml version="1.0" encoding="utf-8"?>\n<alert xmlns="{NAMESPACE}">{document}</alert>\n'.encode()


def _note(bulletin: Bulletin, sender: Sender) -> str:
    notes = (
        (sender.is_demonstration, "Unofficial demonstration: no authority answers for this message."),
        (sender.is_replay, "Scripted reconstruction: nothing here is happening now."),
        (bulletin.is_drill, "Exercise."),
        (bulletin.kind == "retraction", "False alarm: the earlier messages were wrong."),
    )
    return " ".join(note for is_so, note in notes if is_so)


def _info(language: Language, told: Told, *, pack: Pack, templates: Templates, sender: Sender) -> str:
    bulletin = told.bulletin
    is_over = bulletin.kind in {"end", "retraction"}
    texts = list(bulletin.texts.items())
    page = f"{sender.site_url.rstrip('/')}/{language}/{texts[0][0] + '/' if len(texts) == 1 else ''}index.html"
    parts = (
        _tag("language", LANGUAGE_TAGS[language]),
        _tag("category", "Health"),
        _tag("category", "Infra"),
        _tag("event", _event(bulletin, pack, language)),
        _tag("responseType", "AllClear" if is_over else "Execute"),
        _tag("urgency", "Past" if is_over else "Immediate"),
        _tag("severity", _SEVERITY[State.OK if is_over else bulletin.state]),
        _tag("certainty", _CERTAINTY[bulletin.state]),
        _tag("audience", ", ".join(pack.audiences[audience].plural[language] for audience, _ in texts)),
        _tag("effective", _moment(told.sent_at)),
        _tag("expires", _moment(expires_at(told))),
        _tag("senderName", "" if pack.authority is None else pack.authority.name[language]),
        _tag("headline", typeset(texts[0][1].headline[language], language)[:HEADLINE_CHARACTERS]),
        _tag(
            "description", _said(texts, ("headline", "scope", "paid", "next"), language, pack=pack, templates=templates)
        ),
        _tag("instruction", _said(texts, ("now", "avoid", "duties"), language, pack=pack, templates=templates)),
        _tag("web", page),
        _tag("contact", _contact(pack, language)),
        _parameter("tocsin:state", bulletin.state.value),
        _parameter("tocsin:kind", bulletin.kind),
        _parameter("tocsin:functions", " ".join(bulletin.functions)),
        *_areas(bulletin, pack, language),
    )
    return f"<info>{''.join(parts)}</info>"


def _event(bulletin: Bulletin, pack: Pack, language: Language) -> str:
    names = [pack.functions[function].name[language] for function in bulletin.functions if function in pack.functions]
    return ", ".join(names) or "eHealth"


def _said(
    texts: Sequence[tuple[str, AudienceText]],
    parts: tuple[Part, ...],
    language: Language,
    *,
    pack: Pack,
    templates: Templates,
) -> str:
    readers: dict[str, list[str]] = {}
    for audience, text in texts:
        wanted = [line for line in lines(text, language, templates=templates) if line.part in parts]
        said = typeset("\n".join(line.plain(language) for line in wanted), language)
        readers.setdefault(said, []).append(pack.audiences[audience].plural[language])
    if len(readers) == 1:
        return next(iter(readers))
    return "\n\n".join(f"{', '.join(names)}\n{said}" for said, names in readers.items() if said)


def _contact(pack: Pack, language: Language) -> str:
    desk = pack.help_desk if pack.authority is None else pack.authority.help_desk
    return "" if desk is None else typeset(desk[language], language)


def _areas(bulletin: Bulletin, pack: Pack, language: Language) -> list[str]:
    hit = pack.regions if bulletin.regions is None else bulletin.regions
    regions = [pack.regions[region] for region in pack.regions if region in hit]
    return [
        f"<area>{_tag('areaDesc', region.name[language])}"
        f"<geocode>{_tag('valueName', 'ISO 3166-2')}{_tag('value', region.id)}</geocode></area>"
        for region in regions
    ]


def _parameter(name: str, value: str) -> str:
    return f"<parameter>{_tag('valueName', name)}{_tag('value', value)}</parameter>" if value else ""


def _tag(name: str, text: str) -> str:
    return f"<{name}>{escape(_UNWANTED.sub('', text), quote=False)}</{name}>" if text else ""


def _moment(moment: datetime) -> str:
    # CAP wants whole seconds and an offset in digits; the local one tells a reader the time on the wall.
    return in_brussels(moment).replace(microsecond=0).isoformat()
