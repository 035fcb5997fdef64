"""What the two short lengths say of an incident to one audience, piece by piece, and how much each piece is needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.bulletins.rules.reach import Reach, lead_function
from tocsin.bulletins.rules.short_texts import ALWAYS, Piece, push, sms
from tocsin.bulletins.rules.writing import Writing
from tocsin.catalog.rules.model import Function
from tocsin.continuity.rules.model import Procedure
from tocsin.detection.rules.model import State
from tocsin.kernel.language import LANGUAGES, LocalizedText

_NOW, _WHERE, _WHICH_REGIONS, _SOFTWARE, _NOW_IN_FULL, _PAID, _SECOND = 80, 70, 60, 65, 40, 30, 20
"""How much each piece is needed beside what always stands: the instruction before the narrowing, that before money."""


@dataclass(frozen=True, slots=True)
class Brief:
    """Both short lengths."""

    sms: LocalizedText
    push: LocalizedText


def brief_text(reach: Reach, shown: Sequence[Procedure], writing: Writing, *, paid: LocalizedText | None) -> Brief:
    """Return both short lengths while the trouble goes on; `shown` are the procedures of the instructions."""
    rest = (*_narrowed(reach, writing), *_instructions(shown, writing), *_money(shown, paid, writing), _next(writing))
    return _brief(_what(reach, writing), rest, writing)


def brief_end(reach: Reach, duties: Sequence[LocalizedText], writing: Writing, *, ended_at: datetime) -> Brief:
    """Return both short lengths of an end: what works again, and what is left to do."""
    facts = {"end": writing.time(ended_at)}
    name = function_name(reach, writing)
    what = (
        writing.templates.fill("sms.end_many", facts)
        if name is None
        else writing.templates.fill("sms.end", {**facts, "function": name})
    )
    return _brief(what, left_to_do(duties), writing, opening=writing.templates.fill("now.end"))


def brief_retraction(
    what: LocalizedText, papers: LocalizedText | None, duties: Sequence[LocalizedText], writing: Writing
) -> Brief:
    """Return both short lengths of a false alarm's end: that we were wrong, and what to do with what was done."""
    kept = () if papers is None else (Piece(((_NOW + 1, papers),)),)
    return _brief(what, (*kept, *left_to_do(duties)), writing, opening=what)


def function_name(reach: Reach, writing: Writing) -> LocalizedText | None:
    """Return how the function that leads is called where every letter counts; None where there is none to name."""
    lead = lead_function(reach, pack=writing.pack)
    return None if lead is None else _short_name(lead, writing)


def region_names(reach: Reach, writing: Writing) -> LocalizedText:
    """Return the names of the regions hit, in the pack's order."""
    regions = [writing.pack.regions[region].name for region in reach.regions or ()]
    return {language: ", ".join(name[language] for name in regions) for language in LANGUAGES}


def left_to_do(duties: Sequence[LocalizedText]) -> tuple[Piece, ...]:
    """Return the duties as pieces, the first needed most."""
    return tuple(Piece(((_NOW - place, duty),)) for place, duty in enumerate(duties))


def _brief(
    what: LocalizedText, rest: Sequence[Piece], writing: Writing, *, opening: LocalizedText | None = None
) -> Brief:
    # A notification's title says what is wrong; its body need not say it again, but is never empty.
    opened = () if opening is None else (Piece(((ALWAYS, opening),)),)
    return Brief(
        sms=sms((Piece(((ALWAYS, what),)), *rest), marks=writing.marks, templates=writing.templates),
        push=push((*opened, *rest), marks=writing.marks, templates=writing.templates),
    )


def _what(reach: Reach, writing: Writing) -> LocalizedText:
    since = {"since": writing.time(writing.incident.hit_since)}
    name = function_name(reach, writing)
    if writing.incident.is_hearsay and name is not None:
        return writing.templates.fill("sms.reported", {**since, "function": name})
    if not reach.functions or writing.state is State.UNKNOWN:
        return writing.templates.fill("sms.unclear", since)
    degree = "down" if writing.state is State.DOWN else "degraded"
    if name is None:
        return writing.templates.fill(f"sms.many_{degree}", since)
    return writing.templates.fill(f"sms.{degree}", {**since, "function": name})


def _short_name(function: Function, writing: Writing) -> LocalizedText:
    return writing.templates.own(f"sms_name.{function.id}") or function.name


def _narrowed(reach: Reach, writing: Writing) -> list[Piece]:
    pieces = []
    if reach.regions is not None:
        named = writing.templates.fill("sms.regions", {"regions": region_names(reach, writing)})
        pieces.append(Piece(((_WHERE, writing.templates.fill("sms.some_regions")), (_WHICH_REGIONS, named))))
    if reach.packages is not None:
        pieces.append(Piece(((_SOFTWARE, writing.templates.fill("sms.software")),)))
    return pieces


def _instructions(shown: Sequence[Procedure], writing: Writing) -> list[Piece]:
    if not shown:
        full = writing.templates.fill("now.unknown")
        return [Piece(((_NOW, writing.templates.fill("sms.unknown")), (_NOW_IN_FULL, full)))]
    first, others = shown[0], shown[1:2]
    return [
        Piece(((_NOW, _short(first, writing)), (_NOW_IN_FULL, first.instruction))),
        *(Piece(((_SECOND, _short(other, writing)),)) for other in others),
    ]


def _short(procedure: Procedure, writing: Writing) -> LocalizedText:
    return writing.templates.own(f"sms_now.{procedure.id}") or procedure.instruction


def _money(shown: Sequence[Procedure], paid: LocalizedText | None, writing: Writing) -> list[Piece]:
    # A yes needs its validator, day and expiry beside it, for which there is no room here: the page says it.
    about_money = [procedure.legal.unconfirmed for procedure in shown if procedure.legal.matter == "reimbursement"]
    if paid is None or paid not in about_money:
        return []
    return [Piece(((_PAID, writing.templates.fill("sms.unconfirmed")),))]


def _next(writing: Writing) -> Piece:
    assert writing.next_update_at is not None
    return Piece(((ALWAYS, writing.templates.fill("sms.next", {"time": writing.time(writing.next_update_at)})),))
