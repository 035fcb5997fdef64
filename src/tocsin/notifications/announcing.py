"""Putting things into the outbox, within the transaction of whoever publishes them.

A bulletin is stored once, rendered for each audience and language; writing it out to its recipients is the workers'
part (`fanout`), so that publishing to a hundred thousand takes no longer than to one.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from tocsin.kernel import gsm7
from tocsin.kernel.clock import format_moment
from tocsin.kernel.language import LANGUAGES, Language
from tocsin.notifications.models import AnnouncementRow, OutboxMessage, Subscriber
from tocsin.notifications.queries import labels, letter_to_json, pack, page_address
from tocsin.notifications.rules.audience import ENDS, told_of
from tocsin.notifications.rules.letter import bulletin_letter, marks, said_first
from tocsin.notifications.rules.model import Announcement, Letter, Mark, Told, Words
from tocsin.notifications.rules.quiet import SHIPPED, QuietHours
from tocsin.notifications.rules.quiet import stored as stored_hours
from tocsin.notifications.rules.threads import WINDOW, Course, Earlier, course_of, subject_of
from tocsin.notifications.wakeup import wake

type _Rendered = tuple[str, Language, dict[str, Any]]
"""What one audience reads in one language."""


def enqueue(bulletin: Announcement, *, now: datetime, quiet_hours: QuietHours = SHIPPED) -> bool:
    """Store a bulletin for telling whoever it concerns, in the caller's transaction; return whether there is anything.

    Calling it again for the same bulletin changes nothing, and a silent one is told to nobody.
    """
    if bulletin.is_silent or not bulletin.texts:
        return False
    with transaction.atomic():
        told = told_of(bulletin)
        earlier = _earlier(bulletin, subject=subject_of(told), now=now)
        if any(row.bulletin == bulletin.id for row in earlier):
            return False
        row = _store(bulletin, told, earlier, now=now, quiet_hours=quiet_hours)
        _store_variants(row.pk, _variants(bulletin, course=row.course, now=now))
        if any(each.thread == row.thread for each in earlier):
            _supersede(row, now=now)
        wake()
    return True


def put(
    letter: Letter,
    *,
    key: str,
    channel: str,
    now: datetime,
    subscriber: Subscriber | None = None,
    recipient: str = "",
    sms: str = "",
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Put a letter of its own into the outbox, ahead of everything that is no first word; once for each `key`.

    It goes to `subscriber`, or to the address `recipient`.
    """
    OutboxMessage.objects.get_or_create(
        dedup_key=key,
        defaults={
            "channel": channel,
            "subscriber": subscriber,
            "recipient": recipient if subscriber is None else subscriber.address,
            "payload": payload_of(letter, sms=sms, facts=facts or {}),
            "created_at": now,
            "due_at": now,
        },
    )
    wake()


def payload_of(letter: Letter, *, sms: str = "", push: str = "", facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a channel needs to write a message, as it is stored."""
    return {"letter": letter_to_json(letter), "sms": sms, "push": push, "facts": dict(facts)}


def _store(
    bulletin: Announcement, told: Told, earlier: Sequence[AnnouncementRow], *, now: datetime, quiet_hours: QuietHours
) -> AnnouncementRow:
    # What an outage is about is what its first bulletin said: later ones may narrow.
    opening = next((row for row in earlier if row.incident == bulletin.incident), None)
    subject = subject_of(told) if opening is None else opening.subject_key
    decided = course_of(
        bulletin.kind,
        incident=bulletin.incident,
        earlier=[
            Earlier(row.incident, row.thread, row.kind, row.at, _course(row.course))
            for row in earlier
            if row.subject_key == subject
        ],
        now=now,
    )
    row = AnnouncementRow(
        bulletin=bulletin.id,
        incident=bulletin.incident,
        thread=decided.thread,
        kind=bulletin.kind,
        subject_key=subject,
        facts={
            "told": {name: getattr(told, name) for name in told.__dataclass_fields__},
            "quiet": stored_hours(quiet_hours),
        },
        at=now,
        due_at=decided.due_at,
        course=decided.course,
        expanded_at=now if decided.course == "quiet" else None,
    )
    row.pk = _inserted(row)
    return row


def _inserted(row: AnnouncementRow) -> int:
    """Store it and return its number. Whoever subscribes from now on is not told: `until` is the newest there is."""
    moment = connection.ops.adapt_datetimefield_value
    facts = connection.ops.adapt_json_value(row.facts, None)
    given = [row.bulletin, row.incident, row.thread, row.kind, row.subject_key, facts]
    moments = [moment(row.at), moment(row.due_at), moment(row.expanded_at) if row.expanded_at else None]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [*given, *moments, False, row.course])
        return int(cursor.fetchone()[0])


def _store_variants(announcement: int, variants: Iterator[_Rendered]) -> None:
    written = connection.ops.adapt_json_value
    rows = [(announcement, audience, language, written(payload, None)) for audience, language, payload in variants]
    marks = ", ".join(["(%s, %s, %s, %s)"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_VARIANTS + marks, [value for row in rows for value in row])


def _earlier(bulletin: Announcement, *, subject: str, now: datetime) -> list[AnnouncementRow]:
    """Return what was told of this incident, however long ago, and of the same subject within the last hour."""
    since = connection.ops.adapt_datetimefield_value(now - WINDOW)
    with connection.cursor() as cursor:
        cursor.execute(_EARLIER, [bulletin.incident, subject, since, bulletin.incident, since])
        found = [row[0] for row in cursor.fetchall()]
    return list(AnnouncementRow.objects.filter(pk__in=found).order_by("id")) if found else []


def _course(stored: str) -> Course:
    found: tuple[Course, ...] = ("tell", "comes_and_goes", "quiet", "later")
    return next(course for course in found if course == stored)


def _supersede(row: AnnouncementRow, *, now: datetime) -> None:
    older = AnnouncementRow.objects.filter(thread=row.thread, pk__lt=row.pk)
    if row.kind in ENDS and row.course == "tell":
        # Nothing that says "does not work" leaves any more; who was told so already is told the end.
        older.update(is_over=True)
        older.filter(expanded_at=None).update(expanded_at=now)
    elif row.kind == "first":
        # It is back: the end that waited to be believed is not told.
        older.filter(course="later", expanded_at=None).update(expanded_at=now, is_over=True)


def _variants(bulletin: Announcement, *, course: str, now: datetime) -> Iterator[_Rendered]:
    for audience, words in bulletin.texts.items():
        facts = _facts(bulletin, audience, now=now)
        for language in LANGUAGES:
            yield audience, language, _payload(words, bulletin, language=language, course=course, facts=facts)


def _payload(
    words: Words, bulletin: Announcement, *, language: Language, course: str, facts: Mapping[str, Any]
) -> dict[str, Any]:
    own = labels(language)
    said = marks(own, is_official=pack().authority is not None, is_drill=bulletin.is_drill)
    if course == "comes_and_goes":
        said = (*said, Mark(own.comes_and_goes_short, own.comes_and_goes))
    page = page_address(language, facts["audience"])
    letter = bulletin_letter(
        words,
        language=language,
        labels=own,
        marks=said,
        page=page,
        leave="",
        opens_thread=True,
    )
    short = words.sms.get(language) or words.headline[language]
    push = words.push.get(language) or words.headline[language]
    sms = gsm7.with_address(said_first(said, short), page)
    return payload_of(letter, sms=sms, push=said_first(said, push), facts={**facts, "page": page})


def _facts(bulletin: Announcement, audience: str, *, now: datetime) -> dict[str, Any]:
    next_at = getattr(bulletin, "next_update_at", None)
    return {
        "bulletin": bulletin.id,
        "incident": bulletin.incident,
        "kind": bulletin.kind,
        "state": str(bulletin.state),
        "functions": list(bulletin.functions),
        "audience": audience,
        "packages": None if bulletin.packages is None else list(bulletin.packages),
        "regions": None if bulletin.regions is None else list(bulletin.regions),
        "published_at": format_moment(now),
        "next_update_at": None if next_at is None else format_moment(next_at),
        "is_drill": bulletin.is_drill,
    }


_EARLIER = """
    SELECT id FROM notifications_announcementrow
    WHERE incident = %s OR (subject_key = %s AND at >= %s)
        OR (subject_key = (SELECT subject_key FROM notifications_announcementrow WHERE incident = %s LIMIT 1)
            AND at >= %s)
"""

_INSERT = """
    INSERT INTO notifications_announcementrow
        (bulletin, incident, thread, kind, subject_key, facts, at, due_at, expanded_at, is_over, course, cursor, until)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0,
        (SELECT COALESCE(MAX(id), 0) FROM notifications_subscriber))
    RETURNING id
"""

_INSERT_VARIANTS = "INSERT INTO notifications_variant (announcement_id, audience, language, payload) VALUES "

__all__ = ["enqueue", "payload_of", "put"]
