"""Turns facts into what machines read: feeds and calendars in every language, documents, badges, and what plug-ins add.

Everything here is written anew with every look (if only for its times) and within the second in which an event must
be seen, so what many files share is made once.
"""

import json
import logging
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from django.utils import translation

from tocsin.bulletins.rules.templates import Templates
from tocsin.kernel.language import LANGUAGES, Language
from tocsin.kernel.plugins import load_plugins
from tocsin.plugins.exporters.group import EXPORTERS
from tocsin.status_site.calendars import calendars
from tocsin.status_site.embedding import banner_script, embeddings
from tocsin.status_site.feeds import feeds
from tocsin.status_site.ports import Addresses, Exporter, ExporterFactory, Files
from tocsin.status_site.rules.document import status_document
from tocsin.status_site.rules.facts import Facts
from tocsin.status_site.rules.statuspage import Board, board
from tocsin.status_site.statuspage_api import statuspage_files

SCHEMA = "schema/status-1.json"
"""Where the site holds the JSON Schema of `status.json`."""

_log = logging.getLogger(__name__)


def render_exports(facts: Facts, *, templates: Templates, addresses: Addresses) -> Files:
    """Render every feed and document: they change with every look, if only in their times."""
    rendered: Files = {
        "status.json": _json(status_document(facts)),
        SCHEMA: status_schema(),
        "assets/banner.js": banner_script(),
    }
    told = board(facts)
    for language in LANGUAGES:
        with translation.override(language):
            rendered.update(_in_language(language, told, templates, addresses))
    return {**_from_plugins(facts, templates, addresses), **rendered}


def _in_language(
    language: Language, told: Board, templates: Templates, addresses: Addresses
) -> Iterator[tuple[str, bytes]]:
    facts, site_url = told.facts, addresses.site_url
    yield from feeds(language, facts=facts, templates=templates, site_url=site_url)
    yield from calendars(language, facts=facts, site_url=site_url)
    yield from embeddings(language, facts=facts, site_url=site_url)
    yield from statuspage_files(language, board=told, templates=templates, site_url=site_url)


def _from_plugins(facts: Facts, templates: Templates, addresses: Addresses) -> Files:
    exported: Files = {}
    for name, exporter in configured_exporters().items():
        try:
            exported.update(exporter.export(facts, templates=templates, addresses=addresses))
        except Exception:  # noqa: BLE001  whatever a plug-in does wrong, the pages and all other files must go out
            _log.exception("The exporter %r failed: its files are missing from this publication.", name)
    return exported


@cache
def configured_exporters() -> dict[str, Exporter]:
    """Return the installed exporters by name; raises `ConfigurationError` where one cannot be loaded."""
    factories: dict[str, ExporterFactory] = load_plugins(EXPORTERS)
    return {name: build() for name, build in factories.items()}


@cache
def status_schema() -> bytes:
    """Return the JSON Schema of `status.json`."""
    return (files("tocsin.status_site") / "assets" / "status-1.schema.json").read_bytes()


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
