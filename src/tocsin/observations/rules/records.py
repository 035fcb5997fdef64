"""How a batch of transactions is written as one record of the intake log, and read back."""

import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tocsin.observations.rules.model import Transactions

VERSION: Final = 1
_COLUMNS: Final = (
    ("time_us", np.dtype("<i8")),
    ("count", np.dtype("<i8")),
    ("duration_ms", np.dtype("<f4")),
    ("vantage", np.dtype("<i2")),
    ("service", np.dtype("<i2")),
    ("package", np.dtype("<i2")),
    ("region", np.dtype("<i2")),
    ("outcome", np.dtype("<i1")),
)
_WORDS: Final = ("vantages", "services", "packages", "regions")


@dataclass(frozen=True, slots=True)
class Record:
    """A batch with the idempotency key under which it came, if any."""

    key: str | None
    transactions: Transactions


def encoded(record: Record) -> bytes:
    """Return the record as bytes: a line of JSON, then the columns one behind the other."""
    batch = record.transactions
    head = {"version": VERSION, "key": record.key, "rows": len(batch)} | {word: getattr(batch, word) for word in _WORDS}
    columns = (np.ascontiguousarray(getattr(batch, name), dtype=kind).tobytes() for name, kind in _COLUMNS)
    return json.dumps(head).encode() + b"\n" + b"".join(columns)


def decoded(content: bytes) -> Record:
    """Read the record back; raises `ValueError` when it is none, or of a version to come."""
    line, _, data = content.partition(b"\n")
    head = json.loads(line)
    if head["version"] != VERSION:
        message = f"intake record of version {head['version']}"
        raise ValueError(message)
    rows = int(head["rows"])
    columns: dict[str, Any] = {}
    position = 0
    for name, kind in _COLUMNS:
        columns[name] = np.frombuffer(data, dtype=kind, count=rows, offset=position)
        position += rows * kind.itemsize
    words: dict[str, Any] = {word: tuple(head[word]) for word in _WORDS}
    return Record(key=head["key"], transactions=Transactions(**columns, **words))
