"""Message templates: whole sentences with named placeholders, in every language, from a content pack.

The pack says how something is said; this module says what can be said at all (`MESSAGES`) and with which facts.
No sentence is assembled from parts: a placeholder holds a time, a duration, a list of names, or a sentence of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

from tocsin.bulletins.rules.hygiene import cleaned, has_hidden
from tocsin.kernel.errors import ConfigurationError
from tocsin.kernel.language import LANGUAGES, Language, LocalizedText, missing_languages

MESSAGES: Mapping[str, frozenset[str]] = {
    "headline.many_down": frozenset(),
    "headline.many_degraded": frozenset(),
    "headline.many_back": frozenset(),
    "headline.unclear": frozenset(),
    "headline.reported": frozenset({"functions"}),
    "headline.drill": frozenset({"headline"}),
    "scope.everywhere": frozenset({"since", "who"}),
    "scope.regions": frozenset({"since", "who", "regions"}),
    "scope.packages": frozenset({"since", "who"}),
    "scope.packages_regions": frozenset({"since", "who", "regions"}),
    "scope.unclear": frozenset({"since"}),
    "scope.end": frozenset({"end", "duration"}),
    "note.functions": frozenset({"functions"}),
    "note.reported": frozenset(),
    "note.recovering": frozenset({"since"}),
    "note.no_news": frozenset({"checked"}),
    "now.unknown": frozenset(),
    "now.end": frozenset(),
    "paid.confirmed": frozenset({"text", "validator", "validated_on", "expires_on"}),
    "next.promise": frozenset({"time"}),
    "duty.deadline": frozenset({"duty", "deadline"}),
    "duty.within": frozenset({"duty", "within"}),
    "subject.first": frozenset({"what", "since"}),
    "subject.update": frozenset({"what", "at"}),
    "subject.holding": frozenset({"what", "at"}),
    "subject.end": frozenset({"what", "end"}),
    "list.more": frozenset({"names", "count"}),
    "label.now": frozenset(),
    "label.paid": frozenset(),
    "label.avoid": frozenset(),
    "label.next": frozenset(),
    "label.duties": frozenset(),
    "who_all.default": frozenset({"audience"}),
    "who.default": frozenset({"audience"}),
    # When we were wrong
    "subject.correction": frozenset({"what", "at"}),
    "subject.retraction": frozenset({"what", "at"}),
    "note.corrected": frozenset({"at", "before"}),
    "headline.retracted": frozenset({"functions"}),
    "headline.retracted_unclear": frozenset(),
    "scope.retracted": frozenset({"told", "said"}),
    "now.retracted": frozenset(),
    "now.retracted_papers": frozenset(),
    # In one text message
    "sms.unofficial": frozenset(),
    "sms.drill": frozenset(),
    "sms.correction": frozenset(),
    "sms.down": frozenset({"function", "since"}),
    "sms.degraded": frozenset({"function", "since"}),
    "sms.many_down": frozenset({"since"}),
    "sms.many_degraded": frozenset({"since"}),
    "sms.unclear": frozenset({"since"}),
    "sms.reported": frozenset({"function", "since"}),
    "sms.end": frozenset({"function", "end"}),
    "sms.end_many": frozenset({"end"}),
    "sms.retracted": frozenset({"function"}),
    "sms.retracted_many": frozenset(),
    "sms.regions": frozenset({"regions"}),
    "sms.some_regions": frozenset(),
    "sms.software": frozenset(),
    "sms.unknown": frozenset(),
    "sms.papers": frozenset(),
    "sms.unconfirmed": frozenset(),
    "sms.next": frozenset({"time"}),
    # Of maintenance
    "maintenance.several": frozenset(),
    "maintenance.announced": frozenset({"functions"}),
    "maintenance.changed": frozenset({"functions"}),
    "maintenance.begins": frozenset({"functions"}),
    "maintenance.overrun": frozenset({"functions"}),
    "maintenance.over": frozenset({"functions"}),
    "maintenance.cancelled": frozenset({"functions"}),
    "maintenance.when": frozenset({"start", "end", "effect"}),
    "maintenance.planned_end": frozenset({"end", "effect"}),
    "maintenance.next_start": frozenset({"start"}),
    "maintenance.next_end": frozenset(),
    "maintenance.sms_when": frozenset({"start", "end"}),
}
"""Every message a pack must hold, with the facts it may use."""

_MAY_BE_LEFT_OUT: Mapping[str, frozenset[str]] = {
    "scope.end": frozenset({"duration"}),
    "subject.first": frozenset({"since"}),
    "subject.update": frozenset({"at"}),
    "subject.holding": frozenset({"at"}),
    "subject.end": frozenset({"end"}),
    "subject.correction": frozenset({"at"}),
    "subject.retraction": frozenset({"at"}),
    "note.no_news": frozenset({"checked"}),
    "note.corrected": frozenset({"before"}),
    "list.more": frozenset({"count"}),
}
"""Facts that a message may leave unsaid. All others are what it is said for: a promise without its time is none."""

_FAMILIES: Mapping[str, frozenset[str]] = {
    "who_all.": frozenset({"audience"}),
    "who.": frozenset({"audience"}),
    "sms_name.": frozenset(),
    "sms_now.": frozenset(),
}
"""Families that may hold a phrase for one audience (`who.pharmacist`), function (`sms_name.prescribe`) or procedure
(`sms_now.prescribe-on-paper`), said instead of the general one."""

MAX_LENGTH = 1000
"""How many characters a message may have: more is a mistake, or an attack."""


@dataclass(frozen=True, slots=True)
class Templates:
    """The messages of a pack, checked: key → text in every language."""

    messages: Mapping[str, LocalizedText]

    def fill(self, key: str, facts: Mapping[str, LocalizedText] | None = None) -> LocalizedText:
        """Return the message in every language, its placeholders filled with facts said in the same language.

        Facts are cleaned of what could break out of their place (control characters, reversed writing). A template
        that cannot be filled, which `checked_templates` would have refused, still says its facts: a message with the
        bare time in it is worth more to a reader than none.
        """
        given = facts or {}
        template = self.messages.get(key, {})
        return {
            language: _filled(template.get(language, ""), {name: value[language] for name, value in given.items()})
            for language in LANGUAGES
        }

    def own(self, key: str) -> LocalizedText | None:
        """Return a message of a family (`sms_name.prescribe`), None where the pack has none of its own."""
        return self.messages.get(key)

    def label(self, name: str, language: Language) -> str:
        """Return the word before a part of a bulletin: `now`, `paid`, `avoid`, `next` or `duties`."""
        return self.messages[f"label.{name}"][language]

    def who(self, family: str, audience: str, plural: LocalizedText) -> LocalizedText:
        """Return the phrase for an audience (`in all pharmacies`): its own where the pack has one."""
        key = f"{family}.{audience}"
        return self.fill(key if key in self.messages else f"{family}.default", {"audience": plural})


def _filled(template: str, facts: Mapping[str, str]) -> str:
    said = {name: cleaned(fact) for name, fact in facts.items()}
    try:
        filled = template.format_map(said)
    except (KeyError, ValueError, IndexError, AttributeError):
        filled = ""
    return filled or ", ".join(fact.rstrip(".") for fact in said.values() if fact)


def checked_templates(
    messages: Mapping[str, Mapping[str, str]], *, where: str = "", files: Mapping[str, str] | None = None
) -> Templates:
    """Return the templates, or raise `ConfigurationError` naming the first message that cannot be used.

    `where` is the place of all messages, `files` the file of each, where they are known.
    """
    for key in MESSAGES:
        if key not in messages:
            raise _fault("missing", f"The message {key!r} is missing.", where, "Add it in every language.")
    for key, text in messages.items():
        place = (files or {}).get(key, where)
        _check_message(key, text, f"{place} [{key}]" if place else key)
    return Templates(
        {key: {language: text[language].strip() for language in LANGUAGES} for key, text in messages.items()}
    )


_AUDIENCE = frozenset({"audience"})
"""The phrase for one audience ("in all pharmacies") names it in its own way."""


def _check_message(key: str, text: Mapping[str, str], where: str) -> None:
    allowed = _allowed(key)
    if allowed is None:
        raise _fault("unknown", "No such message is ever said.", where, "Remove it, or mend its name.")
    missing = missing_languages(text)
    if missing:
        raise _fault("language", f"The text is missing in {', '.join(missing)}.", where, "Write it.")
    for language in LANGUAGES:
        _check_characters(text[language], language, where)
    _check_facts(key, text, allowed, where)


def _check_facts(key: str, text: Mapping[str, str], allowed: frozenset[str], where: str) -> None:
    used = {language: _placeholders(text[language], where) for language in LANGUAGES}
    for language, names in used.items():
        if names - allowed:
            unknown = ", ".join(sorted(names - allowed))
            raise _fault("placeholder", f"{language}: {{{unknown}}} is not known here.", where, _hint(allowed))
        if names != used[LANGUAGES[0]]:
            raise _fault("unequal", f"{language} and {LANGUAGES[0]} do not say the same facts.", where, _hint(allowed))
        unsaid = allowed - names - _MAY_BE_LEFT_OUT.get(key, frozenset()) - _AUDIENCE
        if unsaid:
            missed = ", ".join(sorted(unsaid))
            raise _fault(
                "variable", f"{language}: {{{missed}}} is not said.", where, "The message is nothing without it."
            )


def _check_characters(text: str, language: Language, where: str) -> None:
    if len(text) > MAX_LENGTH:
        message = f"{language}: {len(text)} characters, and no message needs more than {MAX_LENGTH}."
        raise _fault("too_long", message, where, "Shorten it.")
    if has_hidden(text):
        message = f"{language}: it holds control characters or reverses the writing."
        raise _fault("characters", message, where, "Write it anew by hand.")


def _allowed(key: str) -> frozenset[str] | None:
    if key in MESSAGES:
        return MESSAGES[key]
    return next((facts for family, facts in _FAMILIES.items() if key.startswith(family)), None)


def _placeholders(text: str, where: str) -> frozenset[str]:
    try:
        return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)
    except ValueError as error:
        raise _fault("braces", f"{text!r} cannot be read: {error}.", where, "Close every brace.") from error


def _hint(allowed: frozenset[str]) -> str:
    return f"It may use: {', '.join(sorted(allowed)) or 'no placeholder'}; every language the same ones."


def _fault(code: str, message: str, where: str, hint: str) -> ConfigurationError:
    return ConfigurationError(f"messages.{code}", message, where=where, hint=hint)
