"""Taking waiting messages and noting what became of them: compare-and-swap, in sets, in short transactions.

A lease names its holder and ends by itself. The conditions of taking are repeated in the statement that takes, so that
of two workers one gets a message; what a dead one held is free again when its lease runs out, or at once where another
worker on the same machine can see that it died (`journal`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Value

from tocsin.notifications.models import OutboxMessage
from tocsin.notifications.rules.retry import LEASE

AT_ONCE = 500
"""Rows named in one statement."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that a worker holds, with what is needed to write it; ids of 0 and empty texts where it has none."""

    id: int
    key: str
    channel: str
    announcement: int
    subscriber: int
    handle: str
    address: str
    audience: str
    language: str
    opens_thread: bool
    attempts: int


def take(channel: str, *, limit: int, holder: str, now: datetime) -> list[Taken]:
    """Take up to `limit` messages of a channel that are due, most urgent first; `now` is the machine's."""
    moment, until = _moment(now), _moment(now + LEASE)
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [holder, until, moment, channel, moment, limit, moment])
        ids = sorted(row[0] for row in cursor.fetchall())
        return _loaded(cursor, ids) if ids else []


def channels_waiting(now: datetime) -> list[str]:
    """Return the channels that have something to send at this moment of the machine's clock."""
    with connection.cursor() as cursor:
        cursor.execute(_CHANNELS, [_moment(now), _moment(now)])
        return sorted(row[0] for row in cursor.fetchall())


def waiting(channels: Sequence[str], *, now: datetime) -> set[str]:
    """Return which of some channels have something to send, without asking for the right to write."""
    if not channels:
        return set()
    moment = _moment(now)
    with connection.cursor() as cursor:
        given = [value for channel in channels for value in (channel, channel, moment, moment)]
        cursor.execute(" UNION ALL ".join([_IS_WAITING] * len(channels)), given)
        return {row[0] for row in cursor.fetchall()}


def free(ids: Sequence[int], *, holder: str) -> None:
    """Give back messages that were begun: they count as tried."""
    for start in range(0, len(ids), AT_ONCE):
        mine = OutboxMessage.objects.filter(pk__in=ids[start : start + AT_ONCE], lease_holder=holder, sent_at=None)
        mine.update(leased_until=None, lease_holder="")


def note_sent(ids: Sequence[int], *, holder: str, now: datetime) -> int:
    """Note messages as sent, as far as the holder still holds them; return how many."""
    noted = 0
    with connection.cursor() as cursor:
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            cursor.execute(_NOTE_SENT.format(marks=_marks(some)), [_moment(now), *some, holder])
            noted += cursor.rowcount
    return noted


def put_back(ids: Sequence[int], *, holder: str, due_at: datetime | None = None) -> None:
    """Give back messages that were never begun, as if they had not been taken, for once `due_at` has come."""
    for start in range(0, len(ids), AT_ONCE):
        mine = OutboxMessage.objects.filter(pk__in=ids[start : start + AT_ONCE], lease_holder=holder, sent_at=None)
        later: Mapping[str, datetime] = {} if due_at is None else {"due_at": due_at}
        mine.update(leased_until=None, lease_holder="", attempts=F("attempts") - Value(1), **later)


def held_by(holder: str) -> list[int]:
    """Return what a holder holds and has not noted."""
    held = OutboxMessage.objects.filter(lease_holder=holder, leased_until__isnull=False, sent_at=None)
    return list(held.order_by("pk").values_list("pk", flat=True))


def extend(ids: Sequence[int], *, holder: str, now: datetime, by: timedelta = LEASE) -> None:
    """Hold on to messages that are still to be sent."""
    for start in range(0, len(ids), AT_ONCE):
        mine = OutboxMessage.objects.filter(pk__in=ids[start : start + AT_ONCE], lease_holder=holder, sent_at=None)
        mine.update(leased_until=now + by)


def _loaded(cursor: Any, ids: Sequence[int]) -> list[Taken]:
    cursor.execute(_LOAD.format(marks=_marks(ids)), list(ids))
    return [
        Taken(
            id=row[0],
            key=row[1] or f"{row[2]}|{row[5]}|{row[10]}",
            channel=row[10],
            announcement=row[3] or 0,
            subscriber=row[4] or 0,
            handle=row[5] or "",
            address=row[6] or row[7],
            audience=row[8] or "",
            language=row[9] or "",
            opens_thread=bool(row[11]),
            attempts=row[12],
        )
        for row in cursor.fetchall()
    ]


def _marks(values: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(values))


def _moment(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


_WAITS = """sent_at IS NULL AND failed_at IS NULL AND withdrawn_at IS NULL AND held_for = ''"""
_FREE = "(leased_until IS NULL OR leased_until <= %s)"

_TAKE = f"""
    UPDATE notifications_outboxmessage
    SET lease_holder = %s, leased_until = %s, attempts = attempts + 1
    WHERE id IN (
        SELECT m.id FROM notifications_outboxmessage m
        WHERE {_WAITS} AND m.due_at <= %s AND m.channel = %s AND {_FREE}
            AND NOT EXISTS (
                SELECT 1 FROM notifications_announcementrow a WHERE a.id = m.announcement_id AND a.is_over)
        ORDER BY m.priority, m.id
        LIMIT %s
    ) AND {_FREE} AND {_WAITS}
    RETURNING id
"""  # noqa: S608  (made of this module's own constants)

_LOAD = """
    SELECT m.id, m.dedup_key, a.bulletin, m.announcement_id, m.subscriber_id, s.handle, s.address, m.recipient,
        s.audience, s.language, m.channel, m.opens_thread, m.attempts
    FROM notifications_outboxmessage m
    LEFT JOIN notifications_subscriber s ON s.id = m.subscriber_id
    LEFT JOIN notifications_announcementrow a ON a.id = m.announcement_id
    WHERE m.id IN ({marks}) ORDER BY m.priority, m.id
"""

_NOTE_SENT = """
    UPDATE notifications_outboxmessage SET sent_at = %s, leased_until = NULL, last_error = ''
    WHERE id IN ({marks}) AND lease_holder = %s AND sent_at IS NULL
"""

_IS_WAITING = f"""
    SELECT CAST(%s AS varchar(40)) WHERE EXISTS (
        SELECT 1 FROM notifications_outboxmessage WHERE channel = %s AND {_WAITS} AND due_at <= %s AND {_FREE})
"""  # noqa: S608  (as above)

_CHANNELS = f"""
    SELECT DISTINCT channel FROM notifications_outboxmessage WHERE {_WAITS} AND due_at <= %s AND {_FREE}
"""  # noqa: S608  (as above)
