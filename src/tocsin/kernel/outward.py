"""HTTP to addresses that others gave us: pinned to the checked address, no redirects, bounded in time and size.

One connection an origin is kept and used again, so that thirty thousand notifications to one push service do not
cost thirty thousand handshakes. An `Outward` belongs to one thread at a time.
"""

import http.client
import io
import select
import socket
import ssl
import time
from collections import OrderedDict
from collections.abc import Buffer, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LookUpTimeoutError
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, cast

from tocsin.kernel.addresses import LookUp, Origin, OutwardPolicy, OutwardUrl, reachable
from tocsin.kernel.errors import DeliveryError, InputError

AT_MOST_S: Final = 8.0
"""From the first look at the name to the last byte of the answer."""

CONNECT_S: Final = 4.0
LARGEST_ANSWER: Final = 64 * 1024
_KEPT: Final = 64
_LOOK_UPS_AT_ONCE: Final = 16

NOT_SENT: Final = "outward.not-sent"
"""The code of a `DeliveryError` that is certain to have reached nobody: trying elsewhere doubles nothing."""

UNANSWERED: Final = "outward.unanswered"
"""The code of a `DeliveryError` after which the other side may have taken what was sent, or not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `body` is at most the first 64 KiB."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Outward:
    """Sends requests, each under one deadline, over connections that are used again until `close`."""

    def __init__(
        self,
        policy: OutwardPolicy,
        *,
        look_up: LookUp | None = None,
        tls: ssl.SSLContext | None = None,
        at_most_s: float = AT_MOST_S,
    ) -> None:
        """Take how far to reach; `look_up` and `tls` replace the machine's own, `at_most_s` bounds each request."""
        self._policy = policy
        self._look_up = look_up
        self._tls = tls
        self._at_most_s = at_most_s
        self._kept: OrderedDict[Origin, _Connection] = OrderedDict()

    def send(
        self,
        url: OutwardUrl,
        *,
        body: bytes,
        headers: Mapping[str, str],
        method: str = "POST",
        may_repeat: bool = False,
    ) -> Answer:
        """Send a request and return the answer, whatever its status; a redirect is an answer like any other.

        A connection that was kept may have been closed at the other end meanwhile: with `may_repeat` (the receiver
        can tell a second copy) the request is then sent once more over a new one. Raises `DeliveryError`
        (`outward.not-sent`, `outward.unanswered`; permanent where the address itself is refused).
        """
        ends_s = time.monotonic() + self._at_most_s
        connection, is_kept = self._connection(url.origin, ends_s=ends_s)
        try:
            return self._exchange(connection, url, body=body, headers=headers, method=method)
        except DeliveryError:
            if not (is_kept and may_repeat) or time.monotonic() >= ends_s:
                raise
        connection = self._opened(url.origin, ends_s=ends_s)
        return self._exchange(connection, url, body=body, headers=headers, method=method)

    def close(self) -> None:
        """Let go of every connection."""
        while self._kept:
            self._kept.popitem()[1].close()

    def _connection(self, origin: Origin, *, ends_s: float) -> "tuple[_Connection, bool]":
        kept = self._kept.pop(origin, None)
        if kept is not None and kept.is_usable():
            kept.ends_at(ends_s)
            return kept, True
        if kept is not None:
            kept.close()
        return self._opened(origin, ends_s=ends_s), False

    def _opened(self, origin: Origin, *, ends_s: float) -> "_Connection":
        try:
            addresses = self._checked(origin, ends_s=ends_s)
            connection = _Connection(origin, addresses, ends_s=ends_s, tls=self._context(origin))
            connection.connect()
        except InputError as error:
            raise DeliveryError(error.code, error.message, permanent=True, where=str(origin)) from error
        except (OSError, ValueError) as error:
            raise DeliveryError("outward.not-sent", _words(error), permanent=False, where=str(origin)) from error
        return connection

    def _checked(self, origin: Origin, *, ends_s: float) -> tuple[str, ...]:
        asked = _resolvers().submit(reachable, origin, policy=self._policy, look_up=self._look_up)
        try:
            return asked.result(timeout=min(CONNECT_S, max(0.0, ends_s - time.monotonic())))
        except LookUpTimeoutError as error:
            asked.cancel()
            raise OSError("the name was not resolved in time") from error

    def _context(self, origin: Origin) -> ssl.SSLContext | None:
        if origin.scheme != "https":
            return None
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def _exchange(
        self, connection: "_Connection", url: OutwardUrl, *, body: bytes, headers: Mapping[str, str], method: str
    ) -> Answer:
        try:
            connection.request(method, url.target, body=body, headers=headers)
            response = connection.getresponse()
            content = response.read(LARGEST_ANSWER)
            is_whole = response.isclosed() or not response.read(1)
        except (OSError, http.client.HTTPException, ValueError) as error:
            connection.close()
            raise DeliveryError("outward.unanswered", _words(error), permanent=False, where=str(url.origin)) from error
        if is_whole and not response.will_close:
            self._keep(url.origin, connection)
        else:
            connection.close()
        return Answer(response.status, cast("Mapping[str, str]", response.headers), content)

    def _keep(self, origin: Origin, connection: "_Connection") -> None:
        self._kept[origin] = connection
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)[1].close()


class _Connection(http.client.HTTPConnection):
    """A connection to one of some checked addresses, all of whose waits end at one moment."""

    def __init__(
        self, origin: Origin, addresses: tuple[str, ...], *, ends_s: float, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__(origin.host, origin.port)
        self.default_port = 443 if origin.scheme == "https" else 80  # decides whether the Host header names the port
        self._origin = origin
        self._addresses = addresses
        self._ends_s = ends_s
        self._tls = tls

    def connect(self) -> None:
        """Open it; raises `OSError` when none of the addresses takes it."""
        last: OSError = OSError("the name has no address")
        for address in self._addresses:
            try:
                opened = self._opened(address)
            except OSError as error:
                last = error
                continue
            self.sock = _Timed(opened, ends_s=self._ends_s)
            return
        raise last

    def ends_at(self, ends_s: float) -> None:
        """Give the next exchange its own deadline."""
        self._ends_s = ends_s
        if isinstance(self.sock, _Timed):
            self.sock.ends_s = ends_s

    def is_usable(self) -> bool:
        """Say whether the other side has neither closed it nor sent what nobody asked for."""
        return isinstance(self.sock, _Timed) and self.sock.is_quiet()

    def _opened(self, address: str) -> socket.socket:
        remaining_s = min(CONNECT_S, self._ends_s - time.monotonic())
        if remaining_s <= 0:
            raise TimeoutError("no connection in time")
        opened = socket.create_connection((address, self._origin.port), timeout=remaining_s)
        try:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return opened if self._tls is None else self._tls.wrap_socket(opened, server_hostname=self._origin.host)
        except BaseException:
            opened.close()
            raise


class _Timed:
    """As much of a socket as HTTP needs; a server that sends a byte now and then stretches no deadline."""

    def __init__(self, inner: socket.socket, *, ends_s: float) -> None:
        self.inner = inner
        self.ends_s = ends_s
        self._readers = 0
        self._is_closed = False

    def sendall(self, data: Any) -> None:
        self._limit()
        self.inner.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        self._readers += 1
        return io.BufferedReader(_Reading(self))

    def receive(self, place: Buffer) -> int:
        self._limit()
        return self.inner.recv_into(place)

    def is_quiet(self) -> bool:
        if self._is_closed:
            return False
        poll = select.poll()  # select() knows no more than 1,024 connections
        poll.register(self.inner, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        self._is_closed = True
        self._close_if_unused()

    def released(self) -> None:
        self._readers -= 1
        self._close_if_unused()

    def _close_if_unused(self) -> None:
        # An answer that ends with its connection is still read after HTTPConnection let go of the socket.
        if self._is_closed and self._readers == 0:
            self.inner.close()

    def _limit(self) -> None:
        remaining_s = self.ends_s - time.monotonic()
        if remaining_s <= 0:
            raise TimeoutError("no whole answer in time")
        self.inner.settimeout(remaining_s)


class _Reading(io.RawIOBase):
    def __init__(self, of: _Timed) -> None:
        super().__init__()
        self._of = of

    def readable(self) -> bool:
        return True

    def readinto(self, place: Buffer) -> int:
        return self._of.receive(place)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._of.released()


@cache
def _resolvers() -> ThreadPoolExecutor:
    # In threads of our own: a name server that hangs must not hold up whoever sends.
    return ThreadPoolExecutor(max_workers=_LOOK_UPS_AT_ONCE, thread_name_prefix="look-up")


def _words(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "The name cannot be resolved."
    return f"{type(error).__name__}: {error}"[:200]
