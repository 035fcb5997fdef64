"""Interventions and fingerprints as they were announced."""

from django.db import models


class ChangeRow(models.Model):
    """One `ChangeEvent` (see `rules`)."""

    at = models.DateTimeField(db_index=True)
    kind = models.CharField(max_length=12)
    change = models.CharField(max_length=60, null=True, blank=True)
    services = models.JSONField(default=list)
    summary = models.CharField(max_length=300, blank=True)
    running = models.CharField(max_length=128, null=True, blank=True)
    persisted = models.CharField(max_length=128, null=True, blank=True)
    approved = models.CharField(max_length=128, null=True, blank=True)


class MaintenanceRow(models.Model):
    """One `Maintenance`; `told` lists what subscribers were told of it, so that nothing is told twice."""

    id = models.CharField(max_length=60, primary_key=True)
    services = models.JSONField(default=list)
    functions = models.JSONField(default=list)
    audiences = models.JSONField(null=True, blank=True)
    start = models.DateTimeField(db_index=True)
    end = models.DateTimeField(db_index=True)
    effect = models.JSONField()
    is_public = models.BooleanField(default=True)
    state = models.CharField(max_length=10, default="announced")
    announced_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveSmallIntegerField(default=0)
    told = models.JSONField(default=list)

    class Meta:
        ordering = ("start", "announced_at", "id")
