"""One message instead of many: what is told to readers for whom several outages opened within minutes.

The messages that were held for it (`held_for="digest"`) are replaced by one announcement that lists what does not
work, so that it goes the way of all others: rendered once, written once to each, sent by the same workers.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from tocsin.kernel.language import LANGUAGES, Language
from tocsin.notifications.announcing import payload_of
from tocsin.notifications.models import AnnouncementRow, OutboxMessage, Variant
from tocsin.notifications.queries import WAITING, labels, letter_from_json
from tocsin.notifications.rules.audience import priority
from tocsin.notifications.rules.letter import digest_letter, said_first
from tocsin.notifications.wakeup import wake


def send_digests(*, now: datetime, machine_now: datetime) -> int:
    """Gather what has waited long enough into one announcement; return how many messages it replaces."""
    due = OutboxMessage.objects.filter(WAITING, held_for="digest", due_at__lte=machine_now)
    gathered = list(due.order_by().values_list("announcement", flat=True).distinct())
    if not gathered:
        return 0
    with transaction.atomic():
        rows = list(AnnouncementRow.objects.filter(pk__in=gathered).order_by("pk"))
        digest = _announce(rows, now=now)
        _write(digest, gathered, machine_now)
        # Their readers hear of them by the digest; so they hear of their ends too.
        held = OutboxMessage.objects.filter(WAITING, held_for="digest", announcement__in=gathered)
        replaced: int = held.filter(due_at__lte=machine_now).update(sent_at=now)
        wake()
    return replaced


def _announce(rows: Sequence[AnnouncementRow], *, now: datetime) -> AnnouncementRow:
    last = rows[-1]
    name = f"digest-{last.bulletin}"[:50]
    count = AnnouncementRow.objects.filter(bulletin__startswith=name).count()
    digest = AnnouncementRow.objects.create(
        bulletin=f"{name}-{count + 1}",
        incident=last.incident,
        thread=f"{name}-{count + 1}",
        kind="digest",
        facts=last.facts,
        at=now,
        due_at=now,
        expanded_at=now,
    )
    Variant.objects.bulk_create(_variants(digest, [row.pk for row in rows]))
    return digest


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


def _write(digest: AnnouncementRow, gathered: Sequence[int], machine_now: datetime) -> None:
    marks = ", ".join(["%s"] * len(gathered))
    sql = f"""
        INSERT INTO notifications_outboxmessage
            (channel, announcement_id, subscriber_id, recipient, thread, opens_thread, priority, held_for,
             created_at, due_at, lease_holder, attempts, last_error)
        SELECT channel, %s, subscriber_id, '', '', %s, %s, '', %s, %s, '', 0, ''
        FROM notifications_outboxmessage
        WHERE announcement_id IN ({marks}) AND held_for = 'digest' AND due_at <= %s
            AND sent_at IS NULL AND failed_at IS NULL AND withdrawn_at IS NULL
        GROUP BY channel, subscriber_id
        ON CONFLICT (announcement_id, subscriber_id) DO NOTHING
    """  # noqa: S608  (no value stands in it: only placeholders)
    moment = connection.ops.adapt_datetimefield_value
    due, at = moment(machine_now), moment(digest.at)
    with connection.cursor() as cursor:
        cursor.execute(sql, [digest.pk, True, priority("digest"), at, due, *gathered, due])
