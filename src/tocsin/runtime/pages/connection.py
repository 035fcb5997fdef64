"""One reader's connection: pages are answered from memory, all else is handed to the application.

A request for a page is understood here; the first one for anything else turns the connection into a plain pipe to the
application, for good: what is not understood cannot be misunderstood, and there is no second opinion on where a request
ends. The pipe bears the reader's address as its name, whatever the requests say. The application serves the pages too,
so such a connection lacks nothing. Where the application does not answer, its readers are told so, and pages go on.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import cast

from tocsin.runtime.pages.passage import Passage
from tocsin.runtime.pages.shelf import Shelf

SITE = b"/site/"
END = b"\r\n\r\n"
MOST_HEAD_BYTES = 16_384

UNAVAILABLE = (
    b"HTTP/1.1 503 Service Unavailable\r\nServer: tocsin\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Retry-After: 5\r\nCache-Control: no-store\r\nContent-Length: 66\r\nConnection: close\r\n\r\n"
    b"The application does not answer. The public pages are at /site/ .\n"
)
BAD = b"HTTP/1.1 400 Bad Request\r\nServer: tocsin\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class DateLine:
    """The `Date` header, made once a second."""

    def __init__(self) -> None:
        """Begin with the present second."""
        self.line = b""
        self.renew()

    def renew(self) -> None:
        """Let the line say the present second."""
        self.line = f"Date: {formatdate(usegmt=True)}\r\n".encode()


class Connection(asyncio.Protocol):
    """Speaks HTTP/1.1 with one reader."""

    def __init__(self, house: "House") -> None:
        """Answer from the house's shelf, and hand over to the application that listens at its socket."""
        self._shelf = house.shelf
        self._passage = house.passage
        self._open = house.connections
        self._clock = house.clock
        self._buffer = b""
        self._upstream: asyncio.Transport | None = None
        self._is_waiting = False
        self._loop = asyncio.get_running_loop()
        self._since_s = self._loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._open.add(self)

    def connection_lost(self, _error: Exception | None) -> None:
        """End, and let go of the application too."""
        self._open.discard(self)
        if self._upstream is not None:
            self._upstream.close()

    def data_received(self, data: bytes) -> None:
        """Answer every whole request in what came; keep the rest for later."""
        if self._upstream is not None:
            self._upstream.write(data)
            return
        self._since_s = self._loop.time()
        self._buffer = self._buffer + data if self._buffer else data
        if not self._is_waiting:
            self._answer_all()

    def eof_received(self) -> bool:
        """Let a reader that will say no more still have its answer."""
        if self._upstream is not None:
            with contextlib.suppress(OSError, RuntimeError):
                self._upstream.write_eof()
            return True
        return self._is_waiting

    def pause_writing(self) -> None:
        """Read no more from the application while the reader cannot follow, nor from the reader."""
        (self._upstream or self._transport).pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        (self._upstream or self._transport).resume_reading()

    def close_if_idle(self, before_s: float) -> None:
        """Close a connection on which nothing was asked since that moment of the loop's clock."""
        if self._upstream is None and not self._is_waiting and self._since_s < before_s:
            self._transport.close()

    def _answer_all(self) -> None:
        answers: list[bytes] = []
        while (end := self._buffer.find(END)) >= 0:
            head, rest = self._buffer[:end], self._buffer[end + 4 :]
            answer = self._answer(head)
            if answer is None:
                self._flush(answers)
                self._refuse() if _is_ambiguous(head) else self._hand_over()
                return
            self._buffer = rest
            answers.append(answer)
            if _wants_end(head):
                self._flush(answers)
                self._transport.close()
                return
        self._flush(answers)
        if len(self._buffer) > MOST_HEAD_BYTES:
            self._refuse()

    def _refuse(self) -> None:
        self._transport.write(BAD)
        self._transport.close()

    def _flush(self, answers: list[bytes]) -> None:
        if answers:
            self._transport.write(answers[0] if len(answers) == 1 else b"".join(answers))

    def _answer(self, head: bytes) -> bytes | None:
        """Return the answer to a request for a page that is there; None for any other request."""
        line, _, fields = head.partition(b"\r\n")
        method, _, rest = line.partition(b" ")
        target, _, version = rest.partition(b" ")
        if method not in {b"GET", b"HEAD"} or version != b"HTTP/1.1" or not target.startswith(SITE):
            return None
        fields = b"\r\n" + fields + b"\r\n"
        lowered = fields.lower()
        # However it is written, a request that could have a body is none for us to end.
        if b"content-length" in lowered or b"transfer-encoding" in lowered or b"%" in target:
            return None
        path = target[len(SITE) :].partition(b"?")[0]
        answer = self._shelf.find(path.decode("latin-1"), _field(lowered, lowered, b"accept-encoding"))
        if answer is None:
            return None
        held_tags = _field(fields, lowered, b"if-none-match")
        if held_tags and (answer.tag in held_tags or held_tags == b"*"):
            return b"".join((b"HTTP/1.1 304 Not Modified\r\n", self._clock.line, answer.unchanged))
        return b"".join((answer.status, self._clock.line, answer.head if method == b"HEAD" else answer.full))

    def _hand_over(self) -> None:
        self._is_waiting = True
        self._transport.pause_reading()
        task = self._loop.create_task(self._connect())
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _connect(self) -> None:
        try:
            way = self._passage.open(_address(self._transport))
            upstream, _ = await self._loop.create_unix_connection(lambda: Return(self._transport), sock=way)
        except OSError:
            self._transport.write(UNAVAILABLE)
            self._transport.close()
            return
        if self._transport.is_closing():
            upstream.close()
            return
        self._upstream = upstream
        self._is_waiting = False
        held, self._buffer = self._buffer, b""
        upstream.write(held)
        self._transport.resume_reading()


@dataclass(frozen=True, slots=True)
class House:
    """What all connections share: the pages, the way to the application, the date, and who is connected."""

    shelf: Shelf
    passage: Passage
    clock: DateLine = field(default_factory=DateLine)
    connections: set[Connection] = field(default_factory=set)


class Return(asyncio.Protocol):
    """The way back from the application to the reader."""

    __slots__ = ("_reader",)

    def __init__(self, reader: asyncio.Transport) -> None:
        """Write to `reader` whatever comes."""
        self._reader = reader

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        self._reader.write(data)

    def connection_lost(self, _error: Exception | None) -> None:
        """When the application is through, so is the connection."""
        self._reader.close()

    def pause_writing(self) -> None:
        """Take no more from the reader while the application cannot follow."""
        self._reader.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self._reader.resume_reading()


def _address(transport: asyncio.Transport) -> str:
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) else ""


def _is_ambiguous(head: bytes) -> bool:
    """Say whether a head tells its body's length twice: where two disagree, somebody's request is smuggled."""
    names = [line.partition(b":")[0].strip().lower() for line in head.split(b"\n")[1:]]
    return names.count(b"content-length") + names.count(b"transfer-encoding") > 1


def _field(fields: bytes, lowered: bytes, name: bytes) -> bytes:
    start = lowered.find(b"\r\n" + name + b":")
    if start < 0:
        return b""
    start += len(name) + 3
    return fields[start : fields.find(b"\r\n", start)].strip()


def _wants_end(head: bytes) -> bool:
    lowered = head.lower()
    start = lowered.find(b"\r\nconnection:")
    return start >= 0 and b"close" in lowered[start : (lowered + b"\r\n").find(b"\r\n", start + 2)]
