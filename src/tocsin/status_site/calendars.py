"""Planned maintenance as iCalendar (RFC 5545), for each language and audience.

A calendar changes only when what is planned does: the same sheet is written once and handed out again. Times are local
with the rules of Brussels' clock in the file, so that a weekly planner shows them right on both sides of a change of
the clock; the hour that happens twice in October is written in UTC, which says which of the two is meant.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from django.utils.translation import gettext, ngettext

from tocsin.bulletins.rules.clock_words import typeset
from tocsin.changes.rules import Maintenance, maintenance_hits
from tocsin.kernel.clock import in_brussels
from tocsin.kernel.language import Language
from tocsin.status_site.feeds import marks_of
from tocsin.status_site.rules.facts import Facts

if TYPE_CHECKING:
    from icalendar import Component, Event

REFRESH = timedelta(minutes=15)
"""How often a calendar program is asked to look again; many look less often, whatever they are asked."""

_BRUSSELS = """BEGIN:VTIMEZONE
TZID:Europe/Brussels
BEGIN:DAYLIGHT
TZNAME:CEST
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
DTSTART:19960331T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
"""


@dataclass(frozen=True, slots=True)
class Appointment:
    """One maintenance as a calendar shows it."""

    uid: str
    sequence: int
    status: Literal["CONFIRMED", "CANCELLED"]
    start: datetime
    end: datetime
    announced_at: datetime
    changed_at: datetime
    summary: str
    description: str
    url: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole calendar, ready to be written; equal sheets are equal files."""

    language: Language
    name: str
    description: str
    url: str
    appointments: tuple[Appointment, ...]


def calendars(language: Language, *, facts: Facts, site_url: str) -> Iterator[tuple[str, bytes]]:
    """Yield the calendar of every audience in a language (which must be active for translations)."""
    for audience in facts.pack.audiences:
        yield f"{language}/{audience}/maintenance.ics", written(_sheet(language, audience, facts, site_url))


def _sheet(language: Language, audience: str, facts: Facts, site_url: str) -> Sheet:
    root = f"{site_url.rstrip('/')}/{language}/{audience}/"
    marks = ", ".join(marks_of(facts, is_drill=False))
    name = gettext("Planned maintenance – %(audience)s") % {
        "audience": facts.pack.audiences[audience].plural[language],
    }
    own = [function.id for function in facts.pack.functions.values() if audience in function.audiences]
    hits = [(each, maintenance_hits(each, audience=audience, functions=own)) for each in facts.maintenance]
    return Sheet(
        language=language,
        name=f"{name} ({marks})" if marks else name,
        description=gettext("Plans change: what holds at this moment stands on the page."),
        url=f"{root}maintenance.ics",
        appointments=tuple(
            _appointment(each, touched, language, facts=facts, url=f"{root}index.html")
            for each, touched in hits
            if touched and each.is_public
        ),
    )


def _appointment(
    one: Maintenance, touched: tuple[str, ...], language: Language, *, facts: Facts, url: str
) -> Appointment:
    announced_at = one.announced_at or one.start
    marks = marks_of(facts, is_drill=False)
    summary = maintenance_name(touched, language, facts)
    return Appointment(
        uid=f"{one.id}@{urlsplit(url).hostname or 'localhost'}",
        sequence=one.revision,
        status="CANCELLED" if one.state == "cancelled" else "CONFIRMED",
        start=one.start,
        end=one.end,
        announced_at=announced_at,
        changed_at=one.ended_at if one.state == "cancelled" and one.ended_at else one.changed_at or announced_at,
        summary=f"{summary} ({', '.join(marks)})" if marks else summary,
        description="\n".join((*marks, typeset(one.effect[language], language))),
        url=url,
    )


def maintenance_name(functions: tuple[str, ...], language: Language, facts: Facts) -> str:
    """Return what a maintenance is called, after the functions that it touches, in the active language."""
    names = [
        facts.pack.functions[function].name[language] for function in functions if function in facts.pack.functions
    ]
    shown = ", ".join(names[:3])
    if len(names) > len(names[:3]):
        rest = len(names) - 3
        shown = ngettext("%(names)s and %(rest)s more", "%(names)s and %(rest)s more", rest) % {
            "names": shown,
            "rest": rest,
        }
    return gettext("Planned maintenance: %(names)s") % {"names": shown}


@lru_cache(maxsize=512)
def written(sheet: Sheet) -> bytes:
    """Return the calendar's file."""
    from icalendar import Calendar, vDuration, vText

    calendar = Calendar()
    calendar.add("prodid", "-//Tocsin//Planned maintenance//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    for field, text in (("name", sheet.name), ("x-wr-calname", sheet.name), ("description", sheet.description)):
        calendar.add(field, vText(text, params={"LANGUAGE": sheet.language}))
    calendar.add("x-wr-caldesc", sheet.description)
    calendar.add("x-wr-timezone", "Europe/Brussels")
    calendar.add("url", sheet.url)
    calendar.add("refresh-interval", vDuration(REFRESH, params={"VALUE": "DURATION"}))
    calendar.add("x-published-ttl", vDuration(REFRESH))
    calendar.add_component(_timezone())
    for appointment in sheet.appointments:
        calendar.add_component(_event(appointment, sheet.language))
    content: bytes = calendar.to_ical()
    return content


@cache
def _timezone() -> "Component":
    from icalendar import Timezone

    return Timezone.from_ical(_BRUSSELS)


def _event(appointment: Appointment, language: Language) -> "Event":
    from icalendar import Event, vText

    event = Event()
    event.add("uid", appointment.uid)
    event.add("sequence", appointment.sequence)
    event.add("status", appointment.status)
    event.add("dtstamp", appointment.changed_at)
    event.add("created", appointment.announced_at)
    event.add("last-modified", appointment.changed_at)
    event.add("dtstart", _local(appointment.start))
    event.add("dtend", _local(appointment.end))
    event.add("summary", vText(appointment.summary, params={"LANGUAGE": language}))
    event.add("description", vText(appointment.description, params={"LANGUAGE": language}))
    event.add("url", appointment.url)
    event.add("transp", "TRANSPARENT")
    return event


def _local(moment: datetime) -> datetime:
    local = in_brussels(moment)
    happens_twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return moment if happens_twice else local
