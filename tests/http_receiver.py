"""A real HTTP server on loopback that keeps what it is sent and answers as told; for tests of what leaves the house."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast


@dataclass(frozen=True)
class Request:
    """One request as it arrived; header names in small letters."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class Receiver:
    """What arrived, and how the server answers: `answers` in turn, then `otherwise`.

    An answer is a status, a pair of status and body, or a misbehaviour: `hang`, `hang up`, `redirect`, `flood`,
    `trickle`.
    """

    otherwise: Any = 200
    answers: list[Any] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    port: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self.port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        receiver = cast("_Server", self.server).receiver
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        receiver.requests.append(Request(self.command, self.path, headers, body, self.client_address[1]))
        answer = receiver.answers.pop(0) if receiver.answers else receiver.otherwise
        if isinstance(answer, str):
            getattr(self, f"_{answer.replace(' ', '_')}")(receiver)
        else:
            status, content = answer if isinstance(answer, tuple) else (answer, b"")
            self._say(status, content)

    def do_GET(self) -> None:
        self.do_POST()

    def _say(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        kind = "text/html" if content.startswith(b"<") else "application/json"
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _hang(self, receiver: Receiver) -> None:
        receiver.over.wait(30)
        self.close_connection = True

    def _hang_up(self, _receiver: Receiver) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def _redirect(self, _receiver: Receiver) -> None:
        self._say(302, b"", Location="/elsewhere")

    def _flood(self, receiver: Receiver) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while not receiver.over.is_set():
            self.wfile.write(bytes(65536))

    def _trickle(self, receiver: Receiver) -> None:
        # A byte now and then keeps every time limit for a single read from striking.
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not receiver.over.wait(0.05):
            self.wfile.write(b"x")
            self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    receiver: Receiver

    def handle_error(self, *_: Any) -> None:
        pass  # whoever sent hung up, as it should


@contextmanager
def http_receiver(receiver: Receiver | None = None, *, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Run the server on a free port of loopback until the end of the block."""
    receiver = receiver or Receiver()
    server = _Server(("127.0.0.1", 0), _Handler)
    server.receiver = receiver
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
