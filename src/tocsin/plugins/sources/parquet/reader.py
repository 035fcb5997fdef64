"""Reads transactions from a Parquet file (columns as in `docs/reference/transactions.md`).

A file that cannot be read at all, or lacks a column, is refused with an `InputError`; a row that makes no sense
(no time, an unknown outcome or vantage, a negative duration, a count below one or above `MAX_COUNT`) is left out and
counted.
"""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tocsin.kernel.errors import InputError
from tocsin.observations.rules.columns import join
from tocsin.observations.rules.model import VANTAGES, Outcome, Transactions

_WORDS = ("vantage", "service", "package", "region", "outcome")
_NUMBERS = ("time", "duration_ms", "count")
_OUTCOMES = {"ok": Outcome.OK, "rejected": Outcome.REJECTED, "error": Outcome.ERROR, "timeout": Outcome.TIMEOUT}
_UNKNOWN = -1
_PIECE_ROWS = 131_072
MAX_COUNT = 10_000_000
"""A row stands for at most so many calls: one row of a wrong or hostile sender must not drown all the others."""

_MAX_WORDS = np.iinfo(np.int16).max


def read(content: bytes | Path) -> tuple[Transactions, int]:
    """Return the file's transactions, sorted by time, and how many rows were left out; raises `InputError`."""
    pieces = list(read_pieces(content))
    return join([piece for piece, _ in pieces]), sum(left_out for _, left_out in pieces)


def read_pieces(content: bytes | Path) -> Iterator[tuple[Transactions, int]]:
    """Yield the file's transactions piece by piece (at least one), so that a long file needs little memory.

    Each piece is sorted by time in itself and comes with how many of its rows were left out; raises `InputError`.
    """
    where = _where(content)
    source = content if isinstance(content, Path) else io.BytesIO(content)
    if content == b"" or (isinstance(content, Path) and content.is_file() and content.stat().st_size == 0):
        raise InputError("parquet.empty", "the file is empty", where=where, hint="Send a Parquet file.")
    try:
        _check_columns(pq.read_schema(source).names, where)
        with pq.ParquetFile(source, read_dictionary=list(_WORDS)) as file:
            columns = [*_NUMBERS, *_WORDS]
            if not file.metadata.num_rows:
                yield transactions_from(file.read(columns=columns), where=where)
            for batch in file.iter_batches(batch_size=_PIECE_ROWS, columns=columns):
                yield transactions_from(pa.Table.from_batches([batch]), where=where)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(
            "parquet.unreadable",
            f"not a readable Parquet file ({_first_line(error)})",
            where=where,
            hint="Check that the file is whole.",
        ) from error


def _check_columns(names: Sequence[str], where: str) -> None:
    missing = [name for name in (*_NUMBERS, *_WORDS) if name not in names]
    if missing:
        raise InputError("parquet.columns", f"columns are missing: {', '.join(missing)}", where=where)


def transactions_from(table: pa.Table, *, where: str = "") -> tuple[Transactions, int]:
    """Return the table's rows as transactions, sorted by time, and how many were left out."""
    try:
        time_us, duration_ms, count = _numbers(table)
        coded = {name: _coded(table[name], where=where) for name in _WORDS}
    except (pa.ArrowException, ValueError) as error:
        raise InputError(
            "parquet.columns", f"a column has the wrong type ({_first_line(error)})", where=where
        ) from error
    outcome = _mapped(coded["outcome"], {word: int(code) for word, code in _OUTCOMES.items()})
    vantage = _mapped(coded["vantage"], {eye.value: code for code, eye in enumerate(VANTAGES)})
    codes = {name: coded[name][0] for name in ("service", "package", "region")}
    good = (time_us > 0) & (outcome >= 0) & (vantage >= 0) & (duration_ms >= 0) & (count >= 1) & (count <= MAX_COUNT)
    for column in codes.values():
        good &= column >= 0
    chosen = np.flatnonzero(good)
    order = chosen[np.argsort(time_us[chosen], kind="stable")]
    transactions = Transactions(
        time_us=time_us[order],
        vantage=vantage[order].astype(np.int16),
        service=codes["service"][order],
        package=codes["package"][order],
        region=codes["region"][order],
        outcome=outcome[order].astype(np.int8),
        duration_ms=duration_ms[order],
        count=count[order],
        services=coded["service"][1],
        packages=coded["package"][1],
        regions=coded["region"][1],
        vantages=tuple(eye.value for eye in VANTAGES),
    )
    return transactions, int(table.num_rows - chosen.size)


def _numbers(table: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]:
    """Return time, duration and count; what is absent becomes a value that no row may have."""
    if not pa.types.is_timestamp(table["time"].type):
        raise ValueError("time is no timestamp")
    moments: Any = pc.cast(pc.cast(table["time"], pa.timestamp("us"), safe=False), pa.int64())
    durations: Any = pc.cast(table["duration_ms"], pa.float32(), safe=False)
    counts: Any = pc.cast(table["count"], pa.int64())
    time = moments.fill_null(_UNKNOWN).to_numpy()
    duration = durations.fill_null(float(_UNKNOWN)).to_numpy()
    count = counts.fill_null(_UNKNOWN).to_numpy()
    duration_ms = np.asarray(duration, np.float32)
    finite = np.where(np.isfinite(duration_ms), duration_ms, np.float32(_UNKNOWN))
    return np.asarray(time, np.int64), finite, np.asarray(count, np.int64)


def _coded(column: Any, *, where: str) -> tuple[NDArray[np.int16], tuple[str, ...]]:
    """Return a text column as codes (-1 where it is null or empty) and its words by first appearance."""
    encoded = column if pa.types.is_dictionary(column.type) else pc.dictionary_encode(pc.cast(column, pa.string()))
    joined: Any = encoded.unify_dictionaries().combine_chunks()
    chunk: Any = joined.chunk(0) if isinstance(joined, pa.ChunkedArray) else joined
    words = tuple(str(word) for word in chunk.dictionary.to_pylist())
    if len(words) > _MAX_WORDS:
        raise InputError("parquet.words", f"more than {_MAX_WORDS} different values in one column", where=where)
    codes = np.asarray(pc.fill_null(chunk.indices, _UNKNOWN).to_numpy(zero_copy_only=False), np.int16)
    if "" in words:
        codes = np.where(codes == words.index(""), np.int16(_UNKNOWN), codes)
    return _by_appearance(codes, words)


def _by_appearance(codes: NDArray[np.int16], words: tuple[str, ...]) -> tuple[NDArray[np.int16], tuple[str, ...]]:
    """Renumber so that a word's code follows its first use: never its spelling, nor how the writer sorted."""
    used, first = np.unique(codes, return_index=True)
    ordered = [int(code) for code in used[np.argsort(first)] if code >= 0]
    table = np.full(len(words) + 1, _UNKNOWN, np.int16)
    for new, old in enumerate(ordered):
        table[old] = new
    return table[codes], tuple(words[old] for old in ordered)


def _mapped(coded: tuple[NDArray[np.int16], tuple[str, ...]], meaning: dict[str, int]) -> NDArray[np.int64]:
    codes, words = coded
    table = np.array([meaning.get(word, _UNKNOWN) for word in words] + [_UNKNOWN], np.int64)
    mapped: NDArray[np.int64] = table[codes]
    return mapped


def _where(content: bytes | Path) -> str:
    return f"{content.parent.name}/{content.name}" if isinstance(content, Path) else ""


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
