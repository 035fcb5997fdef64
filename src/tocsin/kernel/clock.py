"""One clock for everything: live it is the system's, in replay and rehearsal it is simulated.

Domain code never asks the time; it is handed `now`. Only the runtime holds a `Clock`.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

BRUSSELS = ZoneInfo("Europe/Brussels")


class Clock(Protocol):
    """Something that knows what time it is."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ReplayClock:
    """Simulated time: it stood at `origin` when the machine's clock read `anchor_s`, and runs `speed` times as fast.

    `anchor_s` is in seconds since the Unix epoch, so that several processes can share one replay clock.
    Before the anchor the clock stands still at `origin`.
    """

    origin: datetime
    anchor_s: float
    speed: float

    def now(self) -> datetime:
        """Return the simulated moment, aware, in UTC."""
        elapsed_s = max(0.0, time.time() - self.anchor_s)
        return self.origin + timedelta(seconds=elapsed_s * self.speed)


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands still; for tests and for rendering a past moment."""

    at: datetime

    def now(self) -> datetime:
        """Return the moment it stands at."""
        return self.at


def is_simulated(clock: Clock) -> bool:
    """Say whether a clock's time is not the machine's: a replay clock, or one that says so of itself (`is_replay`)."""
    return bool(getattr(clock, "is_replay", isinstance(clock, ReplayClock)))


def in_brussels(moment: datetime) -> datetime:
    """Return the same moment on the wall clocks of Brussels (summer time included)."""
    return moment.astimezone(BRUSSELS)


def parse_moment(text: str) -> datetime:
    """Read an RFC 3339 date-time and return it in UTC; raises `ValueError` when it has no offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        message = f"{text!r} has no time zone"
        raise ValueError(message)
    return moment.astimezone(UTC)


def format_moment(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC with `Z`, to the microsecond only where it has any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
