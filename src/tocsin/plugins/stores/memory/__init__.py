"""The telemetry store that lives in memory."""

from tocsin.plugins.stores.memory.store import MemoryStore

__all__ = ["MemoryStore"]
