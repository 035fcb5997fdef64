"""Interventions on services and what their configuration is: running, persisted, approved."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

type ChangeKind = Literal["planned", "started", "finished", "restarted", "fingerprint"]


@dataclass(frozen=True, slots=True)
class ChangeEvent:
    """One thing that happened to services, or one reading of their configuration's fingerprints.

    `running` is the hash of the configuration in memory, `persisted` the one that the next restart would load,
    `approved` the one that was signed off; each None where unknown. `change` is the change's own id, where it has one.
    """

    at: datetime
    kind: ChangeKind
    change: str | None
    services: tuple[str, ...]
    summary: str
    running: str | None = None
    persisted: str | None = None
    approved: str | None = None
