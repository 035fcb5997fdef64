"""A real SMSC on loopback: it speaks SMPP 3.4 over TCP (or TLS), keeps what is submitted, and answers as told."""

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from smpplib import consts, smpp
from smpplib.client import SimpleSequenceGenerator

BINDS = (0x2, 0x9)
SUBMIT, ENQUIRE, UNBIND, DELIVER = 0x4, 0x15, 0x6, 0x5
ANSWER = 0x80000000


@dataclass
class Smsc:
    """What was submitted, and how the server answers submissions: `answers` are command statuses in turn.

    `hang` answers nothing, `hang up` closes the connection, `ask` puts a receipt and a question before the answer.
    """

    password: str = "secret"
    answers: list[int | str] = field(default_factory=list)
    submitted: list[Any] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    heard: list[int] = field(default_factory=list)
    binds: int = 0
    port: int = 0
    over: threading.Event = field(default_factory=threading.Event)


class Sequence:
    """What smpplib asks of a client while it reads."""

    sequence_generator = SimpleSequenceGenerator()

    def next_sequence(self) -> int:
        return int(self.sequence_generator.next_sequence())


@contextmanager
def smsc_server(smsc: Smsc | None = None, *, tls: ssl.SSLContext | None = None) -> Iterator[Smsc]:
    """Run the server on a free port of loopback until the end of the block."""
    smsc = smsc or Smsc()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        smsc.port = listener.getsockname()[1]
        opened: list[socket.socket] = []
        thread = threading.Thread(target=_accept, args=(listener, smsc, tls, opened), daemon=True)
        thread.start()
        try:
            yield smsc
        finally:
            smsc.over.set()
            listener.shutdown(socket.SHUT_RDWR)
            for each in opened:
                each.close()
            thread.join()


def _accept(listener: socket.socket, smsc: Smsc, tls: ssl.SSLContext | None, opened: list[socket.socket]) -> None:
    while not smsc.over.is_set():
        try:
            link, _ = listener.accept()
            link = tls.wrap_socket(link, server_side=True) if tls is not None else link
        except OSError:
            continue
        opened.append(link)
        threading.Thread(target=_serve, args=(link, smsc), daemon=True).start()


def _serve(link: socket.socket, smsc: Smsc) -> None:
    try:
        while _answered(link, smsc):
            pass
    except (OSError, struct.error):
        pass
    finally:
        link.close()


def _answered(link: socket.socket, smsc: Smsc) -> bool:
    raw = _pdu(link)
    _, command, _, sequence = struct.unpack(">IIII", raw[:16])
    smsc.heard.append(command)
    if command in BINDS:
        smsc.binds += 1
        is_right = smsc.password.encode() in raw[16:].split(b"\0")
        _say(link, command | ANSWER, 0 if is_right else consts.SMPP_ESME_RINVPASWD, sequence, b"fake\0")
        return bool(is_right)
    if command == SUBMIT:
        return _submitted(link, smsc, raw, sequence)
    if not command & ANSWER:
        _say(link, command | ANSWER, 0, sequence)
    return bool(command != UNBIND)


def _submitted(link: socket.socket, smsc: Smsc, raw: bytes, sequence: int) -> bool:
    smsc.raw.append(raw)
    smsc.submitted.append(smpp.parse_pdu(raw, client=Sequence(), allow_unknown_opt_params=True))
    answer = smsc.answers.pop(0) if smsc.answers else 0
    if answer == "hang":
        smsc.over.wait(30)
        return False
    if answer == "hang up":
        return False
    if answer == "ask":
        _say(link, ENQUIRE, 0, 71)
        _say(link, DELIVER, 0, 72, b"\0\1\1" + b"32470\0" + b"\1\1" + b"Tocsin\0" + b"\4" + b"\0" * 8 + b"\2ok")
        answer = 0
    _say(link, SUBMIT | ANSWER, int(answer), sequence, b"id-%d\0" % len(smsc.submitted) if answer == 0 else b"")
    return True


def _say(link: socket.socket, command: int, status: int, sequence: int, *body: bytes) -> None:
    content = b"".join(body)
    link.sendall(struct.pack(">IIII", 16 + len(content), command, status, sequence) + content)


def _pdu(link: socket.socket) -> bytes:
    head = _exactly(link, 4)
    return head + _exactly(link, struct.unpack(">I", head)[0] - 4)


def _exactly(link: socket.socket, length: int) -> bytes:
    received = b""
    while len(received) < length:
        piece = link.recv(length - len(received))
        if not piece:
            raise OSError("closed")
        received += piece
    return received
