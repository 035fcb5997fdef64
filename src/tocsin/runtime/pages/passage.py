"""Connections to the application, each under the name of the reader for whom it is.

No header says who asks: whoever may write headers may write that one too, and to write it into every request of a
connection one would have to know where each ends. A socket's name is given once and cannot be sent.
"""

import logging
import shutil
import socket
import tempfile
from itertools import count
from pathlib import Path

from tocsin.kernel.peers import socket_name

log = logging.getLogger(__name__)

IN_MEMORY = Path("/dev/shm")  # noqa: S108  a folder of our own is made below it, for ourselves alone
"""Names are made and removed again for each connection: better where no disk is waited for."""


class Passage:
    """The way to the application that listens at a local socket."""

    def __init__(self, application: str) -> None:
        """Build it; nothing is opened yet."""
        self._application = application
        self._folder: Path | None = None
        self._numbers = count()

    def open(self, reader: str) -> socket.socket:
        """Return a connection named after the reader's network address; raises `OSError` when nobody listens."""
        # Never waits: a local connection is there at once, or refused.
        way = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        way.settimeout(0)
        place = self._named(way, reader)
        try:
            way.connect(self._application)
        except OSError:
            way.close()
            raise
        finally:
            if place is not None:
                place.unlink(missing_ok=True)
        return way

    def close(self) -> None:
        """Leave nothing behind."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _named(self, way: socket.socket, reader: str) -> Path | None:
        try:
            return self._bound(way, reader)
        except OSError:
            self._folder = None
        try:
            # Somebody tidied temporary files away, perhaps: once more, in a folder that is new.
            return self._bound(way, reader)
        except OSError as error:
            log.warning("a reader's address cannot be handed on: %s", error.strerror)
            return None

    def _bound(self, way: socket.socket, reader: str) -> Path:
        place = self._place() / socket_name(reader, next(self._numbers))
        way.bind(str(place))
        return place

    def _place(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="tocsin-", dir=_roomy()))
        return self._folder


def _roomy() -> Path | None:
    try:
        with tempfile.TemporaryFile(dir=IN_MEMORY):
            return IN_MEMORY
    except OSError:
        return None
