"""Django's entry for this domain."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Registers `tocsin.web` under the label `web`."""

    name = "tocsin.web"
    label = "web"
    default_auto_field = "django.db.models.BigAutoField"
