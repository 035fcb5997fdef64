"""Who is there."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from tocsin.accounts.models import ApiKey, Operator, PanelMember


def keys() -> Sequence[ApiKey]:
    """Return every API key, revoked ones too, oldest first."""
    return tuple(ApiKey.objects.order_by("created_at", "pk"))


def operators() -> Sequence[Operator]:
    """Return everyone who may log in, or could once, by name."""
    return tuple(Operator.objects.order_by("username"))


def has_operator() -> bool:
    """Say whether anybody can log in to the console; the first start asks."""
    return Operator.objects.filter(is_active=True).exists()


def panel() -> Sequence[PanelMember]:
    """Return the panel's members who joined and have not left, those invited first in front."""
    members = PanelMember.objects.filter(joined_at__isnull=False, left_at__isnull=True)
    return tuple(members.order_by("invited_at", "pseudonym"))


def joined_since(moment: datetime) -> Mapping[str, datetime]:
    """Return when each member came onto the panel who was invited after the moment, by pseudonym.

    Whoever was invited long ago and speaks for the first time today, because today something fails, is no newcomer.
    """
    found = PanelMember.objects.filter(invited_at__gt=moment)
    return {row.pseudonym: row.invited_at for row in found}
