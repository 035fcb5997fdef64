"""Django's entry for this domain."""

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """Registers `tocsin.incidents` under the label `incidents`."""

    name = "tocsin.incidents"
    label = "incidents"
    default_auto_field = "django.db.models.BigAutoField"
