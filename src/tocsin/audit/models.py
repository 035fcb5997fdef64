"""The audit log's table: append-only, each row chained to the one before by its hash."""

from django.db import models


class AuditEntry(models.Model):
    """One action, human or automatic. Rows are only ever added; `hash` covers `previous_hash` and every field."""

    seq = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=120)
    action = models.CharField(max_length=80)
    subject = models.CharField(max_length=200)
    facts = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ("seq",)
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.seq} {self.actor} {self.action} {self.subject}"
