"""Bulletins, who approved them, the policy that publishes them, its shadow, and what the public pages said when."""

from django.db import models


class BulletinRow(models.Model):
    """A bulletin (`Bulletin` as JSON): a draft waiting for approval, published, or discarded.

    Where a person edited the draft, `drafted` is the wording that they began with and `moved` the engine's newer one,
    once the facts have moved on. `override` is the written reason why it went out against a finding.
    """

    id = models.CharField(max_length=60, primary_key=True)
    incident = models.CharField(max_length=40, db_index=True)
    kind = models.CharField(max_length=10)
    status = models.CharField(max_length=10)
    drafted_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True, db_index=True)
    approved_by = models.CharField(max_length=120, blank=True)
    reasons = models.JSONField(default=list)
    content = models.JSONField()
    edited_by = models.CharField(max_length=120, blank=True)
    edited_at = models.DateTimeField(null=True, blank=True)
    drafted = models.JSONField(null=True, blank=True)
    moved = models.JSONField(null=True, blank=True)
    override = models.TextField(blank=True)

    class Meta:
        ordering = ("drafted_at", "id")


class ApprovalRow(models.Model):
    """One person's yes to one wording of a bulletin; void once the wording changes, and never removed."""

    bulletin = models.CharField(max_length=60, db_index=True)
    by = models.CharField(max_length=120)
    at = models.DateTimeField()
    wording = models.CharField(max_length=64)
    voided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("at", "id")


class ShadowDraftRow(models.Model):
    """A draft that automation would have published at `at`, had it been unlocked, and what a person says of it."""

    bulletin = models.CharField(max_length=60, primary_key=True)
    incident = models.CharField(max_length=40, db_index=True)
    kind = models.CharField(max_length=10)
    severity = models.CharField(max_length=10)
    at = models.DateTimeField(db_index=True)
    score = models.PositiveSmallIntegerField(null=True, blank=True)
    reasons = models.JSONField(default=list)
    content = models.JSONField()
    verdict = models.CharField(max_length=10, blank=True)
    remark = models.TextField(blank=True)
    reviewed_by = models.CharField(max_length=120, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)


class ShadowDay(models.Model):
    """A day (in Brussels) on which the engine ran with automation locked, so that its shadow was seen."""

    day = models.DateField(primary_key=True)


class PolicyRow(models.Model):
    """The publication policy in force; one row (`id` = 1).

    `quiet` are the quiet hours, as `notifications` reads them; `second_factor` says whether one must be shown before
    words go out (None: nobody decided; where an authority speaks, it must).
    """

    automation = models.CharField(max_length=10, default="manual")
    min_eyes = models.PositiveSmallIntegerField(default=2)
    min_confidence = models.FloatField(default=0.9)
    max_openings_per_hour = models.PositiveSmallIntegerField(default=3)
    is_held = models.BooleanField(default=False)
    approvals = models.JSONField(default=dict)
    holding = models.CharField(max_length=10, default="automatic")
    quiet = models.JSONField(default=dict)
    second_factor = models.BooleanField(null=True, blank=True)


class PageRecord(models.Model):
    """What the public pages said from this moment on: function → audience → state. Added only when it differs."""

    at = models.DateTimeField(db_index=True)
    version = models.PositiveBigIntegerField()
    states = models.JSONField()
    incidents = models.JSONField(default=list)
