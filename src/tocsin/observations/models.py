"""What came in one by one (reports, probe results, notices), and what intake counted or refused.

Transactions are not here: they go through the intake log into the telemetry store.
"""

from django.db import models


class IntakeBatch(models.Model):
    """An idempotency key that was accepted, so that a batch sent twice counts once.

    `fingerprint` is a hash of what was sent (another content under the same key is a mistake of the sender);
    `record` is the one record in the intake log that counts for this key.
    """

    key = models.CharField(max_length=120, primary_key=True)
    accepted_at = models.DateTimeField(db_index=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    record = models.CharField(max_length=80, blank=True)


class SeriesState(models.Model):
    """Where a cumulative OTLP series stood when it was last seen: the increase since then is what happened."""

    series = models.CharField(max_length=64, primary_key=True)
    start_us = models.BigIntegerField()
    time_us = models.BigIntegerField()
    counts = models.JSONField()
    seen_at = models.DateTimeField(db_index=True)


class IntakeCount(models.Model):
    """How much each source sent, per local day: accepted, refused and redacted, with the last refusal in words."""

    day = models.DateField()
    source = models.CharField(max_length=60)
    code = models.CharField(max_length=80)
    count = models.PositiveBigIntegerField(default=0)
    last_at = models.DateTimeField()
    last_message = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("day", "source", "code"), name="one_count_per_day_source_code"),)


class ProbeRow(models.Model):
    """The result of one synthetic check."""

    at = models.DateTimeField(db_index=True)
    probe = models.CharField(max_length=60)
    service = models.CharField(max_length=60)
    function = models.CharField(max_length=60, null=True, blank=True)
    is_ok = models.BooleanField()
    duration_ms = models.FloatField()
    detail = models.CharField(max_length=200, blank=True)


class ReportRow(models.Model):
    """A panel member's report, redacted before it came here.

    `at` is when it was so for the member, `received_at` when we learned it. `practice` and `sender` are pseudonyms of
    where they work and of the line or the machine that sent it; empty where nobody said.
    """

    at = models.DateTimeField(db_index=True)
    received_at = models.DateTimeField()
    member = models.CharField(max_length=40, db_index=True)
    practice = models.CharField(max_length=40, blank=True, default="")
    sender = models.CharField(max_length=64, blank=True, default="")
    audience = models.CharField(max_length=40)
    package = models.CharField(max_length=60)
    region = models.CharField(max_length=10)
    function = models.CharField(max_length=60)
    works = models.BooleanField()
    text = models.CharField(max_length=500, blank=True)
    redactions = models.PositiveSmallIntegerField(default=0)


class NoticeRow(models.Model):
    """A partner's statement."""

    at = models.DateTimeField(db_index=True)
    partner = models.CharField(max_length=60)
    services = models.JSONField(default=list)
    state = models.CharField(max_length=20)
    text = models.CharField(max_length=500, blank=True)
    until = models.DateTimeField(null=True, blank=True)


class CrowdReport(models.Model):
    """A visitor who has a problem too. `visitor` is a hash of their network address under a key of the day."""

    at = models.DateTimeField(db_index=True)
    visitor = models.CharField(max_length=64)
    audience = models.CharField(max_length=40)
    function = models.CharField(max_length=60)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("visitor", "function"), name="one_word_per_visitor"),)


class EyeSign(models.Model):
    """When an eye last gave a sign of life."""

    eye = models.CharField(max_length=12, primary_key=True)
    last_seen = models.DateTimeField()


class PollRow(models.Model):
    """A question to some panel members, and why it was asked. `reason` is a stored `Reason`."""

    function = models.CharField(max_length=60)
    audience = models.CharField(max_length=40)
    packages = models.JSONField(null=True, blank=True)
    regions = models.JSONField(null=True, blank=True)
    reason = models.JSONField(default=dict)
    at = models.DateTimeField(db_index=True)
    until = models.DateTimeField()


class PollQuestion(models.Model):
    """One member's copy of a question. The answer itself is a report; here only when it came and what it was."""

    poll = models.ForeignKey(PollRow, on_delete=models.CASCADE, related_name="questions")
    member = models.CharField(max_length=40)
    asked_at = models.DateTimeField(db_index=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    works = models.BooleanField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("poll", "member"), name="one_question_per_member"),)
