"""Django's entry for this domain."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Registers `tocsin.audit` under the label `audit`."""

    name = "tocsin.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"
