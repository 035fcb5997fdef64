"""Brings versions of the site to the targets beside the first one: each in its own thread, none waiting for another.

A courier carries the newest version only: what a slow target missed, the next version says as well. A target that
hangs is given up on and built anew. After each publication the target is read back: it must show what it was given.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from tocsin.kernel.errors import DeliveryError
from tocsin.plugins.targets.states import TargetState
from tocsin.status_site.ports import Publication, Target
from tocsin.status_site.reading_back import check_address, check_place

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 30.0


@dataclass(slots=True)
class Courier:
    """One target's courier. `build` makes the target, `report` is told of every change of its state."""

    name: str
    kind: str
    build: Callable[[], Target]
    report: Callable[[TargetState], object]
    url: str = ""
    limit_s: float = 60.0
    state: TargetState = field(init=False)
    _wanted: Publication | None = None
    _is_ending: bool = False
    _round: int = 0
    _busy_since_s: float | None = None
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        """Start with a target of which nothing is known."""
        self.state = TargetState(self.name, self.kind)

    def hand(self, publication: Publication) -> None:
        """Have this version carried; returns at once. One that still waits is left out."""
        with self._changed:
            self._wanted = publication
            self.state = replace(self.state, wanted_version=publication.version)
            if self._round == 0 or self._is_stuck():
                self._begin()
            self._changed.notify_all()

    def end(self) -> None:
        """Carry nothing more; what is under way may go on, and dies with the process."""
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()

    def _is_stuck(self) -> bool:
        return self._busy_since_s is not None and time.monotonic() - self._busy_since_s > self.limit_s

    def _begin(self) -> None:
        if self._round:
            self._note(fault=f"It did not answer within {self.limit_s:.0f} s and is given up on.", failed=True)
        self._round += 1
        self._busy_since_s = None
        threading.Thread(target=self._run, args=(self._round,), name=f"target-{self.name}", daemon=True).start()

    def _run(self, mine: int) -> None:
        target: Target | None = None
        while (publication := self._next(mine)) is not None:
            try:
                target = target or self.build()
                self._carry(target, publication, mine)
            except Exception as error:  # noqa: BLE001  shown, and tried again: no target may end its courier
                target = None
                self._failed(publication, error, mine)

    def _next(self, mine: int) -> Publication | None:
        with self._changed:
            self._changed.wait_for(lambda: self._wanted is not None or self._is_over(mine))
            if self._is_over(mine):
                return None
            wanted, self._wanted = self._wanted, None
            self._busy_since_s = time.monotonic()
            return wanted

    def _is_over(self, mine: int) -> bool:
        return self._is_ending or mine != self._round

    def _carry(self, target: Target, publication: Publication, mine: int) -> None:
        began_s = time.monotonic()
        target.publish(publication.files, version=publication.version)
        took_ms = round((time.monotonic() - began_s) * 1000, 1)
        fault = check_place(target, publication) or check_address(self.url, publication)
        with self._changed:
            if self._is_over(mine):
                return
            self._busy_since_s = None
            if not fault:
                now = datetime.now(UTC)
                self.state = replace(self.state, shown_version=publication.version, shown_at=now, took_ms=took_ms)
            self._note(fault=fault, failed=bool(fault), is_wrong=bool(fault))

    def _failed(self, publication: Publication, error: Exception, mine: int) -> None:
        words = str(error) if isinstance(error, DeliveryError) else f"{type(error).__name__}: {error}"
        log.warning("target %s does not take version %d: %s", self.name, publication.version, words)
        with self._changed:
            if self._is_over(mine):
                return
            self._busy_since_s = None
            self._note(fault=words[:300], failed=True)
            pause_s = min(FIRST_PAUSE_S * 2 ** (self.state.failures - 1), LONGEST_PAUSE_S)
            if not self._changed.wait_for(lambda: self._is_over(mine), timeout=pause_s):
                self._wanted = self._wanted or publication

    def _note(self, *, fault: str, failed: bool, is_wrong: bool = False) -> None:
        failures = self.state.failures + 1 if failed else 0
        now = datetime.now(UTC)
        self.state = replace(self.state, fault=fault, failures=failures, checked_at=now, is_wrong=is_wrong)
        self.report(self.state)
