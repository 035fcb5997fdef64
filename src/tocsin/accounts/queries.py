"""Who is there."""

from collections.abc import Sequence

from tocsin.accounts.models import ApiKey, Operator


def keys() -> Sequence[ApiKey]:
    """Return every API key, revoked ones too, oldest first."""
    return tuple(ApiKey.objects.order_by("created_at", "pk"))


def operators() -> Sequence[Operator]:
    """Return everyone who may log in, or could once, by name."""
    return tuple(Operator.objects.order_by("username"))


def has_operator() -> bool:
    """Say whether anybody can log in to the console; the first start asks."""
    return Operator.objects.filter(is_active=True).exists()
