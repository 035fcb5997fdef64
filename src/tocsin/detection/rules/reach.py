"""Which signals tell about which function, and for whom.

A function is judged by the services it calls directly, as called by the packages of its audience. Services that
only other services call (a bus, an access check) tell about every function that needs them. A fault that hits some
packages only, on a service that some packages also call at log-in, is one of the log-in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tocsin.catalog.rules.model import Function, Pack
from tocsin.detection.rules.findings import Found
from tocsin.observations.rules.model import Eye

_NEARLY_ALL = 0.9
"""When nearly every call of a package fails, it is not one use of the service that fails but all of them."""
_WORTH_PASSING_ON = 0.05
"""A deviation of a service that users never call directly must be this large to speak for what lies above it."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The pack, read for the question which services speak for a function."""

    pack: Pack
    direct: frozenset[str]
    below: Mapping[str, frozenset[str]]
    members: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, pack: Pack) -> "Reach":
        """Read the pack's graph once."""
        direct = frozenset(service for function in pack.functions.values() for service in function.uses)
        below = {function.id: _needs(function.uses, pack) - direct for function in pack.functions.values()}
        members = {
            audience: tuple(package.id for package in pack.packages.values() if package.audience == audience)
            for audience in pack.audiences
        }
        return cls(pack=pack, direct=direct, below=below, members=members)

    def telling(self, function: Function, audience: str, found: Sequence[Found]) -> list[Found]:
        """Return those findings that tell about the function for the audience.

        Where a finding on a service further down tells, whatever another eye sees on that service confirms it.
        """
        told = {one.signal.service for one in found if self._tells(function, audience, one)}
        return [
            one
            for one in found
            if self._tells(function, audience, one)
            or (one.signal.service in told and one.signal.eye is Eye.PROBES and not one.is_leading)
        ]

    def own_service(self, function: Function) -> str | None:
        """Return the service that is most the function's own: used by the fewest functions, the last of these."""
        if not function.uses:
            return None
        users = {
            service: sum(service in other.uses for other in self.pack.functions.values()) for service in function.uses
        }
        fewest = min(users.values())
        return [service for service in function.uses if users[service] == fewest][-1]

    def _tells(self, function: Function, audience: str, found: Found) -> bool:
        signal = found.signal
        if signal.kind == "reports" or not self._concerns(audience, signal.packages):
            return False
        if signal.service in function.soft:
            return True
        if signal.service in function.uses:
            return not self._belongs_to_soft_use(found) and not self._belongs_to_login(function, audience, found)
        return signal.service in self.below[function.id] and found.share >= _WORTH_PASSING_ON and found.is_leading

    def _concerns(self, audience: str, packages: tuple[str, ...] | None) -> bool:
        return packages is None or any(package in self.members[audience] for package in packages)

    def _belongs_to_soft_use(self, found: Found) -> bool:
        """Say whether a package fault is better explained by a use that only some packages make of the service."""
        signal = found.signal
        if signal.packages is None or found.share >= _NEARLY_ALL:
            return False
        return any(signal.service in other.soft for other in self.pack.functions.values())

    def _belongs_to_login(self, function: Function, audience: str, found: Found) -> bool:
        """Say whether some of the audience's packages, and not all, fail at what is called to log in.

        Then it is how that software logs in that fails. What it does after that is told of by the services it calls.
        """
        named, members = found.signal.packages, self.members[audience]
        if function.is_login or named is None or all(package in named for package in members):
            return False
        return any(other.is_login and found.signal.service in other.uses for other in self.pack.functions.values())


def _needs(services: Sequence[str], pack: Pack) -> frozenset[str]:
    found: set[str] = set()
    waiting = [need for service in services if service in pack.services for need in pack.services[service].needs]
    while waiting:
        service = waiting.pop()
        if service not in found:
            found.add(service)
            waiting.extend(pack.services[service].needs if service in pack.services else ())
    return frozenset(found)
