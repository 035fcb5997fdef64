"""Flapping: a function that fails, works and fails again has a state of its own, with a rate.

Told tick by tick, readers would try, fail and go back to paper every few minutes. So turns between failing and working
are counted with a memory of twenty minutes, and while there are many the subject stays degraded for some minutes
after it last failed: that it works just now is no news.
"""

import math
from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.detection.rules.model import State, Verdict
from tocsin.kernel.reasons import Reason

MEMORY = timedelta(minutes=20)
"""How long a turn is remembered: it counts a third as much after so long."""

MANY_AN_HOUR = 9.0
"""From here on it flaps: one fault begins and may return once; two returns within the memory are no single fault."""

SETTLED = timedelta(minutes=1)
"""Good for less than this was no return: evidence wavers while a fault ends."""

HOLD = timedelta(minutes=6)
"""So long after it last failed a flapping subject is still held to be degraded; slower than that is no flapping."""


FORGOTTEN = 0.05
"""A rate this low is none."""


def steadied(
    found: Verdict, previous: Verdict | None, *, is_failing: bool, last_at: datetime | None, now: datetime
) -> Verdict:
    """Return the verdict with its rate of turns, held at degraded while it flaps.

    `is_failing` says what evidence says at this tick, `last_at` when the last tick was (None, like a missing
    `previous`, at the very first).
    """
    rate = _rate(previous, is_failing=is_failing, last_at=last_at, now=now)
    failed_at = now if is_failing else (previous.failed_at if previous is not None else None)
    if previous is None or is_failing or rate < MANY_AN_HOUR or failed_at is None or now - failed_at > HOLD:
        is_told = found.flaps_an_hour == rate and found.failed_at == failed_at
        return found if is_told else replace(found, flaps_an_hour=rate, failed_at=failed_at)
    return replace(
        previous,
        state=State.DEGRADED,
        reasons=(Reason("verdict.flapping", {"turns_an_hour": round(rate)}), *found.reasons),
        posterior=found.posterior,
        flaps_an_hour=rate,
        failed_at=failed_at,
    )


def _rate(previous: Verdict | None, *, is_failing: bool, last_at: datetime | None, now: datetime) -> float:
    if previous is None or last_at is None:
        return 0.0
    kept = previous.flaps_an_hour * math.exp(-max(0.0, (now - last_at) / MEMORY))
    rate = kept + _turns(previous, is_failing=is_failing, last_at=last_at, now=now) * (timedelta(hours=1) / MEMORY)
    return round(rate, 3) if rate > FORGOTTEN else 0.0


def _turns(previous: Verdict, *, is_failing: bool, last_at: datetime, now: datetime) -> int:
    """Return how many turns are known by now: an end counts once it has lasted, that is, when trouble returns."""
    was_failing = previous.failed_at == last_at
    if was_failing or not is_failing:
        return 0
    if previous.failed_at is None:
        return 1
    return 2 if now - previous.failed_at >= SETTLED else 0
