"""Waking the workers at the moment something is committed, instead of letting them look every second.

Each worker listens on a datagram socket of its own in the data folder; whoever commits something to send knocks at all
of them. A knock may get lost: workers look by themselves now and then, so it saves time and decides nothing. Sockets
are named through a descriptor of their folder, because a path of more than 107 bytes is no address.
"""

import os
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import transaction

FOLDER = "wake"


def _folder() -> Path:
    return Path(settings.CONFIGURATION.data_folder) / FOLDER


def wake() -> None:
    """Knock at every worker once the transaction under way is committed; at once when there is none."""
    transaction.on_commit(_knock)


def _knock() -> None:
    try:
        descriptor = os.open(_folder(), os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
            for name in os.listdir(descriptor):  # noqa: PTH208  (a descriptor is no path)
                _knock_at(sender, descriptor, name)
    finally:
        os.close(descriptor)


def _knock_at(sender: socket.socket, folder: int, name: str) -> None:
    try:
        sender.sendto(b"!", f"/proc/self/fd/{folder}/{name}")
    except ConnectionRefusedError:
        _remove(folder, name)  # nobody listens there any more
    except OSError:  # full: whoever is knocked at that often is awake
        return


def _remove(folder: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=folder)
    except OSError:
        return


class Doorbell:
    """A worker's own socket, to be used in a `with` block; `fileno` is for `select`."""

    def __init__(self, holder: str) -> None:
        """Name it after the worker."""
        self._name = holder
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._folder = -1

    def __enter__(self) -> Self:
        """Listen."""
        _folder().mkdir(mode=0o750, exist_ok=True)
        self._folder = os.open(_folder(), os.O_RDONLY | os.O_DIRECTORY)
        self._socket.bind(f"/proc/self/fd/{self._folder}/{self._name}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Listen no more."""
        self._socket.close()
        _remove(self._folder, self._name)
        os.close(self._folder)

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when somebody knocks."""
        return self._socket.fileno()

    def hush(self) -> bool:
        """Take note of all knocks so far; return whether there were any."""
        is_knocked = False
        try:
            while self._socket.recv(16):
                is_knocked = True
        except BlockingIOError:
            return is_knocked
        return is_knocked
