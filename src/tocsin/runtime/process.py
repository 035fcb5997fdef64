"""The processes that the supervisor starts: `python -m tocsin.runtime.process web|engine|notifications|probes`.

Each ends by itself when the supervisor is gone: its standard input is a pipe from there.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

THREADS = 8
"""Requests answered at the same time; they wait for the database or the disk far longer than they compute."""


def web(host: str, port: str) -> None:
    """Serve the console, the API and the published pages."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    Granian(
        "tocsin.runtime.wsgi:application",
        address=host,
        port=int(port),
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
    end_with_parent()
    try:
        PROCESSES[arguments[0]](*arguments[1:])
    except KeyboardInterrupt:
        log.info("%s was interrupted", arguments[0])


if __name__ == "__main__":
    main(sys.argv[1:])
