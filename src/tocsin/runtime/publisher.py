"""Writes the public pages beside the ticks: rendering them, and handing them to a slow target, must not delay a tick.

Pages are asked for as often as the engine likes; while some are being written only the newest wish is kept, since the
newest pages say all that the ones left out would have said.
"""

import threading
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self

FINISHES_WITHIN_S = 5.0


class Publisher:
    """Calls `publish` in a thread of its own, one call at a time; to be used in a `with` block."""

    def __init__(self, publish: Callable[[datetime], object]) -> None:
        """Build it; the thread starts with the block."""
        self._publish = publish
        self._wanted: datetime | None = None
        self._failure: Exception | None = None
        self._is_ending = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def __enter__(self) -> Self:
        """Start."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish what is being written and what is still wanted, and end."""
        with self._changed:
            self._is_ending = True
            self._changed.notify()
        self._thread.join(FINISHES_WITHIN_S)

    def ask(self, now: datetime) -> None:
        """Have the pages written as they are at `now`; raises what went wrong with earlier ones, once."""
        with self._changed:
            self._wanted = now
            failure, self._failure = self._failure, None
            self._changed.notify()
        if failure is not None:
            raise failure

    def _run(self) -> None:
        while (wanted := self._next()) is not None:
            try:
                self._publish(wanted)
            except Exception as error:  # noqa: BLE001 - handed to the engine, which logs, counts and shows it
                self._failure = error

    def _next(self) -> datetime | None:
        with self._changed:
            self._changed.wait_for(lambda: self._wanted is not None or self._is_ending)
            wanted, self._wanted = self._wanted, None
            return wanted
