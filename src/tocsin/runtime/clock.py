"""One clock for all processes of a data folder, kept in `clock.json`.

Without that file the clock is the system's. With it, it may be a replay clock: simulated time that every process
(web, engine, notifications, probes) reads from the same origin, anchor and speed, so that ticks, intake bounds,
promises and screens agree. The file is looked at on every reading, so a clock that is started, paused or sped up is
so everywhere at once.
"""

import json
import os
import time
from datetime import datetime
from functools import cache
from pathlib import Path

from tocsin.kernel.clock import Clock, FixedClock, ReplayClock, SystemClock, format_moment, parse_moment
from tocsin.kernel.errors import ConfigurationError

FILE_NAME = "clock.json"


class SharedClock:
    """The clock of a data folder, whichever it is at the moment."""

    def __init__(self, data_folder: Path) -> None:
        """Build it; nothing is read before it is asked the time."""
        self._path = data_folder / FILE_NAME
        self._stamp: tuple[int, int] | None = None
        self._clock: SystemClock | ReplayClock | FixedClock = SystemClock()

    def running(self) -> SystemClock | ReplayClock | FixedClock:
        """Return the clock that runs now: the system's, a replay clock, or one that stands still."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return SystemClock()
        stamp = (status.st_mtime_ns, status.st_ino)
        if stamp != self._stamp:
            self._clock = _read(self._path)
            self._stamp = stamp
        return self._clock

    def now(self) -> datetime:
        """Return the present moment of that clock, aware, in UTC."""
        return self.running().now()

    @property
    def speed(self) -> float:
        """How many seconds pass on it in a second: 1 on the system's, 0 while it stands still."""
        running = self.running()
        if isinstance(running, ReplayClock):
            return running.speed
        return 0.0 if isinstance(running, FixedClock) else 1.0

    @property
    def is_replay(self) -> bool:
        """Say whether its time is simulated."""
        return not isinstance(self.running(), SystemClock)


@cache
def current() -> Clock:
    """Return this process's clock, that of the configured data folder (also `settings.CLOCK`)."""
    from django.conf import settings

    clock: Clock = settings.CLOCK
    return clock


def use_system(data_folder: Path) -> None:
    """Go by the system's clock from now on."""
    (data_folder / FILE_NAME).unlink(missing_ok=True)


def stand_at(data_folder: Path, *, origin: datetime, speed: float) -> None:
    """Set a replay clock that stands still at `origin` until it is started."""
    _write(data_folder, {"kind": "replay", "origin": format_moment(origin), "anchor_s": None, "speed": speed})


def is_replay(data_folder: Path) -> bool:
    """Say whether a replay clock is set there."""
    return (data_folder / FILE_NAME).exists()


def start(data_folder: Path) -> None:
    """Let a replay clock run on from where it stands; one that runs already is left alone."""
    stored = _stored(data_folder / FILE_NAME)
    if stored["anchor_s"] is None:
        _write(data_folder, stored | {"anchor_s": time.time()})


def pause(data_folder: Path) -> None:
    """Let a replay clock stand still at its present moment."""
    path = data_folder / FILE_NAME
    _write(data_folder, _stored(path) | {"origin": format_moment(_read(path).now()), "anchor_s": None})


def _read(path: Path) -> ReplayClock | FixedClock:
    stored = _stored(path)
    origin = parse_moment(str(stored["origin"]))
    anchor_s = stored["anchor_s"]
    if anchor_s is None:
        return FixedClock(origin)
    return ReplayClock(origin=origin, anchor_s=float(str(anchor_s)), speed=float(str(stored["speed"])))


def _stored(path: Path) -> dict[str, object]:
    try:
        stored = json.loads(path.read_text())
        return {name: stored[name] for name in ("kind", "origin", "anchor_s", "speed")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            "clock.unreadable",
            "The replay clock cannot be read.",
            where=str(path),
            hint="Remove the file to go by the system's clock, or start with --clock replay --origin … --speed ….",
        ) from error


def _write(data_folder: Path, content: dict[str, object]) -> None:
    # Replaced in one step: a process that reads meanwhile sees the old clock or the new one, never half of one.
    data_folder.mkdir(parents=True, exist_ok=True)
    path = data_folder / FILE_NAME
    draft = path.with_suffix(f".{os.getpid()}.new")
    draft.write_text(json.dumps(content))
    draft.replace(path)
