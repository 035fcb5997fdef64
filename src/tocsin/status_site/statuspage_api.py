"""The Statuspage v2 API as files: English at `api/v2/…`, every language at `<language>/api/v2/…`."""

import json
from collections.abc import Iterator, Sequence

from django.utils.translation import gettext

from tocsin.bulletins.rules.clock_words import typeset
from tocsin.bulletins.rules.templates import Templates
from tocsin.bulletins.rules.wording import plain_text
from tocsin.changes.rules import Maintenance
from tocsin.kernel.language import Language
from tocsin.status_site.calendars import maintenance_name
from tocsin.status_site.feeds import checked_sentence, feed_title, marks_of
from tocsin.status_site.rules.entries import Entry
from tocsin.status_site.rules.facts import Facts
from tocsin.status_site.rules.pages import checked_words
from tocsin.status_site.rules.statuspage import Board
from tocsin.status_site.rules.statuspage_documents import Wording, documents

DEFAULT: Language = "en"
"""The language of the API at the site's root, where tools look that know of none."""


def statuspage_files(
    language: Language, *, board: Board, templates: Templates, site_url: str
) -> Iterator[tuple[str, bytes]]:
    """Yield the API's files in a language (which must be active for translations)."""
    root = f"{site_url.rstrip('/')}/"
    for name, document in documents(board, _wording(language, board, templates, f"{root}{language}/")).items():
        content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        yield f"{language}/api/v2/{name}.json", content
        if language == DEFAULT:
            yield f"api/v2/{name}.json", content


def _wording(language: Language, board: Board, templates: Templates, url: str) -> Wording:
    facts = board.facts
    told = [entry for entries in board.told.values() for entry in entries]
    groups = {audience.id: audience.plural[language] for audience in facts.pack.audiences.values()}
    return Wording(
        page=feed_title(facts, ""),
        url=f"{url}index.html",
        description=_description(language, board),
        links={
            chapter.incident.id: f"{url}incidents/{chapter.incident.id}.html"
            for chapter in facts.chapters
            if chapter.said
        },
        titles={entry.id: _title(entry, language, facts) for entry in told},
        bodies={entry.id: _body(entry, language, templates, facts) for entry in told},
        planned={each.id: _planned(each, language, facts) for each in facts.maintenance},
        component={
            (function, audience): gettext("%(audience)s – %(function)s")
            % {"audience": groups[audience], "function": facts.pack.functions[function].name[language]}
            for function, audience in board.statuses
        },
        group=groups,
    )


def _description(language: Language, board: Board) -> str:
    facts = board.facts
    checked, _ = checked_words(language, facts=facts)
    if facts.is_stale or not checked:
        return checked_sentence(language, facts)
    said = {
        "operational": gettext("No problem seen (checked %(checked)s)") % {"checked": checked},
        "under_maintenance": gettext("Planned maintenance"),
        "degraded_performance": gettext("Disrupted or not clear yet"),
        "partial_outage": gettext("Does not work for some"),
        "major_outage": gettext("Does not work"),
    }
    return said[board.worst]


def _title(entry: Entry, language: Language, facts: Facts) -> str:
    text = next(iter(entry.bulletin.texts.values()))
    headline = typeset(text.headline[language], language).removesuffix(".")
    return _with_marks(headline, facts)


def _with_marks(text: str, facts: Facts) -> str:
    # A drill's headline says so itself; what no text says of itself is said here.
    marks = marks_of(facts, is_drill=False)
    return f"{text} ({', '.join(marks)})" if marks else text


def _body(entry: Entry, language: Language, templates: Templates, facts: Facts) -> str:
    readers: dict[str, list[str]] = {}
    for audience, text in entry.bulletin.texts.items():
        said = typeset(plain_text(text, language, templates=templates), language)
        readers.setdefault(said, []).append(facts.pack.audiences[audience].plural[language])
    marks = "\n".join(marks_of(facts, is_drill=entry.bulletin.is_drill))
    sections = [_section(names, said) for said, names in readers.items()]
    return "\n\n".join((marks, *sections) if marks else sections)


def _section(names: Sequence[str], said: str) -> str:
    return f"{', '.join(names)}\n{said}"


def _planned(one: Maintenance, language: Language, facts: Facts) -> tuple[str, str]:
    name = _with_marks(maintenance_name(one.functions, language, facts), facts)
    effect = typeset(one.effect[language], language)
    return name, f"{gettext('Cancelled')}\n{effect}" if one.state == "cancelled" else effect
