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
from tocsin.observations.rules.model import ANY, VANTAGES

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
_MOSTLY_SUMS = 0.5
"""Where half of the calls come without a region, there are no cells to be witnesses."""
_KEPT_STRENGTH = 6.0
_RECENT = tuple(minutes * BUCKETS_OF_A_MINUTE for minutes in (3, 5, 10))
_ENOUGH_CALLS = 10.0
"""What goes on now is read from the shortest of three, five and ten minutes that holds this many calls."""
_NEWS = 2 * BUCKETS_OF_A_MINUTE
"""A signal appears with a bad call, which telemetry may bring a minute and a half late."""
_ENDINGS = np.array([minutes * BUCKETS_OF_A_MINUTE - 1 for minutes in (3, 4, 5)])
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
    """Return, per vantage × service, the strongest rise of the whole or of one slice, without evidence where none.

    Everything with bad calls enough is looked at in one go: there is little of it, and each go has its price.
    """
    sides = (tally.fine[:, :, :, None], tally.fine_by_package, tally.fine_by_region)
    looked_at = [_Doubtful.of(fine, kind) for fine in sides]
    place = np.concatenate([one.place for one in looked_at])
    counts = np.concatenate([one.counts for one in looked_at], axis=1)
    is_slice = np.arange(place.size) >= looked_at[0].place.size
    each = rises(
        counts[kind.bad],
        _calls(counts, kind),
        usual=usual.ravel()[place],
        spread=spread.ravel()[place],
        effect=np.where(is_slice, kind.slice_effect, kind.effect),
        least=np.where(is_slice, _SLICE_FROM, BAR_TOTAL),
        # A slice has no more bad calls than all callers, who are looked at whenever it is.
        whole=np.searchsorted(looked_at[0].place, place),
    )
    # Those not looked at are slices too, and count among those of which the strangest is strange by chance.
    e_values = np.full(is_slice.sum() + sum(one.passed_over for one in looked_at[1:]), -np.inf)
    e_values[: is_slice.sum()] = e_value_log(each.evidence[is_slice], FINE_STEPS)
    is_slice[is_slice] = ~discoveries(e_values, _SLICE_LEVEL)[: is_slice.sum()]
    return Rises(np.where(is_slice, 0.0, each.evidence), each.onset).strongest_of(place, usual.shape)


@dataclass(frozen=True, slots=True)
class _Doubtful:
    """Series with bad calls enough to be looked at: the vantage × service of each, and its counts in fine steps.

    `passed_over` is how many had too few.
    """

    place: NDArray[np.intp]
    counts: Numbers
    passed_over: int

    @classmethod
    def of(cls, fine: Numbers, kind: Kind) -> "_Doubtful":
        """Pick them from counts [plane, vantage, service, member, fine step]."""
        series = fine.reshape(PLANES, -1, FINE_STEPS)
        where = may_rise(series[kind.bad])
        return cls(where // fine.shape[3], series[:, where], series.shape[1] - where.size)


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
        if _is_witnessed(grid, tally):
            break
    else:
        return None
    course = _Course.of(place, tally, part)
    if _is_over(course, usual=place.usual, hit=0.0 if before is None else before.observed):
        return None
    recent = min(buckets, _RECENT[0])
    share = course.share(recent if course.calls[recent - 1] >= _ENOUGH_CALLS else buckets)
    # Who is named may be more than who raised it: of them too the latest calls must be bad.
    # And evidence grows with bad calls only: without a new one there is nothing new to tell.
    is_news = share - place.usual >= place.kind.effect * _ONGOING and course.bad[_NEWS - 1] > 0
    if before is None and not is_news:
        return None
    # While the onset lies within the window it is estimated anew: later minutes show it more clearly.
    is_in_view = before is None or before.since > now - bucket_age(NEAR_BUCKETS - BUCKETS_OF_A_MINUTE)
    since = now - bucket_age(onset) if is_in_view or before is None else before.since
    return _made(place, tally, part, strength=strength, share=share, since=since)


def _is_witnessed(grid: Grid, tally: Tally) -> bool:
    """Say whether bad calls come from several cells, or from a sum over all regions, which is nobody's single site."""
    if int((grid.bad > 0).sum()) >= _WITNESSES:
        return True
    if ANY not in tally.names.regions:
        return False
    summed = tally.names.regions.index(ANY)
    return bool(grid.bad[:, summed].any() and grid.calls[:, summed].sum() >= _MOSTLY_SUMS * grid.calls.sum())


def _kept(place: Place, tally: Tally, before: Signal, *, now: datetime) -> Found | None:
    """Return a signal of the last tick that is no longer clear but still going on in its slice."""
    part = Slice(before.packages, before.regions)
    course = _Course.of(place, tally, part)
    if _is_over(course, usual=place.usual, hit=before.observed):
        return None
    recent = next((one for one in _RECENT if course.calls[one - 1] >= _ENOUGH_CALLS), NEAR_BUCKETS)
    is_whole = before.packages is None and before.regions is None
    effect = place.kind.effect if is_whole else place.kind.slice_effect
    share, calls = course.share(recent), float(course.calls[recent - 1])
    least = max(effect * _ONGOING, (course.share(NEAR_BUCKETS) - place.usual) * _ONGOING_PART)
    if calls and share < place.usual + least:
        return None
    if not calls and now - before.since > bucket_age(_LONGEST_SILENCE):
        return None
    return _made(place, tally, part, strength=_KEPT_STRENGTH, share=share, since=before.since)


def _is_over(so_far: "_Course", *, usual: float, hit: float) -> bool:
    """Say whether the newest minutes, even if of few calls, speak clearly against what the older ones showed.

    `hit` is the share that is known to have been bad, over older minutes than these.
    """
    bad, calls = so_far.bad[_ENDINGS], so_far.calls[_ENDINGS]
    older = (so_far.bad[-1] - bad) / np.maximum(so_far.calls[-1] - calls, 1.0)
    return bool((likeness(bad, calls, usual=usual, hit=np.maximum(hit, older)) <= _SURELY_OVER).any())


@dataclass(frozen=True, slots=True)
class _Course:
    """Bad calls and calls of a slice of one series, summed from now backwards, ten seconds at a time."""

    bad: Numbers
    calls: Numbers

    @classmethod
    def of(cls, place: Place, tally: Tally, part: Slice) -> "_Course":
        """Sum them up."""
        cells, mine = tally.cells, place.rows
        for named, codes, names in (
            (part.packages, cells.package, tally.names.packages),
            (part.regions, cells.region, tally.names.regions),
        ):
            if named is not None:
                is_named = np.array([name in named for name in names], bool)
                mine = mine[is_named[codes[mine]]]
        bucket = cells.bucket[mine]
        bad = np.bincount(bucket, weights=cells.planes[place.kind.bad, mine], minlength=NEAR_BUCKETS)
        calls = np.bincount(bucket, weights=_calls(cells.planes, place.kind, mine), minlength=NEAR_BUCKETS)
        return cls(np.cumsum(bad), np.cumsum(calls))

    def share(self, buckets: int) -> float:
        """Return the share of bad calls over so many of the newest buckets."""
        return float(self.bad[buckets - 1]) / max(float(self.calls[buckets - 1]), 1.0)


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
    size = shape[0] * shape[1]
    bad = np.bincount(key, weights=cells.planes[place.kind.bad, mine], minlength=size).reshape(shape)
    calls = np.bincount(key, weights=_calls(cells.planes, place.kind, mine), minlength=size).reshape(shape)
    return Grid(bad, calls)


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


def _calls(planes: Numbers, kind: Kind, rows: NDArray[np.intp] | slice = slice(None)) -> Numbers:
    """Return the calls of which the kind's are a part; an answer that never came has no duration."""
    if kind.bad == SLOW:
        return np.asarray(planes[TIMED, rows])
    return np.asarray(planes[OK, rows] + planes[REJECTED, rows] + planes[ERROR, rows] + planes[TIMEOUT, rows])
