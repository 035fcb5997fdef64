"""The loops of the processes beside the engine: one that sends what is in the outbox, one that runs the probes."""

import logging
import threading
from datetime import datetime
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import close_old_connections

from tocsin.catalog.queries import load_pack, pack_folder
from tocsin.kernel.clock import Clock
from tocsin.notifications.tasks import run
from tocsin.observations.services import accept_probe_results
from tocsin.plugins.probes.http.probe import read_probes
from tocsin.plugins.probes.http.running import run_due
from tocsin.runtime import signs
from tocsin.runtime.configuration import Configuration
from tocsin.runtime.signals import stop_on_signals

log = logging.getLogger(__name__)

LOOKS_EVERY_S = 1.0
"""How often to look whether a probe is due."""


def send_notifications() -> None:
    """Send waiting messages until SIGTERM, and erase now and then what is no longer needed of people."""
    stopping = threading.Event()
    stop_on_signals(stopping.set)
    run(settings.CLOCK, stopping, sign=partial(signs.leave, settings.CONFIGURATION.data_folder, "outbox"))


def run_probes() -> None:
    """Run the configured probes as they fall due, until SIGTERM."""
    runner = ProbeRunner(settings.CONFIGURATION)
    stopping = threading.Event()
    stop_on_signals(stopping.set)
    while not stopping.is_set():
        runner.turn()
        stopping.wait(LOOKS_EVERY_S)


class ProbeRunner:
    """Knows the probes and when each was last run."""

    def __init__(self, configuration: Configuration) -> None:
        """Read the probes; raises `ConfigurationError` naming what to mend."""
        path = Path(configuration.probes_file).expanduser()
        self._probes = read_probes(path, pack=load_pack(pack_folder(configuration.pack)))
        self._may_reach_private = configuration.probes_may_reach_private
        self._last: dict[str, datetime] = {}

    def turn(self) -> int:
        """Run those that are due, hand their results to intake, and return how many there were.

        What keeps a result from being stored is logged; the next one goes its own way.
        """
        clock: Clock = settings.CLOCK
        try:
            results, self._last = run_due(
                self._probes, clock=clock, last=self._last, may_reach_private=self._may_reach_private
            )
            if results:
                accept_probe_results(results, source="probes", now=clock.now())
        except Exception:
            log.exception("probing failed")
            return 0
        finally:
            close_old_connections()
        return len(results)
