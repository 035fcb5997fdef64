"""Who sends a request: its network address, for limits on how often one may try."""

from django.conf import settings
from django.http import HttpRequest

from tocsin.kernel.peers import address_in


def sender_of(request: HttpRequest) -> str:
    """Return the network address of whoever asks; behind a TLS proxy, the one that the proxy saw.

    A connection from the process that holds the port bears its reader's address as its own name, which no request can
    change; one that came over the network has its network address.
    """
    seen_by_proxy = request.headers.get("X-Forwarded-For", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    # The proxy adds the last entry; those before it are the sender's own claim.
    return seen_by_proxy.rpartition(",")[2].strip() or _peer(request.META.get("REMOTE_ADDR", ""))


def _peer(connected: str) -> str:
    # Only a local socket's name is a path, and only this machine's own user may open the one that listens.
    return address_in(connected) if "/" in connected else connected
