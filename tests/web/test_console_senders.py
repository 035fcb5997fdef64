"""Limits count whoever asks: the address is the connection's, and no header of the sender's own passes for it."""

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from tocsin.web.senders import sender_of

OVER_OUR_SOCKET = "/dev/shm/tocsin-abc/192.0.2.7~41"  # noqa: S108  a name only


@pytest.mark.parametrize(
    ("connected", "claimed", "scheme", "sender"),
    [
        (OVER_OUR_SOCKET, "", "http", "192.0.2.7"),
        (OVER_OUR_SOCKET, "203.0.113.9", "http", "192.0.2.7"),
        (OVER_OUR_SOCKET, "203.0.113.9, 198.51.100.4", "https", "198.51.100.4"),
        (OVER_OUR_SOCKET, "", "https", "192.0.2.7"),
        ("198.51.100.4", "203.0.113.9", "http", "198.51.100.4"),
        ("/tmp/somebody.sock", "", "http", ""),  # noqa: S108  a name only
        ("", "", "http", ""),
    ],
    ids=["socket", "spoofed", "behind-tls", "tls-without", "direct", "other-socket", "nameless"],
)
def test_the_sender_is_who_is_connected(  # noqa: PLR0917  pytest names them
    settings: Settings, connected: str, claimed: str, scheme: str, sender: str
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if scheme == "https" else None
    headers = {"X-Forwarded-For": claimed, "X-Real-IP": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=connected)
    assert sender_of(request) == sender
