"""Writing an announcement out to its recipients, a part at a time, set by set.

A part is a range of subscribers. Its transaction moves the announcement's cursor by compare-and-swap and inserts the
messages in one `INSERT … SELECT`; the unique pair (announcement, subscriber) keeps a second worker, or the same one
after a crash, from writing anybody a second message. Who is concerned is decided by the rules, once for each set of
choices that occurs in the range, and handed to the database as a list of digests.

The SQL is plain enough for SQLite and PostgreSQL alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Min, Q

from tocsin.kernel.clock import Clock
from tocsin.notifications.budget import hold_what_is_over_budget
from tocsin.notifications.models import AnnouncementRow, OutboxMessage, Subscriber
from tocsin.notifications.queries import WAITING, subscription_of, told_from_json
from tocsin.notifications.rules.audience import CONTINUES, ENDS, INTERRUPTS, carries, concerns, priority
from tocsin.notifications.rules.model import Told
from tocsin.notifications.rules.quiet import is_quiet, read
from tocsin.notifications.rules.threads import GATHERS_FOR, STORM, STORM_WINDOW

FIRST_PART = 400
"""Subscribers in the first part: few, so that the first message is on its way at once."""

PART = 4000
"""Few enough that writing a part holds the database for some tens of milliseconds, and the engine hardly waits."""


def write_out(clock: Clock, *, machine: Clock, part: int = PART) -> bool:
    """Write the next part of the oldest announcement that is due; return False when there is nothing to write out."""
    row = _next(clock.now())
    if row is None:
        return False
    high = min(row.cursor + (FIRST_PART if row.cursor == 0 else part), row.until)
    done = clock.now() if high >= row.until else None
    with transaction.atomic():
        mine = AnnouncementRow.objects.filter(pk=row.pk, cursor=row.cursor, expanded_at=None)
        if mine.update(cursor=high, expanded_at=done) and high > row.cursor:
            _Part(row, low=row.cursor, high=high, now=clock.now(), machine_now=machine.now()).write()
    return True


def _next(now: datetime) -> AnnouncementRow | None:
    # In the order in which they were published: an update is not written out before what it updates.
    is_due = Q(due_at__lte=now) | ~Q(course="later")
    return AnnouncementRow.objects.filter(is_due, expanded_at=None).order_by("due_at", "id").first()


@dataclass(frozen=True)
class _Part:
    """A range of subscribers, above `low` up to `high`, and the announcement that is written out to them."""

    row: AnnouncementRow
    low: int
    high: int
    now: datetime
    machine_now: datetime

    def write(self) -> None:
        channels = self._channels
        if channels:
            _execute(*self._insertion(channels))
            self._hold(channels)
        if self._earlier:
            self._withdraw_older()

    @cached_property
    def _told(self) -> Told:
        return told_from_json(self.row.facts["told"])

    @cached_property
    def _earlier(self) -> list[int]:
        """Announcements of the same conversation, before this one."""
        same = AnnouncementRow.objects.filter(thread=self.row.thread, pk__lt=self.row.pk)
        return list(same.order_by("pk").values_list("pk", flat=True))

    @cached_property
    def _heard(self) -> list[int]:
        """Announcements of which one must have been told before: what is corrected, or the same conversation."""
        if self.row.kind != "correction":
            return self._earlier
        corrected = AnnouncementRow.objects.filter(bulletin=self._told.corrects)
        return list(corrected.values_list("pk", flat=True)) or self._earlier

    @cached_property
    def _here(self) -> Any:
        """The subscribers of this range to whose audiences it speaks."""
        return Subscriber.objects.filter(pk__gt=self.low, pk__lte=self.high, audience__in=self._told.audiences)

    @cached_property
    def _shown(self) -> list[tuple[str, int]]:
        """The channels of this range, and for each set of choices in it one subscriber who made them."""
        found = self._here.order_by().values_list("channel", "choices").annotate(one=Min("pk"))
        return sorted((channel, one) for channel, _, one in found)

    @cached_property
    def _channels(self) -> list[str]:
        found = dict.fromkeys(channel for channel, _ in self._shown)
        return [channel for channel in found if carries(channel, self.row.kind)]

    @cached_property
    def _chosen(self) -> list[str]:
        """The digests of the choices that this concerns."""
        if self.row.kind in CONTINUES:
            return []
        rows = Subscriber.objects.filter(pk__in=[one for _, one in self._shown]).order_by("pk")
        return [each.choices for each in rows if concerns(subscription_of(each), self._told)]

    def _insertion(self, channels: Sequence[str]) -> tuple[str, list[Any]]:
        heard, given_heard = _told_one_of(self._heard)
        wanted, given_wanted = _one_of("s.choices", self._chosen)
        audiences, given_audiences = _one_of("s.audience", self._told.audiences)
        carried, given_carried = _one_of("s.channel", channels)
        sql = f"""
            INSERT INTO notifications_outboxmessage
                (channel, announcement_id, subscriber_id, recipient, thread, opens_thread, priority, held_for,
                 created_at, due_at, lease_holder, attempts, last_error)
            SELECT s.channel, %s, s.id, '', '', NOT ({heard}), %s, '', %s, %s, '', 0, ''
            FROM notifications_subscriber s
            WHERE s.id > %s AND s.id <= %s AND s.confirmed_at IS NOT NULL AND s.left_at IS NULL
                AND s.suppressed_at IS NULL AND {audiences} AND {carried} AND ({wanted} OR {heard})
            ORDER BY s.id
            ON CONFLICT (announcement_id, subscriber_id) DO NOTHING
        """  # noqa: S608  (no value stands in it: only names of columns and placeholders)
        moments = [_moment(self.now), _moment(self.machine_now)]
        given = [self.row.pk, *given_heard, priority(self.row.kind), *moments, self.low, self.high]
        return sql, [*given, *given_audiences, *given_carried, *given_wanted, *given_heard]

    @property
    def _written(self) -> Any:
        return OutboxMessage.objects.filter(
            announcement=self.row, subscriber_id__gt=self.low, subscriber_id__lte=self.high
        )

    def _hold(self, channels: Sequence[str]) -> None:
        if self.row.kind == "first":
            self._gather_storm()
        if not INTERRUPTS.isdisjoint(channels):
            self._keep_quiet()
            hold_what_is_over_budget(self.row, self._written, now=self.now)

    def _gather_storm(self) -> None:
        openings = AnnouncementRow.objects.filter(kind="first", at__gt=self.now - STORM_WINDOW, pk__lt=self.row.pk)
        recent = list(openings.filter(course="tell").values_list("pk", flat=True))
        if len(recent) < STORM:
            return
        many, given = _one_of("m.announcement_id", recent)
        sql = f"""
            UPDATE notifications_outboxmessage SET held_for = 'digest', due_at = %s
            WHERE announcement_id = %s AND subscriber_id > %s AND subscriber_id <= %s AND channel <> 'webhook' AND
                (SELECT COUNT(*) FROM notifications_outboxmessage m
                 WHERE m.subscriber_id = notifications_outboxmessage.subscriber_id AND {many}) >= %s
        """  # noqa: S608  (as above)
        due = _moment(self.machine_now + GATHERS_FOR)
        _execute(sql, [due, self.row.pk, self.low, self.high, *given, STORM])

    def _keep_quiet(self) -> None:
        hours, told = read(self.row.facts["quiet"]), self._told
        for audience in told.audiences:
            until = is_quiet(audience, told.kind, told.state, self.now, hours=hours)
            if until is not None:
                noisy = self._written.filter(channel__in=INTERRUPTS, subscriber__audience=audience)
                noisy.update(held_for="quiet", due_at=self.machine_now + (until - self.now))

    def _withdraw_older(self) -> None:
        older = OutboxMessage.objects.filter(
            WAITING,
            announcement__in=self._earlier,
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


def _execute(sql: str, given: Sequence[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
