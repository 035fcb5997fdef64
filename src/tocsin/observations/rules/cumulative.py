"""From counters that only ever grow to what happened: the increase since a series was last seen.

An OpenTelemetry SDK sends, by default, histograms that count from the start of the process. The first sight of a
series tells what happened only when the process had just started; otherwise it is where counting begins.
"""

from dataclasses import dataclass
from typing import Final

FRESH_US: Final = 150_000_000
"""A process that started within two export intervals (60 s by default, and some delay) before its first export."""


@dataclass(frozen=True, slots=True)
class Level:
    """Where a series stood at `time_us`: counts per duration bucket since `start_us`."""

    start_us: int
    time_us: int
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Increase:
    """What happened between two moments: counts per duration bucket."""

    start_us: int
    end_us: int
    counts: tuple[int, ...]


def increase(level: Level, previous: Level | None) -> Increase | None:
    """Return what happened since `previous`; None when that cannot be known, or the level is not newer."""
    if previous is None:
        is_fresh = level.start_us > 0 and level.time_us - level.start_us <= FRESH_US
        return Increase(level.start_us, level.time_us, level.counts) if is_fresh else None
    if level.time_us <= previous.time_us:
        return None
    if _was_reset(level, previous):
        # The process began anew, after we last saw it: everything it counted is news.
        return Increase(max(level.start_us, previous.time_us), level.time_us, level.counts)
    # An exponential histogram that changes its scale may move a few counts to a neighbouring bucket.
    counts = tuple(max(0, now - before) for now, before in zip(level.counts, previous.counts, strict=True))
    return Increase(previous.time_us, level.time_us, counts)


def _was_reset(level: Level, previous: Level) -> bool:
    if level.start_us > previous.start_us or len(level.counts) != len(previous.counts):
        return True
    return sum(level.counts) < sum(previous.counts)
