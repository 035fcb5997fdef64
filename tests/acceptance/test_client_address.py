"""The application learns who is connected from the way by which a request comes, whatever the request says.

Real parts: the file server's process, granian behind a local socket, and readers on addresses of this machine.
"""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from listening import free_port
from served import until

pytestmark = pytest.mark.slow

GRANIAN = """
import sys
from pathlib import Path
from granian import Granian
Granian("telling_application:application", uds=Path(sys.argv[1]), interface="wsgi", workers=1, blocking_threads=4,
        websockets=False).serve()
"""
PAGES = """
import sys
from pathlib import Path
from tocsin.runtime.pages.server import serve
serve("127.0.0.1", int(sys.argv[1]), site=Path(sys.argv[2]), application=Path(sys.argv[3]))
"""
ASK = b"GET /who HTTP/1.1\r\nHost: x\r\n"
END = b"\r\n\r\n"


@contextmanager
def program(code: str, *arguments: str) -> Iterator[None]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    process = subprocess.Popen([sys.executable, "-c", code, *arguments], env=environment, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder, number = tmp_path_factory.mktemp("who"), free_port()
    place = folder / "web.sock"
    with ExitStack() as running:
        running.enter_context(program(GRANIAN, str(place)))
        running.enter_context(program(PAGES, str(number), str(folder / "site"), str(place)))
        until(lambda: is_answering(number))
        yield number


def is_answering(port: int) -> bool:
    try:
        return b" 200 OK" in asked(port, ASK + b"Connection: close" + END)
    except OSError:
        return False


def asked(port: int, *parts: bytes, source: str = "127.0.0.1", pause_s: float = 0.0) -> bytes:
    """Send the parts one after the other; return all that comes back until the connection ends."""
    with socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0)) as reader:
        reader.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            reader.sendall(part)
            time.sleep(pause_s)
        said = b""
        while more := reader.recv(65536):
            said += more
        return said


def told(answer: bytes) -> list[str]:
    """What the application said it was asked, in order."""
    return [line.decode() for line in re.findall(rb"127\.0\.0\.\d+ [A-Z]+ \S+ \d+|^ [A-Z]+ \S+ \d+", answer)]


LAST = ASK + b"Connection: close" + END


@pytest.mark.parametrize("source", ["127.0.0.2", "127.0.0.3"])
def test_each_reader_has_their_own_address(port: int, source: str) -> None:
    assert told(asked(port, LAST, source=source)) == [f"{source} GET /who 0"]


def test_no_header_passes_for_the_address(port: int) -> None:
    claims = (
        b"X-Forwarded-For: 127.0.0.9\r\nX-Real-IP: 127.0.0.9\r\nForwarded: for=127.0.0.9\r\nRemote-Addr: 127.0.0.9\r\n"
    )
    said = asked(port, ASK + claims + b"Connection: close" + END, source="127.0.0.2")
    assert told(said) == ["127.0.0.2 GET /who 0"]


def test_every_request_on_a_kept_connection_and_all_that_come_together_have_it(port: int) -> None:
    spoofed = ASK + b"X-Forwarded-For: 127.0.0.9" + END
    said = asked(port, spoofed + spoofed + LAST, source="127.0.0.2")
    assert told(said) == ["127.0.0.2 GET /who 0"] * 3
    said = asked(port, spoofed, spoofed, LAST, source="127.0.0.2", pause_s=0.1)
    assert told(said) == ["127.0.0.2 GET /who 0"] * 3


def test_a_request_in_single_bytes_has_it(port: int) -> None:
    parts = [LAST[place : place + 1] for place in range(len(LAST))]
    assert told(asked(port, *parts, source="127.0.0.2", pause_s=0.002)) == ["127.0.0.2 GET /who 0"]


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_of_ten_megabytes_arrives_whole_and_the_next_request_after_it(port: int, framing: str) -> None:
    size = 10_000_000
    head = b"POST /big HTTP/1.1\r\nHost: x\r\n"
    request = b"GET /inner HTTP/1.1\r\nHost: x" + END
    inner = (request * (size // len(request) + 1))[:size]
    if framing == "chunked":
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (inner[:7], inner[7:])) + b"0\r\n\r\n"
        request = head + b"Transfer-Encoding: chunked" + END + body
    else:
        request = head + b"Content-Length: %d" % size + END + inner
    said = asked(port, request + LAST, source="127.0.0.2")
    assert told(said) == [f"127.0.0.2 POST /big {size}", "127.0.0.2 GET /who 0"]


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\ncontent-length : 4",
        b"Content-Length: 4\r\nContent-Length: 5",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        b"X: y\nContent-Length: 4\r\nTransfer-Encoding: chunked",
    ],
    ids=["both", "both-spaced", "two-lengths", "two-encodings", "bare-newline"],
)
@pytest.mark.parametrize("path", [b"/who", b"/site/"], ids=["application", "pages"])
def test_a_body_with_two_lengths_is_refused(port: int, path: bytes, fields: bytes) -> None:
    request = (
        b"POST "
        + path
        + b" HTTP/1.1\r\nHost: x\r\n"
        + fields
        + END
        + b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x"
        + END
    )
    said = asked(port, request)
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b"smuggled" not in said


def test_a_slow_reader_holds_up_nobody(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20, source_address=("127.0.0.4", 0)) as slow:
        slow.sendall(b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n\r\nab")
        for _ in range(20):
            assert told(asked(port, LAST, source="127.0.0.2")) == ["127.0.0.2 GET /who 0"]
        slow.sendall(b"cd")
        said = b""
        while more := slow.recv(65536):
            said += more
    assert told(said) == ["127.0.0.4 POST /slow 4"]
