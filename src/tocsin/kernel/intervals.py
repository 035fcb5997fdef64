"""Half-open spans of time."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` (included) until `end` (excluded); `end` is None while it goes on."""

    start: datetime
    end: datetime | None = None

    def contains(self, moment: datetime) -> bool:
        """Say whether the moment lies in the span."""
        return self.start <= moment and (self.end is None or moment < self.end)

    def duration(self, *, now: datetime) -> timedelta:
        """Return how long the span lasted, or has lasted so far."""
        return (self.end if self.end is not None else now) - self.start


def floor_to(moment: datetime, step: timedelta) -> datetime:
    """Return the last whole multiple of `step` since the Unix epoch at or before the moment."""
    seconds = step.total_seconds()
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, tz=moment.tzinfo)
