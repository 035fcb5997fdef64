"""Turns facts into the pages that speak of this minute, in every language.

What stays true longer is made in `standing`, what machines read in `exports`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.utils import translation
from django.utils.translation import gettext

from tocsin.bulletins.rules.templates import Templates
from tocsin.kernel.clock import format_moment
from tocsin.kernel.language import LANGUAGES, Language
from tocsin.status_site.frame import Context, own_words, page, rendered, standing_frame
from tocsin.status_site.ports import Addresses, Files
from tocsin.status_site.rules.facts import Facts
from tocsin.status_site.rules.pages import audience_lines, audience_page, checked_words, offered_languages
from tocsin.status_site.rules.reader import Link
from tocsin.status_site.rules.stories import is_told, story
from tocsin.status_site.rules.upkeep import all_upkeep
from tocsin.status_site.standing import Standing, render_standing

__all__ = ["Standing", "render_pages", "render_standing"]

REFRESH = timedelta(minutes=1)
"""How often an open page looks for a newer one; a replay runs faster, and so do its pages."""

REPLAY_REFRESH = timedelta(seconds=5)


def render_pages(facts: Facts, *, templates: Templates, addresses: Addresses) -> Files:
    """Render everything that says what works: it changes with every look, if only in its times."""
    pages: Files = {}
    for language in LANGUAGES:
        with translation.override(language):
            context = _context(language, facts, templates)
            for here, content in _language_pages(language, facts, context, addresses):
                pages[f"{language}/{here}"] = content
    pages["index.html"] = page("languages", {**_context("en", facts, templates), "lines": _invitations(facts)})
    return pages


def _language_pages(
    language: Language, facts: Facts, context: Context, addresses: Addresses
) -> Iterator[tuple[str, bytes]]:
    lines = audience_lines(language, facts=facts)
    yield "index.html", page("overview", {**context, "lines": lines}, here="index.html")
    audiences = [line.audience for line in lines]
    for line in lines:
        here = f"{line.audience.id}/index.html"
        own = {**context, **_asks(language, line.audience.id, addresses), "audiences": audiences}
        own["page"] = audience_page(line.audience.id, language, facts=facts)
        yield here, page("audience", own, here=here)
    here = "maintenance.html"
    works = all_upkeep(language, facts=facts)
    yield here, page("maintenance", {**context, "works": works, "audiences": audiences}, here=here)
    for chapter in facts.chapters:
        if is_told(chapter) and chapter.incident.is_open:
            here = f"incidents/{chapter.incident.id}.html"
            yield here, page("incident", {**context, "story": story(chapter, language, facts=facts)}, here=here)


def _asks(language: Language, audience: str, addresses: Addresses) -> Context:
    base, query = addresses.base_url.rstrip("/"), urlencode({"language": language, "audience": audience})
    return {"subscribe_url": f"{base}/subscribe/?{query}", "problem_url": f"{base}/problem/?{query}"}


def _context(language: Language, facts: Facts, templates: Templates) -> Context:
    checked, valid_until = checked_words(language, facts=facts)
    return {
        **standing_frame(language, facts, templates),
        "checked": checked,
        "checked_at": facts.checked_at,
        "valid_until": valid_until,
        "valid_until_iso": format_moment(facts.valid_until),
        "is_stale": facts.is_stale,
        "refresh_s": int((REPLAY_REFRESH if facts.is_replay else REFRESH).total_seconds()),
        "own": own_words(language, facts),
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
        told = rendered("checked", {"checked": checked, "valid_until": valid_until, "is_stale": facts.is_stale})
        return _Invitation(
            id=link.id,
            name=link.name,
            invitation=gettext("What works? What to do if it does not?"),
            demonstration=gettext("Unofficial demonstration"),
            replay=gettext("Scripted reconstruction"),
            checked=told.strip(),
        )
