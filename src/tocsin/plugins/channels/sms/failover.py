"""Two providers, one message: which is asked, and when the other may be.

The first in the operator's order that works is used until it fails; then the next, until the first has rested and
takes a message again. One message goes to a second provider only when the first is certain not to have taken it.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

FAILURES_TO_OPEN: Final = 3
FIRST_REST_S: Final = 15.0
LONGEST_REST_S: Final = 120.0
_TIES_KEPT: Final = 10_000


@dataclass(slots=True)
class Circuit:
    """Whether a provider is asked: not for a while after it failed several times on end, then with one message."""

    failures: int = 0
    rests_until_s: float = 0.0

    def lets_through(self, now_s: float) -> bool:
        """Say whether to ask; after a rest, one asks and the others wait for what becomes of it."""
        if self.failures < FAILURES_TO_OPEN:
            return True
        if now_s < self.rests_until_s:
            return False
        self.rests_until_s = now_s + FIRST_REST_S
        return True

    def worked(self) -> None:
        """Note that it answered as a provider should: it is asked first again."""
        self.failures = 0

    def failed(self, now_s: float) -> None:
        """Note a failure; each further one makes the rest longer, up to a limit."""
        self.failures += 1
        longer = 2.0 ** max(0, self.failures - FAILURES_TO_OPEN)
        self.rests_until_s = now_s + min(FIRST_REST_S * longer, LONGEST_REST_S)


@dataclass(slots=True)
class Standing:
    """What all lanes of a process know of the providers: their circuits, and which may have taken which message."""

    circuits: dict[str, Circuit] = field(default_factory=dict)
    ties: OrderedDict[str, str] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def candidates(self, reference: str, *, order: Sequence[str]) -> tuple[str, ...]:
        """Return who may carry a message, in order: of those that may have taken it already, only that one."""
        with self.lock:
            tied = self.ties.get(reference)
            return (tied,) if tied is not None and tied in order else tuple(order)

    def lets_through(self, name: str, *, now_s: float) -> bool:
        """Say whether to ask a provider now (see `Circuit`); ask it, when it is so."""
        with self.lock:
            return self._circuit(name).lets_through(now_s)

    def worked(self, name: str, *, reference: str = "") -> None:
        """Note that a provider answered; with a reference, that it took that message."""
        with self.lock:
            self._circuit(name).worked()
            self.ties.pop(reference, None)

    def failed(self, name: str, *, now_s: float) -> None:
        """Note that a provider did not do its work."""
        with self.lock:
            self._circuit(name).failed(now_s)

    def tie(self, reference: str, name: str) -> None:
        """Note that a provider may have taken a message: no other is asked for it any more."""
        with self.lock:
            self.ties[reference] = name
            if len(self.ties) > _TIES_KEPT:
                self.ties.popitem(last=False)

    def _circuit(self, name: str) -> Circuit:
        return self.circuits.setdefault(name, Circuit())
