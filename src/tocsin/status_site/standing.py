"""Pages that do not change with the minute: procedures, incidents that are over, history, readiness, accessibility."""

from collections.abc import Hashable, Iterator
from datetime import date

from django.utils import translation

from tocsin.bulletins.rules.templates import Templates
from tocsin.kernel.clock import in_brussels
from tocsin.kernel.language import LANGUAGES, Language, LocalizedText
from tocsin.status_site.frame import Context, asset, page, standing_frame
from tocsin.status_site.ports import Files
from tocsin.status_site.rules.facts import Facts
from tocsin.status_site.rules.figures import history_pages
from tocsin.status_site.rules.leaflets import leaflets
from tocsin.status_site.rules.pages import help_desk_of, procedures_of
from tocsin.status_site.rules.reader import Link, Reader
from tocsin.status_site.rules.software import readiness_of
from tocsin.status_site.rules.stories import is_told, story

ASSETS = ("site.css", "refresh.js", "icon.svg")

ASSESSED_ON = date(2026, 11, 23)
"""When the accessibility of these pages was last assessed by people, as their statement says."""

_NOBODY: LocalizedText = {
    "fr": "Le projet Tocsin",
    "nl": "Het project Tocsin",
    "de": "Das Projekt Tocsin",
    "en": "The Tocsin project",
}


def standing_key(facts: Facts) -> Hashable:
    """Return what `render_standing` depends on: while it stays equal, what was rendered stays true.

    The day, since legal texts expire by days; what is over, for the pages of incidents and the history; readiness.
    """
    over = tuple(
        (chapter.incident.id, chapter.incident.closed_at, len(chapter.said), len(chapter.activations))
        for chapter in facts.chapters
        if not chapter.incident.is_open
    )
    return in_brussels(facts.now).date(), facts.is_replay, facts.is_demonstration, over, tuple(facts.readiness)


def render_standing(facts: Facts, *, templates: Templates) -> Files:
    """Render what changes only with the content pack, the day and what is over; also style, script and robots.txt."""
    rendered: Files = {f"assets/{name}": asset(name) for name in ASSETS}
    rendered["robots.txt"] = b"User-agent: *\nDisallow: /\n" if facts.is_demonstration else b"User-agent: *\nAllow: /\n"
    for language in LANGUAGES:
        with translation.override(language):
            frame = standing_frame(language, facts, templates)
            for here, content in _pages(language, facts, templates, frame):
                rendered[f"{language}/{here}"] = content
    return rendered


def _pages(language: Language, facts: Facts, templates: Templates, frame: Context) -> Iterator[tuple[str, bytes]]:
    yield from _procedures(language, facts, templates, frame)
    yield from _past(language, facts, frame)
    here = "readiness.html"
    yield here, page("readiness", {**frame, "packages": readiness_of(language, facts=facts)}, here=here)
    here = "accessibility.html"
    yield here, page("accessibility", {**frame, **_statement(language, facts)}, here=here)


def _procedures(language: Language, facts: Facts, templates: Templates, frame: Context) -> Iterator[tuple[str, bytes]]:
    for leaflet in leaflets(language, facts=facts, templates=templates):
        here = f"procedures/{leaflet.id}.html"
        yield here, page("procedure", {**frame, "procedure": leaflet}, here=here)
    for audience in facts.pack.audiences.values():
        here = f"{audience.id}/procedures.html"
        own = procedures_of(audience.id, language, facts=facts)
        link = Link(audience.id, audience.name[language])
        yield here, page("procedures", {**frame, "audience": link, "procedures": own}, here=here)


def _past(language: Language, facts: Facts, frame: Context) -> Iterator[tuple[str, bytes]]:
    for each in history_pages(language, facts=facts):
        here = f"history/{each.id}.html"
        yield here, page("history", {**frame, "page": each}, here=here)
    for chapter in facts.chapters:
        if is_told(chapter) and not chapter.incident.is_open:
            here = f"incidents/{chapter.incident.id}.html"
            yield here, page("incident", {**frame, "story": story(chapter, language, facts=facts)}, here=here)


def _statement(language: Language, facts: Facts) -> Context:
    reader = Reader("", language, facts)
    authority = facts.pack.authority
    return {
        "statement": f"status_site/accessibility_{language}.html",
        "publisher": reader.words(_NOBODY if authority is None else authority.name),
        "help_desk_words": "" if authority is None else help_desk_of(reader),
        "prepared_on": reader.full_day(ASSESSED_ON),
    }
