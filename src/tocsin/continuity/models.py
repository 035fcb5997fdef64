"""Activations of procedures, and what their end leaves to be done."""

from django.db import models


class ActivationRow(models.Model):
    """One `Activation` (see `rules.model`), with what an operator did to it."""

    procedure = models.CharField(max_length=80)
    procedure_version = models.CharField(max_length=20)
    incident = models.CharField(max_length=40, db_index=True)
    state = models.CharField(max_length=10)
    start = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    by = models.CharField(max_length=120)
    audiences = models.JSONField(null=True, blank=True)
    packages = models.JSONField(null=True, blank=True)
    regions = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("procedure", "incident"), name="one_activation_per_incident"),)


class DutyRow(models.Model):
    """What an ended activation leaves to be done, as its procedure said when it ended (`text` in every language)."""

    activation = models.ForeignKey(ActivationRow, on_delete=models.CASCADE, related_name="duties")
    place = models.PositiveSmallIntegerField()
    text = models.JSONField()
    ended_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True, db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("activation", "place"), name="one_duty_per_place"),)
        ordering = ("activation_id", "place")
