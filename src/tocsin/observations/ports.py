"""Where rollups are kept."""

from datetime import datetime
from typing import Protocol

from tocsin.observations.rules.model import Rollups


class TelemetryStore(Protocol):
    """Keeps rollups and gives them back by time. One owner at a time; idempotent."""

    def append(self, batch_id: str, rollups: Rollups) -> bool:
        """Add the batch; return False, and change nothing, when `batch_id` was added before."""
        ...

    def window(self, start: datetime, end: datetime) -> Rollups:
        """Return the rollups whose bucket starts in [start, end), sorted by bucket, rows of equal key summed."""
        ...

    def append_history(self, batch_id: str, rollups: Rollups) -> bool:
        """Add five-minute sums from before observation began (package and region "*"); idempotent likewise."""
        ...

    def history(self, start: datetime, end: datetime) -> Rollups:
        """Return five-minute sums per vantage × service in [start, end): given history and own rollups together."""
        ...

    def close(self) -> None:
        """Release the store."""
        ...
