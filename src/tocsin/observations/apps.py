"""Django's entry for this domain."""

from django.apps import AppConfig


class ObservationsConfig(AppConfig):
    """Registers `tocsin.observations` under the label `observations`."""

    name = "tocsin.observations"
    label = "observations"
    default_auto_field = "django.db.models.BigAutoField"
