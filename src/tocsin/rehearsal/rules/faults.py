"""What can go wrong in a simulated federation: a fault, whom it hits, and how hard at each moment."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

type Numbers = NDArray[np.float64]
type Kind = Literal["capacity", "configuration", "partner", "network", "release", "functional", "monitoring"]
type Effect = Literal["error", "rejected", "timeout", "overload", "slow", "hollow", "blocked", "blind"]
"""How a call that is hit ends: the service fails it, refuses it or never answers it; `overload` is slow for all and
then too late for some; `slow` ten times slower for some; `hollow` a quick "fine" that means nothing; `blocked` lost on
the way; `blind`: the call is fine, the eye that should see it is not."""
type Shape = Literal["step", "ramp", "flapping"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong from `start_s` to `end_s` (seconds after the scenario's start).

    At full strength it hits the share `depth` of the calls it touches. A `ramp` grows over `ramp_s`; `flapping` is on
    for half of each `period_s`. `packages`, `regions`, `audiences` and `functions` narrow who is hit (None = all).
    `shows_on` are the services whose calls go wrong, where that does not follow from the cause and the graph. `eyes`
    are those that a `blind` fault takes away. `change` is the intervention that caused it. A fault that was `announced`
    as maintenance is no incident: those who are hit knew.
    """

    kind: Kind
    cause: str
    effect: Effect
    start_s: float
    end_s: float
    depth: float = 1.0
    shape: Shape = "step"
    ramp_s: float = 600.0
    period_s: float = 480.0
    packages: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    audiences: tuple[str, ...] | None = None
    functions: tuple[str, ...] | None = None
    shows_on: tuple[str, ...] = ()
    eyes: tuple[str, ...] = ()
    change: str | None = None
    is_announced: bool = False
    is_seen_by_probes: bool = field(default=True)

    @property
    def is_whole(self) -> bool:
        """Say whether everybody who calls is hit alike, a synthetic check among them."""
        return self.packages is None and self.regions is None and self.audiences is None and self.functions is None


def strength(fault: Fault, seconds: Numbers) -> Numbers:
    """Return how much of its full strength the fault has at each moment, 0 outside its time."""
    since = np.asarray(seconds, dtype=np.float64) - fault.start_s
    is_on = (since >= 0) & (seconds < fault.end_s)
    if fault.shape == "ramp":
        # An overloaded service gets worse slowly, and is well soon after it got help.
        return np.where(is_on, np.minimum((since + 30.0) / fault.ramp_s, 1.0), 0.0)
    if fault.shape == "flapping":
        return np.where(is_on & (np.mod(since, fault.period_s) < fault.period_s / 2.0), 1.0, 0.0)
    return np.where(is_on, 1.0, 0.0)


def chosen(names: Collection[str], wanted: Collection[str] | None) -> NDArray[np.bool_]:
    """Return which of the names are wanted; all of them when nothing is said."""
    return np.asarray([wanted is None or name in wanted for name in names], dtype=np.bool_)
