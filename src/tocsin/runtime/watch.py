"""The dead man's watch: runs in the supervisor, not in what may stall, and needs neither engine nor database.

It raises the alarm when ticks, publishing or the outbox stand still, ends an engine that hangs so that it is started
anew, and asks an outside address once a minute as long as all is well: when this machine dies, its silence alarms.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tocsin.runtime import signs
from tocsin.runtime.signs import Part

log = logging.getLogger(__name__)

LOOKS_EVERY_S = 2.0
LIMITS_S: Mapping[Part, float] = {"tick": 60.0, "publishing": 180.0, "outbox": 120.0}
"""Six ticks, three publications, and far more turns than the outbox ever takes."""

STARTS_WITHIN_S = 300.0
"""What a first tick may take, which reads weeks of history."""

HANGS_AFTER_S = 90.0
SAID_AGAIN_AFTER_S = 900.0
PINGED_EVERY_S = 60.0
PING_ENDS_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Stall:
    """A part that stands still, and for how long."""

    part: Part
    for_s: float


def stalls(ages_s: Mapping[Part, float | None], *, watched_s: float, is_paused: bool) -> tuple[Stall, ...]:
    """Return the parts that have done no work for longer than they may.

    `ages_s` says how long ago each did some, None for never; `watched_s` how long the watch has looked on: nothing is
    held against a part from before, nor while it starts. While a simulated clock stands, neither ticks nor pages are
    due.
    """
    due: Sequence[Part] = ("outbox",) if is_paused else tuple(LIMITS_S)
    found = []
    for part in due:
        age_s = ages_s.get(part)
        is_started = age_s is not None and age_s < watched_s
        quiet_s = age_s if is_started and age_s is not None else watched_s
        if quiet_s > (LIMITS_S[part] if is_started else STARTS_WITHIN_S):
            found.append(Stall(part, quiet_s))
    return tuple(found)


def hangs(age_s: float | None, *, lived_s: float) -> bool:
    """Say whether an engine that has lived so long and gave its last sign so long ago will not come back by itself."""
    if age_s is None or age_s > lived_s:
        return lived_s > STARTS_WITHIN_S
    return age_s > HANGS_AFTER_S


@dataclass(slots=True)
class Watch:
    """Looks on from a thread of its own; to be used in a `with` block.

    `engine` returns the engine's process number and how long it has lived, None while it does not; `is_paused` says
    whether the clock stands; `alarm` is called with what stalls, and with nothing once all goes on again. `besides` is
    called at each look, for what else there is to watch.
    """

    data_folder: Path
    engine: Callable[[], tuple[int, float] | None]
    is_paused: Callable[[], bool]
    alarm: Callable[[Sequence[Stall]], object]
    ping_url: str = ""
    besides: Callable[[], object] = lambda: None
    _since_s: float = field(default_factory=time.monotonic)
    _said: frozenset[Part] = frozenset()
    _said_at_s: float = 0.0
    _pinged_at_s: float = -PINGED_EVERY_S
    _ending: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        """Begin."""
        threading.Thread(target=self._run, name="watch", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self._ending.set()

    def look(self) -> tuple[Stall, ...]:
        """Look once, do what is to be done about what is seen, and return it."""
        self._end_hung_engine()
        ages = {part: signs.age_s(self.data_folder, part) for part in LIMITS_S}
        found = stalls(ages, watched_s=time.monotonic() - self._since_s, is_paused=self.is_paused())
        self._tell(found)
        self.besides()
        if not found:
            self._ping()
        return found

    def _run(self) -> None:
        while not self._ending.wait(LOOKS_EVERY_S):
            try:
                self.look()
            except Exception:
                log.exception("the watch met a fault; it goes on")

    def _end_hung_engine(self) -> None:
        running = self.engine()
        if running is None:
            return
        number, lived_s = running
        age_s = signs.age_s(self.data_folder, "engine")
        if hangs(age_s, lived_s=lived_s):
            log.error("the engine has given no sign of life for %.0f s and is ended", age_s or lived_s)
            _kill(number)

    def _tell(self, found: Sequence[Stall]) -> None:
        parts = frozenset(stall.part for stall in found)
        is_worse = bool(parts - self._said)
        is_time = bool(parts) and time.monotonic() - self._said_at_s > SAID_AGAIN_AFTER_S
        is_over = bool(self._said) and not parts
        if is_worse or is_time or is_over:
            self._said_at_s = time.monotonic()
            self.alarm(found)
        self._said = parts

    def _ping(self) -> None:
        if not self.ping_url or time.monotonic() - self._pinged_at_s < PINGED_EVERY_S:
            return
        self._pinged_at_s = time.monotonic()
        try:
            httpx.get(self.ping_url, timeout=PING_ENDS_WITHIN_S).raise_for_status()
        except httpx.HTTPError as error:
            # Its silence is what alarms there; here it is only noted, without the address, which is a secret.
            log.warning("the outside monitor could not be reached (%s)", type(error).__name__)


def _kill(number: int) -> None:
    try:
        os.killpg(number, 9)
    except ProcessLookupError:
        return
