"""How facts are written on the screens."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django import template
from django.utils.translation import gettext, ngettext

from tocsin.audit.rules import is_automatic
from tocsin.bulletins.rules import wording
from tocsin.bulletins.rules.clock_words import typeset
from tocsin.bulletins.rules.model import AudienceText, Bulletin
from tocsin.detection.rules.model import State
from tocsin.kernel.clock import BRUSSELS, in_brussels
from tocsin.kernel.language import Language, LocalizedText
from tocsin.kernel.reasons import Reason
from tocsin.observations.models import IntakeCount
from tocsin.web import board, ledger, present, reasons, times, words

register = template.Library()


@register.filter
def hm(moment: datetime) -> str:
    """Write the local time as the reader's language does."""
    return times.clock_time(moment)


@register.filter
def hms(moment: datetime) -> str:
    """Write the local time to the second, for the clock."""
    return in_brussels(moment).strftime("%H:%M:%S")


@register.filter
def at_second(moment: datetime, now: datetime) -> str:
    """Write the time to the second, with its date when that is not today's."""
    is_today = in_brussels(moment).date() == in_brussels(now).date()
    return hms(moment) if is_today else f"{times.day(moment)}, {hms(moment)}"


@register.filter
def day(moment: datetime) -> str:
    """Write the local date."""
    return times.day(moment)


@register.filter
def at(moment: datetime, now: datetime) -> str:
    """Write the time, with its date when that is not today's."""
    return times.moment_in_words(moment, now=now)


@register.filter
def must_be_asked(activations: board.Activations, now: datetime) -> bool:
    """Say whether a procedure in force ends so soon that somebody should say whether it must."""
    return activations.must_be_asked(now)


@register.filter
def lasting(start: datetime, now: datetime) -> str:
    """Write how long ago, in words; it stands beside a time, never alone."""
    return times.duration_in_words(now - start)


@register.filter
def until(moment: datetime, now: datetime) -> str:
    """Write how far ahead, in words."""
    return times.duration_in_words(max(moment - now, timedelta()))


@register.filter
def text(localized: LocalizedText | None) -> str:
    """Take the reader's language out of a language map."""
    return typeset(localized[times.language()], times.language()) if localized else ""


@register.filter
def language_text(localized: LocalizedText | None, language: Language) -> str:
    """Take a given language out of a language map."""
    return localized[language] if localized else ""


@register.filter
def sentence(reason: Reason) -> str:
    """Put a reason into words."""
    said = reasons.sentence(reason, pack=present.pack(), procedures=present.procedures())
    return typeset(said, times.language())


@register.filter
def state_word(state: str) -> str:
    """Say a state in its word."""
    return words.word(words.STATES, state)


@register.filter
def breakable(said: str) -> str:
    """Let long words break where they may."""
    return words.breakable(said)


@register.filter
def shape(state: str) -> str:
    """Return a state's shape."""
    return words.SHAPES.get(state, "?")


@register.filter
def phase(key: str) -> str:
    """Say a phase in words."""
    return words.word(words.PHASES, key)


@register.filter
def eye(key: str) -> str:
    """Name an eye."""
    return words.word(words.EYES, key)


@register.filter
def eye_list(keys: Iterable[str]) -> str:
    """Name several eyes, in their usual order whatever the set's."""
    named = set(keys)
    return ", ".join(str(name) for key, name in words.EYES.items() if key in named)


@register.filter
def bulletin_kind(key: str) -> str:
    """Say what kind of message it is."""
    return words.word(words.BULLETINS, key)


@register.filter
def level_words(key: str) -> str:
    """Say how much an incident weighs now."""
    return words.word(words.LEVELS, key)


@register.filter
def severity_words(key: str) -> str:
    """Say how much hangs on a message."""
    return words.word(words.SEVERITIES, key)


@register.filter
def approval_words(key: str) -> str:
    """Say who must agree."""
    return words.word(words.APPROVALS, key)


@register.filter
def holding_words(key: str) -> str:
    """Say what becomes of a promised update that nobody approved."""
    return words.word(words.HOLDING, key)


@register.filter
def fate_words(key: str) -> str:
    """Say what people did with a shadow draft."""
    return words.word(words.FATES, key)


@register.filter
def percent(share: float) -> str:
    """Write a share."""
    return reasons.written("right_share", share, reason=Reason(""), names={})


@register.filter
def span(length: timedelta) -> str:
    """Write a length of time in words."""
    return times.duration_in_words(abs(length))


@register.filter
def date_words(day_: date) -> str:
    """Write a day."""
    return times.day(datetime.combine(day_, time(12), tzinfo=BRUSSELS))


@register.filter
def procedure_kind(key: str) -> str:
    """Say what kind of procedure it is."""
    return words.word(words.PROCEDURES, key)


@register.filter
def activation_state(key: str) -> str:
    """Say how an activation stands."""
    return words.word(words.ACTIVATIONS, key)


@register.filter
def change_kind(key: str) -> str:
    """Say what happened to a service."""
    return words.word(words.CHANGES, key)


@register.filter
def timeline_kind(key: str) -> str:
    """Say what an entry of the timeline is about."""
    return words.word(words.TIMELINE, key)


@register.filter
def names(things: Iterable[board.Named]) -> str:
    """List things of the pack by name in the reader's language."""
    return ", ".join(text(thing.name) for thing in things)


@register.filter
def audience_names(ids: Iterable[str] | None) -> str:
    """List audiences by their plural; None is everyone."""
    if ids is None:
        return gettext("everyone")
    audiences = present.pack().audiences
    return ", ".join(text(audiences[id_].plural) if id_ in audiences else id_ for id_ in ids)


@register.filter
def region_names(ids: Iterable[str] | None) -> str:
    """List regions by name; None is everywhere."""
    if ids is None:
        return gettext("everywhere")
    regions = present.pack().regions
    return ", ".join(text(regions[id_].name) if id_ in regions else id_ for id_ in ids)


@register.filter
def service_names(ids: Iterable[str]) -> str:
    """List services by name."""
    services = present.pack().services
    return ", ".join(services[id_].name if id_ in services else id_ for id_ in ids)


@register.filter
def score(value: float) -> str:
    """Write a score or confidence in words, so that nobody reads a probability into it."""
    if value >= 0.8:  # noqa: PLR2004 - three words for a scale of 0 to 1
        return gettext("strong")
    if value >= 0.5:  # noqa: PLR2004 - see above
        return gettext("fair")
    return gettext("weak")


@register.filter
def unlocalized(value: float) -> str:
    """Write a number for machines: a point, no grouping."""
    return str(value)


@register.filter
def actor(name: str) -> str:
    """Name who acted; the engine and the policy are no persons."""
    return gettext("Tocsin itself") if not name or is_automatic(name) else name


@register.filter
def headline(card: board.Card) -> str:
    """Say an incident in the sentence of the function it hits first, and how many more it hits."""
    if not card.functions:
        return card.incident.id
    first = card.functions[0]
    said = text(first.fails if card.incident.state is State.DOWN else first.slow)
    others = len(card.functions) - 1
    if not others:
        return said
    more = ngettext("%(count)d more function is hit.", "%(count)d more functions are hit.", others)
    return f"{said} {more % {'count': others}}"


@register.filter
def first_text(bulletin: Bulletin) -> AudienceText:
    """Return the first audience's text, the one an approval shows before all others."""
    return next(iter(bulletin.texts.values()))


@register.filter
def parts(given: AudienceText, language: Language) -> tuple[wording.Line, ...]:
    """Put a bulletin's text in reading order, with the words before each part."""
    return wording.lines(given, language, templates=present.templates())


@register.filter
def intake_words(row: IntakeCount) -> str:
    """Say what happened to an input; what needs no example has words of its own."""
    return words.word(words.INTAKE, row.code) if row.code in words.INTAKE else row.last_message


@register.filter
def facts_in_words(facts: Mapping[str, Any], now: datetime) -> list[tuple[str, str]]:
    """Write the facts of an audit entry."""
    return list(ledger.facts(facts, now=now))


@register.filter
def element(key: int, prefix: str) -> str:
    """Build an element's id."""
    return f"{prefix}-{key}"


@register.filter
def mark_shape(kind: str) -> str:
    """Return the shape of a mark on a chart."""
    return {"change": "◆", "bulletin": "✉", "report": "!"}[kind]


@register.filter
def service_name(id_: str) -> str:
    """Name a service."""
    return service_names([id_])


@register.filter
def whole(value: float) -> str:
    """Write a number without decimals, as it is."""
    return f"{value:.0f}"


@register.filter
def audience_name(id_: str) -> str:
    """Name an audience."""
    audience = present.pack().audiences.get(id_)
    return text(audience.plural) if audience else id_


@register.filter
def function_name(id_: str) -> str:
    """Name a function."""
    function = present.pack().functions.get(id_)
    return text(function.name) if function else id_


@register.filter
def package_name(id_: str) -> str:
    """Name a package."""
    package = present.pack().packages.get(id_)
    return package.name if package else id_


@register.filter
def region_name(id_: str) -> str:
    """Name a region."""
    region = present.pack().regions.get(id_)
    return text(region.name) if region else id_
