"""Publishes the site over SFTP, to a host that gives files but no shell.

The site's folder there is a link; a new version goes up beside it, with hard links to what did not change where the
server knows how (OpenSSH does), and one rename switches. Requests travel many at a time, so that a far host costs
its bandwidth and not a round trip for each file.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from posixpath import basename, dirname
from typing import Any

from tocsin.kernel.errors import DeliveryError
from tocsin.plugins.targets.settings import TargetSettings

TOGETHER = 64
KEPT_VERSIONS = 3
ANSWERS_WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Door:
    """How to get in. `known_hosts` is the file with the host's key: an unknown host is never spoken to."""

    host: str
    port: int
    user: str
    key_file: str
    known_hosts: str


class SftpTarget:
    """A folder on another host, reached over SFTP."""

    def __init__(self, door: Door, folder: str, *, within_s: float = 50.0) -> None:
        self._door = door
        self._folder = folder.rstrip("/")
        self._within_s = within_s
        self._shown: Mapping[str, bytes] = {}
        self._place = ""

    def publish(self, files: Mapping[str, bytes], *, version: int) -> int:
        """Bring a new version up beside the one that is shown, and switch; return how many files were sent."""
        unchanged = {name for name, content in files.items() if self._shown.get(name) == content}
        place = f"{self._folder}.versions/{version:012d}"
        if place == self._place:
            place += "-again"
        self._run(lambda sftp: self._bring(sftp, files, unchanged=unchanged, place=place))
        self._shown, self._place = files, place
        return len(files) - len(unchanged)

    def read(self, name: str) -> bytes:
        """Return a file as the host shows it now."""
        content: bytes = self._run(lambda sftp: _content(sftp, f"{self._folder}/{name}"))
        return content

    def _run(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        import asyncssh

        try:
            return asyncio.run(self._connected(work))
        except (OSError, asyncssh.Error, TimeoutError) as error:
            raise DeliveryError(
                "target.unreachable",
                f"The host does not take it: {str(error) or type(error).__name__}.",
                permanent=False,
                where=f"sftp://{self._door.host}:{self._door.port}{self._folder}",
                hint="It is tried again. Look at the address, the key and the host's own key.",
            ) from error

    async def _connected(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        import asyncssh

        door = self._door
        async with (
            asyncio.timeout(self._within_s),
            asyncssh.connect(
                door.host,
                port=door.port,
                username=door.user,
                client_keys=[door.key_file],
                known_hosts=door.known_hosts,
                config=None,
                agent_path=None,
                connect_timeout=ANSWERS_WITHIN_S,
                keepalive_interval=5,
            ) as connection,
            connection.start_sftp_client() as sftp,
        ):
            return await work(sftp)

    async def _bring(self, sftp: Any, files: Mapping[str, bytes], *, unchanged: set[str], place: str) -> None:
        if await sftp.exists(place):
            await sftp.rmtree(place)
        for folder in sorted({dirname(f"{place}/{name}") for name in files}):
            await sftp.makedirs(folder, exist_ok=True)
        await _all(_link_or_put(sftp, f"{self._place}/{name}", f"{place}/{name}", files[name]) for name in unchanged)
        await _all(_put(sftp, f"{place}/{name}", files[name]) for name in files.keys() - unchanged)
        await self._switch(sftp, place)
        await self._tidy(sftp)

    async def _switch(self, sftp: Any, place: str) -> None:
        fresh = f"{self._folder}.next"
        with suppress(Exception):
            await sftp.remove(fresh)
        await sftp.symlink(f"{basename(dirname(place))}/{basename(place)}", fresh)
        await sftp.posix_rename(fresh, self._folder)

    async def _tidy(self, sftp: Any) -> None:
        versions = f"{self._folder}.versions"
        names = sorted(name for name in await sftp.listdir(versions) if not str(name).startswith("."))
        for name in names[:-KEPT_VERSIONS]:
            await sftp.rmtree(f"{versions}/{name}", ignore_errors=True)


def build(settings: TargetSettings) -> SftpTarget:
    """Return the target for `folder` at `host`, as `user` with the key in `key_file`."""
    door = Door(
        host=settings.text("host"),
        port=settings.number("port", 22),
        user=settings.text("user"),
        key_file=settings.text("key_file"),
        known_hosts=settings.text("known_hosts"),
    )
    return SftpTarget(door, settings.text("folder"))


async def _all(works: Iterable[Awaitable[None]]) -> None:
    gate = asyncio.Semaphore(TOGETHER)

    async def gated(work: Awaitable[None]) -> None:
        async with gate:
            await work

    await asyncio.gather(*(gated(work) for work in works))


async def _link_or_put(sftp: Any, old: str, new: str, content: bytes) -> None:
    import asyncssh

    try:
        await sftp.link(old, new)
    except asyncssh.SFTPError:
        await _put(sftp, new, content)


async def _put(sftp: Any, path: str, content: bytes) -> None:
    async with sftp.open(path, "wb") as file:
        await file.write(content)


async def _content(sftp: Any, path: str) -> Any:
    async with sftp.open(path, "rb") as file:
        return await file.read()
