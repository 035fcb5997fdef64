"""How much an incident weighs now: users hit, what they cannot do, how badly, and at what hour.

    weight = criticality x reach x state x hour          between 0 and 1

- **criticality** of the worst function hit, from the pack (vital 1, important 0.5, ordinary 0.1);
- **reach**: the share of the profession that is hit most, by its packages and provinces;
- **state**: does not work 1, disrupted 0.4;
- **hour**: working hours 1, the edges of the day and Saturday morning 0.5, otherwise 0.2, the busier of now and in an
  hour: what fails before opening time must be mended by opening time.

All of it fails for a profession in working hours: critical. The same at three in the morning: high. The words and
factors are a convention, stated here so that they can be disputed; the reasons say what each factor was. Nothing is
withheld because of a low severity: it orders what somebody must look at first.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from tocsin.catalog.rules.model import Criticality, Function, Pack
from tocsin.detection.rules.model import State
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.reasons import Reason

CRITICALITY: Mapping[Criticality, float] = {"vital": 1.0, "important": 0.5, "ordinary": 0.1}
STATE: Mapping[State, float] = {State.DOWN: 1.0, State.DEGRADED: 0.4, State.UNKNOWN: 0.4, State.OK: 0.4}
"""An incident that eases or is unclear still weighs as one that disrupts, until it is closed."""

BUSY, EDGE, QUIET = 1.0, 0.5, 0.2
HOURS: Mapping[float, str] = {BUSY: "working", EDGE: "edge", QUIET: "quiet"}
OPEN, OPEN_SOMEWHERE, OPEN_ON_SATURDAY = range(8, 18), range(7, 21), range(8, 13)
"""Local hours in which practices and pharmacies are open: a convention, not a count."""
AHEAD = timedelta(hours=1)

_SATURDAY, _SUNDAY = 5, 6


class Level(StrEnum):
    """What a weight amounts to."""

    CRITICAL = "critical"
    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"


FROM: Mapping[Level, float] = {Level.CRITICAL: 0.5, Level.HIGH: 0.15, Level.MODERATE: 0.03, Level.LOW: 0.0}
"""The least weight of each level, the gravest first."""


@dataclass(frozen=True, slots=True)
class Severity:
    """How much an incident weighs at a moment, and why."""

    weight: float
    level: Level
    reasons: tuple[Reason, ...]


def severity(incident: Incident, *, pack: Pack, now: datetime) -> Severity:
    """Return how much the incident weighs now; what the pack no longer knows counts for nothing."""
    functions = [pack.functions[name] for name in incident.functions if name in pack.functions]
    worst = max(functions, key=lambda function: CRITICALITY[function.criticality], default=None)
    reached = dict(_reached(incident, functions, pack))
    audience = max(reached, key=reached.__getitem__, default=None)
    hour = activity(now, timezone=pack.timezone)
    share = reached[audience] if audience is not None else 0.0
    weight = share * STATE[incident.state] * hour * (CRITICALITY[worst.criticality] if worst is not None else 0.0)
    return Severity(weight, level(weight), tuple(_reasons(worst, audience, share=share, hour=hour)))


def gravest_first(incidents: Iterable[Incident], *, pack: Pack, now: datetime) -> list[Incident]:
    """Return the incidents, the gravest first; equals keep their order."""
    return sorted(incidents, key=lambda incident: -severity(incident, pack=pack, now=now).weight)


def level(weight: float) -> Level:
    """Return what a weight amounts to."""
    return next(name for name, least in FROM.items() if weight >= least)


def activity(now: datetime, *, timezone: str) -> float:
    """Return how busy practices usually are now or in an hour, whichever is more, as a factor."""
    zone = ZoneInfo(timezone)
    return max(_activity(moment.astimezone(zone)) for moment in (now, now + AHEAD))


def _activity(local: datetime) -> float:
    if local.weekday() == _SUNDAY:
        return QUIET
    if local.weekday() == _SATURDAY:
        return EDGE if local.hour in OPEN_ON_SATURDAY else QUIET
    if local.hour in OPEN:
        return BUSY
    return EDGE if local.hour in OPEN_SOMEWHERE else QUIET


def _reached(incident: Incident, functions: Sequence[Function], pack: Pack) -> Iterator[tuple[str, float]]:
    """Yield each audience hit with the share of it that is: its packages hit, in the regions hit."""
    named = dict.fromkeys(audience for function in functions for audience in function.audiences)
    regions = 1.0 if incident.regions is None else len(incident.regions) / max(len(pack.regions), 1)
    for audience in named:
        if incident.audiences is not None and audience not in incident.audiences:
            continue
        own = [package.id for package in pack.packages.values() if package.audience == audience]
        packages = 1.0
        if incident.packages is not None and own:
            packages = sum(name in incident.packages for name in own) / len(own)
        yield audience, min(1.0, packages * regions)


def _reasons(worst: Function | None, audience: str | None, *, share: float, hour: float) -> Iterator[Reason]:
    if worst is None or audience is None:
        yield Reason("severity.unknown")
        return
    yield Reason("severity.function", {"function": worst.id, "criticality": worst.criticality})
    yield Reason("severity.reach", {"audience": audience, "reached_share": round(share, 3)})
    yield Reason("severity.hour", {"hour": HOURS[hour]})
