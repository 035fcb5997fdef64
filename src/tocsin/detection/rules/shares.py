"""Signals from shares: errors, timeouts, rejections and slow answers above what is usual.

Each vantage × service is scored over several windows at once: a total failure shows in one minute, a small one needs
ten. Packages and regions are scored apart, with a higher bar because there are many of them. A signal must be
surprising (score), large enough that somebody notices (effect), still going on (recent), and seen by several
witnesses (cells of package × region), because one site that retries is not an outage.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.rules.findings import Found, Key
from tocsin.detection.rules.model import Signal, SignalKind
from tocsin.detection.rules.profile import Profile
from tocsin.detection.rules.scores import excess, likeness
from tocsin.detection.rules.slices import Grid, Slice, narrowed
from tocsin.detection.rules.tallies import (
    ERROR,
    LONG_STEPS,
    OK,
    REJECTED,
    SLOW,
    STEPS,
    TIMED,
    TIMEOUT,
    Tally,
    step_age,
)
from tocsin.observations.rules.model import VANTAGES

type Numbers = NDArray[np.float64]

_WINDOWS = (2, 4, 6, 10, 20)
"""One, two, three, five and ten minutes, in steps."""
_BAR_TOTAL = 12.0
"""A log-likelihood ratio of 12 is one in 160,000: with some 200 series a tick, correlated from tick to tick, well
under one false alarm a year. Slices are ten times as many and less regular, hence the higher bar."""
_BAR_SLICE = 18.0
_RECENT = (6, 10, 20)
_ENOUGH_CALLS = 10.0
"""What goes on now is read from the shortest of three, five and ten minutes that holds this many calls."""
_LEADING = 0.05
_LEADING_LASTS = 0.025
"""One call in twenty spoilt is what people notice; less is evidence for others, not a verdict. Half of it ends one."""
_STILL_ON = 2.0
_STILL_ON_PART = 0.3
_WITNESSES = 3
_KEPT_STRENGTH = 6.0
_ENDINGS = (6, 8, 10)
_SURELY_OVER = -3.0
"""A signal also ends once its last three, four or five minutes are twenty times likelier without the fault."""
_ONGOING = 0.5
"""A signal ends when the recent share has come back to half of the effect that raised it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of badness: its planes, the least effect worth a signal (over everything, in a slice)."""

    name: SignalKind
    bad: int
    effect: float
    slice_effect: float


KINDS = (
    Kind("errors", ERROR, 0.02, 0.06),
    Kind("timeouts", TIMEOUT, 0.02, 0.06),
    # Callers make mistakes, and one package may usually make more of them than others.
    Kind("rejected", REJECTED, 0.03, 0.10),
    # History gives no tails, so only a clear change of the whole distribution counts.
    Kind("latency", SLOW, 0.15, 0.35),
)


def share_signals(tally: Tally, *, profile: Profile, previous: Mapping[Key, Signal], now: datetime) -> list[Found]:
    """Return every share signal, in the order of kinds, vantages and services."""
    return [found for kind in KINDS for found in _signals_of(kind, tally, profile=profile, previous=previous, now=now)]


def _signals_of(
    kind: Kind, tally: Tally, *, profile: Profile, previous: Mapping[Key, Signal], now: datetime
) -> Iterator[Found]:
    usual, spread = usual_of(kind, tally, profile)
    total = _scores(tally.totals, kind, usual=usual, spread=spread, effect=kind.effect)
    package = _scores(
        tally.by_package, kind, usual=usual[..., None], spread=spread[..., None], effect=kind.slice_effect
    )
    region = _scores(tally.by_region, kind, usual=usual[..., None], spread=spread[..., None], effect=kind.slice_effect)
    sliced = np.maximum(package.max(axis=-1, initial=0.0), region.max(axis=-1, initial=0.0))
    strength = np.where(_is_on(tally.totals, kind, usual, spread), np.maximum(total, sliced), 0.0)
    is_clear = (strength > 0) & ((total >= _BAR_TOTAL) | (sliced >= _BAR_SLICE))
    for vantage, service in np.argwhere(is_clear | _was(kind, tally, previous)):
        place = Place(kind, int(vantage), int(service), float(usual[vantage, service]))
        before = previous.get((tally.names.services[service], VANTAGES[vantage], kind.name))
        if before is None or is_clear[vantage, service]:
            found = _found(place, tally, before, strength=float(strength[vantage, service]), now=now)
        else:
            found = _kept(place, tally, before, now=now)
        if found is not None:
            yield found


@dataclass(frozen=True, slots=True)
class Place:
    """One series to look at: a kind of badness at one vantage × service, and its usual share."""

    kind: Kind
    vantage: int
    service: int
    usual: float


def _was(kind: Kind, tally: Tally, previous: Mapping[Key, Signal]) -> NDArray[np.bool_]:
    was = np.zeros(tally.totals.shape[1:3], bool)
    for service, eye, name in previous:
        if name == kind.name and eye in VANTAGES and service in tally.names.services:
            was[VANTAGES.index(eye), tally.names.services.index(service)] = True
    return was


def _found(place: Place, tally: Tally, before: Signal | None, *, strength: float, now: datetime) -> Found | None:
    """Return the signal at a place that is clear, unless too few witnesses saw it."""
    onset = _onset(place, tally)
    where = Slice(before.packages, before.regions) if before is not None else Slice()
    for steps in dict.fromkeys((min(max(onset, _WINDOWS[0]), _RECENT[1]), STEPS)):
        part, grid = _narrowed(place, tally, where, steps)
        if int((grid.bad > 0).sum()) >= _WITNESSES:
            break
    else:
        return None
    share = float(grid.bad.sum() / max(grid.calls.sum(), 1.0))
    # While the onset lies within the window it is estimated anew: later minutes show it more clearly.
    is_in_view = before is None or before.since > now - step_age(STEPS - 1)
    since = now - step_age(onset) if is_in_view or before is None else before.since
    return _made(place, tally, part, strength=strength, share=share, since=since)


def _kept(place: Place, tally: Tally, before: Signal, *, now: datetime) -> Found | None:
    """Return a signal of the last tick that is no longer clear but still going on in its slice."""
    if any(_is_surely_over(place, tally, before, steps) for steps in _ENDINGS):
        return None
    steps = next((n for n in _RECENT if _within(place, tally, before, n).calls.sum() >= _ENOUGH_CALLS), STEPS)
    grid = _within(place, tally, before, steps)
    is_whole = before.packages is None and before.regions is None
    effect = place.kind.effect if is_whole else place.kind.slice_effect
    share = float(grid.bad.sum() / max(grid.calls.sum(), 1.0))
    if grid.calls.sum() and share < place.usual + effect * _ONGOING:
        return None
    if not grid.calls.sum() and now - before.since > step_age(LONG_STEPS):
        return None
    part = Slice(before.packages, before.regions)
    return _made(place, tally, part, strength=_KEPT_STRENGTH, share=share, since=before.since)


def _is_surely_over(place: Place, tally: Tally, before: Signal, steps: int) -> bool:
    """Say whether the newest minutes, even if of few calls, speak clearly against what the older ones showed."""
    latest, all_along = (_within(place, tally, before, number) for number in (steps, STEPS))
    older_calls = float(all_along.calls.sum() - latest.calls.sum())
    older_share = float(all_along.bad.sum() - latest.bad.sum()) / max(older_calls, 1.0)
    bad, calls = np.asarray(latest.bad.sum()), np.asarray(latest.calls.sum())
    hit = max(before.observed, older_share)
    return float(likeness(bad, calls, usual=place.usual, hit=hit)) <= _SURELY_OVER


def _within(place: Place, tally: Tally, before: Signal, steps: int) -> Grid:
    packages = None if before.packages is None else _members(before.packages, tally.names.packages)
    regions = None if before.regions is None else _members(before.regions, tally.names.regions)
    return _grid(place, tally, steps).within(packages, regions)


def _made(place: Place, tally: Tally, part: Slice, *, strength: float, share: float, since: datetime) -> Found:
    signal = Signal(
        service=tally.names.services[place.service],
        eye=VANTAGES[place.vantage],
        kind=place.kind.name,
        strength=round(strength, 3),
        observed=round(share, 5),
        expected=round(place.usual, 5),
        since=since,
        packages=part.packages,
        regions=part.regions,
    )
    beyond = max(0.0, share - place.usual)
    return Found(signal, beyond, is_leading=beyond >= _LEADING, is_lasting=beyond >= _LEADING_LASTS)


def _onset(place: Place, tally: Tally) -> int:
    """Return how many steps ago the deviation began: where the likeness, summed backwards, is at its highest."""
    counts = tally.totals[:, place.vantage, place.service]
    bad, calls = counts[place.kind.bad], _calls(counts, place.kind)
    summed_bad, summed_calls = np.cumsum(bad), np.cumsum(calls)
    worst = max(
        (
            summed_bad[window - 1] / summed_calls[window - 1]
            for window in _WINDOWS[:3]
            if summed_calls[window - 1] >= _ENOUGH_CALLS
        ),
        default=0.0,
    )
    summed = np.cumsum(likeness(bad, calls, usual=place.usual, hit=max(float(worst), place.usual + place.kind.effect)))
    return int(np.argmax(summed)) + 1


def _narrowed(place: Place, tally: Tally, where: Slice, steps: int) -> tuple[Slice, Grid]:
    grid = _grid(place, tally, steps)
    return narrowed(grid, usual=place.usual, effect=place.kind.slice_effect, names=tally.names, previous=where)


def _grid(place: Place, tally: Tally, steps: int) -> Grid:
    """Return the counts of one series per package and region over the newest steps."""
    cells = tally.cells
    shape = (len(tally.names.packages), len(tally.names.regions))
    series = place.vantage * len(tally.names.services) + place.service
    mine = np.flatnonzero((cells.series == series) & (cells.step < steps))
    key = cells.package[mine] * shape[1] + cells.region[mine]
    planes = cells.planes[:, mine]
    size = shape[0] * shape[1]
    bad = np.bincount(key, weights=planes[place.kind.bad], minlength=size).reshape(shape)
    calls = np.bincount(key, weights=_calls(planes, place.kind), minlength=size).reshape(shape)
    return Grid(bad, calls)


def _members(named: tuple[str, ...], names: tuple[str, ...]) -> NDArray[np.bool_]:
    return np.array([name in named for name in names], bool)


def usual_of(kind: Kind, tally: Tally, profile: Profile) -> tuple[Numbers, Numbers]:
    """Return usual share and spread per vantage and service; services without a profile get the cautious guess."""
    shape = tally.totals.shape[1:3]
    known = len(profile.services)
    if kind.bad == SLOW:
        usual = np.ones(shape)
        usual[:, :known] = profile.slow_share
        return usual, np.full(shape, _LATENCY_SPREAD)
    usual = np.full(shape, _GUESSED_USUAL)
    usual[:, :known] = profile.shares[:, :, kind.bad]
    spread = np.full(shape, _GUESSED_SPREAD)
    spread[:, :known] = profile.spread[:, :, kind.bad]
    return usual, spread


_GUESSED_USUAL = 0.01
_GUESSED_SPREAD = 0.001
_LATENCY_SPREAD = 0.01
"""Slow answers come in clumps (one slow query holds up the next), so they tell less than their number."""


def _calls(counts: Numbers, kind: Kind) -> Numbers:
    return counts[TIMED] if kind.bad == SLOW else counts[OK : TIMEOUT + 1].sum(axis=0)


def _scores(counts: Numbers, kind: Kind, *, usual: Numbers, spread: Numbers, effect: float) -> Numbers:
    """Return the best score over the windows, zero where the effect is too small or is over.

    Almost nowhere is anything wrong, so the logarithms are taken only where the plain comparison leaves a doubt.
    """
    bad = np.cumsum(counts[kind.bad], axis=-1)
    calls = np.cumsum(_calls(counts, kind), axis=-1)
    is_recent = (recent_share(bad, calls) >= usual + effect * _ONGOING) & (bad[..., _RECENT[0] - 1] > 0)
    ends = [window - 1 for window in _WINDOWS]
    b, n = bad[..., ends], calls[..., ends]
    is_large = (b > 0) & (b >= n * (usual + effect)[..., None]) & is_recent[..., None]
    scores = np.zeros(b.shape)
    where = np.nonzero(is_large)
    usual, spread = (np.broadcast_to(value[..., None], b.shape)[where] for value in (usual, spread))
    scores[where] = excess(b[where], n[where], usual=usual, spread=spread)
    return np.asarray(scores.max(axis=-1))


def _is_on(counts: Numbers, kind: Kind, usual: Numbers, spread: Numbers) -> NDArray[np.bool_]:
    """Say where the last three minutes, taken alone, are worse than usual, and not much better than those before.

    A slice may be so small that its own last minutes say nothing; then the service's must not say "over".
    """
    bad, calls = np.cumsum(counts[kind.bad], axis=-1), np.cumsum(_calls(counts, kind), axis=-1)
    now, all_along = (_share(bad[..., steps - 1], calls[..., steps - 1]) for steps in (_RECENT[0], STEPS))
    score = excess(bad[..., _RECENT[0] - 1], calls[..., _RECENT[0] - 1], usual=usual, spread=spread)
    return np.asarray((score >= _STILL_ON) & (now - usual >= _STILL_ON_PART * (all_along - usual)))


def _share(bad: Numbers, calls: Numbers) -> Numbers:
    return bad / np.maximum(calls, 1.0)


def recent_share(bad: Numbers, calls: Numbers) -> Numbers:
    """Return the share of bad calls now; `bad` and `calls` are summed from the newest step backwards."""
    share = bad[..., _RECENT[-1] - 1] / np.maximum(calls[..., _RECENT[-1] - 1], 1.0)
    for window in reversed(_RECENT[:-1]):
        b, n = bad[..., window - 1], calls[..., window - 1]
        share = np.where(n >= _ENOUGH_CALLS, b / np.maximum(n, 1.0), share)
    return share
