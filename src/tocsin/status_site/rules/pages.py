"""What the public pages say, per language and audience, as plain words ready to be laid out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tocsin.bulletins.rules.model import AudienceText
from tocsin.continuity.rules.model import Procedure
from tocsin.detection.rules.model import State
from tocsin.kernel.language import LANGUAGES, Language, LocalizedText
from tocsin.status_site.rules.facts import (
    BADNESS,
    Facts,
    Said,
    current_messages,
    endings,
    is_end,
    is_under_maintenance,
    message_state,
    real_messages,
    states_of,
    worst_state,
)
from tocsin.status_site.rules.reader import Link, Reader
from tocsin.status_site.rules.software import Hit, Limited, Mine, mine, names
from tocsin.status_site.rules.upkeep import Upkeep, upkeep_of

SHOWN_AT_ONCE = 3
"""A longer list of further procedures is folded: what is paid and when we speak again must not slip off the screen."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One thing to do, and the procedure it comes from ("" where there is none) with its number of steps."""

    sentence: str
    procedure: str
    steps: int


@dataclass(frozen=True, slots=True)
class Block:
    """One trouble, or its end, as one audience reads it in one language; empty texts are not shown.

    `function` is the first that is hit, `packages` and `regions` the ids of the only ones (empty: all), `software` and
    `places` their names. `is_law` says that `paid` speaks only of what is allowed; `is_told_whole` that the incident
    has a page of its own. What was a false alarm does not work *again*.
    """

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
    function: str = ""
    packages: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    software: str = ""
    places: str = ""
    is_law: bool = False
    is_drill: bool = False
    is_told_whole: bool = False
    is_false_alarm: bool = False

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
    upkeep: tuple[Upkeep, ...] = ()
    mine: Mine | None = None

    @property
    def is_interrupted(self) -> bool:
        """Say whether announced work goes on that this audience may notice."""
        return any(each.is_under_way for each in self.upkeep)


@dataclass(frozen=True, slots=True)
class AudienceLine:
    """An audience on the way in. `headline` is "" when nothing is announced."""

    audience: Link
    state: State
    headline: str


def audience_page(audience: str, language: Language, *, facts: Facts) -> AudiencePage:
    """Return the page of an audience in a language."""
    reader = Reader(audience, language, facts)
    states = states_of(audience, facts)
    current = sorted(current_messages(audience, facts), key=lambda pair: _turn(pair[1], facts))
    troubles = tuple(_block(said, reader) for _, said in current)
    return AudiencePage(
        language=language,
        audience=Link(audience, facts.pack.audiences[audience].name[language]),
        state=worst_state(audience, facts),
        troubles=troubles,
        unclear=_links(states, State.UNKNOWN, reader),
        working=_links(states, State.OK, reader),
        ended=tuple(_block(said, reader) for _, said in endings(audience, facts)),
        help_desk=help_desk_of(reader),
        upkeep=upkeep_of(audience, language, facts=facts),
        mine=mine(audience, language, troubles=[_limited(block) for block in troubles], facts=facts),
    )


def _turn(said: Said, facts: Facts) -> tuple[bool, int]:
    # The worst stands first, and whatever is real before any exercise.
    return said.bulletin.is_drill, BADNESS[message_state(said, facts)]


def _limited(block: Block) -> Limited:
    return Limited(Hit(block.incident, block.state, block.headline), block.packages, block.regions)


def audience_lines(language: Language, *, facts: Facts) -> tuple[AudienceLine, ...]:
    """Return the way in: every audience in the pack's order, and what is worst for it."""
    return tuple(_audience_line(Reader(audience, language, facts)) for audience in facts.pack.audiences)


def _audience_line(reader: Reader) -> AudienceLine:
    current = real_messages(reader.audience, reader.facts)
    worst = sorted(current, key=lambda pair: BADNESS[pair[1].bulletin.state])
    headline = reader.words(worst[0][1].bulletin.texts[reader.audience].headline) if worst else ""
    name = reader.words(reader.facts.pack.audiences[reader.audience].plural)
    return AudienceLine(Link(reader.audience, name), worst_state(reader.audience, reader.facts), headline)


def _block(said: Said, reader: Reader) -> Block:
    text, facts = said.bulletin.texts[reader.audience], reader.facts
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
        function=next(iter(said.bulletin.functions), ""),
        packages=said.bulletin.packages or (),
        regions=said.bulletin.regions or (),
        software=_software(said.bulletin.packages or (), reader),
        places=_names(
            said.bulletin.regions, [Link(each.id, reader.words(each.name)) for each in facts.pack.regions.values()]
        ),
        is_law=_is_law(text, reader),
        is_drill=said.bulletin.is_drill,
        is_told_whole=any(chapter.incident.id == said.bulletin.incident for chapter in facts.chapters),
        is_false_alarm=said.bulletin.kind == "retraction",
    )


def _software(packages: tuple[str, ...], reader: Reader) -> str:
    known = reader.facts.pack.packages
    own = tuple(each for each in packages if each in known and known[each].audience == reader.audience)
    # Where none of it is the reader's own kind of software, all of it is named: they may use it all the same.
    return _names(own or packages, [Link(each.id, each.name) for each in known.values()])


def _names(ids: tuple[str, ...] | None, known: Sequence[Link]) -> str:
    return names(ids or (), known)


def _is_law(text: AudienceText, reader: Reader) -> bool:
    # The text answers for the procedures of `now`: it is about money as soon as one of their grounds is.
    shown = [reader.facts.procedures.get(procedure) for procedure in text.procedures[: max(1, len(text.now))]]
    return bool(shown) and all(each is not None and each.legal.matter == "law" for each in shown)


def _instruction(place: int, said: Said, reader: Reader) -> Instruction:
    text = said.bulletin.texts[reader.audience]
    # After the end nobody is sent to an emergency procedure any more.
    ids = () if is_end(text) else text.procedures[place : place + 1]
    procedure = next((reader.facts.procedures[id_] for id_ in ids if id_ in reader.facts.procedures), None)
    sentence = reader.words(text.now[place])
    if procedure is None:
        return Instruction(sentence, "", 0)
    return Instruction(sentence, procedure.id, len(procedure.steps))


def _more(said: Said, reader: Reader) -> tuple[Link, ...]:
    text = said.bulletin.texts[reader.audience]
    others = (reader.facts.procedures.get(procedure) for procedure in text.procedures[len(text.now) :])
    return tuple(_procedure_link(procedure, reader) for procedure in others if procedure is not None)


def _procedure_link(procedure: Procedure, reader: Reader) -> Link:
    return Link(procedure.id, reader.words(procedure.title))


def _links(states: Mapping[str, State], state: State, reader: Reader) -> tuple[Link, ...]:
    functions = reader.facts.pack.functions
    return tuple(
        Link(_way_out(function, reader), reader.words(functions[function].name))
        for function, shown in states.items()
        if shown is state and not (state is State.OK and is_under_maintenance(function, reader.audience, reader.facts))
    )


def _way_out(function: str, reader: Reader) -> str:
    found = (
        procedure.id
        for procedure in reader.facts.procedures.values()
        if procedure.function == function and procedure.kind == "non_ict" and reader.audience in procedure.audiences
    )
    return next(found, "")


def procedures_of(audience: str, language: Language, *, facts: Facts) -> tuple[Link, ...]:
    """Return the procedures an audience should have printed beforehand, in the order of its functions."""
    reader = Reader(audience, language, facts)
    return tuple(_procedure_link(procedure, reader) for procedure in own_procedures(audience, facts))


def own_procedures(audience: str, facts: Facts) -> list[Procedure]:
    """Return an audience's procedures in the order of its functions."""
    order = {function: place for place, function in enumerate(facts.pack.functions)}
    own = [procedure for procedure in facts.procedures.values() if audience in procedure.audiences]
    return sorted(own, key=lambda procedure: order[procedure.function])


def help_desk_of(reader: Reader) -> str:
    """Return whom readers can call: the authority's help desk, else the pack's; "" where there is none."""
    pack = reader.facts.pack
    return reader.words(pack.authority.help_desk if pack.authority is not None else pack.help_desk)


def checked_words(language: Language, *, facts: Facts) -> tuple[str, str]:
    """Return when the pages were checked and until when they are valid; "" twice when nobody ever looked."""
    if facts.checked_at is None:
        return "", ""
    reader = Reader("", language, facts)
    return reader.time(facts.checked_at), reader.time(facts.valid_until)


def offered_languages() -> tuple[Link, ...]:
    """Return the languages, each by its own name."""
    names: LocalizedText = {"fr": "Français", "nl": "Nederlands", "de": "Deutsch", "en": "English"}
    return tuple(Link(language, names[language]) for language in LANGUAGES)
