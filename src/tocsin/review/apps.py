"""Django's entry for this domain."""

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    """Registers `tocsin.review` under the label `review`."""

    name = "tocsin.review"
    label = "review"
    default_auto_field = "django.db.models.BigAutoField"
