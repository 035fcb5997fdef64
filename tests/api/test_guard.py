"""The bound that stands before Django under ASGI."""

import asyncio
import json
from typing import Any

from tocsin.api.body import MAX_SENT
from tocsin.api.guard import bounded


def ask(chunks: list[int], *, kind: str = "http") -> tuple[list[int], list[dict[str, Any]]]:
    """Send bodies of these sizes; return the sizes that the application read, and what was answered."""
    read: list[int] = []
    answered: list[dict[str, Any]] = []
    coming = iter(chunks)

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["body"]:
            read.append(len(message["body"]))
        await send({"type": "http.response.start", "status": 200})

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": bytes(next(coming, 0))}

    async def send(message: dict[str, Any]) -> None:
        answered.append(message)

    asyncio.run(bounded(app)({"type": kind}, receive, send))  # type: ignore[arg-type]  # awaitable, if not a coroutine
    return read, answered


def test_an_ordinary_body_passes() -> None:
    read, answered = ask([1000, 2000])
    assert (read, answered[0]["status"]) == ([1000, 2000], 200)


def test_a_body_without_end_is_stopped() -> None:
    read, answered = ask([8 * 1024 * 1024] * 100)
    assert len(read) == 2
    assert answered[0]["status"] == 413
    assert json.loads(answered[1]["body"])["code"] == "body.too_large"


def test_what_is_no_request_passes_untouched() -> None:
    assert ask([MAX_SENT, MAX_SENT], kind="lifespan")[1][0]["status"] == 200
