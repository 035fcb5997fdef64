"""A minute's point for each function: what share of its calls failed, and between what shares that is usual.

For charts only; verdicts rest on more than this. A function shows the service it uses that fails most beyond the
usual, from the eye that sees it worst: an average over services would hide just what one looks for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from tocsin.catalog.rules.model import Function, Pack
from tocsin.detection.rules.profile import Profile
from tocsin.kernel.intervals import floor_to
from tocsin.observations.rules.model import VANTAGES, Evidence, Outcome, Rollups

SPAN = timedelta(minutes=2)
"""Two minutes a point: one minute of a small service is too few calls to be drawn."""

MIN_CALLS = 20
"""Fewer calls than this say nothing; the chart then has a gap, which is honest."""

BAND_DEVIATIONS = 3.0
"""Half the width of the band, in standard deviations: nearly all usual minutes lie inside."""


@dataclass(frozen=True, slots=True)
class FunctionPoint:
    """One function at one minute."""

    function: str
    at: datetime
    failing_share: float
    expected_low: float
    expected_high: float


def points(evidence: Evidence, *, pack: Pack, profile: Profile, now: datetime) -> tuple[FunctionPoint, ...]:
    """Return the points of the last whole minute, in the pack's order; functions with too few calls are left out."""
    at = floor_to(now, timedelta(minutes=1))
    calls = _calls(evidence.rollups, start=at - SPAN, end=at, services=profile.services)
    found = (_point(function, at, calls, profile) for function in pack.functions.values())
    return tuple(point for point in found if point is not None)


def _calls(rollups: Rollups, *, start: datetime, end: datetime, services: tuple[str, ...]) -> NDArray[np.int64]:
    """Return counts [vantage, service, outcome], services as the profile numbers them."""
    counts = np.zeros((len(VANTAGES), len(services), len(Outcome)), np.int64)
    inside = (rollups.bucket_s >= start.timestamp()) & (rollups.bucket_s < end.timestamp())
    known = {name: index for index, name in enumerate(services)}
    place = np.array([known.get(name, -1) for name in rollups.services], np.int64)
    eye = np.array([[each.value for each in VANTAGES].index(name) for name in rollups.vantages], np.int64)
    rows = np.flatnonzero(inside)
    rows = rows[place[rollups.service[rows]] >= 0]
    np.add.at(counts, (eye[rollups.vantage[rows]], place[rollups.service[rows]]), rollups.outcomes[rows])
    return counts


def _point(function: Function, at: datetime, calls: NDArray[np.int64], profile: Profile) -> FunctionPoint | None:
    worst: FunctionPoint | None = None
    most = -np.inf
    for service in function.uses:
        index = profile.services.index(service)
        for eye in range(len(VANTAGES)):
            total = int(calls[eye, index].sum())
            if total < MIN_CALLS:
                continue
            failing = float(calls[eye, index, Outcome.REJECTED :].sum() / total)
            usual, margin = _usual(profile, eye, index, total)
            if failing - usual > most:
                most = failing - usual
                low, high = max(0.0, usual - margin), min(1.0, usual + margin)
                worst = FunctionPoint(function.id, at, round(failing, 5), round(low, 5), round(high, 5))
    return worst


def _usual(profile: Profile, eye: int, service: int, total: int) -> tuple[float, float]:
    shares = profile.shares[eye, service, Outcome.REJECTED :]
    usual = float(shares.sum())
    # Calls that fail together vary more than chance: the profile's spread adds to it.
    spread = float(profile.spread[eye, service, Outcome.REJECTED :].max())
    return usual, BAND_DEVIATIONS * float(np.sqrt(usual * (1.0 - usual) * (1.0 / total + spread)))
