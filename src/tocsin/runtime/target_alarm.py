"""Calls whoever is on duty when one of several places no longer shows the newest pages: once for each trouble."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from tocsin.kernel.clock import SystemClock
from tocsin.kernel.language import LocalizedText
from tocsin.plugins.targets.states import TargetState, target_states
from tocsin.runtime.configuration import Configuration

log = logging.getLogger(__name__)

BEHIND: LocalizedText = {
    "en": "The pages at “{name}” are not the newest. The other places are not concerned.",
    "fr": "Les pages de « {name} » ne sont pas à jour. Les autres emplacements ne sont pas concernés.",
    "nl": "De pagina's op '{name}' zijn niet de nieuwste. De andere plaatsen hebben er geen last van.",
    "de": "Die Seiten bei „{name}“ sind nicht die neuesten. Die anderen Orte sind nicht betroffen.",
}


@dataclass(slots=True)
class TargetAlarm:
    """Looks at what the couriers noted; `call` is told of each target in trouble, once until it is well again."""

    configuration: Configuration
    call: Callable[[TargetState], object]
    _told: frozenset[str] = field(default_factory=frozenset)

    def look(self) -> None:
        """Look once."""
        states = target_states(self.configuration.data_folder, self.configuration.targets)
        for state in states:
            if state.is_alarming and state.name not in self._told:
                log.error("the pages at %s are not the newest: %s", state.name, state.fault)
                self._told |= {state.name}
                self.call(state)
        self._told -= {state.name for state in states if not state.fault}


def page_duty(state: TargetState) -> None:
    """Page whoever is on duty that a target is behind: at most once for a trouble, and once an hour for each target."""
    from django.db import close_old_connections

    from tocsin.notifications.paging import page
    from tocsin.notifications.rules.paging import Page

    now = SystemClock().now()
    since = state.shown_at or now
    subject: LocalizedText = {language: text.format(name=state.name) for language, text in BEHIND.items()}
    try:
        page(Page("tocsin_ails", _key(state, now), subject=subject, at=since), now=now)
    finally:
        close_old_connections()


def _key(state: TargetState, now: datetime) -> str:
    # By when it was last well: a watch that starts anew calls nobody again. By the hour, should it come and go.
    last = "never" if state.shown_at is None else f"{state.shown_at:%Y-%m-%dT%H}"
    day = f"{now:%Y-%m-%d}" if state.shown_at is None else ""
    return f"tocsin_ails|target|{state.name}|{last}{day}"
