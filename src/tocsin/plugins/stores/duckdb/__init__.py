"""The telemetry store in one DuckDB file, for the embedded installation."""

from tocsin.plugins.stores.duckdb.store import DuckDBStore

__all__ = ["DuckDBStore"]
