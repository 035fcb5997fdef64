"""Subscribing and leaving, putting bulletins into the outbox, and sending what is in it.

Messages are written in the caller's transaction, so that a bulletin is published with its messages or not at all;
workers send them afterwards. A worker takes a message by compare-and-swap and holds a lease on it: of two workers
one wins, and what a dead one held is taken by another when its lease runs out. So each message is sent at least
once, and twice only when a worker dies between sending and noting it; it then carries the same key.
"""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.crypto import salted_hmac

from tocsin.audit.services import record
from tocsin.kernel.clock import Clock, SystemClock, is_simulated
from tocsin.kernel.errors import DeliveryError
from tocsin.notifications.errors import SubscriptionError
from tocsin.notifications.models import OutboxMessage, Subscriber, SubscriptionAttempt
from tocsin.notifications.ports import UNREACHABLE, Channel
from tocsin.notifications.queries import (
    WAITING,
    active_subscribers,
    as_language,
    by_token,
    channels,
    confirmation_letter,
    heard_of,
    labels,
    letter_from_json,
    letter_to_json,
    link,
    pack,
    page_address,
    subscription_of,
)
from tocsin.notifications.rules.audience import is_told
from tocsin.notifications.rules.letter import bulletin_letter, marks
from tocsin.notifications.rules.model import Announcement, Letter, Mark, Message, Subscription
from tocsin.notifications.rules.retry import LEASE, is_given_up, wait_before_retry

log = logging.getLogger(__name__)

CHANNEL = "email"
CONFIRM_WITHIN = timedelta(hours=48)
"""How long a link that confirms is good for."""

FORGET_AFTER = timedelta(days=30)
"""How long one who left is kept, so that the link in a late mail still answers; then nothing of them remains."""

ATTEMPTS_WINDOW = timedelta(hours=1)
ATTEMPTS_PER_ADDRESS = 3
"""Mails an hour that one address can be made to receive by whoever types it into the form."""

ATTEMPTS_PER_SENDER = 30
"""A whole hospital may sit behind one network address."""


def subscribe(*, address: str, language: str, wish: Subscription, sender: str, now: datetime) -> None:
    """Take a request to be told and send a link that confirms it (double opt-in); nothing is in force before.

    Answers in just the same way whether or not the address is known, has left, or has asked too often. `sender` is
    the network address of whoever asks; only a keyed hash of it is kept, for a day. Raises `SubscriptionError` on an
    address that is none, an audience or function the pack does not have, or too many requests from one sender.
    """
    address = _checked_address(address)
    _check_wish(wish)
    with transaction.atomic():
        if _attempts(f"sender|{sender}", now=now) > ATTEMPTS_PER_SENDER:
            raise SubscriptionError("subscription.too-many", "Too many requests; try again in an hour.")
        if _attempts(f"address|{address}", now=now) > ATTEMPTS_PER_ADDRESS:
            return
        row = _asked(address=address, language=language, wish=wish, now=now)
        letter = confirmation_letter(row)
        _put(letter, key=f"confirm|{row.handle}|{uuid4().hex}", row=row, now=now).save(force_insert=True)


def confirm(token: str, *, now: datetime) -> Subscriber:
    """Put a subscription in force; confirming twice changes nothing.

    Raises `SubscriptionError` when the link is not ours, is too old, or its subscription is gone.
    """
    with transaction.atomic():
        row = _subscriber(token, purpose="confirm")
        if row.pending is None and row.left_at is None:
            return row
        if row.pending is None:
            raise SubscriptionError("subscription.link-expired", "This subscription was ended. Please subscribe again.")
        if now - row.requested_at > CONFIRM_WITHIN:
            raise SubscriptionError("subscription.link-expired", "This link is too old. Please subscribe again.")
        row.language, row.functions = row.pending["language"], row.pending["functions"]
        row.pending, row.confirmed_at, row.left_at = None, row.confirmed_at or now, None
        row.save()
        record(at=now, actor=f"subscriber:{row.handle}", action="subscription.confirmed", subject=row.audience)
        return row


def leave(token: str, *, now: datetime) -> Subscriber:
    """End a subscription at once, and withdraw what is still on its way; leaving twice changes nothing.

    Raises `SubscriptionError` when the link is not ours or its subscription is gone.
    """
    with transaction.atomic():
        row = _subscriber(token, purpose="leave")
        if row.left_at is None:
            end_subscription(row, actor=f"subscriber:{row.handle}", now=now)
        return row


def end_subscription(row: Subscriber, *, actor: str, now: datetime) -> None:
    """End a subscription on somebody's word: the subscriber's own, or an operator's."""
    with transaction.atomic():
        row.left_at, row.pending = now, None
        row.save()
        OutboxMessage.objects.filter(WAITING, subscriber=row).update(withdrawn_at=now)
        record(at=now, actor=actor, action="subscription.ended", subject=row.handle)


def add_subscriber(*, address: str, language: str, wish: Subscription, by: str, now: datetime) -> Subscriber:
    """Subscribe someone who asked an operator, without a mail that confirms; audited.

    Raises `SubscriptionError` as `subscribe` does.
    """
    address = _checked_address(address)
    _check_wish(wish)
    with transaction.atomic():
        row = _asked(address=address, language=language, wish=wish, now=now)
        row.language, row.functions, row.pending = as_language(language), list(wish.functions), None
        row.confirmed_at, row.left_at = row.confirmed_at or now, None
        row.save()
        record(at=now, actor=by, action="subscription.added", subject=row.handle, facts={"audience": wish.audience})
    return row


def enqueue(bulletin: Announcement, *, now: datetime) -> int:
    """Write a message to everyone whom a bulletin concerns, in the caller's transaction; return how many.

    Calling it again for the same bulletin adds nothing. Older messages of the same outage that nobody has sent yet
    are withdrawn: the newer one says all that still holds, and nobody wants five at once after a mail server's return.
    """
    with transaction.atomic():
        heard = heard_of(bulletin.incident)
        told = [
            row
            for row in active_subscribers(bulletin.texts)
            if is_told(subscription_of(row), bulletin, heard_before=row.pk in heard)
        ]
        fresh = [_bulletin_message(bulletin, row=row, opens_thread=row.pk not in heard, now=now) for row in told]
        known = set(OutboxMessage.objects.filter(bulletin=bulletin.id).values_list("dedup_key", flat=True))
        fresh = [message for message in fresh if message.dedup_key not in known]
        older = OutboxMessage.objects.filter(WAITING, thread=bulletin.incident, leased_until=None)
        older.exclude(bulletin=bulletin.id).update(withdrawn_at=now)
        OutboxMessage.objects.bulk_create(fresh, batch_size=500)
    return len(fresh)


def work(
    clock: Clock, *, limit: int = 100, machine: Clock | None = None, channels_given: Mapping[str, Channel] | None = None
) -> int:
    """Send up to `limit` waiting messages and return how many were sent.

    `clock` is the domain's (a replayed morning's mails carry its times); leases and waits go by the `machine`'s own,
    because mail servers answer in real time. A channel that cannot be reached is left alone for the rest of the batch.
    """
    machine = machine or SystemClock()
    ready = list(_ready(machine.now()).values_list("pk", "channel")[:limit])
    if not ready:
        return 0
    available = dict(channels() if channels_given is None else channels_given)
    holder, sent = uuid4().hex, 0
    for key, name in ready:
        if name not in available or not _take(key, holder=holder, at=machine.now()):
            continue
        error = _deliver(key, available[name], clock=clock)
        if error is None:
            sent += _note_sent(key, holder=holder, now=clock.now())
            continue
        _note_failure(key, error, holder=holder, clock=clock, machine=machine)
        if error.code == UNREACHABLE:
            available.pop(name).close()
    for channel in available.values():
        channel.close()
    return sent


def forget(*, now: datetime) -> None:
    """Erase what is no longer needed of people: unconfirmed requests, those who left, the texts sent to them."""
    with transaction.atomic():
        unconfirmed = Q(confirmed_at=None, requested_at__lt=now - CONFIRM_WITHIN)
        Subscriber.objects.filter(unconfirmed | Q(left_at__lt=now - FORGET_AFTER)).delete()
        SubscriptionAttempt.objects.filter(at__lt=now - timedelta(days=1)).delete()
        OutboxMessage.objects.filter(created_at__lt=now - FORGET_AFTER).delete()


def _checked_address(address: str) -> str:
    # Mail systems treat the part after the @ without case, and in practice the part before it too.
    cleaned = address.strip().lower()
    try:
        validate_email(cleaned)
    except ValidationError as error:
        raise SubscriptionError("subscription.address", "This is not an e-mail address.") from error
    return cleaned


def _check_wish(wish: Subscription) -> None:
    if wish.audience not in pack().audiences:
        raise SubscriptionError("subscription.audience", f"There is no audience {wish.audience!r}.")
    unknown = [function for function in wish.functions if function not in pack().functions]
    if unknown:
        raise SubscriptionError("subscription.function", f"There is no function {unknown[0]!r}.")


def _attempts(what: str, *, now: datetime) -> int:
    key = salted_hmac("notifications.attempts", what, algorithm="sha256").hexdigest()
    SubscriptionAttempt.objects.create(key=key, at=now)
    return SubscriptionAttempt.objects.filter(key=key, at__gt=now - ATTEMPTS_WINDOW).count()


def _asked(*, address: str, language: str, wish: Subscription, now: datetime) -> Subscriber:
    pending = {"language": as_language(language), "functions": list(wish.functions)}
    row, _ = Subscriber.objects.update_or_create(
        address=address,
        audience=wish.audience,
        defaults={"pending": pending, "requested_at": now},
        create_defaults={
            "pending": pending,
            "requested_at": now,
            "language": as_language(language),
            "handle": secrets.token_urlsafe(16),
        },
    )
    return row


def _subscriber(token: str, *, purpose: str) -> Subscriber:
    row = by_token(token, purpose=purpose)
    if row is None:
        raise SubscriptionError("subscription.link", "This link is not one of ours, or what it stood for is gone.")
    return row


def _put(letter: Letter, *, key: str, row: Subscriber, now: datetime) -> OutboxMessage:
    return OutboxMessage(
        dedup_key=key,
        channel=CHANNEL,
        subscriber=row,
        recipient=row.address,
        payload=letter_to_json(letter),
        created_at=now,
        due_at=now,
    )


def _bulletin_message(bulletin: Announcement, *, row: Subscriber, opens_thread: bool, now: datetime) -> OutboxMessage:
    language = as_language(row.language)
    own = labels(language)
    letter = bulletin_letter(
        bulletin.texts[row.audience],
        language=language,
        labels=own,
        marks=marks(own, is_official=pack().authority is not None, is_drill=bulletin.is_drill),
        page=page_address(language, row.audience),
        leave=link(row, purpose="leave"),
        opens_thread=opens_thread,
    )
    message = _put(letter, key=f"{bulletin.id}|{row.handle}|{CHANNEL}", row=row, now=now)
    message.bulletin, message.thread = bulletin.id, bulletin.incident
    return message


def _ready(now: datetime) -> QuerySet[OutboxMessage]:
    is_due = Q(attempts=0) | Q(due_at__lte=now)
    is_free = Q(leased_until=None) | Q(leased_until__lte=now)
    return OutboxMessage.objects.filter(WAITING & is_due & is_free).order_by("created_at", "pk")


def _take(key: int, *, holder: str, at: datetime) -> bool:
    # Compare-and-swap: the conditions are checked again in the statement that takes the lease.
    taken = _ready(at).order_by().filter(pk=key)
    return taken.update(lease_holder=holder, leased_until=at + LEASE, due_at=at, attempts=F("attempts") + 1) == 1


def _deliver(key: int, channel: Channel, *, clock: Clock) -> DeliveryError | None:
    try:
        channel.deliver(_message(OutboxMessage.objects.get(pk=key), clock=clock))
    except DeliveryError as error:
        return error
    except Exception as error:  # a plug-in's own fault must not stop everybody else's mail
        log.exception("a channel failed in a way it does not declare")
        return DeliveryError("channel.fault", f"{type(error).__name__} in the channel.", permanent=False)
    return None


def _message(row: OutboxMessage, *, clock: Clock) -> Message:
    letter = letter_from_json(row.payload)
    if is_simulated(clock):
        words = labels(letter.language)
        letter = replace(letter, marks=(*letter.marks, Mark(words.replay_short, words.replay)))
    return Message(key=row.dedup_key, recipient=row.recipient, at=row.created_at, thread=_thread(row), letter=letter)


def _thread(row: OutboxMessage) -> str:
    return f"{row.thread}|{row.subscriber_id}" if row.thread else row.dedup_key


def _note_sent(key: int, *, holder: str, now: datetime) -> bool:
    mine = OutboxMessage.objects.filter(pk=key, lease_holder=holder, sent_at=None)
    return mine.update(sent_at=now, leased_until=None, last_error="") == 1


def _note_failure(key: int, error: DeliveryError, *, holder: str, clock: Clock, machine: Clock) -> None:
    mine = OutboxMessage.objects.filter(pk=key, lease_holder=holder)
    row = mine.first()
    if row is None:  # the lease ran out and another worker took the message
        return
    log.warning("message %s was not delivered: %s", row.pk, error)
    if is_given_up(row.attempts, permanent=error.permanent):
        outcome: dict[str, datetime] = {"failed_at": clock.now()}
    else:
        outcome = {"due_at": machine.now() + wait_before_retry(row.attempts, key=row.dedup_key)}
    mine.update(**outcome, leased_until=None, last_error=str(error)[:300])
