"""What readers are told of planned maintenance: when, what they will notice, how it stands."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.changes.rules import Maintenance, MaintenanceState
from tocsin.kernel.clock import format_moment, in_brussels
from tocsin.kernel.language import Language
from tocsin.status_site.rules.facts import Facts, maintenance_of
from tocsin.status_site.rules.reader import Reader


@dataclass(frozen=True, slots=True)
class Upkeep:
    """One maintenance as one reader sees it. `functions` are those of the reader's that it touches."""

    id: str
    state: MaintenanceState
    day: str
    start: str
    end: str
    start_iso: str
    end_iso: str
    duration: str
    functions: str
    audiences: str
    effect: str
    changed_at: str
    is_under_way: bool


def upkeep_of(audience: str, language: Language, *, facts: Facts) -> tuple[Upkeep, ...]:
    """Return what is planned or under way for an audience, what goes on first, then by when it begins."""
    reader = Reader(audience, language, facts)
    known = [_upkeep(each, touched, reader) for each, touched in maintenance_of(audience, facts)]
    return tuple(sorted(known, key=lambda each: (not each.is_under_way, each.start_iso)))


def all_upkeep(language: Language, *, facts: Facts) -> tuple[Upkeep, ...]:
    """Return all public maintenance, in the order in which it begins; that of the last week too."""
    reader = Reader("", language, facts)
    return tuple(_upkeep(each, each.functions, reader) for each in facts.maintenance)


def _upkeep(maintenance: Maintenance, functions: tuple[str, ...], reader: Reader) -> Upkeep:
    start_day, end_day = (in_brussels(each).date() for each in (maintenance.start, maintenance.end))
    return Upkeep(
        id=maintenance.id,
        state=maintenance.state,
        day=reader.full_day(start_day) if start_day.year != reader.today.year else reader.day(start_day),
        start=reader.time_on(maintenance.start, start_day),
        end=reader.time_on(maintenance.end, start_day if end_day == start_day else reader.today),
        start_iso=format_moment(maintenance.start),
        end_iso=format_moment(maintenance.end),
        duration=reader.duration(maintenance.end - maintenance.start),
        functions=", ".join(reader.function_name(function) for function in functions),
        audiences=", ".join(reader.audience_name(audience) for audience in _audiences(maintenance, reader.facts)),
        effect=reader.words(maintenance.effect),
        changed_at=_changed(maintenance.changed_at, reader),
        is_under_way=maintenance.is_under_way,
    )


def _audiences(maintenance: Maintenance, facts: Facts) -> tuple[str, ...]:
    using = {
        audience
        for function in maintenance.functions
        if function in facts.pack.functions
        for audience in facts.pack.functions[function].audiences
    }
    named = using if maintenance.audiences is None else using.intersection(maintenance.audiences)
    return tuple(audience for audience in facts.pack.audiences if audience in named)


def _changed(moment: datetime | None, reader: Reader) -> str:
    return "" if moment is None else reader.time(moment)
