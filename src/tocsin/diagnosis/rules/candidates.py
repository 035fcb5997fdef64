"""Who could be at fault, and whom each would take down with it.

Every service, infrastructure and package of the pack is a candidate, and every partner with more than one thing
(with one, suspecting it says no more than suspecting the thing). Infrastructure and partners have no
telemetry of their own: they show only in those that need them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tocsin.catalog.rules.graph import Graph
from tocsin.catalog.rules.model import Pack, Service

type CandidateKind = Literal["service", "infrastructure", "partner", "package"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible cause.

    `direct` are the services that show it at once (a service itself; for infrastructure, those that need it),
    `reach` all that it takes down. `partner` is who must be called.
    """

    id: str
    kind: CandidateKind
    direct: frozenset[str]
    reach: frozenset[str]
    partner: str | None


def candidates(pack: Pack, graph: Graph) -> tuple[Candidate, ...]:
    """Return every candidate: services and infrastructure, then partners, then packages, each in pack order."""
    return (
        *(_service(service, pack, graph) for service in pack.services.values()),
        *_partners(pack, graph),
        *_packages(pack),
    )


def _service(service: Service, pack: Pack, graph: Graph) -> Candidate:
    direct = _shown_by(service, pack)
    return Candidate(service.id, service.kind, direct, graph.dependants_of(service.id) | direct, service.partner)


def _shown_by(service: Service, pack: Pack) -> frozenset[str]:
    # What fails at once when it fails: itself; infrastructure is seen only through those that need it directly.
    if service.kind == "service":
        return frozenset({service.id})
    return frozenset(other.id for other in pack.services.values() if service.id in other.needs)


def _partners(pack: Pack, graph: Graph) -> Iterator[Candidate]:
    for partner in pack.partners.values():
        operated = _operated(partner.id, pack)
        if not operated and partner.subcontractor_of is not None:
            # Nothing of its own is on the map: it shows only in what it does behind another partner's services.
            operated = [each for each in _operated(partner.subcontractor_of, pack) if each.kind == "service"]
        if len(operated) > 1:
            direct = frozenset[str]().union(*(_shown_by(service, pack) for service in operated))
            reach = direct.union(*(graph.dependants_of(service.id) for service in operated))
            yield Candidate(partner.id, "partner", direct, reach, partner.id)


def _operated(partner: str, pack: Pack) -> list[Service]:
    return [service for service in pack.services.values() if service.partner == partner]


def _packages(pack: Pack) -> Iterator[Candidate]:
    for package in pack.packages.values():
        used = frozenset(
            service
            for function in pack.functions.values()
            if package.audience in function.audiences
            for service in (*function.uses, *function.soft)
        )
        yield Candidate(package.id, "package", used, frozenset(pack.services), None)
