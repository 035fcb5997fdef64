"""Bulletins, the policy that publishes them, and what the public pages said when."""

from django.db import models


class BulletinRow(models.Model):
    """A bulletin (`Bulletin` as JSON): a draft waiting for approval, published, or discarded."""

    id = models.CharField(max_length=60, primary_key=True)
    incident = models.CharField(max_length=40, db_index=True)
    kind = models.CharField(max_length=10)
    status = models.CharField(max_length=10)
    drafted_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True, db_index=True)
    approved_by = models.CharField(max_length=120, blank=True)
    reasons = models.JSONField(default=list)
    content = models.JSONField()

    class Meta:
        ordering = ("drafted_at", "id")


class PolicyRow(models.Model):
    """The publication policy in force; one row (`id` = 1)."""

    automation = models.CharField(max_length=10, default="manual")
    min_eyes = models.PositiveSmallIntegerField(default=2)
    min_confidence = models.FloatField(default=0.9)
    max_openings_per_hour = models.PositiveSmallIntegerField(default=3)
    is_held = models.BooleanField(default=False)


class PageRecord(models.Model):
    """What the public pages said from this moment on: function → audience → state. Added only when it differs."""

    at = models.DateTimeField(db_index=True)
    version = models.PositiveBigIntegerField()
    states = models.JSONField()
    incidents = models.JSONField(default=list)
