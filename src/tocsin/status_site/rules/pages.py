"""What the public pages say, per language and audience, as plain words ready to be laid out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tocsin.bulletins.rules.clock_words import clock_time, typeset
from tocsin.catalog.rules.model import Pack
from tocsin.continuity.rules.model import Procedure
from tocsin.detection.rules.model import State
from tocsin.kernel.clock import in_brussels
from tocsin.kernel.language import LANGUAGES, Language, LocalizedText
from tocsin.status_site.rules.facts import (
    BADNESS,
    Facts,
    Said,
    current_messages,
    endings,
    is_end,
    message_state,
    states_of,
    worst_state,
)

SHOWN_AT_ONCE = 3
"""A longer list of further procedures is folded: what is paid and when we speak again must not slip off the screen."""


@dataclass(frozen=True, slots=True)
class Link:
    """The name of a procedure, function, audience or language, and the id its page goes by ("" where it has none)."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Instruction:
    """One thing to do, and the procedure it comes from ("" where there is none) with its number of steps."""

    sentence: str
    procedure: str
    steps: int


@dataclass(frozen=True, slots=True)
class Block:
    """One trouble, or its end, as one audience reads it in one language; empty texts are not shown."""

    incident: str
    state: State
    headline: str
    scope: str
    now: tuple[Instruction, ...]
    more: tuple[Link, ...]
    paid: str
    avoid: str
    next_update: str
    duties: tuple[str, ...]
    said_at: str
    is_ended: bool

    @property
    def has_much_more(self) -> bool:
        """Say whether the further procedures are too many to be listed at once."""
        return len(self.more) > SHOWN_AT_ONCE


@dataclass(frozen=True, slots=True)
class AudiencePage:
    """What one audience reads in one language, top to bottom: the worst first, what works in one line."""

    language: Language
    audience: Link
    state: State
    troubles: tuple[Block, ...]
    unclear: tuple[Link, ...]
    working: tuple[Link, ...]
    ended: tuple[Block, ...]
    help_desk: str


@dataclass(frozen=True, slots=True)
class AudienceLine:
    """An audience on the way in. `headline` is "" when nothing is announced."""

    audience: Link
    state: State
    headline: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A bulletin in a feed: `id` never changes, `sections` are (audience's name or "", lines)."""

    id: str
    title: str
    published_at: datetime
    sections: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Who reads, in which language, and the facts."""

    audience: str
    language: Language
    facts: Facts

    def words(self, text: LocalizedText | None) -> str:
        """Return the text in the reader's language, "" where there is none."""
        return "" if text is None else typeset(text[self.language], self.language)

    def time(self, moment: datetime) -> str:
        """Return the moment as the reader writes it."""
        today = in_brussels(self.facts.now).date()
        return typeset(clock_time(moment, self.language, today=today), self.language)


def audience_page(audience: str, language: Language, *, facts: Facts) -> AudiencePage:
    """Return the page of an audience in a language."""
    reader = _Reader(audience, language, facts)
    states = states_of(audience, facts)
    troubles = [_block(said, reader) for _, said in current_messages(audience, facts)]
    return AudiencePage(
        language=language,
        audience=Link(audience, facts.pack.audiences[audience].name[language]),
        state=worst_state(audience, facts),
        troubles=tuple(sorted(troubles, key=lambda block: BADNESS[block.state])),
        unclear=_links(states, State.UNKNOWN, reader),
        working=_links(states, State.OK, reader),
        ended=tuple(_block(said, reader) for _, said in endings(audience, facts)),
        help_desk=reader.words(_help_desk(facts.pack)),
    )


def audience_lines(language: Language, *, facts: Facts) -> tuple[AudienceLine, ...]:
    """Return the way in: every audience in the pack's order, and what is worst for it."""
    return tuple(_audience_line(_Reader(audience, language, facts)) for audience in facts.pack.audiences)


def _audience_line(reader: _Reader) -> AudienceLine:
    current = current_messages(reader.audience, reader.facts)
    worst = sorted(current, key=lambda pair: BADNESS[pair[1].bulletin.state])
    headline = reader.words(worst[0][1].bulletin.texts[reader.audience].headline) if worst else ""
    name = reader.words(reader.facts.pack.audiences[reader.audience].plural)
    return AudienceLine(Link(reader.audience, name), worst_state(reader.audience, reader.facts), headline)


def _block(said: Said, reader: _Reader) -> Block:
    text = said.bulletin.texts[reader.audience]
    is_ended = is_end(text)
    return Block(
        incident=said.bulletin.incident,
        state=State.OK if is_ended else message_state(said, reader.facts),
        headline=reader.words(text.headline),
        scope=reader.words(text.scope),
        now=tuple(_instruction(place, said, reader) for place in range(len(text.now))),
        more=() if is_ended else _more(said, reader),
        paid=reader.words(text.paid),
        avoid=reader.words(text.avoid),
        next_update=reader.words(text.next_update),
        duties=tuple(reader.words(duty) for duty in text.duties),
        said_at=reader.time(said.published_at),
        is_ended=is_ended,
    )


def _instruction(place: int, said: Said, reader: _Reader) -> Instruction:
    text = said.bulletin.texts[reader.audience]
    # After the end nobody is sent to an emergency procedure any more.
    ids = () if is_end(text) else text.procedures[place : place + 1]
    procedure = next((reader.facts.procedures[id_] for id_ in ids if id_ in reader.facts.procedures), None)
    sentence = reader.words(text.now[place])
    if procedure is None:
        return Instruction(sentence, "", 0)
    return Instruction(sentence, procedure.id, len(procedure.steps))


def _more(said: Said, reader: _Reader) -> tuple[Link, ...]:
    text = said.bulletin.texts[reader.audience]
    others = (reader.facts.procedures.get(procedure) for procedure in text.procedures[len(text.now) :])
    return tuple(_procedure_link(procedure, reader) for procedure in others if procedure is not None)


def _procedure_link(procedure: Procedure, reader: _Reader) -> Link:
    return Link(procedure.id, reader.words(procedure.title))


def _links(states: Mapping[str, State], state: State, reader: _Reader) -> tuple[Link, ...]:
    functions = reader.facts.pack.functions
    return tuple(
        Link(_way_out(function, reader), reader.words(functions[function].name))
        for function, shown in states.items()
        if shown is state
    )


def _way_out(function: str, reader: _Reader) -> str:
    found = (
        procedure.id
        for procedure in reader.facts.procedures.values()
        if procedure.function == function and procedure.kind == "non_ict" and reader.audience in procedure.audiences
    )
    return next(found, "")


def procedures_of(audience: str, language: Language, *, facts: Facts) -> tuple[Link, ...]:
    """Return the procedures an audience should have printed beforehand, in the order of its functions."""
    reader = _Reader(audience, language, facts)
    order = {function: place for place, function in enumerate(facts.pack.functions)}
    own = [procedure for procedure in facts.procedures.values() if audience in procedure.audiences]
    in_order = sorted(own, key=lambda procedure: order[procedure.function])
    return tuple(_procedure_link(procedure, reader) for procedure in in_order)


def _help_desk(pack: Pack) -> LocalizedText | None:
    return pack.authority.help_desk if pack.authority is not None else pack.help_desk


def checked_words(language: Language, *, facts: Facts) -> tuple[str, str]:
    """Return when the pages were checked and until when they are valid; "" twice when nobody ever looked."""
    if facts.checked_at is None:
        return "", ""
    reader = _Reader("", language, facts)
    return reader.time(facts.checked_at), reader.time(facts.valid_until)


def offered_languages() -> tuple[Link, ...]:
    """Return the languages, each by its own name."""
    names: LocalizedText = {"fr": "Français", "nl": "Nederlands", "de": "Deutsch", "en": "English"}
    return tuple(Link(language, names[language]) for language in LANGUAGES)
