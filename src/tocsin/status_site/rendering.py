"""Turns facts into pages, in every language. What machines read is made in `exports`."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files
from urllib.parse import urlencode

from django.template import Context as Variables
from django.template import Engine
from django.utils import translation
from django.utils.translation import gettext

from tocsin.bulletins.rules.templates import Templates
from tocsin.kernel.clock import format_moment, in_brussels
from tocsin.kernel.language import LANGUAGES, Language
from tocsin.status_site.ports import Addresses, Files
from tocsin.status_site.rules.facts import Facts
from tocsin.status_site.rules.leaflets import leaflets
from tocsin.status_site.rules.pages import (
    Link,
    audience_lines,
    audience_page,
    checked_words,
    offered_languages,
    procedures_of,
)

REFRESH = timedelta(minutes=1)
"""How often an open page looks for a newer one; a replay runs faster, and so do its pages."""

REPLAY_REFRESH = timedelta(seconds=5)

ASSETS = ("site.css", "refresh.js", "icon.svg")

type Context = dict[str, object]


def render_pages(facts: Facts, *, templates: Templates, addresses: Addresses) -> Files:
    """Render everything that says what works: it changes with every look, if only in its times."""
    rendered: Files = {}
    for language in LANGUAGES:
        with translation.override(language):
            context = _context(language, facts, templates)
            rendered.update(_language_pages(language, facts, context, addresses))
    rendered["index.html"] = _page("languages", {**_context("en", facts, templates), "lines": _invitations(facts)})
    return rendered


def standing_key(facts: Facts) -> Hashable:
    """Return what `render_standing` depends on: while it stays equal, what was rendered stays true.

    The day, since legal texts expire by days; what is over, for the pages of incidents and the history; readiness.
    """
    over = tuple(
        (chapter.incident.id, chapter.incident.closed_at, len(chapter.said))
        for chapter in facts.chapters
        if not chapter.incident.is_open
    )
    return in_brussels(facts.now).date(), facts.is_replay, facts.is_demonstration, over, tuple(facts.readiness)


def render_standing(facts: Facts, *, templates: Templates) -> Files:
    """Render what changes only with the content pack and the day: procedures, their lists, style and script."""
    rendered: Files = {f"assets/{name}": _asset(name) for name in ASSETS}
    rendered["robots.txt"] = b"User-agent: *\nDisallow: /\n" if facts.is_demonstration else b"User-agent: *\nAllow: /\n"
    for language in LANGUAGES:
        with translation.override(language):
            context = {**_context(language, facts, templates), "checked_at": None, "root": "../../"}
            for leaflet in leaflets(language, facts=facts, templates=templates):
                rendered[f"{language}/procedures/{leaflet.id}.html"] = _page(
                    "procedure", {**context, "procedure": leaflet, "help_desk": ""}
                )
            for audience in facts.pack.audiences.values():
                own = procedures_of(audience.id, language, facts=facts)
                link = Link(audience.id, audience.name[language])
                rendered[f"{language}/{audience.id}/procedures.html"] = _page(
                    "procedures", {**context, "audience": link, "procedures": own}
                )
    return rendered


def _language_pages(
    language: Language, facts: Facts, context: Context, addresses: Addresses
) -> Iterator[tuple[str, bytes]]:
    lines = audience_lines(language, facts=facts)
    yield f"{language}/index.html", _page("overview", {**context, "root": "../", "lines": lines})
    audiences = [line.audience for line in lines]
    for line in lines:
        page = audience_page(line.audience.id, language, facts=facts)
        query = urlencode({"language": language, "audience": line.audience.id})
        yield (
            f"{language}/{line.audience.id}/index.html",
            _page(
                "audience",
                {
                    **context,
                    "root": "../../",
                    "page": page,
                    "audiences": audiences,
                    "subscribe_url": f"{addresses.base_url.rstrip('/')}/subscribe/?{query}",
                },
            ),
        )


def _context(language: Language, facts: Facts, templates: Templates) -> Context:
    checked, valid_until = checked_words(language, facts=facts)
    return {
        "language": language,
        "languages": offered_languages(),
        "title": gettext("e-health services"),
        "checked": checked,
        "checked_at": facts.checked_at,
        "valid_until": valid_until,
        "valid_until_iso": format_moment(facts.valid_until),
        "is_stale": facts.is_stale,
        "is_demonstration": facts.is_demonstration,
        "is_replay": facts.is_replay,
        "refresh_s": int((REPLAY_REFRESH if facts.is_replay else REFRESH).total_seconds()),
        "labels": {name: templates.label(name, language) for name in ("now", "paid", "avoid", "next", "duties")},
    }


@dataclass(frozen=True, slots=True)
class _Invitation:
    """A language on the way in, in its own words."""

    id: str
    name: str
    invitation: str
    demonstration: str
    replay: str
    checked: str


def _invitations(facts: Facts) -> Sequence[_Invitation]:
    return [_invitation(link, facts) for link in offered_languages()]


def _invitation(link: Link, facts: Facts) -> _Invitation:
    language = next(language for language in LANGUAGES if language == link.id)
    checked, valid_until = checked_words(language, facts=facts)
    with translation.override(language):
        told = _rendered("checked", {"checked": checked, "valid_until": valid_until, "is_stale": facts.is_stale})
        return _Invitation(
            id=link.id,
            name=link.name,
            invitation=gettext("What works? What to do if it does not?"),
            demonstration=gettext("Unofficial demonstration"),
            replay=gettext("Scripted reconstruction"),
            checked=told.strip(),
        )


def _page(name: str, context: Mapping[str, object]) -> bytes:
    return _rendered(name, context).encode()


def _rendered(name: str, context: Mapping[str, object]) -> str:
    return _engine().get_template(f"status_site/{name}.html").render(Variables(dict(context)))


@cache
def _engine() -> Engine:
    # An engine of its own: nothing that breaks in the console's templates can silence the public pages.
    folder = str(files("tocsin.status_site") / "templates")
    return Engine(dirs=[folder], libraries={"i18n": "django.templatetags.i18n"})


def _asset(name: str) -> bytes:
    return (files("tocsin.status_site") / "assets" / name).read_bytes()
