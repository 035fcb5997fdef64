"""Publishes the site into a folder that any web server can serve.

The folder is a symbolic link to a version beside it; publishing writes a whole new version and swaps the link, so a
reader never meets half a site. The place of a version that nobody reads any more is used again, so that only what
changed since is written. Each text comes with its gzip sibling, for servers that send prepared ones.
"""

import gzip
import os
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Protocol

from tocsin.kernel.errors import DeliveryError

KEPT_VERSIONS = 3
"""A reader may be half-way through a version when the next two come."""

SYNCED_TOGETHER = 16

_COMPRESSED = frozenset({".html", ".css", ".js", ".json", ".xml", ".txt"})
_WORTH_COMPRESSING_BYTES = 256


class PlacedSite(Protocol):
    """The part of the configuration that this target needs."""

    @property
    def site_folder(self) -> Path:
        """Where the published pages lie."""
        ...


class FolderTarget:
    """The built-in target: `folder` shows the site, its versions lie in `<folder>.versions/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.versions = folder.with_name(f"{folder.name}.versions")
        self._held: dict[Path, Mapping[str, bytes]] = {}

    def publish(self, files: Mapping[str, bytes], *, version: int) -> int:
        """Write the files as a new version and show it; return how many were new or had changed."""
        before = next(reversed(self._held.items()), None)
        try:
            place, held = self._place(version)
            for name in held.keys() - files.keys():
                _remove(place / name)
            stale = [name for name, content in files.items() if held.get(name) != content]
            for name in stale:
                _write(place / name, files[name])
                if before is not None and before[1].get(name) == files[name]:
                    _same_age(before[0] / name, place / name)
            _settle(place, stale)
            self._show(place)
        except OSError as error:
            raise DeliveryError(
                "site.unwritable",
                f"The site cannot be written: {error.strerror}.",
                permanent=False,
                where=str(error.filename or self.folder),
                hint="Readers still see the version before. Check space and rights.",
            ) from error
        self._held[place] = files
        self._forget_strangers()
        return sum(1 for name, content in files.items() if before is None or before[1].get(name) != content)

    def _place(self, version: int) -> tuple[Path, Mapping[str, bytes]]:
        # Readers may be looking at a version of the same number: two publications in one second, or a replay run again.
        names = (f"{version:012d}" if again == 0 else f"{version:012d}-{again}" for again in count())
        place = next(self.versions / name for name in names if not (self.versions / name).exists())
        if len(self._held) < KEPT_VERSIONS:
            place.mkdir(parents=True)
            return place, {}
        oldest = next(iter(self._held))
        held = self._held.pop(oldest)
        oldest.rename(place)
        return place, held

    def _show(self, place: Path) -> None:
        if self.folder.is_dir() and not self.folder.is_symlink():
            self.folder.rmdir()  # an empty folder made beforehand may go; one that holds anything is not ours
        fresh = self.folder.with_name(f".{self.folder.name}.next")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(place.relative_to(self.folder.parent), target_is_directory=True)
        fresh.replace(self.folder)
        _sync(self.folder.parent)

    def _forget_strangers(self) -> None:
        # What an earlier process left, or a publication that failed half-way; readers of the former have moved on.
        if len(self._held) < KEPT_VERSIONS:
            return
        for version in self.versions.iterdir():
            if version not in self._held:
                shutil.rmtree(version, ignore_errors=True)


def build(configuration: PlacedSite) -> FolderTarget:
    """Return the target for the configured folder."""
    return FolderTarget(configuration.site_folder)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if _is_compressed(path, content):
        _packed(path).write_bytes(gzip.compress(content, compresslevel=6, mtime=0))
    else:
        _packed(path).unlink(missing_ok=True)


def _is_compressed(path: Path, content: bytes) -> bool:
    return path.suffix in _COMPRESSED and len(content) >= _WORTH_COMPRESSING_BYTES


def _packed(path: Path) -> Path:
    return path.with_name(f"{path.name}.gz")


def _remove(path: Path) -> None:
    path.unlink()
    _packed(path).unlink(missing_ok=True)


def _same_age(shown: Path, path: Path) -> None:
    # Servers make ETags from a file's time: the same page keeps the same one.
    for old, new in ((shown, path), (_packed(shown), _packed(path))):
        if old.exists() and new.exists():
            changed_ns = old.stat().st_mtime_ns
            os.utime(new, ns=(changed_ns, changed_ns))


def _settle(place: Path, names: Sequence[str]) -> None:
    # After a power cut the link must not point to empty files: everything is on disk before it is shown.
    written = [path for name in names for path in (place / name, _packed(place / name)) if path.exists()]
    folders = sorted({path.parent for path in written} | {place})
    # Together, not one by one: a file system commits what waits at the same time in one go.
    with ThreadPoolExecutor(SYNCED_TOGETHER) as pool:
        list(pool.map(_sync, [*written, *folders]))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
