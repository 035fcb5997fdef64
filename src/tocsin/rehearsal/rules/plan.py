"""What a simulated scenario is made of: when, what goes wrong, who moves, who says what."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from tocsin.rehearsal.rules.demand import Swing
from tocsin.rehearsal.rules.faults import Fault

type Manner = Literal["honest", "late", "silent", "lying"]
"""How a partner speaks: soon and true; long after; not at all; that all is well while it is not."""


@dataclass(frozen=True, slots=True)
class Flood:
    """Reports that are not true: `members` who write `reports` between them about a function, at `at_s`."""

    function: str
    at_s: float
    members: int
    reports: int
    package: str
    over_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Intervention:
    """A planned change on a service: when it starts and finishes (seconds, None: not within the scenario)."""

    change: str
    service: str
    summary: str
    start_s: float
    end_s: float | None
    is_told: bool = True
    drifts: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A scenario to simulate; the same plan and seed give the same scenario, to the byte."""

    id: str
    title: str
    start: datetime
    minutes: int
    seed: int
    faults: tuple[Fault, ...] = ()
    swings: tuple[Swing, ...] = ()
    floods: tuple[Flood, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    holidays: frozenset[date] = frozenset()
    notices: Manner = "honest"
    liar: tuple[str, str] | None = None
    volume_scale: float = 0.04
    level: float = 1.0

    @property
    def seconds(self) -> float:
        """Return how long it lasts."""
        return self.minutes * 60.0
