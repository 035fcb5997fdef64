"""Loading past telemetry into the store, while the engine does not run (it alone owns the store otherwise)."""

from dataclasses import dataclass
from pathlib import Path

from tocsin.observations.rules.model import Rollups
from tocsin.plugins.sources.recording.model import Recording
from tocsin.plugins.sources.recording.reader import read_history


@dataclass(frozen=True, slots=True)
class LoadedHistory:
    """How much was loaded; `is_new` is false when it had been loaded before."""

    rows: int
    is_new: bool


def load_history(folder: Path) -> LoadedHistory:
    """Load the folder's `history/` under the folder's name; raises as `read_history` does."""
    return _stored(folder.resolve().name, read_history(folder))


def store_history(recording: Recording) -> LoadedHistory:
    """Store a recording's history; doing so twice changes nothing."""
    return _stored(recording.id, recording.history)


def _stored(name: str, history: Rollups) -> LoadedHistory:
    from django.conf import settings

    from tocsin.plugins.stores.duckdb.store import DuckDBStore

    store = DuckDBStore(settings.CONFIGURATION.telemetry)
    try:
        is_new = store.append_history(f"history:{name}", history)
    finally:
        store.close()
    return LoadedHistory(rows=len(history), is_new=is_new)
