"""Who sends a request: its network address, for limits on how often one may try."""

from django.conf import settings
from django.http import HttpRequest


def sender_of(request: HttpRequest) -> str:
    """Return the network address of whoever asks; behind a TLS proxy, the one that the proxy saw."""
    seen_by_proxy = request.headers.get("X-Forwarded-For", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    # The proxy adds the last entry; those before it are the sender's own claim.
    return seen_by_proxy.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")
