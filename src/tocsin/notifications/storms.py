"""One message instead of many: what is told to readers for whom several outages opened within minutes.

The messages that were held for it (`held_for="digest"`) are replaced by one announcement that lists what does not
work, so that it goes the way of all others: rendered once, written once to each, sent by the same workers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from tocsin.kernel.language import LANGUAGES, Language
from tocsin.notifications.announcing import payload_of
from tocsin.notifications.costs import TEXTS, costs_of
from tocsin.notifications.models import AnnouncementRow, OutboxMessage, Variant
from tocsin.notifications.queries import WAITING, labels, letter_from_json
from tocsin.notifications.rules.audience import priority
from tocsin.notifications.rules.letter import digest_letter, said_first
from tocsin.notifications.wakeup import wake

MOST_AT_ONCE = 60
"""Announcements gathered at a time: a set of them must fit into a number of the database. More wait a second longer."""


def send_digests(*, now: datetime, machine_now: datetime) -> int:
    """Gather what has waited long enough into one announcement for each set of readers who wait for the same.

    So a digest lists what its reader chose, and nothing else. Who waits for one message gets that message. Returns how
    many messages were replaced or let go.
    """
    due = OutboxMessage.objects.filter(WAITING, held_for="digest", due_at__lte=machine_now)
    gathered = sorted(due.order_by().values_list("announcement", flat=True).distinct())[:MOST_AT_ONCE]
    if not gathered:
        return 0
    with transaction.atomic():
        handled = sum(_gather(_Held(gathered, machine_now), mask, now=now) for mask in _masks(gathered, machine_now))
        wake()
    return handled


@dataclass(frozen=True, slots=True)
class _Held:
    """What waits to be gathered: messages of these announcements that are due at `machine_now`."""

    announcements: Sequence[int]
    machine_now: datetime

    @property
    def messages(self) -> QuerySet[OutboxMessage]:
        return OutboxMessage.objects.filter(
            WAITING, held_for="digest", announcement__in=self.announcements, due_at__lte=self.machine_now
        )


def _gather(held: _Held, mask: int, *, now: datetime) -> int:
    """Write one digest to all who wait for just the announcements of a mask; return how many messages it replaces."""
    chosen = [pk for place, pk in enumerate(held.announcements) if mask >> place & 1]
    digest = _announce(list(AnnouncementRow.objects.filter(pk__in=chosen).order_by("pk")), now=now)
    _write(digest, held, mask)
    readers = OutboxMessage.objects.filter(announcement=digest)
    own = held.messages.filter(subscriber__in=readers.values("subscriber"))
    if len(chosen) == 1:
        let_go = own.update(held_for="")
        digest.delete()
        return let_go
    Variant.objects.bulk_create(_variants(digest, chosen))
    for (audience, language), units in costs_of(digest.pk).items():
        texts = readers.filter(channel=TEXTS, subscriber__audience=audience, subscriber__language=language)
        texts.update(units=units)
    # Their readers hear of them by the digest; so they hear of their ends too.
    return own.update(sent_at=now)


def _masks(announcements: Sequence[int], machine_now: datetime) -> list[int]:
    """Return the sets of announcements that one reader or another waits for, each as a number made of its places."""
    sql = f"""
        SELECT DISTINCT mask FROM (SELECT {_MASK.format(_cases(announcements))} AS mask
            FROM notifications_outboxmessage WHERE {_held_sql(announcements)} GROUP BY subscriber_id) AS sets
    """  # noqa: S608  (no value stands in it: numbers of rows and placeholders)
    with connection.cursor() as cursor:
        cursor.execute(sql, [connection.ops.adapt_datetimefield_value(machine_now)])
        return sorted(int(mask) for (mask,) in cursor.fetchall())


_MASK = "SUM(CASE announcement_id {} ELSE 0 END)"


def _cases(announcements: Sequence[int]) -> str:
    return " ".join(f"WHEN {int(pk)} THEN {1 << place}" for place, pk in enumerate(announcements))


def _held_sql(announcements: Sequence[int]) -> str:
    listed = ", ".join(str(int(pk)) for pk in announcements)
    return f"""announcement_id IN ({listed}) AND held_for = 'digest' AND due_at <= %s
        AND sent_at IS NULL AND failed_at IS NULL AND withdrawn_at IS NULL"""


def _announce(rows: Sequence[AnnouncementRow], *, now: datetime) -> AnnouncementRow:
    last = rows[-1]
    name = f"digest-{last.bulletin}"[:50]
    count = AnnouncementRow.objects.filter(bulletin__startswith=name).count()
    return AnnouncementRow.objects.create(
        bulletin=f"{name}-{count + 1}",
        incident=last.incident,
        thread=f"{name}-{count + 1}",
        kind="digest",
        facts=last.facts,
        at=now,
        due_at=now,
        expanded_at=now,
    )


def _variants(digest: AnnouncementRow, gathered: Sequence[int]) -> Iterator[Variant]:
    found = Variant.objects.filter(announcement__in=gathered).order_by("announcement", "pk")
    by_reader: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for variant in found:
        by_reader.setdefault((variant.audience, variant.language), []).append(variant.payload)
    for (audience, language), payloads in by_reader.items():
        spoken = next(each for each in LANGUAGES if each == language)
        yield Variant(
            announcement=digest, audience=audience, language=language, payload=_payload(payloads, spoken, digest)
        )


def _payload(payloads: Sequence[dict[str, Any]], language: Language, digest: AnnouncementRow) -> dict[str, Any]:
    letter = digest_letter([letter_from_json(each["letter"]) for each in payloads], labels=labels(language))
    short = said_first(letter.marks, f"{letter.subject}: {'; '.join(letter.sections[0].lines)}")
    facts = payloads[-1]["facts"] | {
        "bulletin": digest.bulletin,
        "kind": "digest",
        "is_drill": all(each["facts"]["is_drill"] for each in payloads),
        "functions": sorted({name for each in payloads for name in each["facts"]["functions"]}),
    }
    return payload_of(letter, sms=short, push=short, facts=facts)


def _write(digest: AnnouncementRow, held: _Held, mask: int) -> None:
    sql = f"""
        INSERT INTO notifications_outboxmessage
            (channel, announcement_id, subscriber_id, recipient, thread, opens_thread, priority, units, held_for,
             created_at, due_at, lease_holder, attempts, last_error)
        SELECT channel, %s, subscriber_id, '', '', %s, %s, 1, '', %s, %s, '', 0, ''
        FROM notifications_outboxmessage
        WHERE {_held_sql(held.announcements)}
        GROUP BY channel, subscriber_id
        HAVING {_MASK.format(_cases(held.announcements))} = %s
        ON CONFLICT (announcement_id, subscriber_id) DO NOTHING
    """  # noqa: S608  (as above)
    moment = connection.ops.adapt_datetimefield_value
    due, at = moment(held.machine_now), moment(digest.at)
    with connection.cursor() as cursor:
        cursor.execute(sql, [digest.pk, True, priority("digest"), at, due, due, mask])
