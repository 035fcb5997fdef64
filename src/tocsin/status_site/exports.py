"""Turns facts into what machines read: feeds in every language, and documents."""

import json
from collections.abc import Iterator

from django.utils import translation

from tocsin.bulletins.rules.templates import Templates
from tocsin.kernel.language import LANGUAGES, Language
from tocsin.status_site.feeds import feed
from tocsin.status_site.ports import Addresses, Files
from tocsin.status_site.rules.document import status_document
from tocsin.status_site.rules.facts import Facts


def render_exports(facts: Facts, *, templates: Templates, addresses: Addresses) -> Files:
    """Render every feed and document: they change with every look, if only in their times."""
    rendered: Files = {"status.json": _json(status_document(facts))}
    for language in LANGUAGES:
        with translation.override(language):
            rendered.update(_feeds(language, facts, templates, addresses))
    return rendered


def _feeds(language: Language, facts: Facts, templates: Templates, addresses: Addresses) -> Iterator[tuple[str, bytes]]:
    yield f"{language}/feed.xml", feed(language, facts=facts, templates=templates, site_url=addresses.site_url)
    for audience in facts.pack.audiences:
        yield (
            f"{language}/{audience}/feed.xml",
            feed(language, audience=audience, facts=facts, templates=templates, site_url=addresses.site_url),
        )


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
