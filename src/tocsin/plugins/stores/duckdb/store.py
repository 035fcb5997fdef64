"""Rollups in a DuckDB file: one transaction a batch, read back through Arrow without copying cell by cell.

Words (services, packages, regions) are kept once, numbered by first appearance, so that renamed ids change no
order. Ten-second rollups stay for two days; their five-minute sums, which the baseline is learnt from, for ten weeks.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tocsin.kernel.errors import ConfigurationError
from tocsin.observations.rules.model import DURATION_BINS, VANTAGES, Outcome, Rollups
from tocsin.observations.rules.rollup import combine, empty, five_minute_sums

ROLLUPS_KEPT: Final = timedelta(days=2)
SUMS_KEPT: Final = timedelta(weeks=10)
_KINDS: Final = ("service", "package", "region")
_OUTCOMES: Final = tuple(outcome.name.lower() for outcome in Outcome)
_COLUMNS: Final = ", ".join(("bucket_s", "vantage", *_KINDS, *_OUTCOMES, "durations"))
_HOUR_S: Final = 3600

_SCHEMA: Final = f"""
CREATE TABLE IF NOT EXISTS words (kind VARCHAR, code SMALLINT, word VARCHAR, PRIMARY KEY (kind, code));
CREATE TABLE IF NOT EXISTS batches (id VARCHAR PRIMARY KEY, newest_s BIGINT);
CREATE TABLE IF NOT EXISTS rollups (
    bucket_s BIGINT, vantage SMALLINT, service SMALLINT, package SMALLINT, region SMALLINT,
    ok BIGINT, rejected BIGINT, error BIGINT, timeout BIGINT, durations INTEGER[{DURATION_BINS}]
);
CREATE TABLE IF NOT EXISTS sums AS FROM rollups WITH NO DATA;
"""


class DuckDBStore:
    """Keeps rollups in the file at `path`; one process at a time may have it open."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it; raises `ConfigurationError` when another process has it or it is no such file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = duckdb.connect(str(path), config={"threads": 2})
            self._db.execute(_SCHEMA)
        except duckdb.Error as error:
            raise ConfigurationError(
                "telemetry.unavailable",
                f"The telemetry file cannot be opened ({str(error).splitlines()[0]}).",
                where=str(path),
                hint="Only one engine may run on a data folder; stop the other one.",
            ) from error
        self._words: dict[str, dict[str, int]] = {kind: {} for kind in _KINDS}
        for kind, code, word in self._db.execute("SELECT kind, code, word FROM words ORDER BY kind, code").fetchall():
            self._words[kind][word] = code
        self._pruned_s = 0

    def append(self, batch_id: str, rollups: Rollups) -> bool:
        """Add the batch; return False, and change nothing, when `batch_id` was added before."""
        return self._add(batch_id, rollups, tables=("rollups", "sums"))

    def append_history(self, batch_id: str, rollups: Rollups) -> bool:
        """Add five-minute sums from before observation began; idempotent likewise."""
        return self._add(f"history-{batch_id}", rollups, tables=("sums",))

    def window(self, start: datetime, end: datetime) -> Rollups:
        """Return the rollups whose bucket starts in [start, end), sorted by bucket, rows of equal key summed."""
        return self._read("rollups", start, end)

    def history(self, start: datetime, end: datetime) -> Rollups:
        """Return five-minute sums per vantage × service in [start, end): given and own together."""
        return self._read("sums", start, end)

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def _add(self, batch_id: str, rollups: Rollups, *, tables: tuple[str, ...]) -> bool:
        known = {kind: dict(codes) for kind, codes in self._words.items()}
        self._db.begin()
        try:
            is_new = self._claim(batch_id, rollups)
            if is_new and len(rollups):
                for table in tables:
                    self._insert(table, five_minute_sums(rollups) if table == "sums" else rollups)
                self._prune(int(rollups.bucket_s[-1]))
            self._db.commit()
        except BaseException:
            self._db.rollback()
            self._words = known
            raise
        return is_new

    def _claim(self, batch_id: str, rollups: Rollups) -> bool:
        newest_s = int(rollups.bucket_s[-1]) if len(rollups) else 0
        sql = "INSERT INTO batches VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING id"
        return bool(self._db.execute(sql, [batch_id, newest_s]).fetchall())

    def _insert(self, table: str, rollups: Rollups) -> None:
        vantages = np.array([VANTAGES.index(name) for name in rollups.vantages], np.int16)
        columns: dict[str, Any] = {
            "bucket_s": rollups.bucket_s,
            "vantage": vantages[rollups.vantage],
            "service": self._coded("service", rollups.service, rollups.services),
            "package": self._coded("package", rollups.package, rollups.packages),
            "region": self._coded("region", rollups.region, rollups.regions),
        }
        columns |= {name: rollups.outcomes[:, number] for number, name in enumerate(_OUTCOMES)}
        flat = pa.array(np.ascontiguousarray(rollups.durations, np.int32).reshape(-1))
        columns["durations"] = pa.FixedSizeListArray.from_arrays(flat, DURATION_BINS)
        self._db.register("arriving", pa.table(columns))
        try:
            self._db.execute(f"INSERT INTO {table} SELECT {_COLUMNS} FROM arriving")  # noqa: S608  names are ours
        finally:
            self._db.unregister("arriving")

    def _coded(self, kind: str, codes: NDArray[np.int16], words: tuple[str, ...]) -> NDArray[np.int16]:
        known = self._words[kind]
        used = [words[code] for code in np.unique(codes)]
        for word in (word for word in used if word not in known):
            known[word] = len(known)
            self._db.execute("INSERT INTO words VALUES (?, ?, ?)", [kind, known[word], word])
        table = np.array([known.get(word, -1) for word in words], np.int16)
        return table[codes]

    def _read(self, table: str, start: datetime, end: datetime) -> Rollups:
        sql = f"SELECT {_COLUMNS} FROM {table} WHERE bucket_s >= ? AND bucket_s < ?"  # noqa: S608  names are ours
        found = self._db.sql(sql, params=[start.timestamp(), end.timestamp()]).to_arrow_table()
        if not found.num_rows:
            return empty()
        columns = {name: found.column(name).to_numpy() for name in ("bucket_s", "vantage", *_KINDS)}
        durations = found.column("durations").combine_chunks().flatten().to_numpy()
        rollups = Rollups(
            **columns,
            outcomes=np.column_stack([found.column(name).to_numpy() for name in _OUTCOMES]),
            durations=durations.reshape(-1, DURATION_BINS),
            services=tuple(self._words["service"]),
            packages=tuple(self._words["package"]),
            regions=tuple(self._words["region"]),
            vantages=tuple(eye.value for eye in VANTAGES),
        )
        return combine([rollups])

    def _prune(self, newest_s: int) -> None:
        """Drop what is older than its time, once for every hour of data."""
        if newest_s < self._pruned_s + _HOUR_S:
            return
        self._pruned_s = newest_s
        for table, kept in (("rollups", ROLLUPS_KEPT), ("sums", SUMS_KEPT)):
            edge_s = newest_s - int(kept.total_seconds())
            self._db.execute(f"DELETE FROM {table} WHERE bucket_s < ?", [edge_s])  # noqa: S608  names are ours
        edge_s = newest_s - int(ROLLUPS_KEPT.total_seconds())
        self._db.execute("DELETE FROM batches WHERE newest_s < ? AND id NOT LIKE 'history-%'", [edge_s])
