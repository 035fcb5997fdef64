"""What an incident's page says beyond its suspects: whom to call first, and how the suspicion moved. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.catalog.rules.model import Pack
from tocsin.diagnosis.rules.model import Call, Question, Ranking
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.language import LocalizedText
from tocsin.kernel.reasons import Reason

LEAST_SHOWN = 0.01
"""Beside the first, whoever has less than a hundredth of the belief is left out."""

SHOWN = 30
"""So many steps of the ranking stand on the page, the latest first; what was earlier is in the record."""


@dataclass(frozen=True, slots=True)
class NamedCall:
    """Who must be called: their name ("" for the maker of a package, who is `maker_of`), their number, and why."""

    name: str
    maker_of: str
    contact: LocalizedText | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A suspect by name, and its share of the belief."""

    name: str
    score: float


@dataclass(frozen=True, slots=True)
class NamedRanking:
    """How the first suspects stood from a moment on, by name."""

    at: datetime
    places: tuple[NamedPlace, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """All of it for one incident; `rankings` come latest first, `elsewhere` is None where there is no suspect."""

    questions: tuple[Question, ...]
    calls: tuple[NamedCall, ...]
    rankings: tuple[NamedRanking, ...]
    elsewhere: float | None


def suspicion(incident: Incident, *, pack: Pack) -> Suspicion:
    """Put names to what diagnosis left with the incident."""
    return Suspicion(
        questions=incident.questions,
        calls=tuple(_call(call, pack) for call in incident.calls),
        rankings=tuple(_ranking(each, pack) for each in reversed(incident.rankings[-SHOWN:])),
        elsewhere=incident.elsewhere if incident.suspects else None,
    )


def name_of(identity: str, pack: Pack) -> str:
    """Return what a service, package or partner is called; its id where the pack no longer knows it."""
    for things in (pack.services, pack.packages, pack.partners):
        if identity in things:
            return things[identity].name
    return identity


def _call(call: Call, pack: Pack) -> NamedCall:
    partner = pack.partners.get(call.partner) if call.partner is not None else None
    if partner is not None:
        return NamedCall(partner.name, "", partner.contact, call.reasons)
    return NamedCall("", _made(call.reasons, pack), None, call.reasons)


def _made(reasons: Sequence[Reason], pack: Pack) -> str:
    return ", ".join(name_of(str(reason.facts.get("suspect", "")), pack) for reason in reasons)


def _ranking(ranking: Ranking, pack: Pack) -> NamedRanking:
    places = tuple(
        NamedPlace(name_of(place.suspect, pack), place.score)
        for index, place in enumerate(ranking.places)
        if index == 0 or place.score >= LEAST_SHOWN
    )
    return NamedRanking(ranking.at, places, ranking.reasons)
