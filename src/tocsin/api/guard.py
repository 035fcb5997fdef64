"""Stands before Django and stops a body that is too large while it still arrives.

Django reads a whole body into a temporary file before any of our code runs; without this, whoever reaches the port
could fill the disk. Everything else passes untouched.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from tocsin.api.body import MAX_SENT, TooLargeError

type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type App = Callable[[Any, Any, Any], Awaitable[None]]

_MARGIN: Final = 1024 * 1024
"""A little more than the limit passes, so that the ordinary answer, which is counted, covers the ordinary mistake."""


class _TooMuch(Exception):  # noqa: N818  it never leaves this module
    """More came than may come."""


def bounded(app: App) -> App:
    """Return the ASGI application with its request bodies bounded."""

    async def guarded(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_SENT + _MARGIN:
                raise _TooMuch
            return message

        try:
            await app(scope, counted, send)
        except _TooMuch:
            await _refuse(send)

    return guarded


async def _refuse(send: Send) -> None:
    error = TooLargeError("The body", MAX_SENT)
    document = {
        "type": "about:blank",
        "title": "Content Too Large",
        "status": error.http_status,
        "code": error.code,
        "detail": error.message,
        "hint": error.hint,
    }
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": error.http_status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(document).encode()})
