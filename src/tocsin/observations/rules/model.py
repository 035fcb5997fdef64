"""What Tocsin's eyes see, before any judgement.

An *observation* is one thing seen by an eye. Transactions come in columns, everything else one by one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray


class Eye(StrEnum):
    """An independent way of seeing; each can be blind or wrong."""

    FRONT = "front"
    CLIENT = "client"
    PROBES = "probes"
    PANEL = "panel"
    PARTNER = "partner"


class Outcome(IntEnum):
    """How a transaction ended; the numbers are the columns of every outcome array."""

    OK = 0
    REJECTED = 1
    ERROR = 2
    TIMEOUT = 3


VANTAGES: tuple[Eye, Eye] = (Eye.FRONT, Eye.CLIENT)
"""The eyes that see transactions, in the order of their codes."""

ANY = "*"
"""Stands for every package or every region in sums."""


@dataclass(frozen=True, slots=True)
class Transactions:
    """A batch of transactions in columns of equal length, sorted by time.

    `time_us` is microseconds since the Unix epoch, UTC (int64); `vantage`, `service`, `package`, `region` are
    codes (int16) into `vantages`, `services`, `packages`, `regions`; `outcome` (int8) is an `Outcome`;
    `duration_ms` is float32; `count` (int64) says how many transactions a row stands for.
    """

    time_us: NDArray[np.int64]
    vantage: NDArray[np.int16]
    service: NDArray[np.int16]
    package: NDArray[np.int16]
    region: NDArray[np.int16]
    outcome: NDArray[np.int8]
    duration_ms: NDArray[np.float32]
    count: NDArray[np.int64]
    services: tuple[str, ...]
    packages: tuple[str, ...]
    regions: tuple[str, ...]
    vantages: tuple[str, ...] = ("front", "client")

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.time_us.shape[0])


DURATION_EDGES_MS: NDArray[np.float64] = np.geomspace(1.0, 120_000.0, 49)
"""Edges of the duration histogram: 48 bins, each about 28 % wider than the last; outside values go to the end bins."""

DURATION_BINS = len(DURATION_EDGES_MS) - 1

BUCKET_S = 10
"""Width of a rollup's bucket in seconds."""


@dataclass(frozen=True, slots=True)
class Rollups:
    """Observations summed over ten-second buckets, one row per (bucket, vantage, service, package, region).

    `bucket_s` is the bucket's start in seconds since the Unix epoch (int64), sorted; codes as in `Transactions`;
    `outcomes` is [row, 4] int64, columns as `Outcome`; `durations` is [row, DURATION_BINS] int32, the histogram of
    successful and failed answers alike over `DURATION_EDGES_MS` (timeouts are not in it: they have no duration).
    """

    bucket_s: NDArray[np.int64]
    vantage: NDArray[np.int16]
    service: NDArray[np.int16]
    package: NDArray[np.int16]
    region: NDArray[np.int16]
    outcomes: NDArray[np.int64]
    durations: NDArray[np.int32]
    services: tuple[str, ...]
    packages: tuple[str, ...]
    regions: tuple[str, ...]
    vantages: tuple[str, ...] = ("front", "client")

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.bucket_s.shape[0])


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of one synthetic check of a service (and of a function, where the check plays a whole one)."""

    at: datetime
    probe: str
    service: str
    function: str | None
    is_ok: bool
    duration_ms: float
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a panel member says: this function works, or does not, for me. `text` is already redacted.

    `at` is when it was so for the member, also where the report came later (`received_at`, None where nobody noted it).
    `practice` and `sender` are pseudonyms of the place and of what sent it ("" where unknown): members of one practice,
    or behind one sender, are not independent witnesses.
    """

    at: datetime
    member: str
    audience: str
    package: str
    region: str
    function: str
    works: bool
    text: str
    received_at: datetime | None = None
    practice: str = ""
    sender: str = ""


type NoticeState = Literal["investigating", "disrupted", "down", "maintenance", "resolved"]


@dataclass(frozen=True, slots=True)
class Notice:
    """A partner's statement on its services. Its text and promised time are never copied into a public text."""

    at: datetime
    partner: str
    services: tuple[str, ...]
    state: NoticeState
    text: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was seen up to a moment, as the rules get it. Holds nothing later than `now`.

    `rollups` cover the look-back window (30 minutes); `probes`, `reports` and `notices` likewise at least that
    far (reports 2 hours, notices 12 hours), each sorted by time. `last_seen` says when each eye last gave a sign
    of life; an eye that is absent from it is not in use at all (never configured, or left out on purpose).
    """

    now: datetime
    rollups: Rollups
    probes: tuple[ProbeResult, ...]
    reports: tuple[Report, ...]
    notices: tuple[Notice, ...]
    last_seen: Mapping[Eye, datetime]
