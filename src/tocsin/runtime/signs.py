"""Signs of life: each part of Tocsin touches a file of its own whenever it did its work.

Files, so that the watch needs no database to read them; the file system's times, so that a simulated clock does not
deceive it.
"""

import time
from pathlib import Path
from typing import Literal

type Part = Literal["engine", "tick", "publishing", "outbox"]
"""The engine's loop goes round; a tick was saved; the pages were shown; the outbox was looked through."""

FOLDER = "signs"


def leave(data_folder: Path, part: Part) -> None:
    """Note that this part has just done its work; that it cannot be noted stops nobody."""
    try:
        place = data_folder / FOLDER
        place.mkdir(exist_ok=True)
        (place / part).touch()
    except OSError:
        return


def age_s(data_folder: Path, part: Part) -> float | None:
    """Return how many seconds ago this part did its work last, None when it never did."""
    try:
        return max(0.0, time.time() - (data_folder / FOLDER / part).stat().st_mtime)
    except OSError:
        return None
