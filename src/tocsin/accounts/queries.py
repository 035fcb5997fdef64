"""Who is there."""

from collections.abc import Sequence

from tocsin.accounts.models import ApiKey, Operator, PanelMember
from tocsin.accounts.rules import digest


def member_by_link(token: str) -> PanelMember | None:
    """Return the panel member whose personal link this is, or None when nobody's, or when the member has left."""
    return PanelMember.objects.filter(link_hash=digest(token), left_at__isnull=True).first()


def members() -> Sequence[PanelMember]:
    """Return everyone on the panel, those invited first in front."""
    return tuple(PanelMember.objects.filter(left_at__isnull=True).order_by("invited_at", "pseudonym"))


def keys() -> Sequence[ApiKey]:
    """Return every API key, revoked ones too, oldest first."""
    return tuple(ApiKey.objects.order_by("created_at", "pk"))


def operators() -> Sequence[Operator]:
    """Return everyone who may log in, or could once, by name."""
    return tuple(Operator.objects.order_by("username"))


def has_operator() -> bool:
    """Say whether anybody can log in to the console; the first start asks."""
    return Operator.objects.filter(is_active=True).exists()
