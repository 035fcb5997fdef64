"""Who must agree before a bulletin goes out: nobody, one person, or two; by how much hangs on it and how sure we are.

The operator's policy gives a level to each severity. A level is a floor, never a pass: "automatic" still needs unlocked
automation and all that `policy.decide` asks; where those refuse, one person decides.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tocsin.bulletins.rules.model import Approval, Bulletin, PublicationPolicy, Severity
from tocsin.detection.rules.model import State
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.reasons import Reason

LEVELS: tuple[Approval, ...] = ("automatic", "one_click", "two_people")
"""From the loosest to the strictest."""

SEVERITIES: tuple[Severity, ...] = ("grave", "serious", "limited", "unsure")

SHIPPED: Mapping[Severity, Approval] = {
    "grave": "automatic",
    "serious": "automatic",
    "limited": "automatic",
    "unsure": "one_click",
}
"""What holds where the operator decided nothing: speed, for automation is locked until it is earned."""

CLAIMS_LITTLE = frozenset({"holding", "retraction", "end"})
"""Kinds that nobody should wait for: a second person's delay would do more harm than their eye does good."""

PEOPLE: Mapping[Approval, int] = {"automatic": 1, "one_click": 1, "two_people": 2}
"""How many must agree once it waits for people."""


@dataclass(frozen=True, slots=True)
class Needed:
    """Who must agree, and why."""

    approval: Approval
    reasons: tuple[Reason, ...]

    @property
    def people(self) -> int:
        """Return how many people must agree once it waits for people."""
        return PEOPLE[self.approval]


def severity(bulletin: Bulletin, *, crucial: Collection[str] | None = None) -> Severity:
    """Return how much hangs on a bulletin: what it says of which functions, to how many.

    Grave: something crucial does not work, everywhere. Serious: anything else that does not work. Limited: the rest.
    `crucial` are the functions that count as such; None: all.
    """
    if bulletin.state is not State.DOWN:
        return "limited"
    is_crucial = crucial is None or any(function in crucial for function in bulletin.functions)
    is_everywhere = bulletin.packages is None and bulletin.regions is None
    return "grave" if is_crucial and is_everywhere else "serious"


def level(bulletin: Bulletin, *, policy: PublicationPolicy) -> Approval:
    """Return the level that the policy gives to the bulletin's severity."""
    given = _given(severity(bulletin, crucial=policy.crucial), policy)
    return _no_more_than_one(given) if bulletin.kind in CLAIMS_LITTLE else given


def needed(bulletin: Bulletin, incident: Incident, *, policy: PublicationPolicy) -> Needed:
    """Return who must agree before the bulletin goes out, with the reasons."""
    found = severity(bulletin, crucial=policy.crucial)
    levels = [level(bulletin, policy=policy)]
    reasons = [Reason("approval.severity", {"severity": found})]
    if bulletin.kind in CLAIMS_LITTLE:
        reasons.append(Reason("approval.claims_little"))
    if bulletin.kind == "first" and _is_unsure(incident, policy):
        levels.append(_given("unsure", policy))
        reasons.append(
            Reason("approval.unsure", {"eyes": len(incident.eyes), "confidence": round(incident.confidence, 3)})
        )
    return Needed(max(levels, key=LEVELS.index), tuple(reasons))


def missing(need: Needed, approved_by: Collection[str]) -> int:
    """Return how many more people must agree; nobody counts twice."""
    return max(0, need.people - len(set(approved_by)))


def _given(severity_: Severity, policy: PublicationPolicy) -> Approval:
    return policy.approvals.get(severity_, SHIPPED[severity_])


def _no_more_than_one(given: Approval) -> Approval:
    return "one_click" if given == "two_people" else given


def _is_unsure(incident: Incident, policy: PublicationPolicy) -> bool:
    if incident.is_hearsay:
        # "Not clear yet: professionals report …" claims no more than it knows.
        return False
    return len(incident.eyes) < policy.min_eyes or incident.confidence < policy.min_confidence
