"""What a web process knows of the present: the clock that runs, and the federation's content.

`settings.CLOCK` is the process's one clock (the system's when it is not set); the pack is read once a process.
"""

from datetime import datetime
from functools import cache

from django.conf import settings

from tocsin.bulletins.queries import load_templates
from tocsin.bulletins.rules.templates import Templates
from tocsin.catalog.queries import load_pack, pack_folder
from tocsin.catalog.rules.model import Pack
from tocsin.continuity.queries import configured_procedures
from tocsin.continuity.rules.model import Procedure
from tocsin.kernel.clock import Clock, ReplayClock, SystemClock


def clock() -> Clock:
    """Return the clock that everything in this process goes by."""
    given: Clock | None = getattr(settings, "CLOCK", None)
    return given if given is not None else SystemClock()


def now() -> datetime:
    """Return the present moment by that clock, aware, in UTC."""
    return clock().now()


def speed() -> float:
    """Return how many seconds pass on the clock in one real second; 1 unless it replays."""
    return float(getattr(clock(), "speed", 1.0))


def is_replay() -> bool:
    """Say whether the clock is a simulated one."""
    running = clock()
    return bool(getattr(running, "is_replay", isinstance(running, ReplayClock)))


@cache
def pack() -> Pack:
    """Return the federation's catalogue."""
    return load_pack(pack_folder(settings.CONFIGURATION.pack))


def procedures() -> dict[str, Procedure]:
    """Return the federation's procedures by id."""
    return configured_procedures()


@cache
def templates() -> Templates:
    """Return the federation's messages, for the words before each part of a bulletin."""
    return load_templates(pack_folder(settings.CONFIGURATION.pack))
