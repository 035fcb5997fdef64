"""What others put into their own pages and programs: a badge, and the words of a banner, per language and audience.

A badge is a picture that says who, what and when it was checked. A banner is a small document that `assets/banner.js`
(or a program of one's own) shows while there is something to say, and replaces by "not known" once it is too old.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from django.utils.translation import gettext

from tocsin.bulletins.rules.clock_words import clock_time, typeset
from tocsin.kernel.clock import format_moment, in_brussels
from tocsin.kernel.language import Language
from tocsin.status_site.calendars import maintenance_name
from tocsin.status_site.feeds import checked_sentence, marks_of
from tocsin.status_site.rules.badges import SHAPES, Badge, svg
from tocsin.status_site.rules.facts import (
    BADNESS,
    Facts,
    Said,
    current_messages,
    is_under_maintenance,
    maintenance_of,
    message_state,
    states_of,
    worst_state,
)

FORMAT = "tocsin-banner/1"


def embeddings(language: Language, *, facts: Facts, site_url: str) -> Iterator[tuple[str, bytes]]:
    """Yield badge and banner of every audience in a language (which must be active for translations)."""
    words = _words(facts)
    for audience in facts.pack.audiences:
        state = _state(audience, facts)
        yield (
            f"{language}/{audience}/badge.svg",
            svg(_badge(audience, language, state=state, word=words[state], facts=facts)),
        )
        banner = _banner(audience, language, state=state, words=words, facts=facts)
        banner["url"] = f"{site_url.rstrip('/')}/{language}/{audience}/index.html"
        content = json.dumps(banner, ensure_ascii=False, separators=(",", ":")).encode()
        yield f"{language}/{audience}/banner.json", content


@cache
def banner_script() -> bytes:
    """Return the script that shows a banner in somebody else's page."""
    return (files("tocsin.status_site") / "assets" / "banner.js").read_bytes()


def _words(facts: Facts) -> dict[str, str]:
    return {
        "ok": gettext("No problem seen"),
        "degraded": gettext("Disrupted"),
        "down": gettext("Does not work"),
        "maintenance": gettext("Planned maintenance"),
        "unknown": gettext("Not known") if facts.is_stale else gettext("Not clear yet"),
    }


def _state(audience: str, facts: Facts) -> str:
    worst = worst_state(audience, facts)
    is_maintained = any(is_under_maintenance(function, audience, facts) for function in states_of(audience, facts))
    return "maintenance" if worst.value == "ok" and is_maintained else worst.value


def _badge(audience: str, language: Language, *, state: str, word: str, facts: Facts) -> Badge:
    marks = marks_of(facts, is_drill=False)
    who = facts.pack.audiences[audience].plural[language]
    full = ". ".join((f"{who}: {word}", *marks, checked_sentence(language, facts)))
    return Badge(
        language=language,
        who=f"{who} ({', '.join(marks)})" if marks else who,
        state=state,
        word=word,
        when="" if facts.is_stale else _when(language, facts),
        full=full,
    )


def _when(language: Language, facts: Facts) -> str:
    assert facts.checked_at is not None
    # A picture may be kept for long and cannot grow old by itself: the time says of when it is, the day too.
    today = in_brussels(facts.now).date()
    at = typeset(clock_time(facts.checked_at, language, today=today), language)
    return gettext("checked: %(at)s") % {"at": at}


def _banner(
    audience: str, language: Language, *, state: str, words: Mapping[str, str], facts: Facts
) -> dict[str, object]:
    message = _worst_message(audience, facts)
    is_drill = message is not None and message.bulletin.is_drill
    text = _text(audience, language, message, facts)
    shown = state if message is None else message_state(message, facts).value
    return {
        "format": FORMAT,
        "audience": audience,
        "language": language,
        "state": shown,
        "shape": SHAPES[shown],
        "word": words[shown],
        "text": text,
        "is_shown": bool(text) or facts.is_stale,
        "is_drill": is_drill,
        "marks": list(marks_of(facts, is_drill=is_drill)),
        "more": gettext("What to do now"),
        "checked": checked_sentence(language, facts),
        "unknown": gettext("We cannot say at the moment what works."),
        "published_at": format_moment(facts.now),
        "valid_until": format_moment(facts.valid_until),
    }


def _worst_message(audience: str, facts: Facts) -> Said | None:
    # A drill never stands before what is real.
    told = [said for _, said in current_messages(audience, facts)]
    return min(told, key=lambda said: (said.bulletin.is_drill, BADNESS[said.bulletin.state]), default=None)


def _text(audience: str, language: Language, message: Said | None, facts: Facts) -> str:
    if facts.is_stale:
        return gettext("We cannot say at the moment what works.")
    if message is not None:
        return typeset(message.bulletin.texts[audience].headline[language], language)
    touched = [functions for one, functions in maintenance_of(audience, facts) if one.is_under_way]
    return maintenance_name(touched[0], language, facts) if touched else ""
