"""The binder: everything a profession does without any ICT, to be printed before the outage and kept at the desk."""

from dataclasses import dataclass

from tocsin.bulletins.rules.templates import Templates
from tocsin.kernel.language import Language
from tocsin.status_site.rules.facts import Facts
from tocsin.status_site.rules.leaflets import Leaflet, leaflets
from tocsin.status_site.rules.pages import help_desk_of, own_procedures
from tocsin.status_site.rules.reader import Reader


@dataclass(frozen=True, slots=True)
class Sheet:
    """One procedure of a binder, and the address of its live page."""

    leaflet: Leaflet
    address: str


@dataclass(frozen=True, slots=True)
class Binder:
    """A profession's procedures without any ICT, in the pack's order of functions, in one language.

    `page` is the address of the profession's live page; `forms` all that must be kept in stock, each once;
    `printed_on` today, and `good_until` the day on which the first of its procedures must be checked again;
    `is_overdue` says that this day has passed already. `afterwards` is the pack's label for duties.
    `is_unofficial`: nobody answers for it.
    """

    language: Language
    audience: str
    audience_name: str
    page: str
    sheets: tuple[Sheet, ...]
    forms: tuple[str, ...]
    printed_on: str
    good_until: str
    is_overdue: bool
    help_desk: str
    afterwards: str
    is_unofficial: bool


def binder(audience: str, language: Language, *, facts: Facts, templates: Templates, site_url: str) -> Binder:
    """Return the binder of a profession of the pack, as of `facts.now`; `site_url` is where the live pages are."""
    site, reader = site_url.rstrip("/"), Reader(audience, language, facts)
    own = [procedure for procedure in own_procedures(audience, facts) if procedure.kind == "non_ict"]
    known = {leaflet.id: leaflet for leaflet in leaflets(language, facts=facts, templates=templates)}
    sheets = tuple(Sheet(known[each.id], f"{site}/{language}/procedures/{each.id}.html") for each in own)
    good_until = min((procedure.review_on for procedure in own), default=reader.today)
    return Binder(
        language=language,
        audience=audience,
        audience_name=reader.words(facts.pack.audiences[audience].plural),
        page=f"{site}/{language}/{audience}/",
        sheets=sheets,
        forms=tuple(dict.fromkeys(form for sheet in sheets for form in sheet.leaflet.forms)),
        printed_on=reader.full_day(reader.today),
        good_until=reader.full_day(good_until),
        is_overdue=good_until < reader.today,
        help_desk=help_desk_of(reader),
        afterwards=templates.label("duties", language).rstrip(":\u00a0 "),
        is_unofficial=facts.is_demonstration,
    )
