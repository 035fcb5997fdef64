"""Incidents and their append-only timeline."""

from django.db import models


class IncidentRow(models.Model):
    """An incident's present state (`Incident` as JSON), with the columns that are searched."""

    id = models.CharField(max_length=40, primary_key=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True, db_index=True)
    phase = models.CharField(max_length=12)
    state = models.JSONField()

    class Meta:
        ordering = ("-opened_at",)

    def __str__(self) -> str:
        return self.id


class TimelineEntry(models.Model):
    """Something that happened to an incident: only ever added, corrected by a later entry."""

    incident = models.ForeignKey(IncidentRow, on_delete=models.PROTECT, related_name="timeline")
    at = models.DateTimeField()
    kind = models.CharField(max_length=30)
    actor = models.CharField(max_length=120)
    reasons = models.JSONField(default=list)
    facts = models.JSONField(default=dict)

    class Meta:
        ordering = ("id",)
