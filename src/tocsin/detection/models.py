"""What detection last said, and every change of a verdict."""

from django.db import models


class Snapshot(models.Model):
    """The last tick's judgement, whole; one row (`id` = 1), replaced at each tick. What the console shows."""

    at = models.DateTimeField()
    judgement = models.JSONField()
    explanations = models.JSONField(default=list)


class VerdictChange(models.Model):
    """A subject's state became another one; append-only. The figures are computed from these."""

    at = models.DateTimeField(db_index=True)
    function = models.CharField(max_length=60)
    audience = models.CharField(max_length=40)
    state = models.CharField(max_length=10)
    confidence = models.FloatField()
    since = models.DateTimeField()


class SeriesPoint(models.Model):
    """One minute of a function: the share of its calls that failed, and between what shares that is usual.

    What the console's charts draw; kept for two days, the figures never rest on it.
    """

    function = models.CharField(max_length=60)
    at = models.DateTimeField()
    failing_share = models.FloatField()
    expected_low = models.FloatField()
    expected_high = models.FloatField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("function", "at"), name="one_point_per_function_minute"),)
        indexes = (models.Index(fields=("at",), name="series_by_time"),)
