"""Signals from vanished volume: calls that should be there and are not.

A call that never reaches a service leaves no row at the front, so nothing fails there: the rows are missing. What
should be there follows from the usual course of the week, today's level (all services of the vantage together, half
an hour up to some minutes ago) and what is going on now (the middle service): if every service is quieter, that is
a holiday, not a fault. Steps in which the eye gave no sign of life at all are left out: that is blindness.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.rules.findings import Found, Key
from tocsin.detection.rules.model import Judgement, Signal
from tocsin.detection.rules.profile import Profile
from tocsin.detection.rules.scores import shortfall
from tocsin.detection.rules.tallies import LONG_STEPS, STEP_S, STEPS, Tally, step_age
from tocsin.observations.rules.model import VANTAGES

type Numbers = NDArray[np.float64]

_WINDOWS = (4, 10)
"""Two and five minutes."""
_LAG = 10
"""Today's level is taken from what is older than five minutes, so that an outage does not lower it at once."""
_BAR = 12.0
_GONE = 0.5
"""Fewer than half of the calls: anything less happens on any rainy day."""
_BACK, _BACK_STEPS = 0.85, 8
"""Calls are back when four minutes bring most of them: people who retry fill the line before they get through."""
_MIN_EXPECTED = 20.0
_MIN_FOR_LEVEL = 50.0
_OWN_LEVEL_CALLS = 100.0
"""How many expected calls the common level of the vantage is worth against the service's own."""
_LEVELS = (0.2, 3.0)
_OWN_AGAINST_COMMON = (0.5, 1.25)
"""How far a service's own level may stray from the common one: a storm of retries is not its new usual."""
_COMMON_NOW = (0.5, 1.5)
"""How far "everything is quieter just now" may excuse a service; beyond that, it is missing calls itself."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Calls seen and expected, summed from the newest step backwards, [vantage, service, step].

    `level` is today's level per vantage × service, without what goes on just now.
    """

    seen: Numbers
    expected: Numbers
    level: Numbers


def flow(tally: Tally, *, profile: Profile, previous: Judgement | None, now: datetime) -> Flow:
    """Return what was seen and what was to be expected, at today's level and under today's common weather."""
    calls = tally.calls[:, : len(profile.services)]
    usual = profile.rates_over([now - step_age(step) for step in range(LONG_STEPS)]) * STEP_S
    usual = usual * tally.alive[:, None, :]
    level = _levels(calls[..., _LAG:].sum(axis=-1), usual[..., _LAG:].sum(axis=-1))
    _carry(level, profile=profile, previous=previous)
    seen = np.cumsum(calls[..., :STEPS], axis=-1)
    expected = np.cumsum(usual[..., :STEPS], axis=-1) * level[..., None]
    common = _middle(seen[..., _WINDOWS], expected[..., _WINDOWS], _MIN_EXPECTED).min(axis=-1)
    return Flow(seen, expected * np.clip(common, *_COMMON_NOW)[:, None, None], level)


def volume_signals(flows: Flow, *, profile: Profile, previous: Mapping[Key, Signal], now: datetime) -> Iterator[Found]:
    """Yield a signal for each vantage × service whose calls have vanished, in that order."""
    is_gone, strength = _gone(flows, profile)
    for vantage, eye in enumerate(VANTAGES):
        for service, name in enumerate(profile.services):
            before = previous.get((name, eye, "volume"))
            before = before if before is not None and is_whole(before) else None
            seen, expected = flows.seen[vantage, service], flows.expected[vantage, service]
            share = _missing(seen, expected)
            if not is_gone[vantage, service] and (before is None or _is_back(seen, expected)):
                continue
            rate = profile.rates_over([now])[vantage, service, 0] * flows.level[vantage, service]
            onset = int(np.argmax(_BACK * expected - seen)) + 1
            since = now - step_age(onset)
            yield Found(
                Signal(
                    service=name,
                    eye=eye,
                    kind="volume",
                    strength=round(max(float(strength[vantage, service]), _BAR / 2.0), 3),
                    observed=round((1.0 - share) * float(rate) * 60.0, 3),
                    expected=round(float(rate) * 60.0, 6),
                    since=since if before is None else min(before.since, since),
                ),
                share,
            )


def is_whole(signal: Signal) -> bool:
    """Say whether the signal is about all callers."""
    return signal.packages is None and signal.regions is None


def _levels(seen: Numbers, expected: Numbers) -> Numbers:
    """Return today's level per vantage × service: its own, shrunk towards that of the whole vantage."""
    common = np.clip(_middle(seen[..., None], expected[..., None], _MIN_FOR_LEVEL), *_LEVELS)
    own = (seen + _OWN_LEVEL_CALLS) / (expected + _OWN_LEVEL_CALLS / common) / common
    return np.asarray(common * np.clip(own, *_OWN_AGAINST_COMMON))


def _middle(seen: Numbers, expected: Numbers, least: float) -> Numbers:
    """Return the middle ratio of seen to expected over the services, [vantage, window]; 1 where too little is known."""
    result = np.ones((seen.shape[0], seen.shape[2]))
    for vantage in range(seen.shape[0]):
        for window in range(seen.shape[2]):
            some = expected[vantage, :, window] >= least
            if some.any():
                result[vantage, window] = np.median(seen[vantage, some, window] / expected[vantage, some, window])
    return result


def _carry(level: Numbers, *, profile: Profile, previous: Judgement | None) -> None:
    """Keep the level at which a volume signal began: calls that stay away must not become the new usual."""
    if previous is None:
        return
    signals = [
        signal
        for signal in previous.signals
        if signal.kind == "volume" and is_whole(signal) and signal.service in profile.services
    ]
    rates = profile.rates_over([previous.at])[..., 0] * 60.0 if signals else None
    for signal in signals:
        place = (VANTAGES.index(signal.eye), profile.services.index(signal.service))
        if rates is not None and rates[place] > 0:
            level[place] = np.clip(signal.expected / rates[place], *_LEVELS)


def _gone(flows: Flow, profile: Profile) -> tuple[NDArray[np.bool_], Numbers]:
    best = np.zeros(flows.level.shape)
    for window in _WINDOWS:
        seen, expected = flows.seen[..., window - 1], flows.expected[..., window - 1]
        is_large = (expected >= _MIN_EXPECTED) & (seen < expected * _GONE) & profile.is_known
        score = shortfall(seen, expected, spread=profile.rate_spread)
        best = np.maximum(best, np.where(is_large, score, 0.0))
    return best >= _BAR, best


def _is_back(seen: Numbers, expected: Numbers) -> bool:
    steps = _BACK_STEPS if expected[_BACK_STEPS - 1] >= _MIN_EXPECTED else STEPS
    return float(seen[steps - 1]) >= _BACK * float(expected[steps - 1])


def _missing(seen: Numbers, expected: Numbers) -> float:
    """Return the missing share of calls, over the shortest window in which enough were to be expected."""
    steps = next((n for n in _WINDOWS if expected[n - 1] >= _MIN_EXPECTED), STEPS)
    return max(0.0, 1.0 - float(seen[steps - 1]) / max(float(expected[steps - 1]), 1e-9))
