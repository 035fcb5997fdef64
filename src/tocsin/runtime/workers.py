"""The loops of the processes beside the engine: one that sends what is in the outbox, one that runs the probes."""

import logging
import threading
from collections.abc import Callable

from django.conf import settings
from django.db import close_old_connections

from tocsin.notifications.tasks import run
from tocsin.runtime.engine_loop import stop_on_signals

log = logging.getLogger(__name__)

RESTS_S = 5.0
"""How long to wait after an error that no message accounts for, such as a database that does not answer."""


def send_notifications() -> None:
    """Send waiting messages until SIGTERM, and erase now and then what is no longer needed of people."""
    stopping = threading.Event()
    stop_on_signals(stopping.set)
    run(settings.CLOCK, stopping)


def _repeat(turn: Callable[[], int], *, pause_s: float, what: str) -> None:
    """Take turns until SIGTERM, at once again after one that did something; an error is logged and outlived."""
    stopping = threading.Event()
    stop_on_signals(stopping.set)
    while not stopping.is_set():
        try:
            done = turn()
        except Exception:
            log.exception("%s failed", what)
            stopping.wait(RESTS_S)
        else:
            stopping.wait(0 if done else pause_s)
        finally:
            close_old_connections()


def run_probes() -> None:
    """Run the probes until SIGTERM."""
    _repeat(lambda: 0, pause_s=60, what="probing")
