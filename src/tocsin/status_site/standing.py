"""Pages that do not change with the minute: procedures, incidents that are over, history, readiness, accessibility."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from django.utils import translation

from tocsin.bulletins.rules.templates import Templates
from tocsin.kernel.clock import in_brussels
from tocsin.kernel.language import LANGUAGES, Language, LocalizedText
from tocsin.status_site.frame import Context, asset, page, standing_frame
from tocsin.status_site.ports import Files
from tocsin.status_site.rules.facts import Chapter, Facts
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


type _Part = tuple[Hashable, Callable[[Language], Iterable[tuple[str, bytes]]]]
"""Some pages of a language: how to render them, and what they depend on."""


@dataclass(slots=True)
class Standing:
    """The pages that do not change with the minute, each rendered again only when what it is made of changed."""

    _kept: dict[Hashable, Files] = field(default_factory=dict)

    def render(self, facts: Facts, *, templates: Templates) -> Files:
        """Return what `render_standing` would; parts that are as they were come from the last time."""
        self._kept = {
            key: self._kept[key] if key in self._kept else _in_all_languages(pages)
            for key, pages in _parts(facts, templates)
        }
        rendered = _unspoken(facts)
        for files in self._kept.values():
            rendered.update(files)
        return rendered


def render_standing(facts: Facts, *, templates: Templates) -> Files:
    """Render what changes only with the content pack, the day and what is over; also style, script and robots.txt."""
    return Standing().render(facts, templates=templates)


def _unspoken(facts: Facts) -> Files:
    files = {f"assets/{name}": asset(name) for name in ASSETS}
    files["robots.txt"] = b"User-agent: *\nDisallow: /\n" if facts.is_demonstration else b"User-agent: *\nAllow: /\n"
    return files


def _parts(facts: Facts, templates: Templates) -> Iterator[_Part]:
    # The day is in every key, since legal texts expire by days and times of other days are written with theirs.
    common = in_brussels(facts.now).date(), facts.is_replay, facts.is_demonstration
    frames = Frames(facts, templates)
    over = [chapter for chapter in facts.chapters if not chapter.incident.is_open]
    yield ("procedures", common), lambda language: _procedures(language, facts, templates, frames[language])
    yield ("readiness", common, tuple(facts.readiness)), lambda language: _readiness(language, facts, frames[language])
    yield ("history", common, tuple(map(_ended, over))), lambda language: _history(language, facts, frames[language])
    for chapter in filter(is_told, over):
        yield ("incident", common, _ended(chapter)), partial(_incident, chapter, facts=facts, frames=frames)


def _ended(chapter: Chapter) -> Hashable:
    incident = chapter.incident
    return incident.id, incident.closed_at, len(chapter.said), len(chapter.activations)


class Frames(dict[Language, Context]):
    """The frame of each language (which must be active), made when it is first asked for."""

    def __init__(self, facts: Facts, templates: Templates) -> None:
        """Build it for these facts."""
        super().__init__()
        self._facts, self._templates = facts, templates

    def __missing__(self, language: Language) -> Context:
        """Make it."""
        self[language] = standing_frame(language, self._facts, self._templates)
        return self[language]


def _in_all_languages(pages: Callable[[Language], Iterable[tuple[str, bytes]]]) -> Files:
    rendered: Files = {}
    for language in LANGUAGES:
        with translation.override(language):
            rendered.update((f"{language}/{here}", content) for here, content in pages(language))
    return rendered


def _readiness(language: Language, facts: Facts, frame: Context) -> Iterator[tuple[str, bytes]]:
    here = "readiness.html"
    yield here, page("readiness", {**frame, "packages": readiness_of(language, facts=facts)}, here=here)


def _procedures(language: Language, facts: Facts, templates: Templates, frame: Context) -> Iterator[tuple[str, bytes]]:
    for leaflet in leaflets(language, facts=facts, templates=templates):
        here = f"procedures/{leaflet.id}.html"
        yield here, page("procedure", {**frame, "procedure": leaflet}, here=here)
    for audience in facts.pack.audiences.values():
        here = f"{audience.id}/procedures.html"
        own = procedures_of(audience.id, language, facts=facts)
        link = Link(audience.id, audience.name[language])
        yield here, page("procedures", {**frame, "audience": link, "procedures": own}, here=here)
    here = "accessibility.html"
    yield here, page("accessibility", {**frame, **_statement(language, facts)}, here=here)


def _history(language: Language, facts: Facts, frame: Context) -> Iterator[tuple[str, bytes]]:
    for each in history_pages(language, facts=facts):
        here = f"history/{each.id}.html"
        yield here, page("history", {**frame, "page": each}, here=here)


def _incident(chapter: Chapter, language: Language, *, facts: Facts, frames: Frames) -> Iterator[tuple[str, bytes]]:
    here = f"incidents/{chapter.incident.id}.html"
    yield here, page("incident", {**frames[language], "story": story(chapter, language, facts=facts)}, here=here)


def _statement(language: Language, facts: Facts) -> Context:
    reader = Reader("", language, facts)
    authority = facts.pack.authority
    return {
        "statement": f"status_site/accessibility_{language}.html",
        "publisher": reader.words(_NOBODY if authority is None else authority.name),
        "help_desk_words": "" if authority is None else help_desk_of(reader),
        "prepared_on": reader.full_day(ASSESSED_ON),
    }
