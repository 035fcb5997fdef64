"""Subscribing and leaving: what people do, and what operators do for them. Telling them is in `announcing`.

Everything a person may do is done by a signed link, without an account; every act is audited under the random handle,
never under the address.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac

from tocsin.audit.services import record
from tocsin.notifications.announcing import enqueue, put
from tocsin.notifications.costs import note_cost
from tocsin.notifications.delivery import work
from tocsin.notifications.errors import SubscriptionError
from tocsin.notifications.models import AnnouncementRow, OutboxMessage, Subscriber, SubscriptionAttempt
from tocsin.notifications.queries import (
    WAITING,
    address_checker,
    as_language,
    by_token,
    confirmation_letter,
    confirmation_sms,
    everything_about,
    pack,
    wish_from_json,
    wish_to_json,
)
from tocsin.notifications.rules.choices import digest_of_address, digest_of_choices
from tocsin.notifications.rules.model import Subscription

CONFIRM_WITHIN = timedelta(hours=48)
"""How long a link that confirms is good for; what nobody confirmed by then is erased."""

FORGET_AFTER = timedelta(days=30)
"""How long one who left is kept, so that the link in a late mail still answers; then nothing of them remains."""

FORGETS_AT_ONCE = 1000
"""Messages erased in one transaction, so that nobody waits for it."""

ATTEMPTS_WINDOW = timedelta(hours=1)
ATTEMPTS_PER_ADDRESS = 3
"""Messages an hour that one address can be made to receive by whoever types it into the form."""

ATTEMPTS_PER_SENDER = 30
"""A whole hospital may sit behind one network address."""

LONGEST_ADDRESS = 4000
"""A browser's push address with its keys is some hundred characters; nothing that is one is longer than this."""


def subscribe(
    *, address: str, language: str, wish: Subscription, sender: str, now: datetime, channel: str = "email"
) -> None:
    """Take a request to be told and send a link that confirms it (double opt-in) through the very channel asked for.

    Nothing is in force before. Answers in just the same way whether or not the address is known, has left, or has
    asked too often. `sender` is the network address of whoever asks; only a keyed hash of it is kept, for a day.
    Raises `SubscriptionError` on a channel that is not configured, an audience, function, region or package the pack
    does not have, or too many requests from one sender; and whatever `InputError` the channel has for an address that
    is none.
    """
    address = checked_address(channel, address)
    check_wish(wish)
    with transaction.atomic():
        if _attempts(f"sender|{sender}", now=now) > ATTEMPTS_PER_SENDER:
            raise SubscriptionError("subscription.too-many", "Too many requests; try again in an hour.")
        if _attempts(f"address|{address}", now=now) > ATTEMPTS_PER_ADDRESS:
            return
        row = _asked(channel, address, language=language, wish=wish, now=now)
        key = f"confirm|{row.handle}|{uuid4().hex}"
        put(
            confirmation_letter(row),
            key=key,
            channel=channel,
            subscriber=row,
            sms=confirmation_sms(row),
            now=now,
        )
        note_cost(key)


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
        _put_in_force(row, language=row.pending["language"], wish=wish_from_json(row.audience, row.pending), now=now)
        record(at=now, actor=f"subscriber:{row.handle}", action="subscription.confirmed", subject=row.audience)
        return row


def change(token: str, *, language: str, wish: Subscription, now: datetime) -> Subscriber:
    """Change what a subscriber hears of, on their own word: the link that manages is proof enough.

    Raises `SubscriptionError` as `subscribe` does, when the link is not good, or when the address is subscribed for
    the newly chosen audience already.
    """
    check_wish(wish)
    with transaction.atomic():
        row = _subscriber(token, purpose="manage")
        if row.left_at is not None:
            raise SubscriptionError("subscription.link-expired", "This subscription was ended. Please subscribe again.")
        same = Subscriber.objects.filter(
            channel=row.channel, address_hash=row.address_hash, audience=wish.audience
        ).exclude(pk=row.pk)
        if same.exists():
            raise SubscriptionError("subscription.already", "This address is subscribed for that profession already.")
        _put_in_force(row, language=language, wish=wish, now=now)
        record(at=now, actor=f"subscriber:{row.handle}", action="subscription.changed", subject=row.handle)
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


def export(token: str) -> dict[str, Any]:
    """Return everything that is held about whoever holds a link that manages, ready for JSON.

    Raises `SubscriptionError` when the link is not ours.
    """
    return everything_about(_subscriber(token, purpose="manage"))


def erase(token: str, *, now: datetime) -> None:
    """Erase a subscriber and all that was sent to them, at once; raises `SubscriptionError` as `leave` does."""
    erase_subscriber(_subscriber(token, purpose="manage"), actor="subscriber", now=now)


def erase_subscriber(row: Subscriber, *, actor: str, now: datetime) -> None:
    """Erase somebody on their own or an operator's word; the audit log keeps that it was done, not to whom."""
    with transaction.atomic():
        record(at=now, actor=actor, action="subscription.erased", subject=row.handle)
        row.delete()


def end_subscription(row: Subscriber, *, actor: str, now: datetime) -> None:
    """End a subscription on somebody's word: the subscriber's own, or an operator's."""
    with transaction.atomic():
        row.left_at, row.pending = now, None
        row.save()
        OutboxMessage.objects.filter(WAITING, subscriber=row).update(withdrawn_at=now)
        record(at=now, actor=actor, action="subscription.ended", subject=row.handle)


def suppress(row: Subscriber, *, reason: str, actor: str, now: datetime) -> None:
    """Send nothing more to an address that complained or does not work; asking anew and confirming lifts it."""
    with transaction.atomic():
        row.suppressed_at, row.suppressed_for = now, reason[:60]
        row.save(update_fields=["suppressed_at", "suppressed_for"])
        OutboxMessage.objects.filter(WAITING, subscriber=row).update(withdrawn_at=now)
        record(at=now, actor=actor, action="subscription.suppressed", subject=row.handle, facts={"reason": reason})


def add_subscriber(
    *,
    address: str,
    language: str,
    wish: Subscription,
    by: str,
    now: datetime,
    channel: str = "email",
    consent: Mapping[str, str] | None = None,
) -> Subscriber:
    """Subscribe someone who asked an operator, without a message that confirms; audited.

    `consent` is the proof where somebody else gave the address. Raises `SubscriptionError` as `subscribe` does.
    """
    address = checked_address(channel, address)
    check_wish(wish)
    with transaction.atomic():
        row = _asked(channel, address, language=language, wish=wish, now=now)
        row.consent = dict(consent or {})
        _put_in_force(row, language=language, wish=wish, now=now)
        record(at=now, actor=by, action="subscription.added", subject=row.handle, facts={"audience": wish.audience})
    return row


def forget(*, now: datetime) -> None:
    """Erase what is no longer needed of people: unconfirmed requests, those who left, the texts sent to them."""
    with transaction.atomic():
        unconfirmed = Q(confirmed_at=None, requested_at__lt=now - CONFIRM_WITHIN)
        Subscriber.objects.filter(unconfirmed | Q(left_at__lt=now - FORGET_AFTER)).delete()
        SubscriptionAttempt.objects.filter(at__lt=now - timedelta(days=1)).delete()
    old = OutboxMessage.objects.filter(created_at__lt=now - FORGET_AFTER).order_by("pk")
    while some := list(old.values_list("pk", flat=True)[:FORGETS_AT_ONCE]):
        OutboxMessage.objects.filter(pk__in=some).delete()
    AnnouncementRow.objects.filter(at__lt=now - FORGET_AFTER, outboxmessage=None).delete()


def checked_address(channel: str, address: str) -> str:
    """Return an address as its channel writes it; raises `InputError` where it is none, or the channel is not there."""
    if len(address) > LONGEST_ADDRESS:
        raise SubscriptionError("subscription.address", "This is too long for an address.")
    checker = address_checker(channel)
    if checker is None:
        raise SubscriptionError("subscription.channel", f"There is no channel {channel!r}.")
    return checker(address)


def check_wish(wish: Subscription) -> None:
    """Raise `SubscriptionError` naming what the pack does not have."""
    known = pack()
    if wish.audience not in known.audiences:
        raise SubscriptionError("subscription.audience", f"There is no audience {wish.audience!r}.")
    unknown = [function for function in wish.functions if function not in known.functions]
    if unknown:
        raise SubscriptionError("subscription.function", f"There is no function {unknown[0]!r}.")
    if wish.region and wish.region not in known.regions:
        raise SubscriptionError("subscription.region", f"There is no region {wish.region!r}.")
    if wish.package and wish.package not in known.packages:
        raise SubscriptionError("subscription.package", f"There is no package {wish.package!r}.")


def _attempts(what: str, *, now: datetime) -> int:
    key = salted_hmac("notifications.attempts", what, algorithm="sha256").hexdigest()
    SubscriptionAttempt.objects.create(key=key, at=now)
    return SubscriptionAttempt.objects.filter(key=key, at__gt=now - ATTEMPTS_WINDOW).count()


def _asked(channel: str, address: str, *, language: str, wish: Subscription, now: datetime) -> Subscriber:
    asked = {"pending": {"language": as_language(language)} | wish_to_json(wish), "requested_at": now}
    first = {"address": address, "language": as_language(language), "handle": secrets.token_urlsafe(16)}
    row, _ = Subscriber.objects.update_or_create(
        channel=channel,
        address_hash=digest_of_address(channel, address),
        audience=wish.audience,
        defaults=asked,
        create_defaults=asked | first,
    )
    return row


def _put_in_force(row: Subscriber, *, language: str, wish: Subscription, now: datetime) -> None:
    row.language, row.audience, row.functions = as_language(language), wish.audience, list(wish.functions)
    row.region, row.package, row.least, row.with_drills = wish.region, wish.package, wish.least, wish.with_drills
    row.is_on_duty = wish.is_on_duty
    row.choices = digest_of_choices(row.channel, wish)
    row.pending, row.confirmed_at, row.left_at = None, row.confirmed_at or now, None
    row.failures, row.suppressed_at, row.suppressed_for = 0, None, ""
    row.save()


def _subscriber(token: str, *, purpose: str) -> Subscriber:
    row = by_token(token, purpose=purpose)
    if row is None:
        raise SubscriptionError("subscription.link", "This link is not one of ours, or what it stood for is gone.")
    return row


__all__ = [
    "add_subscriber",
    "change",
    "confirm",
    "end_subscription",
    "enqueue",
    "erase",
    "erase_subscriber",
    "export",
    "forget",
    "leave",
    "put",
    "subscribe",
    "suppress",
    "work",
]
