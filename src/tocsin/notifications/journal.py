"""A worker's own notes of what it has begun and what it has sent, beside the database.

The database is told in groups. Between two of them a worker writes a few bytes for each message into a file of its
own, so that when it is killed another one reads there what was sent and what was never begun: neither is sent twice.
Only what was begun and not answered is in doubt (one message a lane), and is sent again under the same key.

The file is locked by its worker for as long as that lives. What the system has been handed survives the process; after
a loss of power the last group may be sent again.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from django.conf import settings

FOLDER = "outbox"
LARGE = 1_000_000


@dataclass(frozen=True, slots=True)
class Left:
    """What a dead worker left: messages it had begun, and those of them that were accepted."""

    holder: str
    begun: frozenset[int]
    sent: frozenset[int]


class Journal:
    """The file of one worker; used by all its lanes at the same time."""

    def __init__(self, holder: str) -> None:
        """Open it and hold its lock."""
        _folder().mkdir(mode=0o750, exist_ok=True)
        self._path = _folder() / holder
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def begin(self, message: int) -> None:
        """Note that a message is about to be handed over."""
        os.write(self._file, b"b%d\n" % message)

    def sent(self, message: int) -> None:
        """Note that a message was accepted."""
        os.write(self._file, b"s%d\n" % message)

    def clear(self) -> None:
        """Start anew where the file has grown large; to be called when the database knows all that stands in it."""
        if os.fstat(self._file).st_size > LARGE:
            os.ftruncate(self._file, 0)

    def close(self) -> None:
        """Remove it: whoever ends in order leaves nothing."""
        self._path.unlink(missing_ok=True)
        os.close(self._file)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


@contextmanager
def _locked(path: Path) -> Iterator[bytes | None]:
    """Give what stands in a dead worker's file, None while it lives, and remove the file afterwards."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield None
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield None
    else:
        with os.fdopen(os.dup(descriptor), "rb") as file:
            yield file.read()
        path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


@contextmanager
def left_by(name: str) -> Iterator[Left | None]:
    """Give what a worker left, None while it lives; its file is removed when the block is done without a fault."""
    with _locked(_folder() / name) as written:
        if written is None:
            yield None
            return
        lines = written.split(b"\n")[:-1]
        begun = frozenset(int(line[1:]) for line in lines if line.startswith(b"b"))
        yield Left(name, begun, frozenset(int(line[1:]) for line in lines if line.startswith(b"s")))


def names() -> list[str]:
    """Return the workers of this machine that have a file, living and dead."""
    try:
        return sorted(path.name for path in _folder().iterdir())
    except FileNotFoundError:
        return []


def _folder() -> Path:
    return Path(settings.CONFIGURATION.data_folder) / FOLDER
