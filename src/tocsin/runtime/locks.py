"""One at a time: a lock on a file in the data folder, which the system gives back when its holder dies."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tocsin.kernel.errors import ConfigurationError

_RETRY_S = 0.1


@contextmanager
def only_one(path: Path, *, what: str, patience_s: float = 0.0) -> Iterator[None]:
    """Hold the lock while the block runs.

    Raises `ConfigurationError` naming the holder when another process holds it for longer than `patience_s`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor, path, what=what, until_s=time.monotonic() + patience_s)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)


def held_by(path: Path) -> int | None:
    """Return the process that holds the lock, None when nobody does."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.pread(descriptor, 20, 0).decode().strip() or 0) or None
    else:
        return None
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path, *, what: str, until_s: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until_s:
                raise _held(descriptor, path, what) from None
            time.sleep(_RETRY_S)
        else:
            return


def _held(descriptor: int, path: Path, what: str) -> ConfigurationError:
    holder = os.pread(descriptor, 20, 0).decode().strip() or "unknown"
    return ConfigurationError(
        "data_folder.in_use",
        f"{what} runs on this data folder already (process {holder}).",
        where=str(path.parent),
        hint="Stop it first, or give this one a data folder of its own (data_folder, or TOCSIN_DATA_FOLDER).",
    )
