"""What an incident or a function went through: charts with their marks, the timeline, recent reports."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.catalog.rules.graph import Graph
from tocsin.catalog.rules.model import Function, Pack
from tocsin.changes.models import ChangeRow
from tocsin.detection.models import SeriesPoint
from tocsin.detection.queries import last_lookback
from tocsin.detection.rules.lookback import Account, Unusual
from tocsin.incidents.queries import timeline as entries
from tocsin.kernel.intervals import floor_to
from tocsin.kernel.reasons import Fact, Reason
from tocsin.observations.models import ReportRow
from tocsin.web import board, marks
from tocsin.web.charts import Chart, Mark, Point, chart

BEFORE = timedelta(minutes=30)
"""How much of the calm before an incident its charts show."""

AFTER = timedelta(minutes=15)
"""How much of the calm after its end."""

MOST_CHARTS = 6
"""A fault in a shared root hits every function; more charts than these are folded, for they mostly look alike."""


@dataclass(frozen=True, slots=True)
class FunctionChart:
    """One function's chart."""

    function: Function
    chart: Chart
    marks: tuple[Mark, ...]
    has_points: bool


@dataclass(frozen=True, slots=True)
class IncidentCharts:
    """The functions that an incident hits: drawn at once, drawn but folded, and those where nothing was measured."""

    shown: tuple[FunctionChart, ...]
    folded: tuple[FunctionChart, ...]
    unmeasured: tuple[Function, ...]


@dataclass(frozen=True, slots=True)
class LookedBack:
    """What the engine's daily look back says of one function."""

    at: datetime
    account: Account | None
    unusual: tuple[Unusual, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a timeline, ready to be read."""

    at: datetime
    kind: str
    actor: str
    reasons: tuple[Reason, ...]
    text: str
    facts: Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Chapter:
    """Entries that say the same kind of thing in the same minute, by the same actor; most often just one."""

    entries: tuple[Entry, ...]

    @property
    def first(self) -> Entry:
        """Return the entry that stands for all."""
        return self.entries[0]

    @property
    def is_single(self) -> bool:
        """Say whether there is nothing to fold."""
        return len(self.entries) == 1


def incident_charts(card: board.Card, *, pack: Pack, now: datetime) -> IncidentCharts:
    """Draw the functions that an incident hits, from before it began until now or shortly after its end."""
    incident = card.incident
    start = incident.hit_since - BEFORE
    end = min(now, incident.closed_at + AFTER) if incident.closed_at is not None else now
    own = [*marks.told(card.told)]
    drawn = _charts(card.functions, own, pack=pack, start=start, end=end)
    measured = tuple(one for one in drawn if one.has_points)
    unmeasured = tuple(one.function for one in drawn if not one.has_points)
    return IncidentCharts(measured[:MOST_CHARTS], measured[MOST_CHARTS:], unmeasured)


def function_charts(function: Function, *, pack: Pack, start: datetime, end: datetime) -> list[FunctionChart]:
    """Draw one function."""
    return _charts([function], [], pack=pack, start=start, end=end)


def _charts(
    functions: Iterable[Function], own: list[Mark], *, pack: Pack, start: datetime, end: datetime
) -> list[FunctionChart]:
    shown = list(functions)
    ids = [function.id for function in shown]
    points = _points(ids, start, end)
    changes = list(ChangeRow.objects.filter(at__gte=start, at__lte=end).exclude(kind="fingerprint").order_by("at"))
    reports = list(ReportRow.objects.filter(at__gte=start, at__lte=end, function__in=ids).order_by("at"))
    graph = Graph(pack)
    return [
        _chart(
            function,
            points[function.id],
            [
                *own,
                *marks.changes_on(chain(function, graph), changes),
                *marks.reported(row for row in reports if row.function == function.id),
            ],
            start=start,
            end=end,
        )
        for function in shown
    ]


def chain(function: Function, graph: Graph) -> frozenset[str]:
    """Return every service that the function rests on."""
    return frozenset(function.uses).union(*(graph.needs_of(service) for service in function.uses))


def _chart(
    function: Function, points: list[Point], placed: list[Mark], *, start: datetime, end: datetime
) -> FunctionChart:
    drawn = chart(points, placed, start=start, end=end)
    return FunctionChart(function, drawn, tuple(sorted(placed, key=lambda mark: mark.at)), has_points=bool(points))


def _points(functions: list[str], start: datetime, end: datetime) -> Mapping[str, list[Point]]:
    found: defaultdict[str, list[Point]] = defaultdict(list)
    for row in SeriesPoint.objects.filter(function__in=functions, at__gte=start, at__lte=end).order_by("at"):
        found[row.function].append(Point(row.at, row.failing_share, row.expected_low, row.expected_high))
    return found


def timeline(incident_id: str) -> list[Entry]:
    """Return an incident's timeline, latest first."""
    found = [
        Entry(
            at=row.at,
            kind=row.kind,
            actor=row.actor,
            reasons=tuple(Reason.from_json(reason) for reason in row.reasons),
            text=str(row.facts.get("text", "")),
            facts={key: value for key, value in row.facts.items() if key != "text"},
        )
        for row in entries(incident_id)
    ]
    return found[::-1]


def chapters(timeline: Iterable[Entry]) -> list[Chapter]:
    """Put neighbours of the same kind, minute and actor together; what somebody wrote stands by itself."""
    found: list[list[Entry]] = []
    for entry in timeline:
        if found and not entry.text and _gist(found[-1][0]) == _gist(entry):
            found[-1].append(entry)
        else:
            found.append([entry])
    return [Chapter(tuple(entries)) for entries in found]


def _gist(entry: Entry) -> tuple[object, ...]:
    return entry.kind, entry.actor, floor_to(entry.at, timedelta(minutes=1)), entry.text, entry.facts.get("phase")


def reports(function_id: str, *, since: datetime, until: datetime) -> list[ReportRow]:
    """Return the panel's reports on a function, latest first."""
    return list(ReportRow.objects.filter(function=function_id, at__gte=since, at__lte=until).order_by("-at")[:50])


def looked_back(function: Function) -> LookedBack | None:
    """Return what the last look back says of the function and of the services it uses directly."""
    found = last_lookback()
    if found is None:
        return None
    own = tuple(each for each in found.unusual if each.service in function.uses)
    return LookedBack(found.at, found.accounts.get(function.id), own)
