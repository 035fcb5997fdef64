"""Who wants to be told, and what is on its way to them."""

from django.db import models


class Subscriber(models.Model):
    """Someone who asked to be told, confirmed by a click (double opt-in), leaving by one."""

    address = models.EmailField()
    language = models.CharField(max_length=2)
    audience = models.CharField(max_length=40)
    functions = models.JSONField(default=list)
    requested_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    link_hash = models.CharField(max_length=64, unique=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("address", "audience"), name="one_subscription_per_audience"),)


class OutboxMessage(models.Model):
    """One message to one person through one channel. A worker takes it by compare-and-swap and holds a lease."""

    dedup_key = models.CharField(max_length=200, unique=True)
    channel = models.CharField(max_length=40)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, null=True, blank=True)
    recipient = models.CharField(max_length=254)
    payload = models.JSONField()
    bulletin = models.CharField(max_length=60, blank=True, db_index=True)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    lease_holder = models.CharField(max_length=80, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
