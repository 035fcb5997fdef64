"""How far each witness is to be believed: members of the panel, probes, partners, by what became of their past words.

Every rate is a Beta: what was counted, shrunk towards what is usual for somebody unknown (the *prior*), so that two
coincidences make nobody a liar and one lucky word nobody a prophet. Nothing here looks anything up: whoever judges is
handed a `Credence`, and an empty one means that nobody is known yet.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Beta:
    """A rate that is known only from counts: how often it was so, how often not, the prior's counts included."""

    yes: float
    no: float

    @property
    def mean(self) -> float:
        """Return the rate to reckon with."""
        return self.yes / (self.yes + self.no)

    def seen(self, yes: float, no: float) -> "Beta":
        """Return the rate after further counts."""
        return Beta(self.yes + yes, self.no + no)


@dataclass(frozen=True, slots=True)
class MemberRecord:
    """Whether a panel member speaks up when hit, and how often without cause.

    `speaks` counts the confirmed troubles of the member's own stratum with or without a complaint; `cries` the calm
    days with or without one.
    """

    speaks: Beta = Beta(1.0, 2.0)
    cries: Beta = Beta(1.0, 49.0)


@dataclass(frozen=True, slots=True)
class ProbeRecord:
    """A probe: how often it fails when its service is well, how often when it is in confirmed trouble.

    In calm two rates are kept, for a probe that is stuck fails again and again: `calm` after a success, `again` after a
    failure. `slow_ms` is the time that 99 of 100 of its good answers stay below, None where that is not known.
    """

    calm: Beta = Beta(0.5, 99.5)
    again: Beta = Beta(1.0, 49.0)
    hit: Beta = Beta(4.0, 2.0)
    slow_ms: float | None = None


@dataclass(frozen=True, slots=True)
class PartnerRecord:
    """Whether a partner speaks when its services fail, and only then, and whether its "resolved" holds.

    `speaks` counts troubles of its services of which it did or did not speak while they lasted; `cries` the calm days
    on which it did or did not speak of trouble all the same; `resolves` its words that all is well which held, or were
    said while it still failed. `late` is how long it usually takes to speak.
    """

    speaks: Beta = Beta(3.0, 2.0)
    cries: Beta = Beta(1.0, 49.0)
    resolves: Beta = Beta(4.0, 1.0)
    late: timedelta = timedelta(minutes=20)

    @property
    def says_trouble(self) -> float:
        """Return the log Bayes factor of its word that something is wrong, for its services failing; never below 0.

        That it speaks falsely more often than truly must not turn its word round: it is then worth nothing.
        """
        return max(0.0, math.log(self.speaks.mean / self.cries.mean))

    @property
    def is_silent(self) -> float:
        """Return the log Bayes factor of its silence (≤ 0), long after it would usually have spoken."""
        return min(0.0, math.log((1.0 - self.speaks.mean) / (1.0 - self.cries.mean)))

    @property
    def trust(self) -> float:
        """Return what its word of trouble is worth against that of a partner nobody knows yet (0..1.5)."""
        return min(self.says_trouble / UNKNOWN_PARTNER.says_trouble, _MOST_TRUST)


_MOST_TRUST = 1.5
UNKNOWN_MEMBER = MemberRecord()
UNKNOWN_PROBE = ProbeRecord()
UNKNOWN_PARTNER = PartnerRecord()


@dataclass(frozen=True, slots=True)
class Credence:
    """What is known of all witnesses; whoever is not in it is taken for the average.

    `joined` says since when members belong to the panel (whoever is not in it is not new). `strays` are
    complaints in calm per function and audience: how many, in how many days. `members_by_stratum` counts the panel by
    audience, package and region.
    """

    members: Mapping[str, MemberRecord] = field(default_factory=dict)
    probes: Mapping[str, ProbeRecord] = field(default_factory=dict)
    partners: Mapping[str, PartnerRecord] = field(default_factory=dict)
    joined: Mapping[str, datetime] = field(default_factory=dict)
    strays: Mapping[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    members_by_stratum: Mapping[tuple[str, str, str], int] = field(default_factory=dict)

    def of_member(self, member: str) -> MemberRecord:
        """Return the member's record, or that of a member nobody knows."""
        return self.members.get(member, UNKNOWN_MEMBER)

    def of_probe(self, probe: str) -> ProbeRecord:
        """Return the probe's record, or that of a probe nobody knows."""
        return self.probes.get(probe, UNKNOWN_PROBE)

    def of_partner(self, partner: str) -> PartnerRecord:
        """Return the partner's record, or that of a partner nobody knows."""
        return self.partners.get(partner, UNKNOWN_PARTNER)


NOBODY_KNOWN = Credence()
