"""Django's entry for this domain."""

from django.apps import AppConfig


class ContinuityConfig(AppConfig):
    """Registers `tocsin.continuity` under the label `continuity`."""

    name = "tocsin.continuity"
    label = "continuity"
    default_auto_field = "django.db.models.BigAutoField"
