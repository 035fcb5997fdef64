"""The binder: everything a profession does without any ICT, to be printed before the outage and kept at the desk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tocsin.bulletins.rules.clock_words import full_day_words, typeset
from tocsin.bulletins.rules.templates import Templates
from tocsin.continuity.rules.model import Procedure
from tocsin.kernel.clock import in_brussels
from tocsin.kernel.language import Language
from tocsin.status_site.rules.facts import Facts
from tocsin.status_site.rules.leaflets import Leaflet, leaflets


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
    site = site_url.rstrip("/")
    own = _procedures(audience, facts)
    sheets = tuple(
        Sheet(leaflet, f"{site}/{language}/procedures/{leaflet.id}.html")
        for leaflet in leaflets(language, facts=facts, templates=templates)
        if leaflet.id in {procedure.id for procedure in own}
    )
    today = in_brussels(facts.now).date()
    good_until = min((procedure.review_on for procedure in own), default=today)
    return Binder(
        language=language,
        audience=audience,
        audience_name=typeset(facts.pack.audiences[audience].plural[language], language),
        page=f"{site}/{language}/{audience}/",
        sheets=tuple(sorted(sheets, key=lambda sheet: _place(sheet, own))),
        forms=tuple(dict.fromkeys(form for sheet in sheets for form in sheet.leaflet.forms)),
        printed_on=_day(today, language),
        good_until=_day(good_until, language),
        is_overdue=good_until < today,
        help_desk=_help_desk(language, facts),
        afterwards=templates.label("duties", language).rstrip(":\u00a0 "),
        is_unofficial=facts.is_demonstration,
    )


def _procedures(audience: str, facts: Facts) -> list[Procedure]:
    order = {function: place for place, function in enumerate(facts.pack.functions)}
    own = [
        procedure
        for procedure in facts.procedures.values()
        if procedure.kind == "non_ict" and audience in procedure.audiences
    ]
    return sorted(own, key=lambda procedure: order[procedure.function])


def _place(sheet: Sheet, own: Sequence[Procedure]) -> int:
    return next(place for place, procedure in enumerate(own) if procedure.id == sheet.leaflet.id)


def _day(day: date, language: Language) -> str:
    return typeset(full_day_words(day, language), language)


def _help_desk(language: Language, facts: Facts) -> str:
    words = facts.pack.authority.help_desk if facts.pack.authority is not None else facts.pack.help_desk
    return "" if words is None else typeset(words[language], language)
