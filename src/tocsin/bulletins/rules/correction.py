"""A correction: what was said wrongly is said anew, and says of itself that it corrects.

An operator writes the texts; this adds what every correction must carry, in every length, and leaves out whom it does
not concern: an audience whose text stays as it was is not told again.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from tocsin.bulletins.rules.clock_words import clock_times
from tocsin.bulletins.rules.differences import differences
from tocsin.bulletins.rules.lengths import fits_push, fits_sms, fullest, sms_spelling
from tocsin.bulletins.rules.model import AudienceText, Bulletin
from tocsin.bulletins.rules.templates import Templates
from tocsin.bulletins.rules.writing import title
from tocsin.kernel.language import LANGUAGES, Language, LocalizedText
from tocsin.kernel.reasons import Reason

_SHORT = frozenset({"subject", "sms", "push"})


def corrected(
    bulletin: Bulletin,
    texts: Mapping[str, AudienceText],
    *,
    templates: Templates,
    now: datetime,
    number: int | None = None,
    is_silent: bool = False,
    published_at: datetime | None = None,
) -> Bulletin:
    """Return the bulletin that corrects `bulletin` with the operator's `texts`, under the next number.

    It speaks only to the audiences whose text reads otherwise (none: its `texts` are empty, and there is nothing to
    publish). Its subject, scope and text message say that it corrects, and which message; a silent one, which nobody
    is told, does not. `published_at` is when the corrected one went out (else when it was drafted). What was promised
    stays promised.
    """
    changed = {
        audience: text
        for audience, text in texts.items()
        if audience in bulletin.texts and differences(bulletin.texts[audience], text)
    }
    number = bulletin.number + 1 if number is None else number
    marking = _Marking(templates, now=now, told_at=published_at or bulletin.drafted_at, is_drill=bulletin.is_drill)
    return replace(
        bulletin,
        id=f"{bulletin.incident}-b{number}",
        kind="correction",
        number=number,
        drafted_at=now,
        texts=changed if is_silent else {audience: marking.marked(text) for audience, text in changed.items()},
        corrects=bulletin.id,
        is_silent=is_silent,
    )


def unchanged_short_texts(before: AudienceText, after: AudienceText) -> tuple[Reason, ...]:
    """Return, by language, which short text still says the old although the page says something else."""
    moved = {(found.part, found.language) for found in differences(before, after)}
    on_page = {language for part, language in moved if part not in _SHORT}
    return tuple(
        Reason("plain.short_unchanged", {"language": language, "part": part})
        for language in LANGUAGES
        for part in ("sms", "push")
        if language in on_page and (part, language) not in moved
    )


class _Marking:
    """How one correction says of itself that it is one."""

    def __init__(self, templates: Templates, *, now: datetime, told_at: datetime, is_drill: bool) -> None:
        self._templates = templates
        self._at = clock_times(now, now=now)
        self._note = templates.fill("note.corrected", {"at": self._at, "before": clock_times(told_at, now=now)})
        self._is_drill = is_drill

    def marked(self, text: AudienceText) -> AudienceText:
        return replace(
            text,
            subject=self._subject(text),
            scope={language: self._scope(text.scope[language], language) for language in LANGUAGES},
            sms={language: self._sms(said, language) for language, said in text.sms.items()},
            push={language: self._push(said, language) for language, said in text.push.items()},
        )

    def _sms(self, said: str, language: Language) -> str:
        # Where there is no room for saying that it corrects, the word on money makes some: the page has it.
        mark = sms_spelling(self._templates.fill("sms.correction")[language])
        money = sms_spelling(self._templates.fill("sms.unconfirmed")[language])
        shorter = said.replace(f"{money} ", "")
        return (
            said if said.startswith(mark) else fullest((f"{mark} {said}", f"{mark} {shorter}"), fits=fits_sms) or said
        )

    def _push(self, said: str, language: Language) -> str:
        mark = self._templates.fill("sms.correction")[language]
        return said if said.startswith(mark) else fullest((f"{mark} {said}",), fits=fits_push) or said

    def _subject(self, text: AudienceText) -> LocalizedText:
        # The headline carries the mark of an exercise already.
        return self._templates.fill("subject.correction", {"what": title(text.headline), "at": self._at})

    def _scope(self, scope: str, language: Language) -> str:
        # A correction of a correction says so once.
        bare = _note_pattern(self._templates.messages["note.corrected"][language]).sub("", scope)
        return f"{self._note[language]} {bare}"


def _note_pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", ".{1,60}?", re.escape(template)) + r"\s*")
