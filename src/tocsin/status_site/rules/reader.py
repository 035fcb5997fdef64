"""Who reads, in which language, and how things are written for them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tocsin.bulletins.rules.clock_words import clock_time, day_words, duration_words, full_day_words, typeset
from tocsin.kernel.clock import in_brussels
from tocsin.kernel.language import Language, LocalizedText
from tocsin.kernel.plain_text import plain
from tocsin.status_site.rules.facts import Facts


@dataclass(frozen=True, slots=True)
class Link:
    """The name of a procedure, function, audience or language, and the id its page goes by ("" where it has none)."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads ("" for everybody), in which language, and the facts.

    Whatever it returns is set for print, and cannot disguise what stands around it (see `kernel.plain_text`).
    """

    audience: str
    language: Language
    facts: Facts

    def words(self, text: LocalizedText | None) -> str:
        """Return the text in the reader's language, "" where there is none."""
        return "" if text is None else typeset(plain(text[self.language]), self.language)

    def all_words(self, texts: Iterable[LocalizedText]) -> tuple[str, ...]:
        """Return each text in the reader's language."""
        return tuple(self.words(text) for text in texts)

    def time(self, moment: datetime) -> str:
        """Return the moment as the reader writes it, with its day where that is not today."""
        return self.time_on(moment, self.today)

    def time_on(self, moment: datetime, day: date) -> str:
        """Return the moment as the reader writes it, with its day where that is not this one."""
        return typeset(clock_time(moment, self.language, today=day), self.language)

    def day(self, day: date) -> str:
        """Return a day and its month."""
        return typeset(day_words(day, self.language), self.language)

    def full_day(self, day: date) -> str:
        """Return a day with its month and year."""
        return typeset(full_day_words(day, self.language), self.language)

    def duration(self, span: timedelta) -> str:
        """Return a duration in words."""
        return typeset(duration_words(span, self.language), self.language)

    @property
    def today(self) -> date:
        """The federation's day."""
        return in_brussels(self.facts.now).date()

    def audience_name(self, audience: str) -> str:
        """Return an audience's name in the plural; its id where the pack has it no more."""
        known = self.facts.pack.audiences.get(audience)
        return audience if known is None else self.words(known.plural)

    def function_name(self, function: str) -> str:
        """Return a function's name; its id where the pack has it no more."""
        known = self.facts.pack.functions.get(function)
        return function if known is None else self.words(known.name)
