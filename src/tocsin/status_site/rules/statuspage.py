"""What the pages say, in the vocabulary of the Statuspage v2 API, for tools that read only that.

That vocabulary knows neither "not known" nor drills, withdrawals or until when it may be trusted. What is not known is
never called `operational`; a drill changes no component and has no impact; what is lost otherwise is told in
`docs/reference/statuspage.md`. A component is a function for an audience, grouped by audience.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from tocsin.bulletins.rules.model import Bulletin
from tocsin.detection.rules.model import State
from tocsin.status_site.rules.entries import Entry, entries
from tocsin.status_site.rules.facts import Facts, is_under_maintenance, shown_states

type ComponentStatus = Literal[
    "operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage"
]
type Indicator = Literal["none", "maintenance", "minor", "major", "critical"]

WORSE: tuple[ComponentStatus, ...] = (
    "operational",
    "under_maintenance",
    "degraded_performance",
    "partial_outage",
    "major_outage",
)
"""Every status of a component, worst last."""

INDICATORS: Mapping[ComponentStatus, Indicator] = {
    "operational": "none",
    "under_maintenance": "maintenance",
    "degraded_performance": "minor",
    "partial_outage": "major",
    "major_outage": "critical",
}


@dataclass(frozen=True, slots=True)
class Board:
    """What does not depend on the language: the status of every component, and what was told of each incident."""

    facts: Facts
    statuses: Mapping[tuple[str, str], ComponentStatus]
    told: Mapping[str, tuple[Entry, ...]]

    @property
    def worst(self) -> ComponentStatus:
        """The worst status of any component; without any, nothing is known."""
        return worst_of(self.statuses.values())


def board(facts: Facts) -> Board:
    """Return what every language's documents are made from."""
    told: dict[str, list[Entry]] = {}
    for entry in entries(facts):
        told.setdefault(entry.bulletin.incident, []).append(entry)
    return Board(facts, _statuses(facts), {incident: tuple(each) for incident, each in told.items()})


def worst_of(statuses: Iterable[ComponentStatus]) -> ComponentStatus:
    """Return the worst of the statuses; of none at all it cannot be said that they work."""
    return max(statuses, key=WORSE.index, default="degraded_performance")


def component_status(state: State, *, is_limited: bool, is_maintained: bool) -> ComponentStatus:
    """Return the status of a component: `is_limited` when only some regions or packages are hit."""
    if state is State.DOWN:
        return "partial_outage" if is_limited else "major_outage"
    if state is State.DEGRADED:
        return "degraded_performance"
    if is_maintained:
        return "under_maintenance"
    return "operational" if state is State.OK else "degraded_performance"


def impact(bulletin: Bulletin) -> Indicator:
    """Return how much a bulletin's trouble weighs; a drill, an end and a false alarm weigh nothing."""
    if bulletin.is_drill or bulletin.kind in {"end", "retraction"}:
        return "none"
    if bulletin.state is State.DOWN:
        return "major" if bulletin.regions or bulletin.packages else "critical"
    return "minor"


def _statuses(facts: Facts) -> dict[tuple[str, str], ComponentStatus]:
    limited = _limited(facts)
    return {
        (function, audience): component_status(
            state,
            is_limited=function in limited,
            is_maintained=not facts.is_stale and is_under_maintenance(function, audience, facts),
        )
        for function, states in shown_states(facts).items()
        for audience, state in states.items()
    }


def _is_down(bulletin: Bulletin) -> bool:
    return bulletin.state is State.DOWN and not bulletin.is_drill


def _limited(facts: Facts) -> set[str]:
    last = {said.bulletin.incident: said.bulletin for said in facts.said}
    down = [
        last[incident.id]
        for incident in facts.incidents
        if incident.is_open and incident.id in last and _is_down(last[incident.id])
    ]
    everywhere = {function for each in down if not (each.regions or each.packages) for function in each.functions}
    return {function for each in down for function in each.functions} - everywhere
