"""The geometry of a small chart: failing share over time, the expected band, and marks. Pure; the template draws it.

Everything is in the units of the drawing (its viewBox), so that no style attribute is needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

WIDTH, HEIGHT = 640, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 8, 18, 20

type MarkKind = Literal["change", "bulletin", "report"]


@dataclass(frozen=True, slots=True)
class Point:
    """One minute: the share of calls that failed, and between what shares that is usual."""

    at: datetime
    failing_share: float
    expected_low: float
    expected_high: float


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a moment, with words for who cannot see the drawing."""

    at: datetime
    kind: MarkKind
    label: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled line across, at a share of calls."""

    position: float
    label: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment on the time axis."""

    x: float
    at: datetime


@dataclass(frozen=True, slots=True)
class PlacedMark:
    """A mark with its place."""

    x: float
    kind: MarkKind
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """All that the template needs to draw."""

    line: str
    band: str
    marks: tuple[PlacedMark, ...]
    moments: tuple[Moment, ...]
    shares: tuple[Tick, ...]
    top: float
    bottom: float
    left: float
    right: float


def chart(points: Sequence[Point], marks: Sequence[Mark], *, start: datetime, end: datetime) -> Chart:
    """Place the points and marks that lie between `start` and `end`."""
    inside = [point for point in points if start <= point.at <= end]
    ceiling = _ceiling(inside)
    scale = _Scale(start=start, span_s=max((end - start).total_seconds(), 1.0), ceiling=ceiling)
    return Chart(
        line=_path([(scale.x(point.at), scale.y(point.failing_share)) for point in inside]),
        band=_band(inside, scale),
        marks=tuple(PlacedMark(scale.x(m.at), m.kind, m.label) for m in marks if start <= m.at <= end),
        moments=tuple(Moment(scale.x(at), at) for at in _whole_steps(start, end)),
        shares=tuple(Tick(scale.y(share), f"{share:.0%}") for share in (0.0, ceiling / 2, ceiling)),
        top=_TOP,
        bottom=HEIGHT - _BOTTOM,
        left=_LEFT,
        right=WIDTH - _RIGHT,
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    start: datetime
    span_s: float
    ceiling: float

    def x(self, at: datetime) -> float:
        inner = WIDTH - _LEFT - _RIGHT
        return round(_LEFT + inner * (at - self.start).total_seconds() / self.span_s, 1)

    def y(self, share: float) -> float:
        inner = HEIGHT - _TOP - _BOTTOM
        return round(_TOP + inner * (1 - min(share, self.ceiling) / self.ceiling), 1)


def _ceiling(points: Sequence[Point]) -> float:
    # Round steps, so that the axis reads well and two charts beside each other mostly share it.
    highest = max((max(point.failing_share, point.expected_high) for point in points), default=0.0)
    return next((step for step in (0.1, 0.2, 0.5) if highest <= step), 1.0)


def _path(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{'L' if index else 'M'}{x} {y}" for index, (x, y) in enumerate(places))


def _band(points: Sequence[Point], scale: _Scale) -> str:
    if not points:
        return ""
    upper = [(scale.x(point.at), scale.y(point.expected_high)) for point in points]
    lower = [(scale.x(point.at), scale.y(point.expected_low)) for point in reversed(points)]
    return _path([*upper, *lower]) + " Z"


def _whole_steps(start: datetime, end: datetime) -> list[datetime]:
    hours = (end - start) / timedelta(hours=1)
    minutes = next((step for step, most in ((10, 1.2), (30, 3.5), (60, 8.0)) if hours <= most), 180)
    step = timedelta(minutes=minutes)
    first = start + (timedelta() - timedelta(seconds=start.timestamp() % step.total_seconds())) % step
    steps = []
    while first <= end:
        steps.append(first)
        first += step
    return steps
