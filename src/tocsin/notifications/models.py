"""Who wants to be told, what is told to them, and what is on its way."""

from django.db import models


class Subscriber(models.Model):
    """Someone who asked to be told, confirmed by a click (double opt-in), leaving by one.

    One row for each channel × address × audience; `address_hash` carries that uniqueness, because a browser's push
    address is longer than an index likes. `handle` is a random name: links are this handle, signed, so that neither
    an address nor a number stands in them and a copy of this table alone lets nobody speak for a subscriber.
    `choices` is a digest of what was chosen: who chose the same has the same, so that a rule is asked once for all of
    them. `pending` is what was asked for and takes effect when it is confirmed. `consent` is who gave us the address
    on what proof, where a list was imported. `is_on_duty` is what they say of themselves: they work at night (None:
    nobody asked them).
    """

    channel = models.CharField(max_length=40, default="email")
    address = models.TextField()
    address_hash = models.CharField(max_length=64, default="")
    language = models.CharField(max_length=2)
    audience = models.CharField(max_length=40)
    functions = models.JSONField(default=list)
    region = models.CharField(max_length=40, blank=True)
    package = models.CharField(max_length=60, blank=True)
    least = models.CharField(max_length=10, default="degraded")
    with_drills = models.BooleanField(default=False)
    is_on_duty = models.BooleanField(null=True, blank=True)
    choices = models.CharField(max_length=32, default="")
    pending = models.JSONField(null=True, blank=True)
    consent = models.JSONField(default=dict, blank=True)
    requested_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    suppressed_at = models.DateTimeField(null=True, blank=True)
    suppressed_for = models.CharField(max_length=60, blank=True)
    handle = models.CharField(max_length=40, unique=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("channel", "address_hash", "audience"), name="one_subscription_per_channel_and_audience"
            ),
        )
        indexes = (models.Index(fields=("audience", "channel", "choices"), name="subscribers_by_choices"),)


class SubscriptionAttempt(models.Model):
    """One request to subscribe, counted under a keyed hash (of the sender's address or of the given address)."""

    key = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("key", "at"), name="attempts_by_key"),)


class AnnouncementRow(models.Model):
    """One bulletin that people are told of, stored once; workers write it out to its recipients, a part at a time.

    `facts` is what rules ask of it (see `Told`). `cursor` is the last subscriber whom a worker has dealt with and
    `until` the last there is: a worker that dies leaves the rest to another. `thread` is the outage, so that one
    outage is one conversation. `is_over` says that nothing of it is sent any more: the end was published.
    """

    bulletin = models.CharField(max_length=60, unique=True)
    incident = models.CharField(max_length=60, db_index=True)
    thread = models.CharField(max_length=60, db_index=True)
    kind = models.CharField(max_length=12)
    subject_key = models.CharField(max_length=32, blank=True)
    facts = models.JSONField()
    at = models.DateTimeField(db_index=True)
    due_at = models.DateTimeField()
    cursor = models.PositiveBigIntegerField(default=0)
    until = models.PositiveBigIntegerField(default=0)
    expanded_at = models.DateTimeField(null=True, blank=True)
    is_over = models.BooleanField(default=False)
    course = models.CharField(max_length=12, default="tell")

    class Meta:
        indexes = (
            models.Index(
                fields=("due_at", "id"), name="announcements_to_write_out", condition=models.Q(expanded_at=None)
            ),
            models.Index(fields=("subject_key", "at"), name="announcements_by_subject"),
        )


class Variant(models.Model):
    """What one audience is told in one language, rendered once for all who read it (`Letter` and more, as JSON)."""

    announcement = models.ForeignKey(AnnouncementRow, on_delete=models.CASCADE)
    audience = models.CharField(max_length=40)
    language = models.CharField(max_length=2)
    payload = models.JSONField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("announcement", "audience", "language"), name="one_variant_per_reader"),
        )


class OutboxMessage(models.Model):
    """One message to one person through one channel. A worker takes it by compare-and-swap and holds a lease.

    A message is of an announcement, whose words it shares with many, or has a `payload` of its own (a link that
    confirms, a page to a duty officer) under a `dedup_key` of its own. `priority` puts first words before updates.
    `units` is how many text messages it costs. `held_for` says why a message waits that could go: a `budget` that asks
    before it is passed, `quiet` hours, a `digest` that gathers a storm. `created_at`, `sent_at`, `failed_at` and
    `withdrawn_at` are moments of the domain's clock; `due_at` (of a retry) and `leased_until` of the machine's, because
    a mail server answers in real time even when a morning is replayed.
    """

    dedup_key = models.CharField(max_length=200, unique=True, null=True, blank=True)
    channel = models.CharField(max_length=40)
    announcement = models.ForeignKey(AnnouncementRow, on_delete=models.CASCADE, null=True, blank=True, db_index=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, null=True, blank=True)
    recipient = models.TextField(blank=True)
    payload = models.JSONField(null=True, blank=True)
    thread = models.CharField(max_length=60, blank=True)
    opens_thread = models.BooleanField(default=True)
    priority = models.PositiveSmallIntegerField(default=0)
    units = models.PositiveSmallIntegerField(default=1, db_default=1)
    held_for = models.CharField(max_length=12, blank=True)
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
        constraints = (models.UniqueConstraint(fields=("announcement", "subscriber"), name="one_message_per_reader"),)
        indexes = (
            models.Index(
                fields=("channel", "priority", "id"),
                name="messages_that_wait",
                condition=models.Q(sent_at=None, failed_at=None, withdrawn_at=None, held_for=""),
            ),
        )


class Allowance(models.Model):
    """How many text messages more than the ceiling a duty officer allowed: for one outage, or a month (`2026-11`)."""

    channel = models.CharField(max_length=40)
    period = models.CharField(max_length=60)
    more = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("channel", "period"), name="one_allowance_per_period"),)


class PageRow(models.Model):
    """A page that went out to duty officers: each reason (`key`) once. `names` are the operators it was addressed to.

    `content` is the draft that it asked about, as it read then (`version`): who opens the page's link when the draft
    was written anew sees what changed. `at` is a moment of the domain's clock.
    """

    key = models.CharField(max_length=160, unique=True)
    kind = models.CharField(max_length=20)
    incident = models.CharField(max_length=40, blank=True, db_index=True)
    bulletin = models.CharField(max_length=60, blank=True)
    version = models.CharField(max_length=16, blank=True)
    content = models.JSONField(default=dict)
    names = models.JSONField(default=list)
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("bulletin", "version"), name="pages_by_text"),)
