"""The error budget of a function, and how fast it burns: an auditable account beside the detectors, not one of them.

An objective of 99.9 % of calls in four weeks allows one call in a thousand to fail. The *burn rate* of a window is the
share that failed in it over that allowance: at 1 the budget just lasts, at 14.4 it is gone in two days. A pair of
windows *burns* when both the long one (enough calls to be sure) and the short one (still going on) are above its limit;
pairs and limits are those of the Site Reliability Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts".

Calls count as official availability counts them: errors and time-outs fail, refusals do not. Five-minute sums are
exact and additive, so that anybody can add them up again; that is the point. It sees neither refusals nor calls that
never arrive, and needs an hour or more for small shares: what users meet is for the detectors to say.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from tocsin.catalog.rules.model import Function
from tocsin.observations.rules.model import Outcome, Rollups

type Whole = NDArray[np.int64]

OBJECTIVE = 0.999
"""What the professions asked for after January 2020; a pack's authority may agree on another."""

BUDGET_PERIOD = timedelta(days=28)
"""Whole weeks, so that every weekday counts alike."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A long and a short window, and the burn rate that both must reach."""

    long: timedelta
    short: timedelta
    limit: float


PAIRS = (
    Pair(timedelta(hours=1), timedelta(minutes=5), 14.4),
    Pair(timedelta(hours=6), timedelta(minutes=30), 6.0),
    Pair(timedelta(days=3), timedelta(hours=6), 1.0),
)
"""2 % of a month's budget in an hour, 5 % in six hours, 10 % in three days."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Calls of one service per five minutes: when each five minutes began, how many calls, how many failed."""

    began_s: Whole
    calls: Whole
    failed: Whole

    def within(self, start: datetime, end: datetime) -> tuple[int, int]:
        """Return calls and failures of the sums that began in [start, end)."""
        rows = (self.began_s >= start.timestamp()) & (self.began_s < end.timestamp())
        return int(self.calls[rows].sum()), int(self.failed[rows].sum())


@dataclass(frozen=True, slots=True)
class Burn:
    """How fast a pair's windows burn; None where nobody called."""

    pair: Pair
    long: float | None
    short: float | None

    @property
    def is_burning(self) -> bool:
        """Say whether both windows reach the limit."""
        return min(self.long or 0.0, self.short or 0.0) >= self.pair.limit


@dataclass(frozen=True, slots=True)
class Budget:
    """Four weeks' account: calls, how many failed, how many were allowed to, and the share of that which is spent."""

    service: str
    objective: float
    calls: int
    failed: int
    burns: tuple[Burn, ...]

    @property
    def allowed(self) -> float:
        """Return how many calls may fail."""
        return self.calls * _allowance(self.objective)

    @property
    def spent_share(self) -> float:
        """Return the share of the budget that is spent; above 1 it is overdrawn."""
        return self.failed / self.allowed if self.calls else 0.0


def budgets(
    history: Rollups, functions: Sequence[Function], *, now: datetime, objectives: Mapping[str, float] | None = None
) -> dict[str, Budget]:
    """Return each function's account: that of the service it uses directly whose budget is spent most.

    `history` are five-minute sums seen by the front. Functions none of whose services was called are left out.
    """
    agreed = objectives or {}
    used = dict.fromkeys(name for function in functions for name in function.uses)
    seen = {name: sums(history, name) for name in used}
    found = {}
    for function in functions:
        objective = agreed.get(function.id, OBJECTIVE)
        own = [budget(seen[name], name, objective=objective, now=now) for name in function.uses]
        called = [each for each in own if each.calls]
        if called:
            found[function.id] = max(called, key=lambda each: each.spent_share)
    return found


def budget(given: Sums, service: str, *, objective: float, now: datetime) -> Budget:
    """Return one service's account over the last four weeks."""
    calls, failed = given.within(now - BUDGET_PERIOD, now)
    return Budget(service, objective, calls, failed, tuple(_burns(given, objective, now)))


def sums(history: Rollups, service: str) -> Sums:
    """Return the five-minute sums of one service as the front saw them."""
    if service not in history.services or "front" not in history.vantages:
        empty = np.zeros(0, np.int64)
        return Sums(empty, empty, empty)
    is_own = history.service == history.services.index(service)
    rows = np.flatnonzero(is_own & (history.vantage == history.vantages.index("front")))
    began_s, place = np.unique(history.bucket_s[rows], return_inverse=True)
    counts = np.zeros((began_s.size, len(Outcome)), np.int64)
    np.add.at(counts, place, history.outcomes[rows])
    return Sums(began_s, counts.sum(axis=1), counts[:, Outcome.ERROR] + counts[:, Outcome.TIMEOUT])


def _burns(given: Sums, objective: float, now: datetime) -> Iterator[Burn]:
    for pair in PAIRS:
        yield Burn(pair, _rate(given, pair.long, objective, now), _rate(given, pair.short, objective, now))


def _rate(given: Sums, window: timedelta, objective: float, now: datetime) -> float | None:
    calls, failed = given.within(now - window, now)
    return failed / calls / _allowance(objective) if calls else None


def _allowance(objective: float) -> float:
    # 1 - 0.999 is a little more than a thousandth in binary; who spends exactly all of it must stand at 1.
    return round(1.0 - objective, 9)
