"""Collects decoded points and spans, and turns them into a batch of transactions."""

from collections.abc import Sequence

import numpy as np

from tocsin.kernel.errors import InputError
from tocsin.observations.rules.columns import select
from tocsin.observations.rules.model import BUCKET_S, VANTAGES, Transactions
from tocsin.plugins.sources.otlp.meaning import Caller

_BUCKET_US = BUCKET_S * 1_000_000
_MAX_PARTS = 60
_MAX_WORDS = 2_000


class Rows:
    """Transactions as they are decoded, one after the other."""

    def __init__(self) -> None:
        """Start without any."""
        self._columns: dict[str, list[int]] = {name: [] for name in ("time", "vantage", "outcome", "count")}
        self._durations: list[float] = []
        self._codes: dict[str, list[int]] = {name: [] for name in ("service", "package", "region")}
        self._words: dict[str, dict[str, int]] = {name: {} for name in self._codes}

    def add(self, caller: Caller, *, time_us: int, duration_ms: float, count: int = 1) -> None:
        """Add so many equal transactions that ended at one moment."""
        self._columns["time"].append(time_us)
        self._columns["vantage"].append(VANTAGES.index(caller.vantage))
        self._columns["outcome"].append(caller.outcome)
        self._columns["count"].append(count)
        self._durations.append(duration_ms)
        for name, codes in self._codes.items():
            words = self._words[name]
            codes.append(words.setdefault(getattr(caller, name), len(words)))

    def add_spread(self, caller: Caller, *, span_us: tuple[int, int], duration_ms: float, count: int) -> None:
        """Add transactions that ended somewhere between two moments: evenly, so that no bucket gets them all."""
        start_us, end_us = span_us
        parts = max(1, min(_MAX_PARTS, (end_us - start_us) // _BUCKET_US))
        if start_us <= 0:
            parts = 1
        width_us = (end_us - start_us) // parts
        for part in range(parts):
            # Rounding the running sum gives every part its share and the whole its exact number.
            share = (part + 1) * count // parts - part * count // parts
            if share:
                time_us = end_us - (parts - 1 - part) * width_us - 1
                self.add(caller, time_us=time_us, duration_ms=duration_ms, count=share)

    def transactions(self) -> Transactions:
        """Return them all, sorted by time."""
        words = {name: self._vocabulary(name) for name in self._words}
        batch = Transactions(
            time_us=np.array(self._columns["time"], np.int64),
            vantage=np.array(self._columns["vantage"], np.int16),
            service=np.array(self._codes["service"], np.int16),
            package=np.array(self._codes["package"], np.int16),
            region=np.array(self._codes["region"], np.int16),
            outcome=np.array(self._columns["outcome"], np.int8),
            duration_ms=np.array(self._durations, np.float32),
            count=np.array(self._columns["count"], np.int64),
            services=words["service"],
            packages=words["package"],
            regions=words["region"],
        )
        return select(batch, np.argsort(batch.time_us, kind="stable"))

    def _vocabulary(self, name: str) -> tuple[str, ...]:
        words = tuple(self._words[name])
        if len(words) > _MAX_WORDS:
            raise InputError(
                "otlp.too_many_names",
                f"The request names {len(words)} different {name}s; at most {_MAX_WORDS} make sense.",
                hint=f"Check what is sent as the {name}: it must not change from call to call.",
            )
        return words


def middles_ms(bounds_ms: Sequence[float]) -> tuple[float, ...]:
    """Return a duration that stands for each bucket of a histogram with these upper bounds; the last is open."""
    if not bounds_ms:
        return (0.0,)
    lower = (0.0, *bounds_ms)
    inner = [(low + high) / 2 for low, high in zip(lower, bounds_ms, strict=False)]
    return (*inner, bounds_ms[-1] * 1.5)
