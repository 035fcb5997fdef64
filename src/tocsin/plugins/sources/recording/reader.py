"""Reads a scenario folder. It opens the files a live system would have had, and no other: never the truth."""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from tocsin.kernel.clock import parse_moment
from tocsin.kernel.errors import ConfigurationError, InputError
from tocsin.observations.rules.columns import join, select
from tocsin.observations.rules.model import Rollups, Transactions
from tocsin.observations.rules.rollup import combine, five_minute_sums, roll_up
from tocsin.plugins.sources.parquet.reader import read, read_pieces
from tocsin.plugins.sources.recording import lines
from tocsin.plugins.sources.recording.model import Recording

_BUCKET_US = 300 * 1_000_000


def open_recording(folder: Path) -> Recording:
    """Return the scenario in the folder.

    Raises `ConfigurationError` when the folder or its `scenario.toml` is not one, and `InputError` when a file of it
    cannot be read. Single bad rows and lines are left out and counted.
    """
    meta = _meta(folder)
    rejected: dict[str, int] = {}
    transactions = _transactions(folder, rejected)
    history = _history(folder, rejected)
    return Recording(
        **meta,
        transactions=transactions,
        history=history,
        probes=_lines(folder, "probes.ndjson", lines.probe, rejected),
        reports=_lines(folder, "reports.ndjson", lines.report, rejected),
        notices=_lines(folder, "notices.ndjson", lines.notice, rejected),
        changes=_lines(folder, "changes.ndjson", lines.change, rejected),
        rejected=rejected,
    )


def read_history(folder: Path) -> Rollups:
    """Return the sums of the folder's `history/`; nothing else of a recording has to be there.

    Raises `InputError` when there is none, or a file of it cannot be read.
    """
    history = _history(folder, {})
    if not len(history):
        raise InputError(
            "recording.history",
            "there is nothing in history/*.parquet",
            where=str(folder),
            hint="Name a folder with a history/ as docs/reference/recordings.md describes it.",
        )
    return history


def _meta(folder: Path) -> dict[str, Any]:
    path = folder / "scenario.toml"
    if not path.is_file():
        raise ConfigurationError(
            "recording.missing",
            f"there is no scenario.toml in {folder.name!r}.",
            where=str(folder),
            hint="Name a folder as docs/reference/recordings.md describes it.",
        )
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        return _checked(given, folder)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigurationError(
            "recording.meta", f"scenario.toml cannot be used: {error}", where=str(path), hint="Mend the file."
        ) from error


def _checked(given: dict[str, Any], folder: Path) -> dict[str, Any]:
    start, end = _moment(given["start"]), _moment(given["end"])
    if start >= end:
        raise ValueError("it ends before it starts")
    return {
        "id": str(given.get("id", folder.name)),
        "title": str(given.get("title", folder.name)),
        "start": start,
        "end": end,
        "volume_scale": float(given.get("volume_scale", 1.0)),
        "timezone": str(given.get("timezone", "Europe/Brussels")),
    }


def _moment(given: object) -> datetime:
    return parse_moment(given.isoformat() if isinstance(given, datetime) else str(given))


def _parquet_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"), key=lambda path: path.name) if folder.is_dir() else []


def _transactions(folder: Path, rejected: dict[str, int]) -> Transactions:
    files = _parquet_files(folder / "transactions")
    if not files:
        raise InputError(
            "recording.transactions", "there is no transactions/*.parquet", where=str(folder), hint="Add the file."
        )
    parts = []
    for path in files:
        part, bad = read(path)
        rejected[f"transactions/{path.name}"] = bad
        parts.append(part)
    return join(parts)


def _history(folder: Path, rejected: dict[str, int]) -> Rollups:
    """Sum the history piece by piece, whole buckets at a time, so that it never stands in memory twice."""
    sums: list[Rollups] = []
    for path in _parquet_files(folder / "history"):
        if not path.stat().st_size:
            continue  # an empty file holds no history, as an empty file of lines holds no lines
        bad, held = 0, None
        for piece, left_out in read_pieces(path):
            bad += left_out
            known = piece if held is None else join([held, piece])
            last_bucket_us = int(known.time_us[-1]) // _BUCKET_US * _BUCKET_US if len(known) else 0
            cut = int(np.searchsorted(known.time_us, last_bucket_us))
            sums.append(five_minute_sums(roll_up(select(known, slice(0, cut)))))
            held = select(known, slice(cut, len(known)))
        if held is not None:
            sums.append(five_minute_sums(roll_up(held)))
        rejected[f"history/{path.name}"] = bad
    return combine(sums)


def _lines[T](folder: Path, name: str, parse: lines.Parser[T], rejected: dict[str, int]) -> tuple[T, ...]:
    path = folder / name
    if not path.exists():
        return ()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError("recording.unreadable", f"{name} cannot be read: {error.strerror}", where=str(path)) from error
    good, rejected[name] = lines.parsed(content, parse)
    return good
