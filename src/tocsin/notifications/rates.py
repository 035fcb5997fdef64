"""How fast a provider takes messages: so many a second, with a second's worth at once."""

import time
from collections.abc import Callable


class Rate:
    """A bucket that fills by `per_second` and holds a second's worth."""

    def __init__(self, per_second: float, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        """Start full."""
        self._per_second = per_second
        self._clock_s = clock_s
        self._left = max(1.0, per_second)
        self._at_s = clock_s()

    def allowed(self) -> int:
        """Return how many may go now."""
        now_s = self._clock_s()
        self._left = min(self._left + (now_s - self._at_s) * self._per_second, max(1.0, self._per_second))
        self._at_s = now_s
        return int(self._left)

    def use(self, count: int) -> None:
        """Take so many out."""
        self._left -= count
