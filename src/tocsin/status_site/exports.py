"""Turns facts into what machines read: feeds and calendars in every language, documents, badges, and what plug-ins add.

Everything here is written anew with every look (if only for its times) and within the second in which an event must
be seen, so what many files share is made once.
"""

import json
from collections.abc import Iterator

from django.utils import translation

from tocsin.bulletins.rules.templates import Templates
from tocsin.kernel.language import LANGUAGES, Language
from tocsin.status_site.feeds import feeds
from tocsin.status_site.ports import Addresses, Files
from tocsin.status_site.rules.document import status_document
from tocsin.status_site.rules.facts import Facts


def render_exports(facts: Facts, *, templates: Templates, addresses: Addresses) -> Files:
    """Render every feed and document: they change with every look, if only in their times."""
    rendered: Files = {"status.json": _json(status_document(facts))}
    for language in LANGUAGES:
        with translation.override(language):
            rendered.update(_in_language(language, facts, templates, addresses))
    return rendered


def _in_language(
    language: Language, facts: Facts, templates: Templates, addresses: Addresses
) -> Iterator[tuple[str, bytes]]:
    yield from feeds(language, facts=facts, templates=templates, site_url=addresses.site_url)


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
