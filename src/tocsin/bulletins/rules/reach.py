"""Who is hit by an incident, seen from one audience: which of its functions, which of its software, which regions."""

from dataclasses import dataclass

from tocsin.catalog.rules.model import Function, Pack
from tocsin.incidents.rules.model import Incident

MANY_FUNCTIONS = 3
"""From three failing functions on a reader is told "several do not work": nobody keeps three headlines in mind."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What of an incident hits one audience. `functions` in pack order; None means all software, all regions."""

    audience: str
    functions: tuple[str, ...]
    packages: tuple[str, ...] | None
    regions: tuple[str, ...] | None

    @property
    def is_everywhere(self) -> bool:
        """Say whether nothing narrows who is hit."""
        return self.packages is None and self.regions is None


def reaches(incident: Incident, *, pack: Pack) -> tuple[Reach, ...]:
    """Return, in pack order, every audience that the incident hits and what of it.

    An incident whose functions are not known yet reaches the audiences it names, or everybody.
    """
    named = tuple(pack.audiences) if incident.audiences is None else incident.audiences
    found = (_reach(incident, audience, pack) for audience in pack.audiences if audience in named)
    return tuple(reach for reach in found if reach is not None)


def _reach(incident: Incident, audience: str, pack: Pack) -> Reach | None:
    functions = tuple(
        function.id
        for function in pack.functions.values()
        if function.id in incident.functions and audience in function.audiences
    )
    if incident.functions and not functions:
        return None
    own = tuple(package.id for package in pack.packages.values() if package.audience == audience)
    hit = own if incident.packages is None else tuple(package for package in own if package in incident.packages)
    if incident.packages is not None and not hit and incident.audiences is None:
        return None
    return Reach(audience, functions, None if hit == own else hit, _narrowed(incident.regions, pack))


def _narrowed(regions: tuple[str, ...] | None, pack: Pack) -> tuple[str, ...] | None:
    if regions is None or set(pack.regions) <= set(regions):
        return None
    return tuple(region for region in pack.regions if region in regions)


def lead_function(reach: Reach, *, pack: Pack) -> Function | None:
    """Return the function that the headline speaks of, or None when there is none, or too many for one headline.

    Logging in leads whenever it is hit: without it nothing else works. Otherwise the first crucial function leads.
    """
    functions = [pack.functions[function] for function in reach.functions]
    for function in functions:
        if function.is_login:
            return function
    if not functions or len(functions) >= MANY_FUNCTIONS:
        return None
    return next((function for function in functions if function.is_crucial), functions[0])
