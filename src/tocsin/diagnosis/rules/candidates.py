"""Who could be at fault, and whom each would take down with it.

Every service, infrastructure and package of the pack is a candidate, and every partner with more than one thing
(with one, suspecting it says no more than suspecting the thing). Infrastructure and partners have no
telemetry of their own: they show only in those that need them.
"""

from collections import deque
from collections.abc import Iterator, Mapping
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


_KNOWN: deque[tuple[Pack, tuple[Candidate, ...]]] = deque(maxlen=4)


def candidates(pack: Pack, graph: Graph) -> tuple[Candidate, ...]:
    """Return every candidate: services and infrastructure, then partners, then packages, each in pack order.

    They are worked out once for each pack.
    """
    for known, found in tuple(_KNOWN):
        if known is pack:
            return found
    everyone = _everyone(pack, graph)
    _KNOWN.append((pack, everyone))
    return everyone


def _everyone(pack: Pack, graph: Graph) -> tuple[Candidate, ...]:
    showing = _needing(pack)
    return (
        *(_service(service, showing, graph) for service in pack.services.values()),
        *_partners(pack, showing, graph),
        *_packages(pack),
    )


type Showing = Mapping[str, frozenset[str]]
"""Who needs each service directly."""


def _needing(pack: Pack) -> Showing:
    found: dict[str, set[str]] = {}
    for other in pack.services.values():
        for need in other.needs:
            found.setdefault(need, set()).add(other.id)
    return {need: frozenset(others) for need, others in found.items()}


def _service(service: Service, showing: Showing, graph: Graph) -> Candidate:
    direct = _shown_by(service, showing)
    return Candidate(service.id, service.kind, direct, graph.dependants_of(service.id) | direct, service.partner)


def _shown_by(service: Service, showing: Showing) -> frozenset[str]:
    # What fails at once when it fails: itself; infrastructure is mostly seen only through those that need it directly.
    if service.kind == "service":
        return frozenset({service.id})
    return showing.get(service.id, frozenset()) | {service.id}


def _partners(pack: Pack, showing: Showing, graph: Graph) -> Iterator[Candidate]:
    for partner in pack.partners.values():
        operated = _operated(partner.id, pack)
        if not operated and partner.subcontractor_of is not None:
            # Nothing of its own is on the map: it shows only in what it does behind another partner's services.
            operated = [each for each in _operated(partner.subcontractor_of, pack) if each.kind == "service"]
        if len(operated) > 1:
            direct = frozenset[str]().union(*(_shown_by(service, showing) for service in operated))
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
