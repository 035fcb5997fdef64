"""Activations of procedures."""

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
