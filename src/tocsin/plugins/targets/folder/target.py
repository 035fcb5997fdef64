"""Publishes the site into a folder that any web server can serve.

The folder is a symbolic link to a version beside it; publishing makes a whole new version and swaps the link, so a
reader never meets half a site. What did not change is a hard link to the version before: it costs no writing and
keeps its inode and age. What did is a new file, never an old one written over, so that whoever is half-way through
sending an old page sends the rest of the old page.
"""

import ctypes
import os
import shutil
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from pathlib import Path

from tocsin.kernel.errors import DeliveryError
from tocsin.plugins.targets.folder.spares import Spares
from tocsin.plugins.targets.settings import TargetSettings

KEPT_VERSIONS = 3
"""A reader may be half-way through a version when the next two come."""

WRITTEN_TOGETHER = 16
"""Making a file waits for the file system's journal while anybody else has it committed: better many at once."""

BATCH = 24

NEVER_NOTED_S = 10 * 365 * 86_400
"""How far ahead a file says it was read last: then no system notes that it was read. By default they do so at the
first reading of every new file, and make a herd wait, right after a switch, for the disk's journal."""

SETTLES_WITHIN_S = 0.25
"""How long the switch waits for the disk. A page that is shown now counts for more than one that survives a power cut
within this same quarter of a second: after one, Tocsin publishes anew at once."""


class FolderTarget:
    """The built-in target: `folder` shows the site, its versions lie in `<folder>.versions/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.versions = folder.with_name(f"{folder.name}.versions")
        self._spares = Spares(folder.with_name(f"{folder.name}.spares"))
        self._shown: Mapping[str, bytes] | None = None
        self._ages: dict[str, int] = {}
        self._places: list[Path] = []
        self._tidier = ThreadPoolExecutor(1, thread_name_prefix="old-versions")
        self._tidying: Future[None] | None = None

    def publish(self, files: Mapping[str, bytes], *, version: int) -> int:
        """Write the files as a new version and show it; return how many were new or had changed."""
        self._spares.hurry()
        try:
            return self._publish(files, version)
        except OSError as error:
            self._give_up()
            raise DeliveryError(
                "site.unwritable",
                f"The site cannot be written: {error.strerror}.",
                permanent=False,
                where=str(error.filename or self.folder),
                hint="Readers still see the version before. Check space and rights.",
            ) from error
        finally:
            self._spares.rest()

    def read(self, name: str) -> bytes:
        """Return a file as readers get it now."""
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise DeliveryError(
                "site.unreadable",
                f"The site cannot be read back: {error.strerror}.",
                permanent=False,
                where=str(self.folder / name),
            ) from error

    def _publish(self, files: Mapping[str, bytes], version: int) -> int:
        before = self._adopted()
        changed = [name for name, content in files.items() if before.get(name) != content]
        place = self._place(version)
        for folder in sorted({place / parent for parent in _folders(files)}):
            folder.mkdir(parents=True, exist_ok=True)
        self._link(place, files.keys() - set(changed))
        self._write(place, {name: files[name] for name in changed})
        _settle(self.versions)
        self._show(place)
        self._shown = files
        self._places.append(place)
        self._tidy(used=len(changed))
        return len(changed)

    def _give_up(self) -> None:
        # A full disk is left no fuller than it was, minute after minute; and what is shown is looked at anew, should
        # somebody have taken it away.
        shown = self.folder.resolve()
        for place in set(self.versions.glob("*")) - {shown, *self._places}:
            shutil.rmtree(place, ignore_errors=True)
        self._shown = None

    def _adopted(self) -> Mapping[str, bytes]:
        # A new process takes up what is shown: pages that did not change keep their age and their ETag.
        if self._shown is None:
            place = self.folder.resolve()
            is_ours = self.folder.is_symlink() and place.is_dir()
            found = {str(path.relative_to(place)): path for path in place.rglob("*") if is_ours and path.is_file()}
            self._ages = {name: int(path.stat().st_mtime) for name, path in found.items()}
            self._shown = {name: path.read_bytes() for name, path in found.items()}
            self._places = [place] if is_ours else []
        return self._shown

    def _place(self, version: int) -> Path:
        # Readers may be looking at a version of the same number: two publications in one second, or a replay run again.
        names = (f"{version:012d}" if again == 0 else f"{version:012d}-{again}" for again in count())
        place = next(self.versions / name for name in names if not (self.versions / name).exists())
        place.mkdir(parents=True)
        return place

    def _link(self, place: Path, names: Iterable[str]) -> None:
        shown = f"{self._places[-1]}/" if self._places else ""
        for name in names:
            os.link(f"{shown}{name}", f"{place}/{name}")

    def _write(self, place: Path, changed: Mapping[str, bytes]) -> None:
        # Servers make ETags from the age in whole seconds: what changes twice in a second must still grow older.
        now_s = int(time.time())
        ages = {name: max(now_s, self._ages.get(name, 0) + 1) for name in changed}
        todo = list(changed.items())

        def write(batch: Sequence[tuple[str, bytes]]) -> None:
            for name, content in batch:
                path = f"{place}/{name}"
                _fill(path, content, age_s=ages[name], is_there=self._spares.take(path))

        with ThreadPoolExecutor(WRITTEN_TOGETHER) as pool:
            list(pool.map(write, (todo[start : start + BATCH] for start in range(0, len(todo), BATCH))))
        self._ages.update(ages)

    def _show(self, place: Path) -> None:
        if self.folder.is_dir() and not self.folder.is_symlink():
            self.folder.rmdir()  # an empty folder made beforehand may go; one that holds anything is not ours
        fresh = self.folder.with_name(f".{self.folder.name}.next")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(place.relative_to(self.folder.parent), target_is_directory=True)
        fresh.replace(self.folder)

    def _tidy(self, *, used: int) -> None:
        # After the switch and beside the next steps: nobody waits for what is thrown away.
        self._places = self._places[-KEPT_VERSIONS:]
        kept = {place.name for place in self._places}
        # What an earlier process left, or a publication that failed half-way, goes as well. Listed here, not there:
        # by then the next version may be under way.
        old = [version for version in self.versions.iterdir() if version.name not in kept]
        self._tidying = self._tidier.submit(self._finish, old, used)

    def _finish(self, old: Iterable[Path], used: int) -> None:
        _sync(self.folder.parent)
        self._spares.throw_away(old)
        self._spares.refill(used)


def build(settings: TargetSettings) -> FolderTarget:
    """Return the target for the folder that the setting `folder` names."""
    # Never resolved: from the second start on the folder is a link, and what is meant is the link.
    return FolderTarget(Path(settings.text("folder")).expanduser().absolute())


def _folders(files: Iterable[str]) -> set[str]:
    return {name.rpartition("/")[0] for name in files}


def _fill(path: str, content: bytes, *, age_s: int, is_there: bool) -> None:
    descriptor = os.open(path, os.O_WRONLY if is_there else os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
        os.utime(descriptor, (age_s + NEVER_NOTED_S, age_s))
    finally:
        os.close(descriptor)


def _settle(folder: Path) -> None:
    # After a power cut the link must not point to empty files: all that was written is on disk before it is shown,
    # in one commit of the file system, unless the disk takes longer than readers should wait for news.
    done = threading.Thread(target=_sync_file_system, args=(folder,), name="settling", daemon=True)
    done.start()
    done.join(SETTLES_WITHIN_S)


def _sync_file_system(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        sync = getattr(ctypes.CDLL(None), "syncfs", None)
        if sync is None:
            os.sync()
        else:
            sync(descriptor)
    finally:
        os.close(descriptor)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
