"""A panel member's page: what they can say, what they are asked, and what became of what they said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from tocsin.accounts.models import PanelMember
from tocsin.catalog.rules.model import Function, Pack
from tocsin.incidents.queries import recent
from tocsin.incidents.rules.model import Incident, Phase
from tocsin.observations.models import PollQuestion, ReportRow
from tocsin.observations.polls import open_questions

TOLD_BACK: Final = timedelta(hours=24)
ALIKE_WITHIN: Final = timedelta(minutes=20)
"""Whoever says the same of the same function this much earlier or later speaks of the same trouble."""

BEFORE: Final = timedelta(minutes=15)
"""Members notice earlier than the onset is put at."""

type Course = Literal["none", "looking", "open", "over", "retracted"]


@dataclass(frozen=True, slots=True)
class Story:
    """What became of one report: how many said the same, and the incident it belongs to, if any.

    `course` is how far that came; `opened_at` and `ended_at` are None where it never did.
    """

    report: ReportRow
    others: int
    course: Course = "none"
    opened_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A function with the member's last word on it today, and whether they are asked about it now."""

    function: Function
    story: Story | None
    is_asked: bool


def cards(member: PanelMember, *, pack: Pack, now: datetime) -> tuple[Card, ...]:
    """Return what the member's profession does, what is asked first, then in the pack's order."""
    asked = {question.poll.function for question in open_questions(member.pseudonym, now=now)}
    last = {story.report.function: story for story in reversed(stories(member, now=now))}
    own = [
        Card(function, last.get(function.id), function.id in asked)
        for function in pack.functions.values()
        if member.audience in function.audiences
    ]
    return tuple(sorted(own, key=lambda card: not card.is_asked))


def stories(member: PanelMember, *, now: datetime) -> tuple[Story, ...]:
    """Return what became of the member's reports of the last day, latest first; one for each change of mind."""
    rows = ReportRow.objects.filter(member=member.pseudonym, at__gt=now - TOLD_BACK, at__lte=now).order_by("at", "pk")
    incidents = recent(now)
    said: list[ReportRow] = []
    for row in rows:
        earlier = next((one for one in reversed(said) if one.function == row.function), None)
        # Whoever taps the same again within minutes says it once.
        if earlier is None or earlier.works != row.works or row.at - earlier.at > ALIKE_WITHIN:
            said.append(row)
    return tuple(_story(row, incidents) for row in reversed(said))


def _story(report: ReportRow, incidents: Sequence[Incident]) -> Story:
    others = (
        ReportRow.objects.filter(
            function=report.function,
            audience=report.audience,
            works=report.works,
            at__gte=report.at - ALIKE_WITHIN,
            at__lte=report.at + ALIKE_WITHIN,
        )
        .exclude(member=report.member)
        .values("member")
        .distinct()
        .count()
    )
    belongs = next((one for one in reversed(incidents) if _is_of(report, one)), None)
    if belongs is None:
        return Story(report, others)
    opened_at = None if belongs.phase is Phase.SUSPECTED else belongs.opened_at
    return Story(report, others, _course(belongs), opened_at, belongs.retracted_at or belongs.closed_at)


def _is_of(report: ReportRow, incident: Incident) -> bool:
    return (
        not incident.is_drill
        and report.function in incident.functions
        and (incident.audiences is None or report.audience in incident.audiences)
        and incident.hit_since - BEFORE <= report.at
        and (incident.closed_at is None or report.at <= incident.closed_at)
    )


def _course(incident: Incident) -> Course:
    if incident.retracted_at is not None:
        return "retracted"
    if not incident.is_open:
        return "over"
    # What is only suspected is nobody's business yet but the duty officer's: a member learns that somebody looks.
    return "looking" if incident.phase is Phase.SUSPECTED else "open"


def is_answerable(question: PollQuestion, *, now: datetime) -> bool:
    """Say whether a question can still be answered by its own link; later, the member's page is the place."""
    return question.answered_at is None and now <= question.asked_at + TOLD_BACK / 12
