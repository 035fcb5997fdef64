"""How a place where the pages are shown is doing."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TargetState:
    """How a target is doing: the version it was handed last, the one it was seen to show, and what went wrong.

    `fault` is empty when all is well; `failures` counts those in a row. Moments are the machine's.
    """

    name: str
    kind: str
    wanted_version: int = 0
    shown_version: int = 0
    shown_at: datetime | None = None
    checked_at: datetime | None = None
    took_ms: float = 0.0
    failures: int = 0
    fault: str = ""
