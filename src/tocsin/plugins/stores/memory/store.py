"""A telemetry store that lives in memory: for replay, rehearsal and tests.

`window` hands out views into one growing table, so that a tick copies nothing but what is new.
"""

from datetime import UTC, datetime, timedelta

from tocsin.observations.rules.model import Rollups
from tocsin.observations.rules.rollup import between, combine, five_minute_sums
from tocsin.plugins.stores.memory.buffer import RollupBuffer

_FIVE_MINUTES_S = 300


class MemoryStore:
    """Keeps rollups in memory; satisfies `observations.ports.TelemetryStore`.

    With `keep` set, ten-second rollups older than that (counted from the newest) may be folded into five-minute sums,
    so that a long replay needs no more memory than a short one; `window` then reaches back at least `keep`.
    """

    def __init__(self, *, keep: timedelta | None = None) -> None:
        self._keep = keep
        self._batches: set[tuple[str, str]] = set()
        self._recent = RollupBuffer()
        self._folded: list[Rollups] = []
        self._given: list[Rollups] = []

    def append(self, batch_id: str, rollups: Rollups) -> bool:
        """Add the batch; return False, and change nothing, when `batch_id` was added before."""
        if not self._is_new("own", batch_id):
            return False
        self._recent.add(rollups)
        self._fold_old()
        return True

    def window(self, start: datetime, end: datetime) -> Rollups:
        """Return the rollups whose bucket starts in [start, end), sorted by bucket, rows of equal key summed."""
        return between(self._recent.view(), start, end)

    def append_history(self, batch_id: str, rollups: Rollups) -> bool:
        """Add five-minute sums from before observation began; idempotent likewise."""
        if not self._is_new("given", batch_id):
            return False
        self._given.append(combine([rollups]))
        return True

    def history(self, start: datetime, end: datetime) -> Rollups:
        """Return five-minute sums per vantage × service in [start, end): given and own together."""
        own = five_minute_sums(between(self._recent.view(), start, end))
        return combine([*(between(part, start, end) for part in (*self._given, *self._folded)), own])

    def close(self) -> None:
        """Release the memory."""
        self._recent = RollupBuffer()
        self._folded.clear()
        self._given.clear()
        self._batches.clear()

    def _is_new(self, kind: str, batch_id: str) -> bool:
        key = (kind, batch_id)
        if key in self._batches:
            return False
        self._batches.add(key)
        return True

    def _fold_old(self) -> None:
        """Fold what is older than `keep`, once as much again has gathered, so that it seldom costs anything."""
        held = self._recent.view()
        if self._keep is None or not len(held):
            return
        oldest_s, newest_s = int(held.bucket_s[0]), int(held.bucket_s[-1])
        keep_s = self._keep.total_seconds()
        if newest_s - oldest_s <= 2 * keep_s + _FIVE_MINUTES_S:
            return
        cut = datetime.fromtimestamp((newest_s - keep_s) // _FIVE_MINUTES_S * _FIVE_MINUTES_S, tz=UTC)
        oldest = datetime.fromtimestamp(oldest_s, tz=UTC)
        newest = datetime.fromtimestamp(newest_s + 1, tz=UTC)
        self._folded.append(five_minute_sums(between(held, oldest, cut)))
        self._recent.replace(between(held, cut, newest))
