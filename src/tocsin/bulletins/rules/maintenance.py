"""What subscribers are told of planned maintenance: before, at its start, when it changes, and at its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tocsin.bulletins.rules.clock_words import clock_times
from tocsin.bulletins.rules.model import AudienceText, BulletinKind
from tocsin.bulletins.rules.short_texts import ALWAYS, Marks, Piece, push, sms
from tocsin.bulletins.rules.templates import Templates
from tocsin.catalog.rules.model import Pack
from tocsin.changes.rules import Maintenance, maintenance_hits
from tocsin.kernel.language import LANGUAGES, LocalizedText

EFFECT_NEED: Final = 50
"""A text message says what one will notice where there is room for it; when it begins and ends always."""

_KINDS: Mapping[str, BulletinKind] = {"over": "end", "cancelled": "end"}
"""The rest are updates, the announcement too: planned work goes ahead of no outage's first word, and makes no storm."""


@dataclass(frozen=True, slots=True)
class MaintenanceNews:
    """One thing to tell of a maintenance, in the shape that subscribers' domain asks for (`Announcement`).

    `what` is what `told` remembers; `incident` is the maintenance itself, so that all of it is one conversation.
    """

    id: str
    incident: str
    what: str
    kind: BulletinKind
    state: str
    functions: tuple[str, ...]
    texts: Mapping[str, AudienceText]
    packages: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    is_drill: bool = False
    is_silent: bool = False


def due_news(maintenance: Maintenance, *, told: Sequence[str]) -> str:
    """Return what is to be told of a maintenance in its present state, "" for nothing new.

    Only the newest counts: who was never told of it hears it announced, or nothing any more once it is over.
    """
    if not maintenance.is_public or (maintenance.is_closed and not told):
        return ""
    change = f"changed-{maintenance.revision}"
    if told and maintenance.revision and change not in told and not maintenance.is_closed:
        return change
    state = maintenance.state
    news = {"changed": "" if told else "announced", "running": "begins"}.get(state, state)
    return "" if news in told else news


def maintenance_news(
    maintenance: Maintenance, what: str, *, pack: Pack, templates: Templates, now: datetime
) -> MaintenanceNews:
    """Return the news, with a text for every audience whose work the maintenance may interrupt."""
    event = "changed" if what.startswith("changed-") else what
    texts: dict[str, AudienceText] = {}
    for audience in pack.audiences:
        own = [each.id for each in pack.functions.values() if audience in each.audiences]
        touched = maintenance_hits(maintenance, audience=audience, functions=own)
        if touched:
            texts[audience] = _text(maintenance, event, touched, pack=pack, templates=templates, now=now)
    return MaintenanceNews(
        id=f"{maintenance.id}-{what}",
        incident=maintenance.id,
        what=what,
        kind=_KINDS.get(event, "update"),
        # So much as a disruption: who wants to hear only of what does not work hears nothing of planned work.
        state="ok" if maintenance.is_closed else "degraded",
        functions=maintenance.functions,
        texts=texts,
    )


def _text(
    maintenance: Maintenance, event: str, touched: Sequence[str], *, pack: Pack, templates: Templates, now: datetime
) -> AudienceText:
    names = _names(touched, pack)
    headline = templates.fill(f"maintenance.{event}", {"functions": names})
    shortened = names if len(touched) == 1 else templates.fill("maintenance.several")
    short = templates.fill(f"maintenance.{event}", {"functions": shortened})
    facts = _facts(maintenance, now=now)
    pieces = _pieces(maintenance, short, facts, templates)
    marks = Marks(is_official=pack.authority is not None, is_drill=False)
    return AudienceText(
        headline=headline,
        scope=_scope(maintenance, facts, templates),
        now=(),
        procedures=(),
        paid=None,
        avoid=None,
        next_update=_next(maintenance, facts, templates),
        duties=(),
        subject={language: short[language].rstrip(".") for language in LANGUAGES},
        sms=sms(pieces, marks=marks, templates=templates),
        push=push(pieces, marks=marks, templates=templates),
    )


def _names(functions: Sequence[str], pack: Pack) -> LocalizedText:
    return {language: ", ".join(pack.functions[each].name[language] for each in functions) for language in LANGUAGES}


def _facts(maintenance: Maintenance, *, now: datetime) -> dict[str, LocalizedText]:
    return {
        "start": clock_times(maintenance.start, now=now),
        "end": clock_times(maintenance.end, now=now if maintenance.is_under_way else maintenance.start),
        "effect": maintenance.effect,
    }


def _scope(maintenance: Maintenance, facts: Mapping[str, LocalizedText], templates: Templates) -> LocalizedText:
    if maintenance.is_closed:
        return dict.fromkeys(LANGUAGES, "")
    if maintenance.is_under_way:
        return templates.fill("maintenance.planned_end", {name: facts[name] for name in ("end", "effect")})
    return templates.fill("maintenance.when", facts)


def _next(maintenance: Maintenance, facts: Mapping[str, LocalizedText], templates: Templates) -> LocalizedText | None:
    if maintenance.is_closed:
        return None
    if maintenance.is_under_way:
        return templates.fill("maintenance.next_end")
    return templates.fill("maintenance.next_start", {"start": facts["start"]})


def _pieces(
    maintenance: Maintenance, short: LocalizedText, facts: Mapping[str, LocalizedText], templates: Templates
) -> list[Piece]:
    said = [Piece(((ALWAYS, short),))]
    if not maintenance.is_closed:
        when = templates.fill("maintenance.sms_when", {name: facts[name] for name in ("start", "end")})
        said += [Piece(((ALWAYS, when),)), Piece(((EFFECT_NEED, maintenance.effect),))]
    return said
