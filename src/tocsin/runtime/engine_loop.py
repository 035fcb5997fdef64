"""The engine's process: every ten seconds of the clock, intake → tick → save → pages.

The loop never stops on an error: what a tick raises is logged, counted and shown (`engine.json`, `/readyz`, the
console), and the next tick goes on. It keeps no state of its own that a restart would miss: the last judgement,
incidents and bulletins are in the database, telemetry in its store, what was acknowledged in the intake log.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from tocsin.detection.queries import Pulse
from tocsin.detection.services import leave_pulse
from tocsin.engine.ports import Outcome, Situation
from tocsin.engine.tick import Federation, tick
from tocsin.kernel.clock import Clock
from tocsin.kernel.intervals import floor_to
from tocsin.runtime.live import LiveFederation, SituationChangedError
from tocsin.runtime.signs import Part

log = logging.getLogger(__name__)

STEP = timedelta(seconds=10)
"""A tick for every bucket of the rollups."""

TIDIED_EVERY = timedelta(hours=1)

REPUBLISHED_EVERY = timedelta(minutes=1)
"""Pages say until when they are valid; they are written anew well before."""

ATTEMPTS = 3
"""How often a tick is done again because somebody acted meanwhile, before it is left to the next one."""

LONGEST_WAIT_S = 0.05
"""Somebody may act at any moment, and readers wait for it; so may a replay clock be started or sped up. To look costs
half a millisecond."""

SIGNED_EVERY_S = 1.0

SET_BACK = timedelta(minutes=1)
"""A clock that was put back by less is waited for. By more, and waiting would leave users' trouble unseen, and pages
that were printed by the wrong clock would go on calling themselves valid."""


@dataclass(frozen=True, slots=True)
class Stages:
    """What the loop calls around a tick; each is given the clock's time.

    `intake` brings the telemetry store up to what was acknowledged; `federation` returns what the tick needs besides
    its facts; `follow` is told of each tick that was saved; `publish` writes the public pages; `acts` returns the
    number of acts recorded so far, automatic ones too, by which the loop sees that something happened; `tidy` forgets
    what has served its time.
    """

    intake: Callable[[datetime], object]
    federation: Callable[[datetime], Federation]
    follow: Callable[[Situation, Outcome, Federation], object]
    publish: Callable[[datetime], object]
    acts: Callable[[], int]
    tidy: Callable[[datetime], object]


class EngineLoop:
    """Ticks, aligned to ten seconds of the clock. `stop` may be called from a signal handler."""

    def __init__(
        self, clock: Clock, live: LiveFederation, stages: Stages, *, sign: Callable[[Part], object] | None = None
    ) -> None:
        """Build the loop; nothing happens before `run` or `step`. `sign` is told of signs of life."""
        self._sign = sign or (lambda _part: None)
        self._clock = clock
        self._live = live
        self._stages = stages
        self._stopping = threading.Event()
        self._ticked_at: datetime | None = None
        self._published_at: datetime | None = None
        self._published_acts = 0
        self._tidied_at: datetime | None = None
        self._signed_at_s = -SIGNED_EVERY_S
        self.pulse = Pulse(clock.now(), None, 0, 0, 0, None, "", 0.0)

    def run(self) -> None:
        """Tick until stopped; between ticks, write the pages anew as soon as anybody acted."""
        while not self._stopping.is_set():
            self._sign_now_and_then()
            if not self.step():
                self._guarded(lambda: self._republish(self._clock.now(), is_tick=False), at=self._clock.now())
                self._stopping.wait(self._pause_s())

    def _sign_now_and_then(self) -> None:
        # The file system need not be told of every glance.
        if time.monotonic() - self._signed_at_s >= SIGNED_EVERY_S:
            self._signed_at_s = time.monotonic()
            self._sign("engine")

    def stop(self) -> None:
        """Let the loop end after the tick that is under way."""
        self._stopping.set()

    def step(self) -> bool:
        """Do the tick that is due; return False, doing nothing, when none is due yet.

        Each part is guarded by itself: pages are renewed although a tick failed, and say until when they are valid.
        """
        due = floor_to(self._clock.now(), STEP)
        if self._ticked_at is not None and due <= self._ticked_at and not _is_set_back(due, self._ticked_at):
            return False
        self._count_skipped(due)
        self._ticked_at = due
        started_s = time.perf_counter()
        self._guarded(lambda: self._stages.intake(due), at=due)
        if self._guarded(lambda: self._tick(due), at=due):
            self.pulse = replace(self.pulse, last_tick_at=due, ticks=self.pulse.ticks + 1)
            self._sign("tick")
        self._guarded(lambda: self._republish(due, is_tick=True), at=due)
        self._guarded(lambda: self._tidy(due), at=due)
        self._leave_pulse(started_s)
        return True

    def _guarded(self, part: Callable[[], object], *, at: datetime) -> bool:
        try:
            part()
        except Exception as error:
            log.exception("the tick of %s failed", at.isoformat())
            words = f"{type(error).__name__}: {error}"[:300]
            failures = self.pulse.failures + 1
            self.pulse = replace(self.pulse, failures=failures, last_failure_at=at, last_failure=words)
            return False
        return True

    def _tick(self, now: datetime) -> None:
        federation = self._stages.federation(now)
        for attempt in range(ATTEMPTS):
            situation = self._live.situation(now)
            outcome = tick(situation, federation=federation, now=now)
            try:
                self._live.save(outcome)
            except SituationChangedError:
                log.info("somebody acted during the tick of %s (attempt %d)", now.isoformat(), attempt + 1)
            else:
                self._guarded(partial(self._stages.follow, situation, outcome, federation), at=now)
                return
        raise SituationChangedError

    def _republish(self, now: datetime, *, is_tick: bool) -> None:
        acts = self._stages.acts()
        is_due = self._published_at is None or abs(now - self._published_at) >= REPUBLISHED_EVERY
        if acts == self._published_acts and not (is_tick and is_due):
            return
        # Noted before, so that pages that cannot be written are tried again at the next tick and not at every glance.
        self._published_acts, self._published_at = acts, None
        self._stages.publish(now)
        self._published_at = now

    def _tidy(self, now: datetime) -> None:
        if self._tidied_at is None or abs(now - self._tidied_at) >= TIDIED_EVERY:
            self._tidied_at = now
            self._stages.tidy(now)

    def _count_skipped(self, due: datetime) -> None:
        # The clock waits for nobody: what is late is left out, so that the next tick sees the present.
        if self._ticked_at is not None:
            skipped = max(0, round((due - self._ticked_at) / STEP) - 1)
            self.pulse = replace(self.pulse, skipped=self.pulse.skipped + skipped)

    def _leave_pulse(self, started_s: float) -> None:
        self.pulse = replace(self.pulse, tick_ms=round((time.perf_counter() - started_s) * 1000, 1))
        try:
            leave_pulse(self.pulse)
        except OSError:
            log.exception("the engine's pulse cannot be written")

    def _pause_s(self) -> float:
        now = self._clock.now()
        speed = getattr(self._clock, "speed", 1.0) or 1.0
        until_due_s = (floor_to(now, STEP) + STEP - now).total_seconds() / speed
        return max(0.001, min(until_due_s, LONGEST_WAIT_S))


def _is_set_back(due: datetime, ticked_at: datetime) -> bool:
    return ticked_at - due >= SET_BACK
