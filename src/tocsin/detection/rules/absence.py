"""Signals from packages and regions that fall silent at the front while everybody else goes on calling.

A software that no longer gets through, or a province whose line is cut, makes no failures where the services stand: it
is just not there. What it should call follows from what it called half an hour up to five minutes ago, moved along
with the usual course of each service and with what that service's other callers do just now. No history per package
is needed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.rules.findings import Found
from tocsin.detection.rules.model import Judgement, Signal
from tocsin.detection.rules.profile import Profile
from tocsin.detection.rules.scores import shortfall
from tocsin.detection.rules.tallies import LONG_STEPS, STEP_S, Tally, step_age
from tocsin.observations.rules.model import VANTAGES, Eye

type Numbers = NDArray[np.float64]
type Axis = Literal["packages", "regions"]

_WINDOWS = (4, 10)
"""Two and five minutes."""
_LAG = 10
_BAR = 14.0
"""Higher than for whole services: there are more slices, and their expectation is taken from few minutes."""
_SPREAD = 0.03
_GONE, _BACK = 0.35, 0.8
_MIN_EXPECTED = 20.0
_MIN_EXPECTED_SERVICE = 4.0
_OTHERS = (0.3, 1.5)
"""How far the service's other callers may explain the silence, or call for more."""
_MOST_OF_ALL = 0.5
"""When half of what should call is silent it is no slice: the service, or the eye, is judged as a whole."""
_FRONT = VANTAGES.index(Eye.FRONT)


@dataclass(frozen=True, slots=True)
class _Presence:
    """Calls seen and expected at the front, [service, member], over one window."""

    seen: Numbers
    expected: Numbers


def absence_signals(tally: Tally, *, profile: Profile, previous: Judgement | None, now: datetime) -> Iterator[Found]:
    """Yield signals for packages, then regions, that fell silent: one for each service that they should call."""
    usual = _usual(tally, profile, now)
    for axis, calls, names in (
        ("packages", tally.front_calls_by_package, tally.names.packages),
        ("regions", tally.front_calls_by_region, tally.names.regions),
    ):
        side: Axis = "packages" if axis == "packages" else "regions"
        yield from _absent(side, calls, names, usual=usual, tally=tally, previous=previous, now=now)


def _usual(tally: Tally, profile: Profile, now: datetime) -> Numbers:
    """Return the usual calls at the front per service and long step; the same in every step where nothing is known."""
    usual = np.ones((len(tally.names.services), LONG_STEPS))
    known = np.flatnonzero(profile.is_known[_FRONT])
    rates = profile.rates_over([now - step_age(step) for step in range(LONG_STEPS)])[_FRONT, known]
    usual[known] = np.where(rates.sum(axis=1, keepdims=True) > 0, rates * STEP_S, 1.0)
    return np.asarray(usual * tally.alive[_FRONT])


def _absent(
    axis: Axis,
    calls: Numbers,
    names: tuple[str, ...],
    *,
    usual: Numbers,
    tally: Tally,
    previous: Judgement | None,
    now: datetime,
) -> Iterator[Found]:
    kept = _kept(axis, previous)
    windows = [_presence(calls, usual, steps, kept=_kept_rates(kept, names, tally)) for steps in _WINDOWS]
    strength = np.max([_score(window) for window in windows], axis=0)
    silent = [
        member
        for member in range(len(names))
        if float(strength[member]) >= _BAR or (names[member] in kept and _stays_silent(windows[0], member))
    ]
    whole = windows[-1].expected.sum(axis=0)
    if whole[silent].sum() > _MOST_OF_ALL * whole.sum():
        return
    for member in silent:
        for service in np.flatnonzero(windows[-1].expected[:, member] >= _MIN_EXPECTED_SERVICE):
            seen, expected = windows[-1].seen[service, member], windows[-1].expected[service, member]
            name = tally.names.services[service]
            before = kept.get(names[member], {}).get(name)
            recent_seen, recent_expected = windows[0].seen[service, member], windows[0].expected[service, member]
            if recent_seen > _BACK * recent_expected:
                continue
            signal = Signal(
                service=name,
                eye=Eye.FRONT,
                kind="volume",
                strength=round(max(float(strength[member]), _BAR / 2.0), 3),
                observed=round(float(seen) * 60.0 / (_WINDOWS[-1] * STEP_S), 3),
                expected=round(float(expected) * 60.0 / (_WINDOWS[-1] * STEP_S), 6),
                since=before.since if before is not None else _onset(calls[:, member], windows[-1], member, now),
                packages=(names[member],) if axis == "packages" else None,
                regions=(names[member],) if axis == "regions" else None,
            )
            yield Found(signal, float(1.0 - min(1.0, recent_seen / max(recent_expected, 1e-9))))


def _kept(axis: Axis, previous: Judgement | None) -> Mapping[str, Mapping[str, Signal]]:
    """Return the last tick's absences on this axis, by member and service."""
    kept: dict[str, dict[str, Signal]] = {}
    for signal in previous.signals if previous is not None else ():
        members = signal.packages if axis == "packages" else signal.regions
        if signal.kind == "volume" and members is not None:
            kept.setdefault(members[0], {})[signal.service] = signal
    return kept


def _kept_rates(
    kept: Mapping[str, Mapping[str, Signal]],
    names: tuple[str, ...],
    tally: Tally,
) -> Numbers:
    """Return, [service, member], the calls a step expected of those already missed; not a number for all others."""
    rates = np.full((len(tally.names.services), len(names)), np.nan)
    for member, by_service in kept.items():
        for service, signal in by_service.items():
            if member in names and service in tally.names.services:
                rates[tally.names.services.index(service), names.index(member)] = signal.expected * STEP_S / 60.0
    return rates


def _presence(calls: Numbers, usual: Numbers, steps: int, *, kept: Numbers) -> _Presence:
    seen = calls[..., :steps].sum(axis=-1)
    moved = usual[:, :steps].sum(axis=1) / np.maximum(usual[:, _LAG:].sum(axis=1), 1e-9)
    expected = calls[..., _LAG:].sum(axis=-1) * moved[:, None]
    all_seen, all_expected = seen.sum(axis=1), expected.sum(axis=1)
    others_seen, others_expected = all_seen[:, None] - seen, all_expected[:, None] - expected
    others = np.where(others_expected > 0, others_seen / np.maximum(others_expected, 1e-9), 1.0)
    expected = expected * np.clip(others, *_OTHERS)
    return _Presence(seen, np.where(np.isnan(kept), expected, np.nan_to_num(kept) * steps))


def _score(window: _Presence) -> Numbers:
    seen, expected = window.seen.sum(axis=0), window.expected.sum(axis=0)
    is_large = (expected >= _MIN_EXPECTED) & (seen < expected * _GONE)
    return np.asarray(np.where(is_large, shortfall(seen, expected, spread=np.asarray(_SPREAD)), 0.0))


def _stays_silent(window: _Presence, member: int) -> bool:
    return float(window.seen[:, member].sum()) < float(window.expected[:, member].sum()) * _BACK


def _onset(calls: Numbers, window: _Presence, member: int, now: datetime) -> datetime:
    """Return since when the member calls less than it should, at the present expectation."""
    expected = float(window.expected[:, member].sum()) / _WINDOWS[-1]
    missing = np.cumsum(expected * _BACK - calls.sum(axis=0)[: _LAG * 2])
    return now - step_age(int(np.argmax(missing)) + 1)
