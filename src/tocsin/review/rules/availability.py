"""How often and how long functions did not work, said honestly: numbers and tails, never a percentage or a mean.

Two clocks stand side by side. *Felt* is when users were hit, as detection came to know it afterwards; *official* is
when bulletins said so. Where they differ, the pages were late, or wrong. An incident that was called off ("we were
wrong") is a false alarm: it counts as one, and adds to nothing but the official time, for readers did believe it.

**Weighted minutes** let a minute count by how much is done in it: by the pack authors' inference (see `hit`) 80 % of
the load falls in working hours, so that a minute at nine on a Monday counts 2.8 and one at night 0.3; over a year a
minute counts one. **A morning** is 7:00 to 12:00 in the federation's time on a working day.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.model import State, Subject
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.intervals import Span
from tocsin.review.rules.hit import WORKDAY_HOURS, WORKING_SHARE, hours_hit
from tocsin.review.rules.honesty import failing_spans
from tocsin.review.rules.model import Past

WORST_MORNINGS = 3
MORNING = (time(7), time(12))
_WORKDAYS_A_WEEK = 5
_HOURS_A_YEAR = 365.25 * 24
_WORKING_HOURS_A_YEAR = 250 * WORKDAY_HOURS
WORKING_WEIGHT = WORKING_SHARE / (_WORKING_HOURS_A_YEAR / _HOURS_A_YEAR)
OTHER_WEIGHT = (1 - WORKING_SHARE) / (1 - _WORKING_HOURS_A_YEAR / _HOURS_A_YEAR)


@dataclass(frozen=True, slots=True)
class Morning:
    """A morning on which a function failed, and for how long of it."""

    day: date
    lost: timedelta


@dataclass(frozen=True, slots=True)
class FunctionRecord:
    """What happened to one function in a period; `felt` and `official` are times in which it was bad for anybody.

    `longest` is the longest outage as felt; `weighted` the felt time, each minute counted by how much is done in it.
    """

    function: str
    outages: int
    false_alarms: int
    longest: timedelta
    mornings: tuple[Morning, ...]
    felt: timedelta
    official: timedelta
    weighted: timedelta


@dataclass(frozen=True, slots=True)
class Period:
    """The figures of a span of time; `incidents` are those that began in it, `functions` those to which any happened.

    `false_alarms` and `drills` count incidents.
    """

    start: datetime
    end: datetime
    incidents: tuple[str, ...]
    false_alarms: int
    drills: int
    functions: tuple[FunctionRecord, ...]


@dataclass(frozen=True, slots=True)
class Availability:
    """The figures of the last twelve months and of each month, newest first; None was kept before `since`."""

    since: datetime | None
    year: Period
    months: tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class _Bad:
    """When one incident was bad for a function, by either clock."""

    incident: Incident
    felt: tuple[Span, ...]
    official: Span | None
    is_false_alarm: bool


def availability(past: Past, *, pack: Pack) -> Availability:
    """Return the figures of what is over, for the twelve months up to `past.until`; exercises are only counted.

    What still goes on is not in them: nobody knows yet how long it lasts.
    """
    over = [incident for incident in past.incidents if not incident.is_open]
    troubles = {function: tuple(_troubles(function, over, past, pack)) for function in pack.functions}
    months = _months(past.until, pack)
    year = Span(months[-1].start, past.until)
    return Availability(
        since=_kept_since(past),
        year=_period(year, past=past, troubles=troubles, pack=pack),
        months=tuple(_period(month, past=past, troubles=troubles, pack=pack) for month in months),
    )


def _kept_since(past: Past) -> datetime | None:
    moments = [*(page.at for page in past.pages[:1]), *(incident.hit_since for incident in past.incidents[:1])]
    return min(moments, default=None)


def _months(until: datetime, pack: Pack) -> tuple[Span, ...]:
    """Return twelve calendar months of the federation's time, the present one first."""
    zone = ZoneInfo(pack.timezone)
    local = until.astimezone(zone)
    starts = [
        datetime(local.year + (local.month - 1 - back) // 12, (local.month - 1 - back) % 12 + 1, 1, tzinfo=zone)
        for back in range(-1, 12)
    ]
    return tuple(Span(start, end) for start, end in zip(starts[1:], starts[:-1], strict=True))


def _troubles(function: str, incidents: Sequence[Incident], past: Past, pack: Pack) -> Iterator[_Bad]:
    for incident in incidents:
        if function not in incident.functions or incident.is_drill:
            continue
        is_false = _is_false_alarm(incident, past)
        felt = () if is_false else _union(_felt(function, incident, past, pack))
        yield _Bad(incident, felt, _official(function, incident, past), is_false)


def _is_false_alarm(incident: Incident, past: Past) -> bool:
    own = [each.bulletin.kind for each in past.publications if each.bulletin.incident == incident.id]
    return "retraction" in own


def _felt(function: str, incident: Incident, past: Past, pack: Pack) -> Iterator[Span]:
    audiences = pack.functions[function].audiences
    window = Span(incident.hit_since, incident.closed_at)
    changes = [change for change in past.changes if window.contains(change.at)]
    for audience in audiences if incident.audiences is None else incident.audiences:
        if audience in audiences:
            yield from failing_spans(Subject(function, audience), incident=incident, changes=changes)


def _official(function: str, incident: Incident, past: Past) -> Span | None:
    """Return from the first bulletin that called the function bad until the incident's last word."""
    own = [each for each in past.publications if each.bulletin.incident == incident.id]
    bad = [each.at for each in own if function in each.bulletin.functions and each.bulletin.state is not State.OK]
    if not bad:
        return None
    return Span(bad[0], max(own[-1].at, bad[0]))


def _union(spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda each: each.start):
        end = span.end or span.start
        last = merged[-1] if merged else None
        if last is not None and last.end is not None and span.start <= last.end:
            merged[-1] = Span(last.start, max(last.end, end))
        else:
            merged.append(Span(span.start, end))
    return tuple(merged)


def _period(span: Span, *, past: Past, troubles: dict[str, tuple[_Bad, ...]], pack: Pack) -> Period:
    began = [each for each in past.incidents if not each.is_open and span.contains(each.hit_since)]
    real = [incident for incident in began if not incident.is_drill]
    records = (_record(function, found, span, pack) for function, found in troubles.items())
    return Period(
        start=span.start,
        end=span.end or past.until,
        incidents=tuple(incident.id for incident in began),
        false_alarms=sum(_is_false_alarm(incident, past) for incident in real),
        drills=len(began) - len(real),
        functions=tuple(record for record in records if record is not None),
    )


def _record(function: str, troubles: Sequence[_Bad], span: Span, pack: Pack) -> FunctionRecord | None:
    own = [bad for bad in troubles if span.contains(bad.incident.hit_since)]
    if not own:
        return None
    felt = _union(each for bad in own for each in bad.felt)
    official = _union(bad.official for bad in own if bad.official is not None)
    lengths = [_length(_union(bad.felt)) for bad in own if not bad.is_false_alarm]
    return FunctionRecord(
        function=function,
        outages=len(lengths),
        false_alarms=len(own) - len(lengths),
        longest=max(lengths, default=timedelta(0)),
        mornings=_mornings(felt, pack),
        felt=_length(felt),
        official=_length(official),
        weighted=_weighted(felt, pack),
    )


def _length(spans: Iterable[Span]) -> timedelta:
    return sum(((span.end or span.start) - span.start for span in spans), timedelta(0))


def _weighted(spans: Iterable[Span], pack: Pack) -> timedelta:
    counted = timedelta(0)
    for span in spans:
        working, other = hours_hit(span, now=span.end or span.start, timezone=pack.timezone)
        counted += timedelta(hours=working * WORKING_WEIGHT + other * OTHER_WEIGHT)
    return counted


def _mornings(spans: Sequence[Span], pack: Pack) -> tuple[Morning, ...]:
    """Return the worst mornings, the worst first; of equals the earlier one."""
    zone = ZoneInfo(pack.timezone)
    lost: dict[date, timedelta] = {}
    for span in spans:
        for morning in _mornings_in(span, zone):
            overlap = min(span.end or span.start, morning.end or morning.start) - max(span.start, morning.start)
            if overlap > timedelta(0):
                day = morning.start.astimezone(zone).date()
                lost[day] = lost.get(day, timedelta(0)) + overlap
    worst = sorted(lost.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(Morning(day, minutes) for day, minutes in worst[:WORST_MORNINGS])


def _mornings_in(span: Span, zone: ZoneInfo) -> Iterator[Span]:
    day, last = span.start.astimezone(zone).date(), (span.end or span.start).astimezone(zone).date()
    while day <= last:
        if day.weekday() < _WORKDAYS_A_WEEK:
            start, end = (datetime.combine(day, hour, tzinfo=zone) for hour in MORNING)
            yield Span(start, end)
        day += timedelta(days=1)
