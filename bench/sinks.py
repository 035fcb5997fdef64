"""Receiving ends for `bench/fanout.py`: a mail server, and an HTTP server for push, text messages and webhooks.

    python bench/sinks.py FOLDER

Each message that was accepted is a line in FOLDER/received.log: the moment, the channel, the recipient, and the id by
which the receiving side can tell a second copy (Message-ID, topic, reference, webhook-id). They answer as
real ones do and do as little else as they can, since they share two cores with what is measured.
"""

import asyncio
import json
import re
import sys
import time
from pathlib import Path

_RECIPIENT = re.compile(rb"RCPT TO:<([^>]*)>", re.IGNORECASE)
_ID = re.compile(rb"\r\nMessage-ID: <([^>]*)>")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_KEYS = {
    b"/push/": re.compile(rb"^POST /push/(\S+) |\r\ntopic: *(\S+)", re.IGNORECASE),
    b"/hook/": re.compile(rb"^POST /hook/(\S+) |\r\nwebhook-id: *(\S+)", re.IGNORECASE),
}


class Log:
    """Lines of what was received, written now and then."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._lines: list[bytes] = []

    def add(self, channel: str, recipient: bytes, identity: bytes) -> None:
        """Keep a line."""
        line = (b"%.6f" % time.time(), channel.encode(), recipient, identity)
        self._lines.append(b" ".join(line) + b"\n")

    async def write(self) -> None:
        """Write now and then, for ever."""
        while True:
            if self._lines:
                lines, self._lines = self._lines, []
                self._file.write(b"".join(lines))
            await asyncio.sleep(0.05)


class MailServer(asyncio.Protocol):
    """ESMTP with pipelining, one connection."""

    def __init__(self, log: Log) -> None:
        self._log, self._waiting, self._recipient, self._is_content = log, b"", b"", False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer what is whole."""
        self._waiting += data
        answers: list[bytes] = []
        while self._took_one(answers):
            continue
        assert self._transport is not None
        if answers:
            self._transport.write(b"".join(answers))

    def _took_one(self, answers: list[bytes]) -> bool:
        end = b"\r\n.\r\n" if self._is_content else b"\r\n"
        piece, found, rest = self._waiting.partition(end)
        if not found:
            return False
        self._waiting = rest
        answers.append(self._content(piece) if self._is_content else self._command(piece))
        return True

    def _content(self, content: bytes) -> bytes:
        self._is_content = False
        found = _ID.search(content)
        self._log.add("email", self._recipient, found[1] if found else b"-")
        return b"250 kept\r\n"

    def _command(self, line: bytes) -> bytes:
        word = line[:4].upper()
        if word == b"EHLO":
            return b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
        if word == b"RCPT":
            found = _RECIPIENT.match(line)
            self._recipient = found[1] if found else b""
        if word == b"DATA":
            self._is_content = True
            return b"354 go ahead\r\n"
        return b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n"


class HttpServer(asyncio.Protocol):
    """HTTP/1.1 with connections kept, for requests with a length."""

    def __init__(self, log: Log) -> None:
        self._log, self._waiting = log, b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer what is whole."""
        self._waiting += data
        assert self._transport is not None
        while True:
            head, found, rest = self._waiting.partition(b"\r\n\r\n")
            if not found:
                return
            stated = _LENGTH.search(head)
            length = int(stated[1]) if stated else 0
            if len(rest) < length:
                return
            self._waiting = rest[length:]
            self._note(head, rest[:length])
            self._transport.write(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok")

    def _note(self, head: bytes, body: bytes) -> None:
        for path, pattern in _KEYS.items():
            if head.startswith(b"POST " + path):
                recipient, identity = (part for found in pattern.findall(head) for part in found if part)
                self._log.add("webpush" if path == b"/push/" else "webhook", recipient, identity)
                return
        if head.startswith(b"POST /sms"):
            given = json.loads(body)
            self._log.add("sms", str(given["to"]).encode(), str(given["reference"]).encode())
        else:  # Alertmanager's webhook
            self._log.add("alertmanager", b"-", str(json.loads(body)["groupLabels"].get("incident", "-")).encode())


async def serve(folder: Path) -> None:
    """Listen until killed; FOLDER/ports.json tells where."""
    loop = asyncio.get_running_loop()
    log = Log(folder / "received.log")
    servers = {
        "smtp": await loop.create_server(lambda: MailServer(log), "127.0.0.1", 0, backlog=512),
        "http": await loop.create_server(lambda: HttpServer(log), "127.0.0.1", 0, backlog=512),
    }
    ports = {name: server.sockets[0].getsockname()[1] for name, server in servers.items()}
    (folder / "ports.part").write_text(json.dumps(ports))
    (folder / "ports.part").rename(folder / "ports.json")
    await log.write()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
