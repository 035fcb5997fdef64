"""Who wants to be told, and what is on its way to them."""

from django.db import models


class Subscriber(models.Model):
    """Someone who asked to be told, confirmed by a click (double opt-in), leaving by one.

    `handle` is a random name: links in mails are this handle, signed, so that neither an address nor a number stands
    in them and a copy of this table alone lets nobody speak for a subscriber. `pending` is what was asked for
    (`language`, `functions`) and takes effect when it is confirmed.
    """

    address = models.EmailField()
    language = models.CharField(max_length=2)
    audience = models.CharField(max_length=40)
    functions = models.JSONField(default=list)
    pending = models.JSONField(null=True, blank=True)
    requested_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    handle = models.CharField(max_length=40, unique=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("address", "audience"), name="one_subscription_per_audience"),)


class SubscriptionAttempt(models.Model):
    """One request to subscribe, counted under a keyed hash (of the sender's address or of the mail address)."""

    key = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("key", "at"), name="attempts_by_key"),)


class OutboxMessage(models.Model):
    """One message to one person through one channel. A worker takes it by compare-and-swap and holds a lease.

    `thread` is the incident, so that one outage is one conversation. `created_at`, `sent_at`, `failed_at` and
    `withdrawn_at` are moments of the domain's clock; `due_at` (of a retry) and `leased_until` of the machine's,
    because a mail server answers in real time even when a morning is replayed.
    """

    dedup_key = models.CharField(max_length=200, unique=True)
    channel = models.CharField(max_length=40)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, null=True, blank=True)
    recipient = models.CharField(max_length=254)
    payload = models.JSONField()
    bulletin = models.CharField(max_length=60, blank=True, db_index=True)
    thread = models.CharField(max_length=60, blank=True, db_index=True)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    lease_holder = models.CharField(max_length=80, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = (
            models.Index(
                fields=("created_at", "id"),
                name="waiting_messages",
                condition=models.Q(sent_at=None, failed_at=None, withdrawn_at=None),
            ),
        )
