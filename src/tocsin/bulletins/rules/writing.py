"""All that a bulletin is written from, in one place, and how its parts are titled and marked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tocsin.bulletins.rules.clock_words import clock_times
from tocsin.bulletins.rules.model import BulletinKind
from tocsin.bulletins.rules.short_texts import Marks
from tocsin.bulletins.rules.templates import Templates
from tocsin.catalog.rules.model import Pack
from tocsin.continuity.rules.model import Activation, Procedure
from tocsin.detection.rules.model import State
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.language import LANGUAGES, LocalizedText


@dataclass(frozen=True, slots=True)
class Writing:
    """All that a bulletin is written from. `state` is the degree the public is told."""

    kind: BulletinKind
    incident: Incident
    state: State
    activations: tuple[Activation, ...]
    procedures: Mapping[str, Procedure]
    templates: Templates
    pack: Pack
    now: datetime
    next_update_at: datetime | None

    def time(self, moment: datetime) -> LocalizedText:
        """Return a moment as each language writes it."""
        return clock_times(moment, now=self.now)

    @property
    def marks(self) -> Marks:
        """What every length of the message must say of itself."""
        return Marks(is_official=self.pack.authority is not None, is_drill=self.incident.is_drill)

    def marked(self, text: LocalizedText) -> LocalizedText:
        """Return a headline or subject that says of an exercise that it is one."""
        return self.templates.fill("headline.drill", {"headline": text}) if self.incident.is_drill else text


def title(sentence: LocalizedText) -> LocalizedText:
    """Return a sentence as a title: without its full stop."""
    return {language: sentence[language].removesuffix(".") for language in LANGUAGES}
