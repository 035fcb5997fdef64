"""`status.json`: what the pages say, for machines, in every language. Its format: `docs/reference/status-json.md`."""

from collections.abc import Mapping
from datetime import datetime

from tocsin.bulletins.rules.model import AudienceText
from tocsin.changes.rules import Maintenance
from tocsin.kernel.clock import format_moment
from tocsin.kernel.language import LANGUAGES, LocalizedText
from tocsin.status_site.rules.facts import Facts, Said, current_messages, shown_states

FORMAT = "tocsin-status/1"

type Json = Mapping[str, object]


def status_document(facts: Facts) -> Json:
    """Return the document: until when it may be trusted, the state of every function, and the current messages."""
    return {
        "format": FORMAT,
        "pack": {"id": facts.pack.id, "version": facts.pack.version},
        "is_demonstration": facts.is_demonstration,
        "is_replay": facts.is_replay,
        "published_at": format_moment(facts.now),
        "checked_at": _moment(facts.checked_at),
        "valid_until": format_moment(facts.valid_until),
        "functions": _functions(facts),
        "messages": _messages(facts),
        "maintenance": [_maintenance(one) for one in facts.maintenance if one.is_public],
    }


def _functions(facts: Facts) -> list[Json]:
    return [
        {
            "id": function,
            "name": dict(facts.pack.functions[function].name),
            "states": {audience: state.value for audience, state in states.items()},
        }
        for function, states in shown_states(facts).items()
    ]


def _messages(facts: Facts) -> list[Json]:
    current: dict[str, Said] = {}
    for audience in facts.pack.audiences:
        for _, said in current_messages(audience, facts):
            current.setdefault(said.bulletin.id, said)
    return [_message(said) for said in current.values()]


def _message(said: Said) -> Json:
    bulletin = said.bulletin
    return {
        "id": bulletin.id,
        "incident": bulletin.incident,
        "kind": bulletin.kind,
        "is_drill": bulletin.is_drill,
        "is_silent": bulletin.is_silent,
        "corrects": bulletin.corrects,
        "state": bulletin.state.value,
        "published_at": format_moment(said.published_at),
        "next_update_at": _moment(bulletin.next_update_at),
        "functions": list(bulletin.functions),
        "packages": _list(bulletin.packages),
        "regions": _list(bulletin.regions),
        "texts": {audience: _text(text) for audience, text in bulletin.texts.items()},
    }


def _text(text: AudienceText) -> Json:
    return {
        "headline": dict(text.headline),
        "scope": dict(text.scope),
        "now": [dict(sentence) for sentence in text.now],
        "procedures": list(text.procedures),
        "paid": _words(text.paid),
        "avoid": _words(text.avoid),
        "next_update": _words(text.next_update),
        "duties": [dict(duty) for duty in text.duties],
    }


def _maintenance(one: Maintenance) -> Json:
    return {
        "id": one.id,
        "state": one.state,
        "revision": one.revision,
        "start": format_moment(one.start),
        "end": format_moment(one.end),
        "functions": list(one.functions),
        "audiences": _list(one.audiences),
        "effect": _words(one.effect),
    }


def _list(ids: tuple[str, ...] | None) -> list[str] | None:
    # None is everybody, everywhere: an empty list would say nobody.
    return None if ids is None else list(ids)


def _words(text: LocalizedText | None) -> Json | None:
    return None if text is None else {language: text[language] for language in LANGUAGES}


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else format_moment(moment)
