"""The worker: sends what is in the outbox until it is told to stop."""

import logging
from datetime import timedelta
from typing import Protocol

from django.db import close_old_connections

from tocsin.kernel.clock import Clock
from tocsin.notifications.services import forget, work

log = logging.getLogger(__name__)

IDLE_S = 1.0
FORGET_EVERY = timedelta(hours=6)

BATCH = 20
"""Few enough that a stop, which waits for the batch, does not wait long even on a slow mail server."""


class StopEvent(Protocol):
    """What tells a loop to end (`threading.Event` and `multiprocessing.Event` do)."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait at most `timeout` seconds; return whether to stop."""
        ...


def run(clock: Clock, stop_event: StopEvent, *, idle_s: float = IDLE_S) -> None:
    """Send until `stop_event` is set; a fault is logged and the loop goes on. Ends between two batches."""
    forget_at = clock.now()
    while not stop_event.wait(0 if _sent_some(clock) else idle_s):
        if clock.now() >= forget_at:
            forget(now=clock.now())
            forget_at = clock.now() + FORGET_EVERY


def _sent_some(clock: Clock) -> bool:
    try:
        close_old_connections()
        return work(clock, limit=BATCH) > 0
    except Exception:
        log.exception("the outbox worker met a fault; it goes on")
        return False
