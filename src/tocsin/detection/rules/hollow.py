"""Signals from success that comes too quickly to be real.

A proxy that answers with an empty 200, or a service that hands out yesterday's list without asking anybody, makes no
error: only the answers come sooner than the work could be done. Answers count as too quick below half of what nearly
all usual ones take. Failures may well be quick, so as many quick answers as failed are left out. It leads only when it
is most of the answers: caches get better, and that is no fault.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.rules.edetector import evidence as evidence_of
from tocsin.detection.rules.findings import Found, Key
from tocsin.detection.rules.model import Signal
from tocsin.detection.rules.profile import Profile
from tocsin.detection.rules.tallies import STEP_S, step_age
from tocsin.observations.rules.model import BUCKET_S, DURATION_BINS, VANTAGES, Evidence, Outcome

type Numbers = NDArray[np.float64]

_STEPS = 6
"""Three minutes, in steps of half a minute."""
_BAR, _KEPT_STRENGTH = 12.0, 6.0
_USUAL = 0.02
"""History's durations are coarse and give no tails, so one answer in fifty may be too quick and mean nothing."""
_SPREAD = 0.01
"""Quick answers come in clumps (one caller whose request is cached), so they tell less than their number."""
_TOGETHER = 2.0
_NOW = 4
_EFFECT, _LEADING, _LASTING = 0.1, 0.5, 0.25
_LASTING_STEPS = 4
"""Two minutes: a clump of cached answers is over by then."""


def hollow_signals(evidence: Evidence, *, profile: Profile, previous: Mapping[Key, Signal]) -> Iterator[Found]:
    """Yield a signal for each vantage × service whose answers come too quickly, in that order."""
    counts = _counts(evidence, profile)
    shares = counts.quick[..., :_NOW].sum(axis=-1) / np.maximum(counts.timed[..., :_NOW].sum(axis=-1), 1.0)
    for vantage, service in np.argwhere((shares >= _EFFECT) & profile.is_known):
        quick, timed = counts.quick[vantage, service], counts.timed[vantage, service]
        strength = _strength(quick, timed)
        before = previous.get((profile.services[service], VANTAGES[vantage], "hollow"))
        if strength < _BAR and before is None:
            continue
        share, steps = float(shares[vantage, service]), _steps_on(quick, timed)
        since = evidence.now - step_age(steps) if before is None else before.since
        yield Found(
            Signal(
                service=profile.services[service],
                eye=VANTAGES[vantage],
                kind="hollow",
                strength=round(max(strength, _KEPT_STRENGTH), 3),
                observed=round(share, 5),
                expected=_USUAL,
                since=since,
            ),
            share,
            is_leading=share >= _LEADING and (steps >= _LASTING_STEPS or before is not None),
            is_lasting=share >= _LASTING,
        )


@dataclass(frozen=True, slots=True)
class _Counts:
    """Answers too quick to be real, and all answers with a duration, [vantage, service, step], the newest first."""

    quick: Numbers
    timed: Numbers


def _counts(evidence: Evidence, profile: Profile) -> _Counts:
    rollups = evidence.rollups
    age = int(evidence.now.timestamp()) - rollups.bucket_s - BUCKET_S
    place = {name: code for code, name in enumerate(profile.services)}
    service = np.array([place.get(name, -1) for name in rollups.services], np.int64)
    used = {eye.value: code for code, eye in enumerate(VANTAGES) if eye in evidence.last_seen}
    vantage = np.array([used.get(name, -1) for name in rollups.vantages], np.int64)
    rows = np.flatnonzero((age >= 0) & (age < _STEPS * STEP_S))
    codes, eyes = service[rollups.service[rows]], vantage[rollups.vantage[rows]]
    is_mine = (codes >= 0) & (eyes >= 0)
    rows, series = rows[is_mine], (eyes * len(profile.services) + codes)[is_mine]
    is_quick = np.arange(DURATION_BINS) < profile.quick_before_bin.reshape(-1, 1)
    outcomes = rollups.outcomes[rows]
    failed = outcomes[:, Outcome.REJECTED] + outcomes[:, Outcome.ERROR]
    # Beyond the bins that are too quick for some service nothing needs to be read.
    read = int(profile.quick_before_bin.max(initial=0))
    quick = np.einsum("ij,ij->i", rollups.durations[:, :read][rows], is_quick[:, :read].astype(np.int32)[series])
    key = series * _STEPS + age[rows] // STEP_S
    shape = (len(VANTAGES), len(profile.services), _STEPS)
    quick_sum, failed_sum, answered = (
        np.bincount(key, weights=column, minlength=int(np.prod(shape))).reshape(shape)
        for column in (quick, failed, failed + outcomes[:, Outcome.OK])
    )
    return _Counts(np.maximum(quick_sum - failed_sum, 0.0), answered)


def _strength(quick: Numbers, timed: Numbers) -> float:
    share, spread = np.array([_USUAL]), np.array([_SPREAD])
    together = np.full(quick.size, _TOGETHER)
    return max(0.0, float(evidence_of(quick[None], timed[None], share=share, spread=spread, together=together)[0]))


def _steps_on(quick: Numbers, timed: Numbers) -> int:
    """Return for how many steps, up to the newest, too many answers have been too quick."""
    is_on = (quick >= timed * _EFFECT) & (timed > 0)
    return is_on.size if is_on.all() else int(np.argmin(is_on))
