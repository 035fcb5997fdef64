"""What is remembered of past weeks, as far as witnesses are judged by it: confirmed troubles, and everybody's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tocsin.observations.rules.model import Notice, Report

_BEFORE, _AFTER = timedelta(minutes=10), timedelta(minutes=30)
"""Who complains just before the estimated onset, or after the end, speaks of the same trouble."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """An incident that is over and was not taken back: what failed for whom, from when to when (None = all)."""

    began: datetime
    ended: datetime
    functions: frozenset[str]
    services: frozenset[str]
    audiences: frozenset[str] | None = None
    packages: frozenset[str] | None = None
    regions: frozenset[str] | None = None

    def hits(self, stratum: "Stratum") -> bool:
        """Say whether it concerned users of this kind."""
        return (
            (self.audiences is None or stratum.audience in self.audiences)
            and (self.packages is None or stratum.package in self.packages)
            and (self.regions is None or stratum.region in self.regions)
        )

    def is_spoken_of(self, at: datetime) -> bool:
        """Say whether words of that moment may be about it."""
        return self.began - _BEFORE <= at <= self.ended + _AFTER


@dataclass(frozen=True, slots=True)
class Stratum:
    """What a panel member is: a profession, with a package, in a region."""

    audience: str
    package: str
    region: str


@dataclass(frozen=True, slots=True)
class Membership:
    """A panel member's stratum, and since when they belong to the panel (None: longer than anybody remembers)."""

    stratum: Stratum
    joined_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """Everything between two moments that says how far witnesses are to be believed."""

    since: datetime
    until: datetime
    troubles: Sequence[Trouble] = ()
    members: Mapping[str, Membership] = field(default_factory=dict)
    reports: Sequence[Report] = ()
    notices: Sequence[Notice] = ()

    @property
    def days(self) -> float:
        """How many days that is."""
        return max((self.until - self.since) / timedelta(days=1), 0.0)
