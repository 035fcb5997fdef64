"""Empty files, made in quiet moments, that become a version's files when it is in a hurry.

A file system may take ten times as long to make a file shortly after many were deleted, and waits with it for whoever
has its journal written; to rename one it takes as long as ever. And what is thrown away waits until nobody publishes.
"""

import itertools
import os
import shutil
import threading
from collections.abc import Iterable
from pathlib import Path

MOST = 6_000
AT_ONCE = 50
TWICE = 2
"""Two publications may follow each other before there was a quiet moment."""


class Spares:
    """A folder of empty files beside the site's."""

    def __init__(self, folder: Path) -> None:
        """Build it for a folder of its own; what an earlier process left in it is used."""
        self._folder = folder
        self._names: list[str] | None = None
        self._numbers = itertools.count()
        self._quiet = threading.Event()
        self._quiet.set()

    def hurry(self) -> None:
        """Let whatever is done beside wait until `rest`."""
        self._quiet.clear()

    def rest(self) -> None:
        """Let it go on."""
        self._quiet.set()

    def take(self, path: str) -> bool:
        """Turn a spare file into this one; False, doing nothing, when none is there."""
        try:
            os.replace(f"{self._folder}/{self._stock().pop()}", path)  # noqa: PTH105  a thousand times in a row
        except (IndexError, OSError):
            return False
        return True

    def refill(self, used: int) -> None:
        """Make as many as may be needed next, after `used` were; to be called beside, it waits for quiet moments."""
        names = self._stock()
        self._folder.mkdir(exist_ok=True)
        for number, _ in enumerate(range(len(names), min(MOST, TWICE * used))):
            if number % AT_ONCE == 0:
                self._quiet.wait()
            name = f"{os.getpid()}-{next(self._numbers)}"
            os.close(os.open(f"{self._folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
            names.append(name)

    def throw_away(self, places: Iterable[Path]) -> None:
        """Delete folders with all that is in them, in quiet moments."""
        for place in places:
            for folder, _, _ in os.walk(place, topdown=False):
                self._quiet.wait()
                shutil.rmtree(folder, ignore_errors=True)

    def _stock(self) -> list[str]:
        if self._names is None:
            self._folder.mkdir(exist_ok=True, parents=True)
            self._names = os.listdir(self._folder)  # noqa: PTH208  names alone
        return self._names
