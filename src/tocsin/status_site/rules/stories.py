"""An incident from its first user hit to its last duty, as everybody may read it.

Only what was said in public stands here, what was measured, and what was in force: no suspect, no reason, no name, and
nobody's raw words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from tocsin.bulletins.rules.differences import Change, differences
from tocsin.bulletins.rules.model import AudienceText, Bulletin
from tocsin.continuity.rules.activation import duties_of
from tocsin.continuity.rules.legal import confirmed
from tocsin.continuity.rules.model import Activation
from tocsin.detection.rules.model import State
from tocsin.kernel.clock import format_moment, in_brussels
from tocsin.kernel.language import Language
from tocsin.kernel.plain_text import plain
from tocsin.status_site.rules.facts import Chapter, Facts, Said
from tocsin.status_site.rules.reader import Link, Reader

type MomentKind = Literal["hit", "noticed", "bulletin", "back", "closed"]

SHOWN_PARTS = frozenset({"headline", "scope", "now", "paid", "avoid", "duties", "next_update"})
"""Parts that stand on a page; subjects and text messages say the same in short."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words of a corrected text: the same, gone or new."""

    change: Change
    words: str


@dataclass(frozen=True, slots=True)
class Wording:
    """What some audiences read in a bulletin; `changes` shows what a correction changed, each part by its pieces."""

    audiences: str
    headline: str
    scope: str
    now: tuple[str, ...]
    paid: str
    is_law: bool
    duties: tuple[str, ...]
    changes: tuple[tuple[Piece, ...], ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline; `said` is a bulletin's kind, "" where it is none; `after` counts from the first hit."""

    kind: MomentKind
    at: str
    at_iso: str
    after: str
    said: str = ""
    is_silent: bool = False
    state: State = State.UNKNOWN
    wordings: tuple[Wording, ...] = ()


@dataclass(frozen=True, slots=True)
class Measure:
    """A procedure that was put in force; `until` is "" while it is."""

    procedure: Link
    start: str
    until: str
    audiences: str
    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done afterwards; `deadline` is "" where no day is known."""

    text: str
    procedure: Link
    deadline: str


@dataclass(frozen=True, slots=True)
class Story:
    """An incident's page in one language."""

    id: str
    headline: str
    day: str
    state: State
    is_open: bool
    is_drill: bool
    is_false_alarm: bool
    functions: str
    audiences: str
    software: str
    places: str
    duration: str
    moments: tuple[Moment, ...]
    measures: tuple[Measure, ...]
    tasks: tuple[Task, ...]


def is_told(chapter: Chapter) -> bool:
    """Say whether the public was told of the incident: only then has it a page."""
    return bool(chapter.said)


def story(chapter: Chapter, language: Language, *, facts: Facts) -> Story:
    """Return the page of an incident that the public was told of."""
    reader = Reader("", language, facts)
    incident, last = chapter.incident, chapter.said[-1].bulletin
    worst = [each.bulletin for each in chapter.said if each.bulletin.state is not State.OK]
    packages, regions = _widest(worst or [last])
    over_at = incident.good_since or incident.closed_at
    return Story(
        id=incident.id,
        headline=_headline(chapter, reader),
        day=reader.full_day(in_brussels(incident.hit_since).date()),
        state=last.state if incident.is_open else State.OK,
        is_open=incident.is_open,
        is_drill=incident.is_drill or last.is_drill,
        is_false_alarm=any(each.bulletin.kind == "retraction" for each in chapter.said),
        functions=", ".join(reader.function_name(each) for each in _union(chapter, "functions", facts.pack.functions)),
        audiences=", ".join(reader.audience_name(each) for each in _union(chapter, "texts", facts.pack.audiences)),
        software=", ".join(each.name for each in facts.pack.packages.values() if each.id in packages),
        places=", ".join(reader.words(each.name) for each in facts.pack.regions.values() if each.id in regions),
        duration="" if over_at is None or incident.is_open else reader.duration(over_at - incident.hit_since),
        moments=tuple(_moments(chapter, reader)),
        measures=tuple(_measures(chapter, reader)),
        tasks=tuple(_tasks(chapter, reader)),
    )


def _headline(chapter: Chapter, reader: Reader) -> str:
    """Return what its title says: how it is while it lasts, and afterwards how bad it was."""
    trouble = [each.bulletin for each in chapter.said if each.bulletin.state is not State.OK]
    if not chapter.incident.is_open:
        trouble = [each for each in trouble if each.state is State.DOWN] or trouble
    bulletin = trouble[-1] if trouble else chapter.said[0].bulletin
    return reader.words(next(iter(bulletin.texts.values())).headline)


def _union(chapter: Chapter, name: Literal["functions", "texts"], order: object) -> list[str]:
    named = {each for said in chapter.said for each in getattr(said.bulletin, name)}
    return [each for each in order if each in named]  # type: ignore[attr-defined]  # a mapping of the pack


def _widest(bulletins: Sequence[Bulletin]) -> tuple[set[str], set[str]]:
    """Return the packages and regions that were spoken of; empty sets where a bulletin spoke of all."""
    packages = [each.packages for each in bulletins]
    regions = [each.regions for each in bulletins]
    return (
        set() if None in packages else {id_ for each in packages for id_ in each or ()},
        set() if None in regions else {id_ for each in regions for id_ in each or ()},
    )


def _moments(chapter: Chapter, reader: Reader) -> Iterator[Moment]:
    incident = chapter.incident
    found: list[tuple[datetime, Moment]] = [
        (incident.hit_since, _moment("hit", incident.hit_since, chapter, reader)),
        (incident.opened_at, _moment("noticed", incident.opened_at, chapter, reader)),
        *((each.published_at, _told(each, chapter, reader)) for each in chapter.said),
    ]
    if incident.closed_at is not None:
        if incident.good_since is not None:
            found.append((incident.good_since, _moment("back", incident.good_since, chapter, reader)))
        found.append((incident.closed_at, _moment("closed", incident.closed_at, chapter, reader)))
    # `sorted` keeps what happened in the same moment in the order above.
    yield from (moment for _, moment in sorted(found, key=lambda pair: pair[0]))


def _moment(kind: MomentKind, at: datetime, chapter: Chapter, reader: Reader) -> Moment:
    since = chapter.incident.hit_since
    after = reader.duration(at - since) if at > since else ""
    return Moment(kind, reader.time_on(at, in_brussels(since).date()), format_moment(at), after)


def _told(said: Said, chapter: Chapter, reader: Reader) -> Moment:
    bulletin = said.bulletin
    before = next((each.bulletin for each in chapter.said if each.bulletin.id == bulletin.corrects), None)
    return replace(
        _moment("bulletin", said.published_at, chapter, reader),
        said=bulletin.kind,
        is_silent=bulletin.is_silent,
        state=bulletin.state,
        wordings=tuple(_wordings(bulletin, before, reader)),
    )


def _wordings(bulletin: Bulletin, before: Bulletin | None, reader: Reader) -> Iterator[Wording]:
    """Yield each text once, with all the audiences that read just that."""
    readers: dict[Wording, list[str]] = {}
    for audience, text in bulletin.texts.items():
        earlier = before.texts.get(audience) if before is not None else None
        readers.setdefault(_wording(text, earlier, reader), []).append(audience)
    for wording, audiences in readers.items():
        names = ", ".join(reader.audience_name(each) for each in audiences)
        yield replace(wording, audiences=names)


def _wording(text: AudienceText, before: AudienceText | None, reader: Reader) -> Wording:
    grounds = [reader.facts.procedures.get(each) for each in text.procedures[: max(1, len(text.now))]]
    return Wording(
        audiences="",
        headline=reader.words(text.headline),
        scope=reader.words(text.scope),
        now=reader.all_words(text.now),
        paid=reader.words(text.paid),
        is_law=bool(grounds) and all(each is not None and each.legal.matter == "law" for each in grounds),
        duties=reader.all_words(text.duties),
        changes=() if before is None else tuple(_changes(before, text, reader)),
    )


def _changes(before: AudienceText, after: AudienceText, reader: Reader) -> Iterator[tuple[Piece, ...]]:
    for found in differences(before, after):
        if found.language == reader.language and found.part in SHOWN_PARTS:
            yield tuple(Piece(span.change, plain(span.text)) for span in found.spans if span.text.strip())


def _measures(chapter: Chapter, reader: Reader) -> Iterator[Measure]:
    for activation in chapter.activations:
        if activation.state == "proposed" or activation.until == activation.start:
            continue  # proposed only: nobody worked by it
        yield _measure(activation, chapter, reader)


def _measure(activation: Activation, chapter: Chapter, reader: Reader) -> Measure:
    facts, day = reader.facts, in_brussels(chapter.incident.hit_since).date()
    procedure = facts.procedures.get(activation.procedure)
    audiences = activation.audiences if activation.audiences is not None else (procedure.audiences if procedure else ())
    started_on = in_brussels(activation.start).date()
    return Measure(
        procedure=_procedure(activation.procedure, reader),
        start=reader.time_on(activation.start, day),
        until="" if activation.until is None else reader.time_on(activation.until, day),
        audiences=", ".join(reader.audience_name(each) for each in audiences),
        is_confirmed=procedure is not None and confirmed(procedure.legal, today=started_on) is not None,
    )


def _procedure(id_: str, reader: Reader) -> Link:
    known = reader.facts.procedures.get(id_)
    return Link("", id_) if known is None else Link(known.id, reader.words(known.title))


def _tasks(chapter: Chapter, reader: Reader) -> Iterator[Task]:
    known = [each for each in chapter.activations if each.procedure in reader.facts.procedures]
    for due in duties_of(known, reader.facts.procedures):
        deadline = "" if due.due_at is None else reader.full_day(in_brussels(due.due_at).date())
        yield Task(reader.words(due.duty.text), _procedure(due.procedure, reader), deadline)
