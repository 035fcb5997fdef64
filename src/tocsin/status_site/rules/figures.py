"""The history: what failed, how often and how long at worst, by users' clock and by ours. No percentage, no mean."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.kernel.clock import in_brussels
from tocsin.kernel.language import Language
from tocsin.review.rules.availability import FunctionRecord, Period
from tocsin.review.rules.honesty import ended_at
from tocsin.status_site.rules.facts import Chapter, Facts
from tocsin.status_site.rules.reader import Link, Reader
from tocsin.status_site.rules.stories import is_told


@dataclass(frozen=True, slots=True)
class FunctionFigures:
    """One function's figures in words; empty texts are not shown (there was no such thing)."""

    name: str
    outages: int
    false_alarms: int
    longest: str
    mornings: tuple[tuple[str, str], ...]
    felt: str
    official: str
    weighted_minutes: int


@dataclass(frozen=True, slots=True)
class PastIncident:
    """One incident in a list: its page's id is "" where the public was never told."""

    page: str
    name: str
    day: str
    start: str
    end: str
    duration: str
    is_drill: bool
    is_false_alarm: bool


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A period's page: the year's, with links to its months, or a month's. `quiet` counts functions with no record."""

    id: str
    name: str
    months: tuple[Link, ...]
    functions: tuple[FunctionFigures, ...]
    quiet: int
    incidents: tuple[PastIncident, ...]
    false_alarms: int
    drills: int
    kept_since: str
    as_of: str


def history_pages(language: Language, *, facts: Facts) -> tuple[HistoryPage, ...]:
    """Return the year's page (its id is `index`) and one for each month since figures were kept, newest first."""
    known, reader = facts.availability, Reader("", language, facts)
    if known is None:
        everything = len(facts.pack.functions)
        return (HistoryPage("index", "", (), (), everything, (), 0, 0, "", reader.full_day(reader.today)),)
    kept = [each for each in known.months if known.since is not None and each.end > known.since] or [known.months[0]]
    months = tuple(Link(_month_id(each), _month_name(each, reader)) for each in kept)
    since = "" if known.since is None else reader.full_day(in_brussels(known.since).date())
    year = _page(known.year, "index", months=months, reader=reader, since=since)
    return (year, *(_page(each, _month_id(each), months=(), reader=reader, since=since) for each in kept))


def _page(period: Period, id_: str, *, months: tuple[Link, ...], reader: Reader, since: str) -> HistoryPage:
    began = set(period.incidents)
    own = [each for each in reader.facts.chapters if each.incident.id in began]
    return HistoryPage(
        id=id_,
        name=_month_name(period, reader) if id_ != "index" else "",
        months=months,
        functions=tuple(_figures(record, reader) for record in period.functions),
        quiet=len(reader.facts.pack.functions) - len(period.functions),
        incidents=tuple(_past(each, reader) for each in reversed(own)),
        false_alarms=period.false_alarms,
        drills=period.drills,
        kept_since=since,
        as_of=reader.full_day(reader.today),
    )


def _figures(record: FunctionRecord, reader: Reader) -> FunctionFigures:
    return FunctionFigures(
        name=reader.function_name(record.function),
        outages=record.outages,
        false_alarms=record.false_alarms,
        longest=_length(record.longest, reader),
        mornings=tuple((reader.full_day(each.day), reader.duration(each.lost)) for each in record.mornings),
        felt=_length(record.felt, reader),
        official=_length(record.official, reader),
        weighted_minutes=round(record.weighted / timedelta(minutes=1)),
    )


def _length(span: timedelta, reader: Reader) -> str:
    return reader.duration(span) if span > timedelta(0) else ""


def _past(chapter: Chapter, reader: Reader) -> PastIncident:
    incident = chapter.incident
    day, end = in_brussels(incident.hit_since).date(), ended_at(incident)
    return PastIncident(
        page=incident.id if is_told(chapter) else "",
        name=", ".join(reader.function_name(function) for function in incident.functions),
        day=reader.full_day(day),
        start=reader.time_on(incident.hit_since, day),
        end="" if end is None else reader.time_on(end, day),
        duration="" if end is None else reader.duration(end - incident.hit_since),
        is_drill=incident.is_drill,
        is_false_alarm=any(each.bulletin.kind == "retraction" for each in chapter.said),
    )


def _local(moment: datetime) -> datetime:
    return in_brussels(moment)


def _month_id(period: Period) -> str:
    return _local(period.start).strftime("%Y-%m")


def _month_name(period: Period, reader: Reader) -> str:
    # The month without its first day: "1er janvier 2020" → "janvier 2020".
    first = _local(period.start).date()
    return reader.full_day(first).replace("\u00a0", " ").split(" ", 1)[1]
