"""Django's entry for this domain."""

from django.apps import AppConfig


class BulletinsConfig(AppConfig):
    """Registers `tocsin.bulletins` under the label `bulletins`."""

    name = "tocsin.bulletins"
    label = "bulletins"
    default_auto_field = "django.db.models.BigAutoField"
