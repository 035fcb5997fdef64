"""Django's entry for this domain."""

from django.apps import AppConfig


class ChangesConfig(AppConfig):
    """Registers `tocsin.changes` under the label `changes`."""

    name = "tocsin.changes"
    label = "changes"
    default_auto_field = "django.db.models.BigAutoField"
