"""Loading past telemetry into the store, while the engine does not run (it alone owns the store otherwise)."""

from dataclasses import dataclass
from pathlib import Path

from tocsin.plugins.sources.recording.model import Recording
from tocsin.plugins.sources.recording.reader import open_recording


@dataclass(frozen=True, slots=True)
class LoadedHistory:
    """How much was loaded; `is_new` is false when it had been loaded before."""

    rows: int
    is_new: bool


def load_history(folder: Path) -> LoadedHistory:
    """Load the `history/` of a recording's folder; raises as `open_recording` does."""
    return store_history(open_recording(folder))


def store_history(recording: Recording) -> LoadedHistory:
    """Store a recording's history; doing so twice changes nothing."""
    from django.conf import settings

    from tocsin.plugins.stores.duckdb.store import DuckDBStore

    store = DuckDBStore(settings.CONFIGURATION.telemetry)
    try:
        is_new = store.append_history(f"history:{recording.id}", recording.history)
    finally:
        store.close()
    return LoadedHistory(rows=len(recording.history), is_new=is_new)
