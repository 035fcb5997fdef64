"""Django's entry for this domain."""

from django.apps import AppConfig


class DetectionConfig(AppConfig):
    """Registers `tocsin.detection` under the label `detection`."""

    name = "tocsin.detection"
    label = "detection"
    default_auto_field = "django.db.models.BigAutoField"
