"""Publishes the site into a folder that any web server can serve.

The folder is a symbolic link to a version beside it; publishing writes a whole new version and swaps the link, so a
reader never meets half a site. Files that did not change are hard links to those of the version before. Each text
comes with its gzip sibling, for servers that send prepared ones.
"""

import gzip
import os
import shutil
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Protocol

from tocsin.kernel.errors import DeliveryError

KEPT_VERSIONS = 3
"""A reader may be half-way through a version when the next two come."""

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
        self._shown: Mapping[str, bytes] = {}
        self._place: Path | None = None

    def publish(self, files: Mapping[str, bytes], *, version: int) -> int:
        """Write the files as a new version and show it; return how many were new or had changed."""
        try:
            place = self._fresh_place(version)
            changed = [name for name, content in files.items() if not self._linked(name, content, place)]
            for name in changed:
                _write(place / name, files[name])
            _settle()
            self._show(place)
        except OSError as error:
            raise DeliveryError(
                "site.unwritable",
                f"The site cannot be written: {error.strerror}.",
                permanent=False,
                where=str(error.filename or self.folder),
                hint="Readers still see the version before. Check space and rights.",
            ) from error
        self._shown, self._place = files, place
        self._forget_old(place)
        return len(changed)

    def _fresh_place(self, version: int) -> Path:
        # Readers may be looking at a version of the same number: two publications in one second, or a replay run again.
        names = (f"{version:012d}" if again == 0 else f"{version:012d}-{again}" for again in count())
        place = next(self.versions / name for name in names if not (self.versions / name).exists())
        place.mkdir(parents=True)
        return place

    def _linked(self, name: str, content: bytes, place: Path) -> bool:
        # What this process wrote itself and did not change is linked, not written again.
        if self._place is None or self._shown.get(name) != content or not (self._place / name).exists():
            return False
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        os.link(self._place / name, place / name)
        packed = self._place / f"{name}.gz"
        if packed.exists():
            os.link(packed, place / f"{name}.gz")
        return True

    def _show(self, place: Path) -> None:
        if self.folder.is_dir() and not self.folder.is_symlink():
            self.folder.rmdir()  # an empty folder made beforehand may go; one that holds anything is not ours
        fresh = self.folder.with_name(f".{self.folder.name}.next")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(place.relative_to(self.folder.parent), target_is_directory=True)
        fresh.replace(self.folder)
        _sync_folder(self.folder.parent)

    def _forget_old(self, place: Path) -> None:
        versions = sorted(self.versions.iterdir(), key=lambda version: version.stat().st_mtime_ns)
        for version in versions[:-KEPT_VERSIONS]:
            if version != place:
                shutil.rmtree(version, ignore_errors=True)


def build(configuration: PlacedSite) -> FolderTarget:
    """Return the target for the configured folder."""
    return FolderTarget(configuration.site_folder)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if path.suffix in _COMPRESSED and len(content) >= _WORTH_COMPRESSING_BYTES:
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(content, compresslevel=6, mtime=0))


def _settle() -> None:
    # After a power cut the link must not point to empty files: everything is on disk before it is shown. One call for
    # all: a site is some four hundred small files, and syncing them one by one took 1.6 s where this takes 0.02 s.
    os.sync()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
