"""What a message costs, in text messages: a long text, or one outside the short alphabet, is sent as several."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tocsin.notifications.models import OutboxMessage, Variant
from tocsin.notifications.queries import letter_from_json, text_counter
from tocsin.notifications.rules.model import Message

TEXTS: Final = "sms"
"""The channel whose messages cost something each."""

_AT_ANY_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)


def costs_of(announcement: int) -> dict[tuple[str, str], int]:
    """Return how many text messages an announcement costs for each audience and language where it is more than one."""
    if text_counter() is None:
        return {}
    variants = Variant.objects.filter(announcement=announcement).order_by("pk")
    counted = {(each.audience, each.language): units_of(each.payload) for each in variants}
    return {reader: units for reader, units in counted.items() if units > 1}


def units_of(payload: Mapping[str, Any]) -> int:
    """Return how many text messages a stored message costs; one where no channel says."""
    counter = text_counter()
    if counter is None:
        return 1
    letter = letter_from_json(payload["letter"])
    return max(1, counter(Message("", "", _AT_ANY_TIME, "", letter, sms=payload["sms"], facts=payload["facts"])))


def note_cost(key: str) -> None:
    """Note what a letter of its own costs, once it lies in the outbox under `key`; nothing where it goes by no text."""
    row = OutboxMessage.objects.filter(dedup_key=key, channel=TEXTS).only("pk", "payload").first()
    if row is not None and (units := units_of(row.payload or {})) > 1:
        OutboxMessage.objects.filter(pk=row.pk).update(units=units)
