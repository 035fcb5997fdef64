"""Writing an announcement out to its recipients, a part at a time, set by set.

A part is a range of subscribers. Its transaction moves the announcement's cursor by compare-and-swap and inserts the
messages in one `INSERT … SELECT`; the unique pair (announcement, subscriber) keeps a second worker, or the same one
after a crash, from writing anybody a second message. Who is concerned is decided by the rules, once for each set of
choices that occurs in the range, and handed to the database as a list of digests.

The SQL is plain enough for SQLite and PostgreSQL alike.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import F

from tocsin.kernel.clock import Clock
from tocsin.notifications.budget import hold_what_is_over_budget
from tocsin.notifications.costs import TEXTS, costs_of
from tocsin.notifications.models import AnnouncementRow, OutboxMessage
from tocsin.notifications.queries import WAITING, told_from_json
from tocsin.notifications.rules.audience import CONTINUES, ENDS, INTERRUPTS, carries, concerns, priority
from tocsin.notifications.rules.model import Subscription, Told
from tocsin.notifications.rules.quiet import is_quiet, read
from tocsin.notifications.rules.threads import GATHERS_FOR, STORM, STORM_WINDOW

FIRST_PART = 400
"""Subscribers in the first part: few, so that the first message is on its way at once."""

PART = 4000
"""Few enough that writing a part holds the database for some tens of milliseconds, and the engine hardly waits."""


GETS_EACH: Final = "webhook"
"""Machines get each opening by itself, in a storm too."""

SMALL_AT_ONCE: Final = 50
"""Announcements to few that are written out together, in one transaction."""


@dataclass(frozen=True, slots=True)
class Due:
    """An announcement that is to be written out, from `cursor` on to `until`."""

    id: int
    bulletin: str
    thread: str
    kind: str
    facts: str
    cursor: int
    until: int

    @property
    def is_small(self) -> bool:
        """Whether one short part is all there is of it."""
        return self.until - self.cursor <= FIRST_PART


def due(now: datetime) -> list[Due]:
    """Return what to write out next: the oldest announcement, or as many as wait together that are for few.

    In the order in which they were published: an update is not written out before what it updates.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [_moment(now), SMALL_AT_ONCE])
        found = [Due(*row) for row in cursor.fetchall()]
    small = next((place for place, each in enumerate(found) if not each.is_small), len(found))
    return found[: max(1, small)]


def write_out(clock: Clock, *, machine: Clock, part: int = PART) -> bool:
    """Write the next part of the oldest announcement that is due; return False when there is nothing to write out."""
    rows = due(clock.now())
    if rows:
        with transaction.atomic():
            write(rows, now=clock.now(), machine_now=machine.now(), part=part)
    return bool(rows)


def write(rows: Sequence[Due], *, now: datetime, machine_now: datetime, part: int = PART) -> set[str]:
    """Write the next part of each of some announcements that were due, in the caller's transaction.

    Return the channels through which something may be on its way now.
    """
    channels = set[str]()
    earlier = _earlier_of(rows)
    chosen: dict[tuple[int, int], list[_Chosen]] = {}
    for row in rows:
        high = min(row.cursor + (FIRST_PART if row.cursor == 0 else part), row.until)
        given = [high, _moment(now) if high >= row.until else None, row.id, row.cursor]
        if _execute(_MOVE, given) and high > row.cursor:
            low = row.cursor
            if (low, high) not in chosen:
                chosen[low, high] = _read_choices(low, high)
            here = _Part(row, low, high, now, machine_now, chosen[low, high], earlier[row.id])
            channels |= here.write()
    return channels


def _earlier_of(rows: Sequence[Due]) -> dict[int, list[int]]:
    """Return, for each, the announcements of the same conversation before it."""
    threads, given = _one_of("thread", sorted({row.thread for row in rows}))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, thread FROM notifications_announcementrow WHERE {threads} ORDER BY id", given)  # noqa: S608  (only placeholders)
        found = cursor.fetchall()
    return {row.id: [number for number, thread in found if thread == row.thread and number < row.id] for row in rows}


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A set of choices that occurs in a range of subscribers, and its digest."""

    channel: str
    digest: str
    wish: Subscription


def _read_choices(low: int, high: int) -> list[_Chosen]:
    with connection.cursor() as cursor:
        cursor.execute(_CHOICES, [low, high])
        return [_chosen(row) for row in cursor.fetchall()]


def _chosen(row: Sequence[Any]) -> _Chosen:
    channel, digest, audience, functions, region, package, least, with_drills = row
    wish = Subscription(
        audience=audience,
        functions=tuple(json.loads(functions)),
        region=region,
        package=package,
        least="down" if least == "down" else "degraded",
        with_drills=bool(with_drills),
    )
    return _Chosen(channel, digest, wish)


@dataclass(frozen=True)
class _Part:
    """A range of subscribers, above `low` up to `high`, and the announcement that is written out to them.

    `choices` are all that occur in the range, `earlier` the announcements of the same conversation, before this one.
    """

    row: Due
    low: int
    high: int
    now: datetime
    machine_now: datetime
    choices: Sequence[_Chosen]
    earlier: Sequence[int]

    def write(self) -> set[str]:
        channels = self._channels
        if channels:
            _execute(*self._insertion(channels))
            self._hold(channels)
        if self.earlier:
            self._withdraw_older()
        return set(channels)

    @cached_property
    def _told(self) -> Told:
        return told_from_json(self._facts["told"])

    @cached_property
    def _facts(self) -> dict[str, Any]:
        return dict(json.loads(self.row.facts))

    @cached_property
    def _heard(self) -> Sequence[int]:
        """Announcements of which one must have been told before: what is corrected, or the same conversation."""
        if self.row.kind != "correction":
            return self.earlier
        corrected = AnnouncementRow.objects.filter(bulletin=self._told.corrects)
        return list(corrected.values_list("pk", flat=True)) or self.earlier

    @cached_property
    def _here(self) -> list[_Chosen]:
        """The choices of those to whose audiences it speaks."""
        return [each for each in self.choices if each.wish.audience in self._told.audiences]

    @cached_property
    def _channels(self) -> list[str]:
        found = dict.fromkeys(each.channel for each in self._here)
        return [channel for channel in found if carries(channel, self.row.kind)]

    @cached_property
    def _chosen(self) -> list[str]:
        """The digests of the choices that this concerns."""
        if self.row.kind in CONTINUES:
            return []
        return list(dict.fromkeys(each.digest for each in self._here if concerns(each.wish, self._told)))

    def _insertion(self, channels: Sequence[str]) -> tuple[str, list[Any]]:
        heard, given_heard = _told_one_of(self._heard)
        wanted, given_wanted = _one_of("s.choices", self._chosen)
        audiences, given_audiences = _one_of("s.audience", self._told.audiences)
        carried, given_carried = _one_of("s.channel", channels)
        units, given_units = self._units(channels)
        sql = f"""
            INSERT INTO notifications_outboxmessage
                (channel, announcement_id, subscriber_id, recipient, thread, opens_thread, priority, units, held_for,
                 created_at, due_at, lease_holder, attempts, last_error)
            SELECT s.channel, %s, s.id, '', '', NOT ({heard}), %s, {units}, '', %s, %s, '', 0, ''
            FROM notifications_subscriber s
            WHERE s.id > %s AND s.id <= %s AND s.confirmed_at IS NOT NULL AND s.left_at IS NULL
                AND s.suppressed_at IS NULL AND {audiences} AND {carried} AND ({wanted} OR {heard})
            ORDER BY s.id
            ON CONFLICT (announcement_id, subscriber_id) DO NOTHING
        """  # noqa: S608  (no value stands in it: only names of columns and placeholders)
        moments = [_moment(self.now), _moment(self.machine_now)]
        place = priority(self.row.kind)
        given = [self.row.id, *given_heard, place, *given_units, *moments, self.low, self.high]
        return sql, [*given, *given_audiences, *given_carried, *given_wanted, *given_heard]

    def _units(self, channels: Sequence[str]) -> tuple[str, list[Any]]:
        several = costs_of(self.row.id) if TEXTS in channels else {}
        if not several:
            return "1", []
        cases = " ".join(["WHEN s.channel = %s AND s.audience = %s AND s.language = %s THEN %s"] * len(several))
        given = [
            value for (audience, language), units in several.items() for value in (TEXTS, audience, language, units)
        ]
        return f"CASE {cases} ELSE 1 END", given

    @property
    def _written(self) -> Any:
        return OutboxMessage.objects.filter(
            announcement=self.row.id, subscriber_id__gt=self.low, subscriber_id__lte=self.high
        )

    def _hold(self, channels: Sequence[str]) -> None:
        if self.row.kind == "first" and channels != [GETS_EACH]:
            self._gather_storm()
        if not INTERRUPTS.isdisjoint(channels):
            self._keep_quiet()
            hold_what_is_over_budget(self._written, kind=self.row.kind, thread=self.row.thread, now=self.now)

    def _gather_storm(self) -> None:
        openings = AnnouncementRow.objects.filter(kind="first", at__gt=self.now - STORM_WINDOW, pk__lt=self.row.id)
        recent = list(openings.filter(course="tell").values_list("pk", flat=True))
        if len(recent) < STORM:
            return
        many, given = _one_of("m.announcement_id", recent)
        sql = f"""
            UPDATE notifications_outboxmessage SET held_for = 'digest', due_at = %s
            WHERE announcement_id = %s AND subscriber_id > %s AND subscriber_id <= %s AND channel <> '{GETS_EACH}' AND
                (SELECT COUNT(*) FROM notifications_outboxmessage m
                 WHERE m.subscriber_id = notifications_outboxmessage.subscriber_id AND {many}) >= %s
        """  # noqa: S608  (as above)
        due = _moment(self.machine_now + GATHERS_FOR)
        _execute(sql, [due, self.row.id, self.low, self.high, *given, STORM])

    def _keep_quiet(self) -> None:
        hours, told = read(self._facts["quiet"]), self._told
        for audience in told.audiences:
            for is_on_duty in (True, False, None):
                until = is_quiet(audience, told.kind, told.state, self.now, hours=hours, is_on_duty=is_on_duty)
                if until is not None:
                    noisy = self._written.filter(channel__in=INTERRUPTS, subscriber__audience=audience)
                    noisy = noisy.filter(subscriber__is_on_duty=is_on_duty)
                    noisy.update(held_for="quiet", due_at=self.machine_now + (until - self.now))

    def _withdraw_older(self) -> None:
        older = OutboxMessage.objects.filter(
            WAITING,
            announcement__in=self.earlier,
            leased_until=None,
            subscriber_id__gt=self.low,
            subscriber_id__lte=self.high,
        )
        if self.row.kind not in ENDS:
            # The newer one says all that still holds; who does not get it keeps waiting for the older.
            older = older.filter(subscriber__in=self._written.values("subscriber"))
        older.update(withdrawn_at=self.now)


def release_quiet(now: datetime) -> int:
    """Let go what waited for the end of quiet hours; `now` is the machine's. Returns how many there were."""
    waiting = OutboxMessage.objects.filter(WAITING, held_for="quiet", due_at__lte=now)
    return waiting.update(held_for="", due_at=F("due_at"))


def _told_one_of(announcements: Sequence[int]) -> tuple[str, list[Any]]:
    """Return the condition that a subscriber `s` was told one of some announcements: sent, or perhaps sent."""
    if not announcements:
        return "1 = 0", []
    listed, given = _one_of("m.announcement_id", announcements)
    sql = f"""EXISTS (SELECT 1 FROM notifications_outboxmessage m WHERE m.subscriber_id = s.id AND {listed}
        AND m.failed_at IS NULL AND (m.sent_at IS NOT NULL OR m.attempts > 0))"""  # noqa: S608  (as above)
    return sql, given


def _one_of(column: str, values: Sequence[Any]) -> tuple[str, list[Any]]:
    if not values:
        return "1 = 0", []
    return f"{column} IN ({', '.join(['%s'] * len(values))})", list(values)


def _moment(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def _execute(sql: str, given: Sequence[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return int(cursor.rowcount)


_DUE = """
    SELECT id, bulletin, thread, kind, facts, cursor, until FROM notifications_announcementrow
    WHERE expanded_at IS NULL AND (due_at <= %s OR course <> 'later') ORDER BY due_at, id LIMIT %s
"""

_MOVE = """
    UPDATE notifications_announcementrow SET cursor = %s, expanded_at = %s
    WHERE id = %s AND cursor = %s AND expanded_at IS NULL
"""

_CHOICES = """
    SELECT channel, choices, audience, functions, region, package, least, with_drills FROM notifications_subscriber
    WHERE id IN (
        SELECT MIN(id) FROM notifications_subscriber WHERE id > %s AND id <= %s GROUP BY channel, audience, choices)
    ORDER BY channel, id
"""
