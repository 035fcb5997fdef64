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
