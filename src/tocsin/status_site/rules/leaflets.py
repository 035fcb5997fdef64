"""A procedure as a leaflet: what a professional prints beforehand and reads when nothing else works."""

from dataclasses import dataclass

from tocsin.bulletins.rules.clock_words import durations
from tocsin.bulletins.rules.money import legal_words
from tocsin.bulletins.rules.templates import Templates
from tocsin.continuity.rules.legal import confirmed
from tocsin.continuity.rules.model import Duty, Procedure
from tocsin.kernel.language import Language, LocalizedText
from tocsin.status_site.rules.facts import Facts
from tocsin.status_site.rules.reader import Reader

_SAME_DAY: LocalizedText = {
    "fr": "le jour même",
    "nl": "dezelfde dag",
    "de": "noch am selben Tag",
    "en": "the same day",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a fact was read, and when it was last checked."""

    address: str
    checked_on: str


@dataclass(frozen=True, slots=True)
class Leaflet:
    """A procedure in one language, in plain words. A "do not" is never on it: when it holds is decided on the day."""

    id: str
    version: str
    title: str
    audiences: str
    instruction: str
    steps: tuple[str, ...]
    patient: str
    legal: str
    legal_address: str
    forms: tuple[str, ...]
    exclusions: tuple[str, ...]
    duties: tuple[str, ...]
    time_cost: str
    sources: tuple[Reference, ...]
    checked_on: str
    review_on: str
    to_be_validated_by: str
    caveat: str
    function: str
    is_electronic: bool
    is_law: bool
    is_confirmed: bool
    is_overdue: bool
    may_activate: tuple[str, ...]
    last_exercised: str


def leaflets(language: Language, *, facts: Facts, templates: Templates) -> tuple[Leaflet, ...]:
    """Return every procedure of the pack as a leaflet."""
    return tuple(_leaflet(procedure, language, facts, templates) for procedure in facts.procedures.values())


def _leaflet(procedure: Procedure, language: Language, facts: Facts, templates: Templates) -> Leaflet:
    reader = Reader("", language, facts)
    words, all_words = reader.words, reader.all_words
    names = (facts.pack.audiences[audience].plural for audience in procedure.audiences)
    return Leaflet(
        id=procedure.id,
        version=procedure.version,
        title=words(procedure.title),
        audiences=", ".join(all_words(names)),
        instruction=words(procedure.instruction),
        steps=all_words(procedure.steps),
        patient=words(procedure.patient),
        legal=words(legal_words(procedure.legal, today=reader.today, templates=templates)),
        legal_address=procedure.legal.address,
        forms=all_words(procedure.forms),
        exclusions=all_words(procedure.exclusions),
        duties=all_words(_duty(duty, templates) for duty in procedure.duties),
        time_cost=words(procedure.time_cost),
        sources=tuple(Reference(s.address, reader.full_day(s.checked_on)) for s in procedure.sources),
        checked_on=reader.full_day(procedure.checked_on),
        review_on=reader.full_day(procedure.review_on),
        to_be_validated_by=procedure.to_be_validated_by or "",
        caveat=words(procedure.caveat),
        function=reader.function_name(procedure.function),
        is_electronic=procedure.kind == "electronic",
        is_law=procedure.legal.matter == "law",
        is_confirmed=confirmed(procedure.legal, today=reader.today) is not None,
        is_overdue=procedure.review_on < reader.today,
        may_activate=procedure.may_activate,
        last_exercised="" if procedure.last_exercised is None else reader.full_day(procedure.last_exercised),
    )


def _duty(duty: Duty, templates: Templates) -> LocalizedText:
    if duty.within is None:
        return duty.text
    within = durations(duty.within) if duty.within else _SAME_DAY
    return templates.fill("duty.within", {"duty": duty.text, "within": within})
