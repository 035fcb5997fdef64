"""Django's entry for this domain."""

from django.apps import AppConfig


class StatusSiteConfig(AppConfig):
    """Registers `tocsin.status_site` under the label `status_site`."""

    name = "tocsin.status_site"
    label = "status_site"
    default_auto_field = "django.db.models.BigAutoField"
