"""The intake log: what was acknowledged lies here, on disk, until the engine has stored it.

Every process that takes telemetry in appends to a segment of its own, which it holds locked as long as it lives or
until the segment is old; a record is acknowledged only after `fdatasync`. The engine alone reads: it notes which
ranges it is about to store (`cursor.json`, replaced in one step), stores them under an id made of those ranges, then
notes that they are stored. Killed anywhere in between, it stores the same ranges under the same id once more, and the
store, being idempotent, changes nothing. A segment goes when nobody holds it and everything in it is stored.
"""

import fcntl
import hashlib
import json
import logging
import os
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tocsin.observations.rules.framing import framed, unframed

log = logging.getLogger(__name__)

SEGMENT_BYTES: Final = 64 * 1024 * 1024
SEGMENT_S: Final = 3600.0
READ_BYTES: Final = 32 * 1024 * 1024
"""About how much is read, and stored as one batch, at a time."""

type Ranges = Mapping[str, tuple[int, int]]


class IntakeWriter:
    """Appends records; safe to share between threads, and after a fork."""

    def __init__(self, folder: Path) -> None:
        """Build the writer; the first append opens a segment."""
        self._folder = folder
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        self._name = ""
        self._size = 0
        self._opened_at_s = 0.0
        self._pid = 0

    def append(self, content: bytes) -> str:
        """Write the record through to the disk and return its id (`segment:offset`); `OSError` when it cannot."""
        frame = framed(content)
        with self._lock:
            self._ready_segment()
            assert self._descriptor is not None
            try:
                _write_all(self._descriptor, frame)
                os.fdatasync(self._descriptor)
            except OSError:
                # What lies behind a half-written frame could not be read: go on in another segment.
                self._close()
                raise
            record_id = f"{self._name}:{self._size}"
            self._size += len(frame)
            return record_id

    def close(self) -> None:
        """Let the segment go; another append opens a new one."""
        with self._lock:
            self._close()

    def _ready_segment(self) -> None:
        is_old = self._size >= SEGMENT_BYTES or time.monotonic() - self._opened_at_s >= SEGMENT_S
        if self._descriptor is not None and (is_old or self._pid != os.getpid()):
            self._close()
        if self._descriptor is None:
            self._open()

    def _open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        while self._descriptor is None:
            self._name = f"{time.time_ns():020}-{secrets.token_hex(4)}.log"
            self._descriptor = _locked_segment(self._folder / self._name)
        _sync_folder(self._folder)
        self._size = 0
        self._opened_at_s = time.monotonic()
        self._pid = os.getpid()

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@dataclass(frozen=True, slots=True)
class Pending:
    """Records that are acknowledged and not yet stored, in order; `batch_id` stands for exactly these."""

    batch_id: str
    records: tuple[tuple[str, bytes], ...]
    ranges: Ranges

    @property
    def is_last(self) -> bool:
        """Say whether these were all there was: what came since can wait for the next round."""
        return sum(end - start for start, end in self.ranges.values()) < READ_BYTES


@dataclass(slots=True)
class _Cursor:
    stored: dict[str, int] = field(default_factory=dict)
    intent: dict[str, tuple[int, int]] = field(default_factory=dict)


class IntakeReader:
    """Reads what was acknowledged, for the one process that stores it."""

    def __init__(self, folder: Path) -> None:
        """Build the reader; it takes up where the cursor on disk stands."""
        self._folder = folder
        self._path = folder / "cursor.json"
        self._cursor = self._load()

    def pending(self) -> Pending | None:
        """Return the next records to store, or None when all is stored; the same again until `mark_stored`."""
        if not self._cursor.intent:
            self._cursor.intent = self._next_ranges()
            if not self._cursor.intent:
                return None
            self._save()
        records = [
            (f"{name}:{begin}", content)
            for name, (start, end) in self._cursor.intent.items()
            for begin, content in self._records(name, start, end)
        ]
        ranges = dict(self._cursor.intent)
        digest = hashlib.sha256(json.dumps(ranges).encode()).hexdigest()
        return Pending(batch_id=f"intake-{digest[:32]}", records=tuple(records), ranges=ranges)

    def mark_stored(self, pending: Pending) -> None:
        """Note that these records are stored, and remove the segments that are done with."""
        for name, (_, end) in pending.ranges.items():
            self._cursor.stored[name] = end
        self._cursor.intent = {}
        self._save()
        self.tidy()

    def tidy(self) -> None:
        """Remove the segments that nobody writes to any more and of which everything is stored."""
        gone = [path.name for path in self._segments() if self._remove_if_done(path)]
        if gone:
            self._cursor.stored = {name: at for name, at in self._cursor.stored.items() if name not in gone}
            self._save()

    def backlog_bytes(self) -> int:
        """Return how much is acknowledged and not yet stored."""
        sizes = ((path.name, path.stat().st_size) for path in self._segments())
        return sum(max(0, size - self._cursor.stored.get(name, 0)) for name, size in sizes)

    def _segments(self) -> list[Path]:
        return sorted(self._folder.glob("*.log"))

    def _next_ranges(self) -> dict[str, tuple[int, int]]:
        ranges: dict[str, tuple[int, int]] = {}
        left = READ_BYTES
        for path in self._segments():
            start = self._cursor.stored.get(path.name, 0)
            end = _whole_until(path, start, limit=left)
            if end > start:
                ranges[path.name] = (start, end)
                left -= end - start
            if left <= 0:
                break
        return ranges

    def _records(self, name: str, start: int, end: int) -> list[tuple[int, bytes]]:
        path = self._folder / name
        if not path.exists():
            log.error("segment %s was removed by somebody else before it was stored", name)
            return []
        with path.open("rb") as file:
            file.seek(start)
            frames = unframed(file.read(end - start), offset=start)
        begins = [start, *(behind for behind, _ in frames.records)]
        return [(begin, content) for begin, (_, content) in zip(begins, frames.records, strict=False)]

    def _remove_if_done(self, path: Path) -> bool:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            file.seek(self._cursor.stored.get(path.name, 0))
            frames = unframed(file.read(READ_BYTES))
            if frames.records:
                return False
            if frames.end == "damaged":
                log.error("segment %s is damaged; what lies behind the damage is kept aside", path.name)
                path.rename(path.with_suffix(".damaged"))
            else:
                path.unlink()
            return True

    def _load(self) -> _Cursor:
        try:
            kept = json.loads(self._path.read_text())
        except FileNotFoundError:
            return _Cursor()
        return _Cursor(
            stored={name: int(at) for name, at in kept["stored"].items()},
            intent={name: (int(start), int(end)) for name, (start, end) in kept["intent"].items()},
        )

    def _save(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        with draft.open("w") as file:
            json.dump({"stored": self._cursor.stored, "intent": self._cursor.intent}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        _sync_folder(self._folder)


def _whole_until(path: Path, start: int, *, limit: int) -> int:
    """Return the offset behind the last whole record within about `limit` bytes (at least one record, if any)."""
    with path.open("rb") as file:
        file.seek(start)
        data = file.read(limit)
        frames = unframed(data, offset=start)
        while not frames.records and frames.end == "torn" and (more := file.read(limit)):
            data += more
            frames = unframed(data, offset=start)
    return frames.stopped_at


def _locked_segment(path: Path) -> int | None:
    """Make the segment and hold it; None when the reader took the empty file away in between."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    if os.fstat(descriptor).st_nlink:
        return descriptor
    os.close(descriptor)
    return None


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
