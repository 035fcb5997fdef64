"""What diagnosis says: who is suspected, on what grounds, and which verdicts one cause explains."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.detection.rules.model import Subject
from tocsin.kernel.reasons import Reason


@dataclass(frozen=True, slots=True)
class Suspect:
    """A candidate cause: a service, infrastructure, partner or package, with a score in 0..1 and its evidence.

    `change` is the intervention that makes it suspect, if one does. `partner` is who must be called.
    """

    id: str
    score: float
    reasons: tuple[Reason, ...]
    change: str | None = None
    partner: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One fault and all it explains: the failing subjects that share a cause, best suspect first.

    Two independent faults give two explanations; ten symptoms of one fault give one. `packages` and `regions` are
    the union of who is hit (None = all). `services` are those whose trouble it accounts for, worst first, and
    `since` the earliest onset among them; both empty where only people report the trouble.
    """

    subjects: tuple[Subject, ...]
    suspects: tuple[Suspect, ...]
    packages: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    services: tuple[str, ...] = ()
    since: datetime | None = None
