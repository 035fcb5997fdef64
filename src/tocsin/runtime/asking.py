"""What the engine says to the panel after a tick: questions to some members, and to whom it matters that it is over.

It comes after the outcome is saved: a letter that cannot be written must undo nothing. A crash in between loses a
question at most, which the next tick asks again.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from django.db import transaction

from tocsin.accounts.models import PanelMember
from tocsin.engine.ports import Outcome
from tocsin.incidents.rules.model import Incident
from tocsin.notifications.asking import ask, tell_end
from tocsin.observations.models import ReportRow
from tocsin.observations.polls import save_polls

log = logging.getLogger(__name__)

BEFORE: Final = timedelta(minutes=15)
"""Members notice earlier than the onset is put at; their word is part of the incident all the same."""


def speak_with_panel(outcome: Outcome) -> None:
    """Ask what the tick decided to ask, and tell members of the end of what they reported; failures are logged."""
    try:
        with transaction.atomic():
            ask(save_polls(outcome.polls, now=outcome.at), now=outcome.at)
            for event in outcome.events:
                if event.kind == "closed":
                    tell_end(event.incident, witnesses(event.incident), now=outcome.at)
    except Exception:
        log.exception("the panel could not be asked or told")


def witnesses(incident: Incident) -> tuple[PanelMember, ...]:
    """Return the members who said that something of this incident failed, and want to hear of its end."""
    spoke = ReportRow.objects.filter(
        function__in=incident.functions,
        works=False,
        at__gte=incident.hit_since - BEFORE,
        at__lte=incident.closed_at or incident.phase_since,
        **_among("audience", incident.audiences),
    )
    wanting = PanelMember.objects.filter(pseudonym__in=spoke.values("member"), wants_end=True, left_at=None)
    return tuple(wanting.order_by("invited_at", "pseudonym"))


def _among(field: str, values: Iterable[str] | None) -> dict[str, list[str]]:
    return {} if values is None else {f"{field}__in": list(values)}
