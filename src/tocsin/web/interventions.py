"""Which interventions the board shows first: those that somebody suspects. Pure; the rows are read elsewhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tocsin.changes.models import ChangeRow
from tocsin.incidents.rules.model import Incident

SHOWN = 4
"""So many stand open; the rest is folded."""

SUSPECTS_READ = 3
"""So many suspects stand on a card; who is further down the list is hardly one."""


@dataclass(frozen=True, slots=True)
class Interventions:
    """What was done to services: what an open incident names, what was last, and what is folded."""

    suspected: tuple[ChangeRow, ...]
    latest: tuple[ChangeRow, ...]
    folded: tuple[ChangeRow, ...]


def suspected_by(incidents: Iterable[Incident]) -> tuple[str, ...]:
    """Return the numbers of the interventions that open incidents name, the likeliest of each incident first."""
    found = [
        number
        for incident in incidents
        if incident.is_open
        for number in (incident.change, *(suspect.change for suspect in incident.suspects[:SUSPECTS_READ]))
    ]
    return tuple(dict.fromkeys(number for number in found if number))


def arranged(rows: Sequence[ChangeRow], *, suspected: Sequence[str]) -> Interventions:
    """Put how each suspected intervention now stands first, then the latest others; `rows` come latest first."""
    first = [row for number in suspected for row in [row for row in rows if row.change == number][:1]]
    others = [row for row in rows if row not in first]
    room = max(SHOWN - len(first), 0)
    return Interventions(tuple(first), tuple(others[:room]), tuple(others[room:]))
