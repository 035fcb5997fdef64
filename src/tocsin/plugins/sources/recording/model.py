"""A recorded scenario, read: what the federation's monitoring saw over some hours."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from tocsin.changes.rules import ChangeEvent
from tocsin.observations.rules.columns import select
from tocsin.observations.rules.model import Notice, ProbeResult, Report, Rollups, Transactions
from tocsin.observations.rules.rollup import rows

_US = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Recording:
    """A scenario folder's content, each part sorted by time.

    `history` holds five-minute sums from before `start`. `rejected` counts, by file, what could not be used.
    Reports' texts are as they were recorded: redact them before anything is stored or shown.
    """

    id: str
    title: str
    start: datetime
    end: datetime
    volume_scale: float
    timezone: str
    transactions: Transactions
    history: Rollups
    probes: tuple[ProbeResult, ...]
    reports: tuple[Report, ...]
    notices: tuple[Notice, ...]
    changes: tuple[ChangeEvent, ...]
    rejected: dict[str, int]

    @property
    def rejected_inputs(self) -> int:
        """How many rows and lines could not be used, over all files."""
        return sum(self.rejected.values())

    def chunks(self, step: timedelta) -> Iterator[tuple[datetime, Transactions]]:
        """Yield, for each step from `start` to `end`, its end and the transactions seen in [end - step, end).

        Chunks are views. Transactions from before `start` come with the first chunk, those after `end` not at all.
        """
        lower, at = 0, self.start
        while at < self.end:
            at = min(at + step, self.end)
            upper = int(np.searchsorted(self.transactions.time_us, (at - _EPOCH) // _US, side="left"))
            yield at, select(self.transactions, slice(lower, upper))
            lower = upper

    def without(self, vantage: str) -> "Recording":
        """Return the recording as if that vantage had never reported, in history neither."""
        code = self.transactions.vantages.index(vantage)
        kept = self.transactions.vantage != code
        history = rows(self.history, self.history.vantage != self.history.vantages.index(vantage))
        return replace(self, transactions=select(self.transactions, kept), history=history)
