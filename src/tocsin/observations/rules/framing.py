"""How records lie in the intake log: a mark, the length, a checksum, the content.

A file of frames may end anywhere (the writer was killed): what is whole is read, the torn end is not. A frame whose
checksum does not fit is damage, and reading stops before it, since nothing behind it can be trusted to start a frame.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Final, Literal

MARK: Final = b"TCN1"
_HEAD: Final = struct.Struct("<4sII")
HEAD_SIZE: Final = _HEAD.size
MAX_CONTENT: Final = 256 * 1024 * 1024
"""No record is longer; a longer length is damage, not a record yet to come."""

type End = Literal["whole", "torn", "damaged"]


@dataclass(frozen=True, slots=True)
class Frames:
    """What was read: each record with the offset behind it, how the rest looks, and where reading stopped."""

    records: tuple[tuple[int, bytes], ...]
    end: End
    stopped_at: int


def framed(content: bytes) -> bytes:
    """Return the record as it lies in the log."""
    length = struct.pack("<I", len(content))
    return _HEAD.pack(MARK, len(content), zlib.crc32(content, zlib.crc32(length))) + content


def unframed(data: bytes, *, offset: int = 0) -> Frames:
    """Return the whole records of `data`, which begins at `offset` of its file."""
    records: list[tuple[int, bytes]] = []
    position = 0
    end: End = "whole"
    while position < len(data):
        found = _record_at(data, position)
        if not isinstance(found, bytes):
            end = found
            break
        position += HEAD_SIZE + len(found)
        records.append((offset + position, found))
    return Frames(records=tuple(records), end=end, stopped_at=offset + position)


def _record_at(data: bytes, position: int) -> bytes | End:
    head = data[position : position + HEAD_SIZE]
    if len(head) < HEAD_SIZE:
        return "torn" if MARK.startswith(head[: len(MARK)]) else "damaged"
    mark, length, checksum = _HEAD.unpack(head)
    if mark != MARK or length > MAX_CONTENT:
        return "damaged"
    content = data[position + HEAD_SIZE : position + HEAD_SIZE + length]
    if len(content) < length:
        return "torn"
    is_sound = zlib.crc32(content, zlib.crc32(struct.pack("<I", length))) == checksum
    return content if is_sound else "damaged"
