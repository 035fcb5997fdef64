"""The worker's loop: sends what is in the outbox until it is told to stop."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from django.conf import settings
from django.db import close_old_connections

from tocsin.kernel.clock import Clock
from tocsin.notifications.queries import channel_builders, read_ahead
from tocsin.notifications.services import forget
from tocsin.notifications.worker import Worker

log = logging.getLogger(__name__)

FORGET_EVERY = timedelta(hours=6)
FAULT_PAUSE_S = 1.0


class StopEvent(Protocol):
    """What tells a loop to end (`threading.Event` and `multiprocessing.Event` do)."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait at most `timeout` seconds; return whether to stop."""
        ...


def run(
    clock: Clock,
    stop_event: StopEvent,
    *,
    worker: Worker | None = None,
    sign: Callable[[], object] = bool,
) -> None:
    """Send until `stop_event` is set; a fault is logged and the loop goes on. Ends when what is under way is done.

    `sign` is called after every turn that went well: whoever watches knows by it that the outbox is looked after.
    """
    read_ahead()
    forget_at = clock.now()
    with worker or Worker(clock, channel_builders(), rates=rates()) as working:
        while not stop_event.wait(0):
            if _turned(working):
                sign()
            elif stop_event.wait(FAULT_PAUSE_S):
                return
            if clock.now() >= forget_at:
                forget(now=clock.now())
                forget_at = clock.now() + FORGET_EVERY


def rates() -> dict[str, float]:
    """Return how many messages a second a worker hands to each channel's provider; 0 for as fast as it goes."""
    return {"email": float(getattr(settings.CONFIGURATION, "email_per_second", 0))}


def _turned(worker: Worker) -> bool:
    try:
        close_old_connections()
        if not worker.turn():
            worker.wait()
    except Exception:
        log.exception("the outbox worker met a fault; it goes on")
        return False
    return True
