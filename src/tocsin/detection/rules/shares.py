"""Signals from shares: errors, timeouts, rejections and slow answers above what is usual.

Each vantage × service, each package and each region of it is looked at by an e-detector over ten minutes (`rises`). A
signal must be surprising (evidence), large enough to matter (effect), still going on, and seen by several witnesses
(cells of package × region), because one site that retries is not an outage.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.rules.edetector import e_value_log
from tocsin.detection.rules.findings import Found, Key
from tocsin.detection.rules.model import Signal, SignalKind
from tocsin.detection.rules.multiplicity import discoveries
from tocsin.detection.rules.profile import Profile
from tocsin.detection.rules.rises import BUCKETS_OF_A_MINUTE, Rises, may_rise, rises
from tocsin.detection.rules.scores import likeness
from tocsin.detection.rules.slices import Grid, Slice, narrowed
from tocsin.detection.rules.tallies import (
    ERROR,
    FINE_STEPS,
    NEAR_BUCKETS,
    OK,
    PLANES,
    REJECTED,
    SLOW,
    TIMED,
    TIMEOUT,
    Tally,
    bucket_age,
)
from tocsin.observations.rules.model import VANTAGES

type Numbers = NDArray[np.float64]

BAR_TOTAL = 16.0
"""The e-detector's threshold is its average run length: e^16 steps of ten seconds are 2.8 years for each series."""
_SLICE_FROM = 14.0
_SLICE_LEVEL = 4e-4
"""Some twenty slices to a series: e-BH over all of a tick (`multiplicity`). One alone needs about 19 on the scale of
`BAR_TOTAL`, each of thirty that fail together less than 16."""
_ECHO, _ECHO_PART = 0.05, 0.2
"""One call in twenty, and a fifth of what fails elsewhere."""
_WITNESSES = 3
_KEPT_STRENGTH = 6.0
_RECENT = tuple(minutes * BUCKETS_OF_A_MINUTE for minutes in (3, 5, 10))
_ENOUGH_CALLS = 10.0
"""What goes on now is read from the shortest of three, five and ten minutes that holds this many calls."""
_ENDINGS = tuple(minutes * BUCKETS_OF_A_MINUTE for minutes in (3, 4, 5))
_SURELY_OVER = -3.0
"""A signal also ends once its last three, four or five minutes are twenty times likelier without the fault."""
_ONGOING = 0.5
_ONGOING_PART = 0.25
"""A signal ends when the recent share has come back to half of the least effect, or a quarter of its older height."""
_LASTS = 0.5
"""Half of what it takes to lead keeps a verdict going."""
_SEEN_FROM = BUCKETS_OF_A_MINUTE
"""Who is hit is read from the minutes since it began, one at least."""
_LONGEST_SILENCE = 30 * BUCKETS_OF_A_MINUTE
"""What nobody calls any more can be said to go on for so long, not longer."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of badness: its plane, the least effect worth a signal (over everything, in a slice).

    From the effect `leads` on it carries a verdict by itself.
    """

    name: SignalKind
    bad: int
    effect: float
    slice_effect: float
    leads: float


KINDS = (
    Kind("errors", ERROR, 0.003, 0.02, 0.01),
    Kind("timeouts", TIMEOUT, 0.003, 0.02, 0.01),
    # Callers make mistakes, and one package may usually make more of them than others.
    Kind("rejected", REJECTED, 0.01, 0.06, 0.03),
    # History gives no tails, so only a clear change of the whole distribution counts.
    Kind("latency", SLOW, 0.15, 0.35, 0.25),
)


def share_signals(tally: Tally, *, profile: Profile, previous: Mapping[Key, Signal], now: datetime) -> list[Found]:
    """Return every share signal, in the order of kinds, vantages and services."""
    return _without_echoes(
        [found for kind in KINDS for found in _signals_of(kind, tally, profile=profile, previous=previous, now=now)]
    )


def _without_echoes(found: list[Found]) -> list[Found]:
    """Return the findings; those that a much larger one elsewhere may well have caused no longer carry a verdict.

    Where a service fails, those that need it, and those whose callers try again, fail a little too.
    """
    worst: dict[str, float] = {}
    for one in found:
        worst[one.signal.service] = max(worst.get(one.signal.service, 0.0), one.share)
    return [replace(one, is_leading=False, is_lasting=False) if _is_echo(one, worst) else one for one in found]


def _is_echo(one: Found, worst: Mapping[str, float]) -> bool:
    elsewhere = max((share for service, share in worst.items() if service != one.signal.service), default=0.0)
    return one.share < min(_ECHO, elsewhere * _ECHO_PART)


def _signals_of(
    kind: Kind, tally: Tally, *, profile: Profile, previous: Mapping[Key, Signal], now: datetime
) -> Iterator[Found]:
    usual, spread = usual_of(kind, tally, profile)
    seen = _raised(kind, tally, usual=usual, spread=spread)
    for vantage, service in np.argwhere((seen.evidence > 0) | _was(kind, tally, previous)):
        rows = np.flatnonzero(tally.cells.series == vantage * len(tally.names.services) + service)
        place = Place(kind, int(vantage), int(service), float(usual[vantage, service]), rows)
        before = previous.get((tally.names.services[service], VANTAGES[vantage], kind.name))
        evidence = float(seen.evidence[vantage, service])
        found = None
        if evidence > 0:
            found = _found(place, tally, before, strength=evidence, onset=int(seen.onset[vantage, service]), now=now)
        if found is None and before is not None:
            found = _kept(place, tally, before, now=now)
        if found is not None:
            yield found


def _raised(kind: Kind, tally: Tally, *, usual: Numbers, spread: Numbers) -> Rises:
    """Return, per vantage × service, the strongest rise of the whole or of one slice, without evidence where none."""
    found = _clear(tally.fine, kind, usual=usual, spread=spread, effect=kind.effect, bar=BAR_TOTAL)
    slices = [
        _clear(fine, kind, usual=usual[..., None], spread=spread[..., None], effect=kind.slice_effect, bar=_SLICE_FROM)
        for fine in (tally.fine_by_package, tally.fine_by_region)
    ]
    evidence = np.concatenate([each.evidence.ravel() for each in slices])
    is_clear = discoveries(e_value_log(evidence, NEAR_BUCKETS), _SLICE_LEVEL)
    for each, clear in zip(slices, np.split(is_clear, [slices[0].evidence.size]), strict=True):
        kept = np.where(clear.reshape(each.evidence.shape), each.evidence, 0.0)
        found = found.stronger(Rises(kept, each.onset).strongest())
    return found


def _clear(fine: Numbers, kind: Kind, *, usual: Numbers, spread: Numbers, effect: float, bar: float) -> Rises:
    """Return the rises, laid out as the series are; only those with bad calls enough are looked at."""
    shape = fine.shape[1:-1]
    found = Rises(np.zeros(shape), np.zeros(shape, np.int64))
    series = fine.reshape(PLANES, -1, FINE_STEPS)
    where = may_rise(series[kind.bad])
    if where.size:
        usual, spread = (np.broadcast_to(value, shape).ravel()[where] for value in (usual, spread))
        counts = series[:, where]
        each = rises(counts[kind.bad], _calls(counts, kind), usual=usual, spread=spread, effect=effect, least=bar)
        found.evidence.ravel()[where], found.onset.ravel()[where] = each.evidence, each.onset
    return found


@dataclass(frozen=True, slots=True)
class Place:
    """One series to look at: a kind of badness at one vantage × service, its usual share, and its rows of the cells."""

    kind: Kind
    vantage: int
    service: int
    usual: float
    rows: NDArray[np.intp]


def _was(kind: Kind, tally: Tally, previous: Mapping[Key, Signal]) -> NDArray[np.bool_]:
    was = np.zeros(tally.fine.shape[1:3], bool)
    for service, eye, name in previous:
        if name == kind.name and eye in VANTAGES and service in tally.names.services:
            was[VANTAGES.index(eye), tally.names.services.index(service)] = True
    return was


def _found(
    place: Place, tally: Tally, before: Signal | None, *, strength: float, onset: int, now: datetime
) -> Found | None:
    """Return the signal at a place that is clear, unless too few witnesses saw it."""
    where = Slice(before.packages, before.regions) if before is not None else Slice()
    # What has begun may need all its minutes to find witnesses; what goes on must have some still.
    latest = min(max(onset, _SEEN_FROM), _RECENT[1])
    for buckets in (latest, NEAR_BUCKETS) if before is None else (latest,):
        part, grid = _narrowed(place, tally, where, buckets)
        if int((grid.bad > 0).sum()) >= _WITNESSES:
            break
    else:
        return None
    if _is_over(place, tally, part, hit=0.0 if before is None else before.observed):
        return None
    recent = _within(place, tally, part, min(buckets, _RECENT[0]))
    grid = recent if recent.calls.sum() >= _ENOUGH_CALLS else grid
    share = float(grid.bad.sum() / max(grid.calls.sum(), 1.0))
    # While the onset lies within the window it is estimated anew: later minutes show it more clearly.
    is_in_view = before is None or before.since > now - bucket_age(NEAR_BUCKETS - BUCKETS_OF_A_MINUTE)
    since = now - bucket_age(onset) if is_in_view or before is None else before.since
    return _made(place, tally, part, strength=strength, share=share, since=since)


def _kept(place: Place, tally: Tally, before: Signal, *, now: datetime) -> Found | None:
    """Return a signal of the last tick that is no longer clear but still going on in its slice."""
    part = Slice(before.packages, before.regions)
    if _is_over(place, tally, part, hit=before.observed):
        return None
    grids = [_within(place, tally, part, buckets) for buckets in _RECENT]
    grid = next((one for one in grids if one.calls.sum() >= _ENOUGH_CALLS), grids[-1])
    is_whole = before.packages is None and before.regions is None
    effect = place.kind.effect if is_whole else place.kind.slice_effect
    share = float(grid.bad.sum() / max(grid.calls.sum(), 1.0))
    older = float(grids[-1].bad.sum() / max(grids[-1].calls.sum(), 1.0))
    least = max(effect * _ONGOING, (older - place.usual) * _ONGOING_PART)
    if grid.calls.sum() and share < place.usual + least:
        return None
    if not grid.calls.sum() and now - before.since > bucket_age(_LONGEST_SILENCE):
        return None
    return _made(place, tally, part, strength=_KEPT_STRENGTH, share=share, since=before.since)


def _is_over(place: Place, tally: Tally, part: Slice, *, hit: float) -> bool:
    """Say whether the newest minutes, even if of few calls, speak clearly against what the older ones showed.

    `hit` is the share that is known to have been bad, over older minutes than these.
    """
    everything = _within(place, tally, part, NEAR_BUCKETS)
    for buckets in _ENDINGS:
        latest = _within(place, tally, part, buckets)
        bad, calls = np.asarray(latest.bad.sum()), np.asarray(latest.calls.sum())
        older = float(everything.bad.sum() - bad) / max(float(everything.calls.sum() - calls), 1.0)
        if float(likeness(bad, calls, usual=place.usual, hit=max(hit, older))) <= _SURELY_OVER:
            return True
    return False


def _within(place: Place, tally: Tally, part: Slice, buckets: int) -> Grid:
    packages = None if part.packages is None else _members(part.packages, tally.names.packages)
    regions = None if part.regions is None else _members(part.regions, tally.names.regions)
    return _grid(place, tally, buckets).within(packages, regions)


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
    beyond, leads = max(0.0, share - place.usual), place.kind.leads
    return Found(signal, beyond, is_leading=beyond >= leads, is_lasting=beyond >= leads * _LASTS)


def _narrowed(place: Place, tally: Tally, where: Slice, buckets: int) -> tuple[Slice, Grid]:
    grid = _grid(place, tally, buckets)
    return narrowed(grid, usual=place.usual, effect=place.kind.slice_effect, names=tally.names, previous=where)


def _grid(place: Place, tally: Tally, buckets: int) -> Grid:
    """Return the counts of one series per package and region over the newest ten seconds, so many times."""
    cells = tally.cells
    shape = (len(tally.names.packages), len(tally.names.regions))
    mine = place.rows[cells.bucket[place.rows] < buckets]
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
    shape = tally.fine.shape[1:3]
    known = len(profile.services)
    if kind.bad == SLOW:
        usual = np.ones(shape)
        usual[:, :known] = profile.slow_share
        return usual, np.full(shape, _LATENCY_SPREAD)
    usual = np.full(shape, _GUESSED_USUAL)
    usual[:, :known] = profile.shares[:, :, kind.bad]
    spread = np.full(shape, _GUESSED_SPREAD)
    spread[:, :known] = profile.spread[:, :, kind.bad]
    return np.maximum(usual, _LEAST_USUAL), spread


_LEAST_USUAL = 2e-4
"""One call in five thousand may fail anywhere: a few weeks without any are no promise."""
_GUESSED_USUAL = 0.01
_GUESSED_SPREAD = 0.001
_LATENCY_SPREAD = 0.001
"""Slow answers come in clumps (one slow query holds up the next), so they tell less than their number."""


def _calls(counts: Numbers, kind: Kind) -> Numbers:
    return counts[TIMED] if kind.bad == SLOW else counts[OK : TIMEOUT + 1].sum(axis=0)
