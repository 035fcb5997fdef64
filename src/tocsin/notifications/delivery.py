"""Handing messages to their channels and noting the outcome: what one worker does with what it took.

`work` does it one by one, in the calling thread: the slow and plain version, which the demonstration and tests use and
which the lanes (`lanes`) must agree with.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import batched
from typing import Any
from uuid import uuid4

from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, transaction

from tocsin.kernel.clock import Clock, SystemClock, is_simulated
from tocsin.kernel.errors import DeliveryError
from tocsin.notifications import leasing
from tocsin.notifications.fanout import release_quiet, write_out
from tocsin.notifications.lanes import attempt
from tocsin.notifications.leasing import Taken
from tocsin.notifications.models import OutboxMessage, Subscriber
from tocsin.notifications.ports import UNREACHABLE, Channel
from tocsin.notifications.queries import WAITING, as_language, channels, labels, letter_from_json, link_of
from tocsin.notifications.rules.letter import said_first
from tocsin.notifications.rules.model import Letter, Link, Mark, Message
from tocsin.notifications.rules.retry import is_given_up, suppression_of, wait_before_retry
from tocsin.notifications.storms import send_digests

log = logging.getLogger(__name__)

VARIANTS_KEPT = 500
MAIL = "email"

UNWRITABLE = "outbox.unwritable"


def work(
    clock: Clock, *, limit: int = 100, machine: Clock | None = None, channels_given: Mapping[str, Channel] | None = None
) -> int:
    """Write out what was announced, send up to `limit` waiting messages, and return how many were sent.

    `clock` is the domain's (a replayed morning's mails carry its times); leases and waits go by the `machine`'s own,
    because mail servers answer in real time. A channel that cannot be reached is left alone for the rest of the batch.
    """
    machine = machine or SystemClock()
    prepare(clock, machine=machine)
    waiting = leasing.channels_waiting(machine.now())
    if not waiting:
        return 0
    available = channels() if channels_given is None else channels_given
    holder, sent = uuid4().hex, 0
    for name in waiting:
        if name in available and sent < limit:
            sent += _send(name, available[name], _Round(clock, machine, holder, limit=limit - sent))
    return sent


def prepare(clock: Clock, *, machine: Clock) -> None:
    """Write out everything that is due, gather digests, and let go what waited for the morning."""
    while write_out(clock, machine=machine):
        continue
    release_quiet(machine.now())
    send_digests(now=clock.now(), machine_now=machine.now())


@dataclass(frozen=True, slots=True)
class _Round:
    clock: Clock
    machine: Clock
    holder: str
    limit: int


def _send(name: str, channel: Channel, given: _Round) -> int:
    writer, sent = Writer(given.clock), 0
    try:
        for _ in range(given.limit):
            taken = leasing.take(name, limit=1, holder=given.holder, now=given.machine.now())
            if not taken:
                break
            error = _handed_over(taken[0], channel, writer)
            if error is None:
                note_working([taken[0].subscriber])
                sent += leasing.note_sent([taken[0].id], holder=given.holder, now=given.clock.now())
                continue
            note_failure(taken[0], error, holder=given.holder, clock=given.clock, machine=given.machine)
            if error.code == UNREACHABLE:
                break
    finally:
        channel.close()
    return sent


def _handed_over(taken: Taken, channel: Channel, writer: "Writer") -> DeliveryError | None:
    try:
        message = writer.message(taken)
    except DeliveryError as error:
        return error
    return attempt(channel, message)


def note_working(subscribers: Iterable[int]) -> None:
    """Forget earlier failures of those who were reached."""
    numbers = [number for number in subscribers if number]
    with connection.cursor() as cursor:
        for some in batched(numbers, leasing.AT_ONCE):
            marks = ", ".join(["%s"] * len(some))
            cursor.execute(_WORKING.format(marks=marks), some)


def note_failure(taken: Taken, error: DeliveryError, *, holder: str, clock: Clock, machine: Clock) -> None:
    """Note that a message was not delivered: when it is tried again, or that it is given up."""
    log.warning("message %s was not delivered: %s", taken.id, error)
    with transaction.atomic():
        mine = OutboxMessage.objects.filter(pk=taken.id, lease_holder=holder, sent_at=None)
        row = mine.only("created_at", "attempts").first()
        if row is None:  # the lease ran out and another worker took the message
            return
        if is_given_up(clock.now() - row.created_at, row.attempts, permanent=error.permanent):
            outcome: dict[str, datetime] = {"failed_at": clock.now()}
        else:
            outcome = {"due_at": machine.now() + wait_before_retry(row.attempts, key=taken.key)}
        mine.update(**outcome, leased_until=None, last_error=str(error)[:300])
        if error.permanent and taken.subscriber and error.code != UNWRITABLE:
            _count_against(taken.subscriber, error, now=clock.now())


def _count_against(subscriber: int, error: DeliveryError, *, now: datetime) -> None:
    row = Subscriber.objects.filter(pk=subscriber, suppressed_at=None).first()
    if row is None:
        return
    row.failures += 1
    reason = suppression_of(row.failures, code=error.code)
    if reason:
        row.suppressed_at, row.suppressed_for = now, reason
        OutboxMessage.objects.filter(WAITING, subscriber=row).update(withdrawn_at=now)
    row.save(update_fields=["failures", "suppressed_at", "suppressed_for"])


class Writer:
    """Writes messages out of what is stored; keeps what many share, for as long as it lives."""

    def __init__(self, clock: Clock) -> None:
        """Take the domain's clock: what is written while it is simulated says so."""
        self._is_simulated = is_simulated(clock)
        self._variants: dict[_Name, Message] = {}

    def load(self, taken: Sequence[Taken]) -> None:
        """Read what messages of announcements share with others; the database is asked here and nowhere else.

        What cannot be read is left out: `message` says so of those whom it concerns, and of nobody else.
        """
        missing = {_variant_of(each) for each in taken if each.announcement} - self._variants.keys()
        if not missing:
            return
        if len(self._variants) >= VARIANTS_KEPT:
            self._variants.clear()
            missing = {_variant_of(each) for each in taken if each.announcement}
        for names in batched(sorted(missing), leasing.AT_ONCE // 3):
            for name, payload, thread, at in _stored(names):
                with suppress(KeyError, TypeError, ValueError):
                    plain = self._written(json.loads(payload))
                    self._variants[name] = replace(plain, thread=thread, at=at, variant="|".join(map(str, name)))

    def message(self, taken: Taken) -> Message:
        """Return the message for one recipient.

        Raises `DeliveryError` (`outbox.unwritable`) for one whose words cannot be read, or were not written for what
        its recipient works as by now: it is noted as failed, and keeps nobody else's from going out.
        """
        try:
            return self._message(taken)
        except (KeyError, TypeError, ValueError, ObjectDoesNotExist) as error:
            words = f"What is stored cannot be written out ({type(error).__name__})."
            raise DeliveryError("outbox.unwritable", words, permanent=True) from error

    def _message(self, taken: Taken) -> Message:
        if not taken.announcement:
            row = OutboxMessage.objects.get(pk=taken.id)
            plain = self._written(row.payload or {})
            thread = row.thread or taken.key
            return replace(plain, key=taken.key, recipient=taken.address, at=row.created_at, thread=thread)
        self.load([taken])
        shared = self._variants[_variant_of(taken)]
        return addressed(shared, taken)

    def _written(self, payload: Mapping[str, Any]) -> Message:
        letter = letter_from_json(payload["letter"])
        said: tuple[Mark, ...] = ()
        if self._is_simulated:
            words = labels(letter.language)
            said = (Mark(words.replay_short, words.replay),)
        letter = replace(letter, marks=(*letter.marks, *said))
        texts = {name: said_first(said, payload[name]) if payload[name] else "" for name in ("sms", "push")}
        return Message("", "", _NEVER, "", letter, **texts, facts=payload["facts"])


type _Name = tuple[int, str, str]
"""Which variant: announcement, audience, language."""


def _variant_of(taken: Taken) -> _Name:
    return taken.announcement, taken.audience, taken.language


def _stored(names: Sequence[_Name]) -> Iterator[tuple[_Name, str, str, datetime]]:
    wanted = " OR ".join(["(v.announcement_id = %s AND v.audience = %s AND v.language = %s)"] * len(names))
    with connection.cursor() as cursor:
        cursor.execute(_LOAD + wanted, [value for name in names for value in name])
        for announcement, audience, language, payload, thread, at in cursor.fetchall():
            moment = at if at.tzinfo else at.replace(tzinfo=UTC)
            yield (announcement, audience, language), payload, thread, moment


def addressed(shared: Message, taken: Taken) -> Message:
    """Return what many are told, for one of them."""
    letter = shared.letter
    own = _own(letter, taken)
    return Message(
        key=taken.key,
        recipient=taken.address,
        at=shared.at,
        thread=f"{shared.thread}|{taken.subscriber}",
        letter=own,
        sms=shared.sms,
        push=shared.push,
        facts=shared.facts,
        variant=shared.variant,
    )


def _own(letter: Letter, taken: Taken) -> Letter:
    words = labels(as_language(taken.language))
    return Letter(
        language=letter.language,
        subject=letter.subject,
        headline=letter.headline,
        sections=letter.sections,
        marks=letter.marks,
        action=letter.action,
        footer=letter.footer,
        leave=Link(words.leave, link_of(taken.handle, purpose="leave")),
        opens_thread=taken.opens_thread,
        # A pocket has no room for it, and a machine no need: only a mail's foot shows it.
        manage=Link(words.manage, link_of(taken.handle, purpose="manage")) if taken.channel == MAIL else None,
    )


_WORKING = "UPDATE notifications_subscriber SET failures = 0 WHERE failures > 0 AND id IN ({marks})"

_LOAD = """
    SELECT v.announcement_id, v.audience, v.language, v.payload, a.thread, a.at
    FROM notifications_variant v JOIN notifications_announcementrow a ON a.id = v.announcement_id WHERE
"""

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands where the moment of an announcement is filled in later."""
