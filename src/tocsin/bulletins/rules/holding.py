"""The word at the promised time: what was last told still holds, and when we speak next.

A holding bulletin repeats; it never says anything anew. So where a person put words right, it is the person's words
that are repeated, and where news waits for approval, it is what was last told, beside the draft that goes on waiting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tocsin.bulletins.rules.clock_words import clock_times
from tocsin.bulletins.rules.model import AudienceText, Bulletin
from tocsin.bulletins.rules.templates import Templates
from tocsin.bulletins.rules.writing import title
from tocsin.kernel.language import LocalizedText


def claims(text: AudienceText) -> tuple[object, ...]:
    """Return what a text asks of its reader and claims, without its times."""
    return text.headline, text.now, text.procedures, text.paid, text.avoid


def last_told(audience: str, said: Sequence[Bulletin]) -> Bulletin | None:
    """Return what an audience was told last; a correction may speak to one audience only."""
    return next((bulletin for bulletin in reversed(said) if audience in bulletin.texts), None)


def repeating(drafted: Mapping[str, AudienceText], said: Sequence[Bulletin]) -> dict[str, AudienceText]:
    """Return the texts of a holding bulletin, in a person's own words wherever a person put right what was told."""
    return {audience: _repeated(text, audience, said) for audience, text in drafted.items()}


def _repeated(drafted: AudienceText, audience: str, said: Sequence[Bulletin]) -> AudienceText:
    last = last_told(audience, said)
    if last is None or last.kind != "correction" or claims(drafted) == claims(last.texts[audience]):
        return drafted
    return _again(last.texts[audience], next_update=drafted.next_update, subject=drafted.subject)


def _again(told: AudienceText, *, next_update: LocalizedText | None, subject: LocalizedText) -> AudienceText:
    # Text messages and screens are not woken for no news; what they held names a time that has passed.
    return replace(told, next_update=next_update, subject=subject, sms={}, push={})


def restated(blank: Bulletin, said: Sequence[Bulletin], *, templates: Templates) -> Bulletin:
    """Return what was last told, told again to everyone who still waits for an end.

    `blank` is the holding bulletin without texts: its id and times are kept, its facts are those last told.
    """
    assert blank.next_update_at is not None
    last = said[-1]
    next_update = templates.fill("next.promise", {"time": clock_times(blank.next_update_at, now=blank.drafted_at)})
    at = clock_times(blank.drafted_at, now=blank.drafted_at)
    texts = {}
    for audience in dict.fromkeys(audience for bulletin in said for audience in bulletin.texts):
        told = _text_told(audience, said)
        if told is not None and told.next_update is not None:
            subject = templates.fill("subject.holding", {"what": title(told.headline), "at": at})
            texts[audience] = _again(told, next_update=next_update, subject=subject)
    return replace(
        blank,
        state=last.state,
        functions=last.functions,
        audiences=last.audiences,
        packages=last.packages,
        regions=last.regions,
        texts=texts,
    )


def _text_told(audience: str, said: Sequence[Bulletin]) -> AudienceText | None:
    last = last_told(audience, said)
    return None if last is None else last.texts[audience]
