"""A mail server that delivers nothing: it keeps each message as a file and shows them all on a local page.

For demonstrations only. It listens on loopback; the messages are real ones, sent over real SMTP.
"""

import email
import html
import itertools
import logging
import socket
import threading
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

STYLE = (
    "body{font:17px/1.5 system-ui,sans-serif;max-width:46rem;margin:1rem auto;padding:0 1rem}"
    "li{margin:.5rem 0}pre{white-space:pre-wrap;overflow-wrap:anywhere}"
)


def free_port() -> int:
    """Return a loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Keeper:
    """aiosmtpd's handler: one `.eml` file a message, numbered in order of arrival."""

    def __init__(self, folder: Path, told: Callable[[EmailMessage], object]) -> None:
        self.folder = folder
        self.told = told
        self.numbers = itertools.count(1)
        self.lock = threading.Lock()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep the message and accept it."""
        del server, session
        content = envelope.original_content or b""
        with self.lock:
            path = self.folder / f"{next(self.numbers):04d}.eml"
            path.write_bytes(content)
        self.told(_read(path))
        return "250 Kept, and delivered to nobody"


class _Pages(BaseHTTPRequestHandler):
    """`/` lists the messages, newest first; `/<name>` shows one."""

    folder: ClassVar[Path]

    def do_GET(self) -> None:
        """Answer with the list or with one message; 404 for anything else."""
        name = self.path.strip("/")
        known = {path.name: path for path in self.folder.glob("*.eml")}
        if not name:
            self._answer(200, _list_page(known))
        elif name in known:
            self._answer(200, _message_page(known[name]))
        else:
            self._answer(404, "<p>No such message.</p>")

    def _answer(self, status: int, body: str) -> None:
        page = f"<!doctype html><html lang=en><meta charset=utf-8><title>Mail sent</title><style>{STYLE}</style>{body}"
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Say nothing: the terminal belongs to the story."""


def _read(path: Path) -> EmailMessage:
    message = email.message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    return message


def _list_page(messages: dict[str, Path]) -> str:
    rows = []
    for name in sorted(messages, reverse=True):
        message = _read(messages[name])
        rows.append(
            f'<li><a href="/{name}">{html.escape(str(message["subject"]))}</a><br>{html.escape(str(message["to"]))}'
        )
    note = "Newest first; load the page again for newer ones. Nothing left this machine."
    return f"<h1>Mail that was sent: {len(rows)}</h1><p>{note}<ul>{''.join(rows)}</ul>"


def _message_page(path: Path) -> str:
    message = _read(path)
    body = message.get_body(preferencelist=("plain", "html"))
    text = body.get_content() if body is not None else ""
    return f'<p><a href="/">All mail</a><h1>{html.escape(str(message["subject"]))}</h1><pre>{html.escape(text)}</pre>'


class MailSink:
    """Runs the SMTP server and the page on free loopback ports, from `with` to its end."""

    def __init__(self, folder: Path, *, told: Callable[[EmailMessage], object] = lambda _message: None) -> None:
        """Keep messages in `folder`, which is made when absent; `told` hears of each."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._smtp_port = free_port()
        self._controller = Controller(_Keeper(folder, told), hostname="127.0.0.1", port=self._smtp_port)
        pages = type("Pages", (_Pages,), {"folder": folder})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), pages)

    @property
    def smtp_url(self) -> str:
        """Where mail is handed over."""
        return f"smtp://127.0.0.1:{self._smtp_port}"

    @property
    def page_url(self) -> str:
        """Where the messages can be read."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def __enter__(self) -> Self:
        """Start both servers."""
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd tells every line of every dialogue
        self._controller.start()
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop both servers."""
        del kind, error, trace
        self._server.shutdown()
        self._server.server_close()
        self._controller.stop()
