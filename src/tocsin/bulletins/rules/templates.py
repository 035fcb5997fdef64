"""Message templates: whole sentences with named placeholders, in every language, from a content pack.

The pack says how something is said; this module says what can be said at all (`MESSAGES`) and with which facts.
No sentence is assembled from parts: a placeholder holds a time, a duration, a list of names, or a sentence of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

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
}
"""Every message a pack must hold, with the facts it may use."""

_BY_AUDIENCE = ("who_all.", "who.")
"""Families that may also hold a phrase for one audience (`who.pharmacist`), said instead of the default."""


@dataclass(frozen=True, slots=True)
class Templates:
    """The messages of a pack, checked: key → text in every language."""

    messages: Mapping[str, LocalizedText]

    def fill(self, key: str, facts: Mapping[str, LocalizedText] | None = None) -> LocalizedText:
        """Return the message in every language, its placeholders filled with facts said in the same language."""
        template = self.messages[key]
        given = facts or {}
        return {
            language: template[language].format_map({name: value[language] for name, value in given.items()})
            for language in LANGUAGES
        }

    def label(self, name: str, language: Language) -> str:
        """Return the word before a part of a bulletin: `now`, `paid`, `avoid`, `next` or `duties`."""
        return self.messages[f"label.{name}"][language]

    def who(self, family: str, audience: str, plural: LocalizedText) -> LocalizedText:
        """Return the phrase for an audience (`in all pharmacies`): its own where the pack has one."""
        key = f"{family}.{audience}"
        return self.fill(key if key in self.messages else f"{family}.default", {"audience": plural})


def checked_templates(messages: Mapping[str, Mapping[str, str]], *, where: str = "") -> Templates:
    """Return the templates, or raise `ConfigurationError` naming the first message that cannot be used."""
    for key in MESSAGES:
        if key not in messages:
            raise _fault("missing", f"The message {key!r} is missing.", where, "Add it in every language.")
    for key, text in messages.items():
        _check_message(key, text, f"{where} [{key}]" if where else key)
    return Templates(
        {key: {language: text[language].strip() for language in LANGUAGES} for key, text in messages.items()}
    )


def _check_message(key: str, text: Mapping[str, str], where: str) -> None:
    allowed = _allowed(key)
    if allowed is None:
        raise _fault("unknown", "No such message is ever said.", where, "Remove it, or mend its name.")
    missing = missing_languages(text)
    if missing:
        raise _fault("language", f"The text is missing in {', '.join(missing)}.", where, "Write it.")
    used = {language: _placeholders(text[language], where) for language in LANGUAGES}
    for language, names in used.items():
        if names - allowed:
            unknown = ", ".join(sorted(names - allowed))
            raise _fault("placeholder", f"{language}: {{{unknown}}} is not known here.", where, _hint(allowed))
        if names != used[LANGUAGES[0]]:
            raise _fault("unequal", f"{language} and {LANGUAGES[0]} do not say the same facts.", where, _hint(allowed))


def _allowed(key: str) -> frozenset[str] | None:
    if key in MESSAGES:
        return MESSAGES[key]
    return frozenset({"audience"}) if key.startswith(_BY_AUDIENCE) else None


def _placeholders(text: str, where: str) -> frozenset[str]:
    try:
        return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)
    except ValueError as error:
        raise _fault("braces", f"{text!r} cannot be read: {error}.", where, "Close every brace.") from error


def _hint(allowed: frozenset[str]) -> str:
    return f"It may use: {', '.join(sorted(allowed)) or 'no placeholder'}; every language the same ones."


def _fault(code: str, message: str, where: str, hint: str) -> ConfigurationError:
    return ConfigurationError(f"messages.{code}", message, where=where, hint=hint)
