"""What a federation consists of: functions, audiences, services, partners, packages, regions.

All of it is data from a content pack. **Order matters**: every tuple keeps the pack's own order, and code that
must break a tie or sort does so by that order, never by id, so that renamed ids change nothing but names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from tocsin.catalog.rules.calendar import Calendar
from tocsin.kernel.language import LocalizedText


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact was read and when it was last checked; `trust` as in the pack's README."""

    address: str
    checked_on: date
    trust: Literal["official", "code", "press", "inference"]


@dataclass(frozen=True, slots=True)
class Population:
    """How many people or transactions, as a range with its source; never a bare number."""

    low: int
    high: int
    source: Source


@dataclass(frozen=True, slots=True)
class Audience:
    """A profession that works with the federation; `population` is how many practise it."""

    id: str
    name: LocalizedText
    plural: LocalizedText
    population: Population


@dataclass(frozen=True, slots=True)
class Partner:
    """An organisation that runs services; `subcontractor_of` is the partner through whom it is called."""

    id: str
    name: str
    subcontractor_of: str | None = None
    contact: LocalizedText | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A technical service or piece of infrastructure; `needs` break it, `soft` only degrade it."""

    id: str
    name: str
    partner: str
    kind: Literal["service", "infrastructure"]
    needs: tuple[str, ...] = ()
    soft: tuple[str, ...] = ()
    uddi: str | None = None
    probed_by_default: bool = False


type Criticality = Literal["vital", "important", "ordinary"]
"""Vital: without it a patient may go without care now; important: care goes on by detours; ordinary: it can wait."""


@dataclass(frozen=True, slots=True)
class Function:
    """What a care professional does; `uses` are the services called directly, `soft` those only some packages call.

    `name` is the noun on screens ("Prescribing"), `fails`, `slow` and `back` are whole sentences for headlines
    ("Electronic prescriptions cannot be made."), so that no sentence is ever assembled from parts.
    `transactions_per_month` is the national load, where known; `criticality` weighs an outage's severity.
    """

    id: str
    name: LocalizedText
    fails: LocalizedText
    slow: LocalizedText
    back: LocalizedText
    audiences: tuple[str, ...]
    uses: tuple[str, ...]
    soft: tuple[str, ...] = ()
    is_crucial: bool = True
    is_login: bool = False
    transactions_per_month: Population | None = None
    criticality: Criticality = "important"


@dataclass(frozen=True, slots=True)
class Package:
    """The software a professional uses; ids are neutral on purpose."""

    id: str
    audience: str
    name: str


@dataclass(frozen=True, slots=True)
class Region:
    """A province, by its ISO 3166-2 code."""

    id: str
    name: LocalizedText


@dataclass(frozen=True, slots=True)
class Authority:
    """Who publishes; absent in a demonstration, which then says so everywhere."""

    name: LocalizedText
    help_desk: LocalizedText


@dataclass(frozen=True, slots=True)
class Pack:
    """A whole federation. Mappings keep the pack's order."""

    id: str
    version: str
    timezone: str
    audiences: Mapping[str, Audience]
    partners: Mapping[str, Partner]
    services: Mapping[str, Service]
    functions: Mapping[str, Function]
    packages: Mapping[str, Package]
    regions: Mapping[str, Region]
    authority: Authority | None
    help_desk: LocalizedText | None = None
    calendar: Calendar = field(default_factory=Calendar)
