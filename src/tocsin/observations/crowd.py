"""Visitors of the public page who say "I have this problem too": counted for the duty officer, and a question's cause.

Anybody can press the button, and press it a thousand times from a thousand addresses. So the crowd is no eye: the
engine takes no evidence from it, and however large it is, it changes no page. It tells a duty officer where to look,
and has a few panel members asked where no eye bears it out. A visitor leaves no words and no name; a keyed hash that
changes every day keeps one from counting twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

from django.db.models import Count
from django.utils.crypto import salted_hmac

from tocsin.kernel.clock import in_brussels
from tocsin.kernel.errors import InputError
from tocsin.observations.models import CrowdReport
from tocsin.observations.queries import configured_pack

RECENT = timedelta(minutes=30)
"""How far back a count reaches: what was pressed at eight says little of half past nine."""

KEPT = timedelta(hours=24)
"""Then a visitor's mark is forgotten: its hash could not be recognised any more anyway."""

_IPV6_SITE_BITS = 64
"""One line has at least so many IPv6 addresses to itself: they are one visitor."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many visitors said lately that a function fails for them, in all and by profession (most first)."""

    function: str
    visitors: int
    by_audience: Mapping[str, int]


def note_problem(*, function: str, audience: str, sender: str, now: datetime) -> bool:
    """Count a visitor who has a problem too; return False where this visitor was counted for it within the day.

    `sender` is the network address; only a hash of it is kept, under a key that changes each day, for a day. Raises
    `InputError` on a function or profession that the pack does not have, or a profession that does not use it.
    """
    known = configured_pack().functions.get(function)
    if known is None or audience not in known.audiences:
        raise InputError("problem.unknown", "There is no such function for this profession.", where="function")
    _, is_new = CrowdReport.objects.update_or_create(
        visitor=_visitor(sender, now), function=function, defaults={"audience": audience, "at": now}
    )
    return is_new


def crowd(now: datetime) -> tuple[Crowd, ...]:
    """Return what visitors said within the last half hour, in the pack's order of functions."""
    rows = (
        CrowdReport.objects.filter(at__gt=now - RECENT, at__lte=now)
        .values_list("function", "audience")
        .annotate(visitors=Count("pk"))
        .order_by("-visitors", "audience")
    )
    counts: dict[str, dict[str, int]] = {}
    for function, audience, visitors in rows:
        counts.setdefault(function, {})[audience] = visitors
    return tuple(
        Crowd(function, sum(counts[function].values()), counts[function])
        for function in configured_pack().functions
        if function in counts
    )


def forget_crowd(*, now: datetime) -> None:
    """Forget whoever spoke more than a day ago."""
    CrowdReport.objects.filter(at__lt=now - KEPT).delete()


def _visitor(sender: str, now: datetime) -> str:
    day = in_brussels(now).date().isoformat()
    return salted_hmac(f"observations.crowd|{day}", _line(sender), algorithm="sha256").hexdigest()


def line_of(address: str) -> str:
    """Return the line to which an address of the public internet belongs; empty for any other address."""
    try:
        return _line(address) if ip_address(address).is_global else ""
    except ValueError:
        return ""


def _line(sender: str) -> str:
    try:
        address = ip_address(sender)
    except ValueError:
        return sender
    if isinstance(address, IPv6Address):
        return str(int(address) >> _IPV6_SITE_BITS)
    return sender
