"""What the detectors hand to the verdicts."""

from dataclasses import dataclass

from tocsin.detection.rules.model import Signal, SignalKind
from tocsin.observations.rules.model import Eye

type Key = tuple[str, Eye, SignalKind]
"""What makes a signal the same from one tick to the next: service, eye, kind."""


@dataclass(frozen=True, slots=True)
class Found:
    """A signal together with the share of calls that it spoils in the slice it names (0..1).

    `is_leading` says that the signal alone may carry a verdict, `is_lasting` that it may keep one going; others only
    confirm.
    """

    signal: Signal
    share: float
    is_leading: bool = True
    is_lasting: bool = True
