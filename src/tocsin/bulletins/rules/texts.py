"""Writes what one audience reads: the procedures' instructions, the money, the next word, in look.md's order.

Nothing here is anybody's raw words: facts come from the incident, sentences from the pack. Nothing is said of the
cause either, not even that one is known: "identified" is the engine's own guess, and no person has signed it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from tocsin.bulletins.rules.brief import brief_end, brief_text, region_names
from tocsin.bulletins.rules.clock_words import durations, full_day_words
from tocsin.bulletins.rules.model import AudienceText
from tocsin.bulletins.rules.money import money_words
from tocsin.bulletins.rules.reach import Reach, lead_function
from tocsin.bulletins.rules.writing import Writing, title
from tocsin.catalog.rules.model import Function, Pack
from tocsin.continuity.rules.activation import failing_services
from tocsin.continuity.rules.legal import may_show_avoid
from tocsin.continuity.rules.model import Duty, Procedure
from tocsin.continuity.rules.selection import procedures_for
from tocsin.detection.rules.model import State
from tocsin.incidents.rules.model import Phase
from tocsin.kernel.clock import in_brussels
from tocsin.kernel.language import LANGUAGES, LocalizedText

MAX_INSTRUCTIONS = 3
"""How many instructions a bulletin carries; the page lists the rest. A reader has eleven seconds."""

MAX_NAMES = 3
"""How many functions a bulletin names before it says "and n more"."""


def audience_text(reach: Reach, writing: Writing) -> AudienceText:
    """Return what the audience reads while the trouble goes on."""
    chosen = _useful(reach, writing)
    shown = _shortened(chosen)
    headline = _headline(reach, writing)
    paid = _paid(shown, writing)
    short = brief_text(reach, shown, writing, paid=paid)
    return AudienceText(
        headline=writing.marked(headline),
        scope=_scope(reach, writing),
        now=tuple(procedure.instruction for procedure in shown) or (writing.templates.fill("now.unknown"),),
        procedures=tuple(procedure.id for procedure in _with_first(shown, chosen)),
        paid=paid,
        avoid=_avoid(chosen, writing),
        next_update=_next_update(writing),
        duties=(),
        subject=_subject(headline, writing),
        sms=short.sms,
        push=short.push,
    )


def ended_text(reach: Reach, told: Sequence[str], writing: Writing, *, ended_at: datetime) -> AudienceText:
    """Return what an audience reads when its trouble is over; `told` are the procedures it was told to use."""
    headline = _back(reach, writing)
    lasted = durations(ended_at - writing.incident.hit_since)
    duties = duties_of(told, writing, ended_at)
    short = brief_end(reach, duties, writing, ended_at=ended_at)
    return AudienceText(
        headline=writing.marked(headline),
        scope=writing.templates.fill("scope.end", {"end": writing.time(ended_at), "duration": lasted}),
        now=(writing.templates.fill("now.end"),),
        procedures=tuple(told),
        paid=None,
        avoid=None,
        next_update=None,
        duties=duties,
        subject=writing.marked(
            writing.templates.fill("subject.end", {"what": title(headline), "end": writing.time(ended_at)})
        ),
        sms=short.sms,
        push=short.push,
    )


def _headline(reach: Reach, writing: Writing) -> LocalizedText:
    if writing.incident.is_hearsay and reach.functions:
        names = [writing.pack.functions[function].name for function in reach.functions]
        return writing.templates.fill("headline.reported", {"functions": listed(names, writing)})
    if not reach.functions or writing.state is State.UNKNOWN:
        return writing.templates.fill("headline.unclear")
    lead = lead_function(reach, pack=writing.pack)
    if lead is None:
        return writing.templates.fill(f"headline.many_{'down' if writing.state is State.DOWN else 'degraded'}")
    return lead.fails if writing.state is State.DOWN else lead.slow


def _back(reach: Reach, writing: Writing) -> LocalizedText:
    lead = lead_function(reach, pack=writing.pack)
    return writing.templates.fill("headline.many_back") if lead is None else lead.back


def _subject(headline: LocalizedText, writing: Writing) -> LocalizedText:
    facts = {
        "what": title(headline),
        "since": writing.time(writing.incident.hit_since),
        "at": writing.time(writing.now),
    }
    return writing.marked(writing.templates.fill(f"subject.{writing.kind}", facts))


def _scope(reach: Reach, writing: Writing) -> LocalizedText:
    sentences = [_where(reach, writing), *_notes(reach, writing)]
    return {language: " ".join(sentence[language] for sentence in sentences) for language in LANGUAGES}


def _where(reach: Reach, writing: Writing) -> LocalizedText:
    since = writing.time(writing.incident.hit_since)
    if not reach.functions:
        return writing.templates.fill("scope.unclear", {"since": since})
    family = "who_all" if reach.is_everywhere else "who"
    who = writing.templates.who(family, reach.audience, writing.pack.audiences[reach.audience].plural)
    return writing.templates.fill(
        _scope_key(reach), {"since": since, "who": who, "regions": region_names(reach, writing)}
    )


def _scope_key(reach: Reach) -> str:
    if reach.is_everywhere:
        return "scope.everywhere"
    narrowed = [name for name, value in (("packages", reach.packages), ("regions", reach.regions)) if value is not None]
    return f"scope.{'_'.join(narrowed)}"


def _notes(reach: Reach, writing: Writing) -> list[LocalizedText]:
    notes = []
    names = _also_hit(reach, writing)
    if writing.incident.is_hearsay:
        notes.append(writing.templates.fill("note.reported"))
    elif names:
        notes.append(writing.templates.fill("note.functions", {"functions": listed(names, writing)}))
    if writing.kind == "holding":
        notes.append(_how_it_goes(writing))
    return notes


def _also_hit(reach: Reach, writing: Writing) -> list[LocalizedText]:
    # One failing function is already in the headline; logging in, too, stands there whenever it fails.
    functions = [writing.pack.functions[function] for function in reach.functions]
    lead = lead_function(reach, pack=writing.pack)
    return [function.name for function in _crucial_first(functions) if function is not lead]


def _crucial_first(functions: Sequence[Function]) -> list[Function]:
    return sorted(functions, key=lambda function: not function.is_crucial)


def listed(names: Sequence[LocalizedText], writing: Writing) -> LocalizedText:
    """Return the names in one line; more than a reader keeps in mind are counted instead."""
    # "and 1 more" would take as much room as the name itself.
    shown = names if len(names) <= MAX_NAMES + 1 else names[:MAX_NAMES]
    joined: LocalizedText = {language: ", ".join(name[language] for name in shown) for language in LANGUAGES}
    if len(shown) == len(names):
        return joined
    count = str(len(names) - len(shown))
    return writing.templates.fill("list.more", {"names": joined, "count": dict.fromkeys(LANGUAGES, count)})


def _how_it_goes(writing: Writing) -> LocalizedText:
    if writing.incident.good_since is not None:
        return writing.templates.fill("note.recovering", {"since": writing.time(writing.incident.good_since)})
    return writing.templates.fill("note.no_news", {"checked": writing.time(writing.now)})


def _useful(reach: Reach, writing: Writing) -> tuple[Procedure, ...]:
    found = procedures_for(
        functions=reach.functions,
        audience=reach.audience,
        # Whoever it fails for needs a way out, even while it is not clear whether it fails for many.
        state=writing.incident.state if writing.incident.is_hearsay else writing.state,
        packages=reach.packages,
        procedures=writing.procedures,
        pack=writing.pack,
        is_login_fault=_is_login_fault(writing),
        failing=failing_services(writing.incident, writing.pack),
    )
    waiting = {activation.procedure for activation in writing.activations if activation.state == "proposed"}
    # An electronic way out that nobody has put in force yet would send readers to a closed door.
    return tuple(found for found in found if found.kind == "non_ict" or found.id not in waiting)


def _is_login_fault(writing: Writing) -> bool:
    return any(writing.pack.functions[function].is_login for function in writing.incident.functions)


def _shortened(chosen: Sequence[Procedure]) -> tuple[Procedure, ...]:
    # The most useful function's ways out come first, then the first of each other; no sentence is said twice.
    firsts = {procedure.function: procedure for procedure in reversed(chosen)}
    leading = chosen[0].function if chosen else ""
    ordered = sorted(chosen, key=lambda procedure: _turn(procedure, leading, firsts))
    said: dict[str, Procedure] = {}
    for procedure in ordered:
        said.setdefault(procedure.instruction[LANGUAGES[0]], procedure)
    return tuple(said.values())[:MAX_INSTRUCTIONS]


def _turn(procedure: Procedure, leading: str, firsts: Mapping[str, Procedure]) -> int:
    if procedure.function == leading:
        return 0
    return 1 if procedure is firsts[procedure.function] else 2


def _with_first(shown: Sequence[Procedure], chosen: Sequence[Procedure]) -> tuple[Procedure, ...]:
    return (*shown, *(procedure for procedure in chosen if procedure not in shown))


def _paid(shown: Sequence[Procedure], writing: Writing) -> LocalizedText | None:
    bases = [procedure.legal for procedure in at_stake(shown, writing.pack)]
    return money_words(bases, today=in_brussels(writing.now).date(), templates=writing.templates)


def at_stake(shown: Sequence[Procedure], pack: Pack) -> Sequence[Procedure]:
    """Return those procedures on which the reader's money hangs."""
    # Money hangs on what is done for a patient without the usual proof, not on a second way to the same answer.
    on_paper = [procedure for procedure in shown if procedure.kind == "non_ict"]
    for_patients = [procedure for procedure in on_paper if not pack.functions[procedure.function].is_login]
    return for_patients or on_paper or shown


def _avoid(chosen: Sequence[Procedure], writing: Writing) -> LocalizedText | None:
    is_switching = any(
        activation.state == "active" and writing.procedures[activation.procedure].kind == "electronic"
        for activation in writing.activations
        if activation.procedure in writing.procedures
    )
    is_confirmed = _is_login_fault(writing) and writing.incident.phase is not Phase.SUSPECTED
    for procedure in chosen:
        if may_show_avoid(procedure, is_confirmed_login_fault=is_confirmed, is_endpoint_switch_active=is_switching):
            return procedure.avoid
    return None


def _next_update(writing: Writing) -> LocalizedText:
    assert writing.next_update_at is not None
    return writing.templates.fill("next.promise", {"time": writing.time(writing.next_update_at)})


def duties_of(told: Sequence[str], writing: Writing, ended_at: datetime) -> tuple[LocalizedText, ...]:
    """Return what is left to do after these procedures, each said once, with its deadline counted from the end."""
    duties = [
        _duty(duty, writing, ended_at)
        for procedure in told
        if procedure in writing.procedures
        for duty in writing.procedures[procedure].duties
    ]
    return tuple({duty[LANGUAGES[0]]: duty for duty in duties}.values())


def _duty(duty: Duty, writing: Writing, ended_at: datetime) -> LocalizedText:
    if duty.within is None:
        return duty.text
    # Days are counted on the calendar: where a day has 25 hours, the last one is no day sooner.
    last_day = (in_brussels(ended_at) + duty.within).date()
    deadline: LocalizedText = {language: full_day_words(last_day, language) for language in LANGUAGES}
    return writing.templates.fill("duty.deadline", {"duty": duty.text, "deadline": deadline})
