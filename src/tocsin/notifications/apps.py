"""Django's entry for this domain."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Registers `tocsin.notifications` under the label `notifications`."""

    name = "tocsin.notifications"
    label = "notifications"
    default_auto_field = "django.db.models.BigAutoField"
