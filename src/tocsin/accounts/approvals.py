"""The signed link by which a page leads a telephone to one draft: for one officer, one text, one purpose, a while.

The link opens a page and nothing else: publishing needs that officer's second factor at that moment.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from django.core.signing import BadSignature, Signer

from tocsin.accounts.errors import ApprovalLinkError
from tocsin.accounts.models import Operator

GOOD_FOR: Final = timedelta(hours=2)
"""Longer than any draft waits that is still worth reading; moments here are the machine's, a replay runs faster."""

_SALT: Final = "accounts.approval"
_PARTS: Final = 4


@dataclass(frozen=True, slots=True)
class ApprovalLink:
    """What a link stands for: whose it is, which text of which draft, and when it was made (machine's clock)."""

    operator: Operator
    bulletin: str
    version: str
    made_at: datetime


def approval_token(operator: Operator, *, bulletin: str, version: str, machine_now: datetime) -> str:
    """Return the token that lets an officer read one text of one draft, and approve it with their second factor."""
    made_s = int(machine_now.timestamp())
    return Signer(salt=_SALT).sign(f"{bulletin}.{version}.{operator.pk}.{made_s}")


def renewed(link: ApprovalLink, *, version: str) -> str:
    """Return the token of the same link for a newer text; it ages with the link that it replaces."""
    found = replace(link, version=version)
    return approval_token(found.operator, bulletin=found.bulletin, version=version, machine_now=found.made_at)


def read_approval(token: str, *, machine_now: datetime) -> ApprovalLink:
    """Return what a token stands for.

    Raises `ApprovalLinkError` when it is not one of ours, is too old, or its officer may not act any more.
    """
    try:
        parts = Signer(salt=_SALT).unsign(token).rsplit(".", _PARTS - 1)
    except BadSignature as error:
        raise ApprovalLinkError("approval.link", "This link is not one of ours.") from error
    bulletin, version, key, made_s = parts
    made_at = datetime.fromtimestamp(int(made_s), tz=UTC)
    if machine_now - made_at > GOOD_FOR:
        raise ApprovalLinkError("approval.link_expired", "This link is too old.", hint="Log in to the console instead.")
    operator = Operator.objects.filter(pk=int(key), is_active=True).first()
    if operator is None:
        raise ApprovalLinkError("approval.link", "Whoever this link was made for may not act any more.")
    return ApprovalLink(operator, bulletin, version, made_at)
