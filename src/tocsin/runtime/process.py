"""The processes that the supervisor starts: `python -m tocsin.runtime.process pages|web|engine|notifications|probes`.

Each ends by itself when the supervisor is gone: its standard input is a pipe from there. Only `pages`, which readers
look at, stays until it is told to end or the next `tocsin serve` takes its place.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

log = logging.getLogger(__name__)

PAGES_LOCK = "pages.lock"
HAND_OVER_S = 5.0

THREADS = 8
"""Requests answered at the same time; they wait for the database or the disk far longer than they compute."""


def pages(host: str, port: str) -> None:
    """Hold the public port: serve the published pages, and hand all else to the web process."""
    from tocsin.runtime.configuration import load_configuration
    from tocsin.runtime.locks import only_one
    from tocsin.runtime.pages.server import serve

    configuration = load_configuration()
    with only_one(configuration.data_folder / PAGES_LOCK, what="A file server", patience_s=HAND_OVER_S):
        serve(host, int(port), site=configuration.site_folder, application=configuration.web_socket)


def web(host: str = "", port: str = "") -> None:
    """Serve the console and the API: behind the process that holds the port, or by itself at `host` and `port`."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    from tocsin.runtime.configuration import load_configuration

    place = load_configuration().web_socket
    if not port:
        place.unlink(missing_ok=True)
    where: dict[str, Any] = {"address": host, "port": int(port)} if port else {"uds": place, "uds_permissions": 0o600}
    Granian(
        "tocsin.runtime.wsgi:application",
        **where,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        workers_kill_timeout=3,
        log_level=LogLevels.error,
        websockets=False,
    ).serve()


def engine() -> None:
    """Tick."""
    from tocsin.runtime.startup import start

    start()
    from tocsin.runtime.engine_process import run

    run()


def notifications() -> None:
    """Send what is in the outbox."""
    from tocsin.runtime.startup import start

    start()
    from tocsin.runtime.workers import send_notifications

    send_notifications()


def probes() -> None:
    """Check services from here."""
    from tocsin.runtime.startup import start

    start()
    from tocsin.runtime.workers import run_probes

    run_probes()


PROCESSES: dict[str, Callable[..., None]] = {
    "pages": pages,
    "web": web,
    "engine": engine,
    "notifications": notifications,
    "probes": probes,
}


def end_with_parent() -> None:
    """End this process in order as soon as nobody holds the other end of its standard input any more."""

    def watch() -> None:
        while os.read(0, 1024):
            continue
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="end-with-parent").start()


def main(arguments: list[str]) -> None:
    """Run the process that the first argument names, with the others."""
    if arguments[0] != "pages":
        end_with_parent()
    try:
        PROCESSES[arguments[0]](*arguments[1:])
    except KeyboardInterrupt:
        log.info("%s was interrupted", arguments[0])


if __name__ == "__main__":
    main(sys.argv[1:])
