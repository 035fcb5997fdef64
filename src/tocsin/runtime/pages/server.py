"""The file server's process: holds the public port, answers for the pages, and stays when all else has gone.

It needs neither database nor application: when those die, readers still get the last version, which says itself
until when it may be trusted. It outlives even a killed supervisor; the next `tocsin serve` on the data folder takes
the port over from it.
"""

import asyncio
import contextlib
import resource
import signal
from pathlib import Path

import uvloop

from tocsin.runtime.pages.connection import Connection, House
from tocsin.runtime.pages.passage import Passage
from tocsin.runtime.pages.shelf import Shelf

GLANCE_S = 0.02
"""How often to look for a newer version."""

IDLE_AFTER_S = 75.0
BACKLOG = 4096
MOST_CONNECTIONS = 65_536


def serve(host: str, port: int, *, site: Path, application: Path) -> None:
    """Serve the site's folder, and hand other requests to the application's socket, until SIGTERM."""
    _allow_a_herd()
    uvloop.run(_serve(host, port, site=site, application=application))


async def _serve(host: str, port: int, *, site: Path, application: Path) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    house = House(Shelf(site), Passage(str(application)))
    server = await loop.create_server(lambda: Connection(house), host, port, backlog=BACKLOG, reuse_address=True)
    keeping = [loop.create_task(_keep_looking(house.shelf)), loop.create_task(_keep_house(house))]
    await stopping.wait()
    server.close()
    house.passage.close()
    for task in keeping:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _allow_a_herd() -> None:
    # Systems start programs with room for a thousand open files, and let them ask for more: each reader takes one.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_CONNECTIONS if hard == resource.RLIM_INFINITY else min(hard, MOST_CONNECTIONS)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


async def _keep_looking(shelf: Shelf) -> None:
    while True:
        shelf.look()
        await asyncio.sleep(GLANCE_S)


async def _keep_house(house: House) -> None:
    loop = asyncio.get_running_loop()
    while True:
        house.clock.renew()
        for connection in tuple(house.connections):
            connection.close_if_idle(loop.time() - IDLE_AFTER_S)
        await asyncio.sleep(1.0)
