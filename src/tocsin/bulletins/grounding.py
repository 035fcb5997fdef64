"""What a person's wording may rest on, read from the database: so that what must never be shown is found in it too."""

from datetime import datetime

from tocsin.bulletins.queries import configured_pack, configured_templates, plain_words
from tocsin.bulletins.rules.grounds import ground
from tocsin.bulletins.rules.model import Bulletin
from tocsin.bulletins.rules.never import Ground, never_shown
from tocsin.continuity.queries import configured_procedures, read_activation, rows_of
from tocsin.incidents.queries import incident as stored_incident
from tocsin.kernel.reasons import Reason
from tocsin.observations.queries import words_of_others


def ground_of(bulletin: Bulletin, *, now: datetime) -> Ground | None:
    """Return what the bulletin's texts may rest on now; None when there is no such incident."""
    incident = stored_incident(bulletin.incident)
    if incident is None:
        return None
    return ground(
        bulletin,
        incident,
        procedures=configured_procedures(),
        activations=[read_activation(row) for row in rows_of(incident.id)],
        templates=configured_templates(),
        pack=configured_pack(),
        now=now,
        sources=words_of_others(now),
    )


def never_found(bulletin: Bulletin, *, now: datetime) -> tuple[Reason, ...]:
    """Return everything in the bulletin's texts that must never be shown, each once."""
    rest_on = ground_of(bulletin, now=now)
    if rest_on is None:
        return ()
    found = [
        reason for text in bulletin.texts.values() for reason in never_shown(text, words=plain_words(), ground=rest_on)
    ]
    return tuple({str(reason.to_json()): reason for reason in found}.values())
