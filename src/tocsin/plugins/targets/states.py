"""How the places where the pages are shown are doing: noted in a file, so that every process can read it."""

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

FILE = "targets.json"

ALARMING = 3
"""So many failures in a row are no hiccup any more: a place is then two minutes and more behind."""


@dataclass(frozen=True, slots=True)
class TargetState:
    """How a target is doing: the version it was handed last, the one it was seen to show, and what went wrong.

    `fault` is empty when all is well; `failures` counts those in a row. `is_wrong` says that it showed something else
    than it was given. Moments are the machine's.
    """

    name: str
    kind: str
    wanted_version: int = 0
    shown_version: int = 0
    shown_at: datetime | None = None
    checked_at: datetime | None = None
    took_ms: float = 0.0
    failures: int = 0
    fault: str = ""
    is_wrong: bool = False

    @property
    def is_alarming(self) -> bool:
        """Say whether somebody must look after it."""
        return self.is_wrong or self.failures >= ALARMING


STATES: TypeAdapter[list[TargetState]] = TypeAdapter(list[TargetState])


class TargetBoard:
    """Where the couriers note how their targets are doing."""

    def __init__(self, data_folder: Path) -> None:
        """Build it; nothing is written before the first report."""
        self._path = data_folder / FILE
        self._states: dict[str, TargetState] = {}
        self._lock = threading.Lock()

    def report(self, state: TargetState) -> None:
        """Note a target's state."""
        with self._lock:
            self._states[state.name] = state
            draft = self._path.with_suffix(f".{os.getpid()}.new")
            draft.write_bytes(STATES.dump_json(list(self._states.values())))
            draft.replace(self._path)


def target_states(data_folder: Path, tables: Sequence[Mapping[str, Any]]) -> list[TargetState]:
    """Return what is known of each configured target, in the configuration's order."""
    known = {state.name: state for state in _noted(data_folder)}
    return [known.get(table["name"], TargetState(table["name"], table["kind"])) for table in tables]


def _noted(data_folder: Path) -> list[TargetState]:
    try:
        return STATES.validate_json((data_folder / FILE).read_bytes())
    except (FileNotFoundError, ValueError):
        return []
