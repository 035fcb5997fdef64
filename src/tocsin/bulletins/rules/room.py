"""Do a pack's words fit into one text message? What `tocsin check` says of translations that are too long.

Measured at an ordinary time of day with the marks that the pack makes necessary. What is too long is not lost: at run
time it gives way (see `short_texts`), and the page has it; but a pack's author should know, and can shorten it.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from tocsin.bulletins.rules.clock_words import clock_times
from tocsin.bulletins.rules.lengths import fits_sms, sms_limit, sms_spelling, sms_units
from tocsin.bulletins.rules.templates import Templates
from tocsin.catalog.rules.findings import Finding
from tocsin.catalog.rules.model import Function, Pack
from tocsin.continuity.rules.model import Procedure
from tocsin.kernel.language import LANGUAGES, LocalizedText

_ORDINARY = datetime(2026, 11, 23, 22, 59, tzinfo=UTC)
"""23:59 in Brussels: as wide as a time is without its day."""

_WHAT = ("sms.down", "sms.degraded", "sms.reported", "sms.end", "sms.retracted")
_WHATEVER = ("sms.many_down", "sms.many_degraded", "sms.unclear", "sms.end_many", "sms.retracted_many")
_FILE = "messages/sms.toml"


def without_room(templates: Templates, *, pack: Pack, procedures: Mapping[str, Procedure]) -> list[Finding]:
    """Return what of the pack's words is longer than a text message, or leaves no room for an instruction.

    An error where what must always stand does not fit; a warning where an instruction would be left out, or where a
    short name or instruction is for something that the pack does not have.
    """
    return [
        *_unknown(templates, "sms_name.", pack.functions),
        *_unknown(templates, "sms_now.", procedures),
        *_bare(templates, pack),
        *_instructions(templates, pack, procedures),
    ]


def _unknown(templates: Templates, family: str, known: Mapping[str, object]) -> Iterator[Finding]:
    for key in templates.messages:
        if key.startswith(family) and key.removeprefix(family) not in known:
            yield Finding(
                "warning", "messages.for_nothing", _FILE, key, "The pack has nothing of that id.", "Remove it."
            )


def _bare(templates: Templates, pack: Pack) -> Iterator[Finding]:
    for key in (*_WHAT, *_WHATEVER):
        named = list(pack.functions.values()) if key in _WHAT else [None]
        for language in LANGUAGES:
            always = (_always(key, function, templates=templates, pack=pack)[language] for function in named)
            worst = max(always, key=sms_units)
            if not fits_sms(worst):
                message = f"{language}: {_measured(worst)} in one text message: “{worst}”"
                yield Finding("error", "messages.sms_too_long", _FILE, key, message, "Shorten it, or the name in it.")


def _instructions(templates: Templates, pack: Pack, procedures: Mapping[str, Procedure]) -> Iterator[Finding]:
    for procedure in procedures.values():
        function = pack.functions[procedure.function]
        short = templates.own(f"sms_now.{procedure.id}") or procedure.instruction
        always = _always("sms.down", function, templates=templates, pack=pack)
        for language in LANGUAGES:
            whole = f"{always[language]} {sms_spelling(short[language])}"
            if not fits_sms(whole):
                message = f"{language}: with it a text message would be too long: {_measured(whole)}."
                hint = "Write a shorter one here; until then text messages leave it out."
                yield Finding("warning", "messages.sms_no_room", _FILE, f"sms_now.{procedure.id}", message, hint)


def _always(key: str, function: Function | None, *, templates: Templates, pack: Pack) -> LocalizedText:
    at = clock_times(_ORDINARY, now=_ORDINARY)
    facts: dict[str, LocalizedText] = dict.fromkeys(("since", "end", "checked", "time"), at)
    if function is not None:
        facts["function"] = templates.own(f"sms_name.{function.id}") or function.name
    said = [] if pack.authority is not None else ["sms.unofficial"]
    said += [key] if key.startswith(("sms.end", "sms.retracted")) else [key, "sms.next"]
    filled = [templates.fill(each, facts) for each in said]
    return {language: sms_spelling(" ".join(text[language] for text in filled)) for language in LANGUAGES}


def _measured(text: str) -> str:
    return f"{sms_units(text)} of {sms_limit(text)}"
