"""The promise clock: the public is told when it will next be told, and is told then, even if nothing has changed."""

from datetime import UTC, datetime, timedelta

PROMISED_EVERY = timedelta(minutes=30)
"""No longer than this between two messages."""

ROUND = timedelta(minutes=5)
"""Promised times are ones that people remember: 9:10, not 9:07."""

LEAD = timedelta(minutes=2)
"""So long before the promised time the next message is asked for, so that it is out in time."""


def next_promise(now: datetime) -> datetime:
    """Return the last round time within the promised span."""
    step = ROUND.total_seconds()
    latest = (now + PROMISED_EVERY).timestamp()
    return datetime.fromtimestamp(latest // step * step, tz=UTC)


def is_due(promised_at: datetime, *, now: datetime) -> bool:
    """Say whether it is time to prepare what was promised."""
    return now >= promised_at - LEAD


def is_kept(due_at: datetime, told_at: datetime | None) -> bool:
    """Say whether something published since it was asked for keeps the promise."""
    return told_at is not None and told_at >= due_at - LEAD
