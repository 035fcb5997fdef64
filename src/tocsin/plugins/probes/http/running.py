"""Runs HTTP probes: all that are due at once, each under a deadline that nothing can stretch.

The name is resolved first, every address is checked, and the connection goes to the checked address (so that a name
that resolves differently a moment later reaches nothing inside). Redirects are not followed: they are an answer.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
from http import HTTPStatus
from typing import Final

import httpx

from tocsin.kernel.addresses import addresses_of, is_public
from tocsin.kernel.clock import Clock
from tocsin.observations.rules.model import ProbeResult
from tocsin.plugins.probes.http.probe import HttpProbe

log = logging.getLogger(__name__)

_MAX_BODY: Final = 256 * 1024
_AT_ONCE: Final = 20


class _Failed(Exception):  # noqa: N818  it is an outcome of the service, not an error of ours
    """The service did not do what the probe expects; the message says what it did."""


def run_due(
    probes: Sequence[HttpProbe],
    *,
    clock: Clock,
    last: Mapping[str, datetime],
    may_reach_private: bool = False,
) -> tuple[tuple[ProbeResult, ...], dict[str, datetime]]:
    """Run the probes that are due and return their results, and when each was last run (to be handed in next time)."""
    now = clock.now()
    due = [probe for probe in probes if probe.id not in last or now - last[probe.id] >= probe.interval]
    if not due:
        return (), dict(last)
    results = asyncio.run(_run_all(due, clock=clock, may_reach_private=may_reach_private))
    return results, {**last, **dict.fromkeys((probe.id for probe in due), now)}


async def _run_all(probes: Sequence[HttpProbe], *, clock: Clock, may_reach_private: bool) -> tuple[ProbeResult, ...]:
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(probe: HttpProbe) -> ProbeResult:
        async with turns:
            return await _run(probe, clock=clock, may_reach_private=may_reach_private)

    return tuple(await asyncio.gather(*(one(probe) for probe in probes)))


async def _run(probe: HttpProbe, *, clock: Clock, may_reach_private: bool) -> ProbeResult:
    started_s = time.perf_counter()
    is_ok = False
    try:
        async with asyncio.timeout(probe.timeout_s):
            detail = await _ask(probe, may_reach_private=may_reach_private)
            is_ok = True
    except TimeoutError:
        detail = f"timeout: no whole answer within {probe.timeout_s:g} s"
    except _Failed as failure:
        detail = str(failure)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        detail = _words(error)
    return ProbeResult(
        at=clock.now(),
        probe=probe.id,
        service=probe.service,
        function=probe.function,
        is_ok=is_ok,
        duration_ms=round((time.perf_counter() - started_s) * 1000, 1),
        detail=detail[:200],
    )


async def _ask(probe: HttpProbe, *, may_reach_private: bool) -> str:
    url = httpx.URL(probe.url)
    address = await _address(url, may_reach_private=may_reach_private)
    headers = {"Host": url.netloc.decode("ascii"), "User-Agent": "Tocsin-Probe/1", "Accept-Encoding": "identity"}
    # No time limits of its own: the deadline around it all is the one that counts.
    async with httpx.AsyncClient(timeout=None, trust_env=False, follow_redirects=False) as client:  # noqa: S113  see above
        request = client.build_request(
            "GET", url.copy_with(host=address), headers=headers, extensions={"sni_hostname": url.host}
        )
        answer = await client.send(request, stream=True)
        try:
            body = await _beginning(answer)
        finally:
            await answer.aclose()
    if answer.status_code != probe.expect_status:
        raise _Failed(f"{_status(answer.status_code)} instead of {probe.expect_status}")
    if probe.expect_text and probe.expect_text not in body.decode("utf-8", errors="replace"):
        raise _Failed(f"{_status(answer.status_code)}, but the expected text is missing")
    return _status(answer.status_code)


async def _beginning(answer: httpx.Response) -> bytes:
    body = b""
    async for piece in answer.aiter_raw():
        body += piece
        if len(body) > _MAX_BODY:
            break
    return body


async def _address(url: httpx.URL, *, may_reach_private: bool) -> str:
    port = url.port or (443 if url.scheme == "https" else 80)
    loop = asyncio.get_running_loop()
    # In threads of our own: a name server that hangs must not keep the loop from closing at the deadline.
    found = await loop.run_in_executor(_resolvers(), addresses_of, url.host, port)
    if not may_reach_private:
        for address in found:
            if not is_public(address):
                raise _Failed(f"{url.host} is at {address}, which is not a public address (probes_may_reach_private)")
    return found[0]


@cache
def _resolvers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="resolve")


def _status(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)


def _words(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "the name cannot be resolved"
    if isinstance(error, httpx.ConnectError):
        return f"no connection ({error})"
    return f"no valid answer ({type(error).__name__}: {error})"
