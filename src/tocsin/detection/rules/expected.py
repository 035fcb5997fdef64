"""How many calls were to be expected just now: the usual course, at today's level, under the weather of the minute.

Three things move the number of calls without anything being wrong. The *level* (a quiet day, a strike, a wave of flu,
a service that is used more than last month) is read from the half hour up to five minutes ago. The *weather* (all
services of a vantage a little busier or quieter in the same half minute) is the middle service's ratio, step by step:
a service is judged by its share of the vantage, not by its number. What is left is the service's own *spread*, which
is measured over the same half hour and shrunk towards what history says.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.model import Judgement, Signal
from tocsin.detection.rules.profile import Profile
from tocsin.detection.rules.tallies import LONG_STEPS, STEP_S, Tally, step_age
from tocsin.observations.rules.model import VANTAGES, Eye

type Numbers = NDArray[np.float64]

LAG = 10
"""Today's level is taken from what is older than five minutes, so that an outage does not lower it at once."""
_SETTLED_STEPS = 20
"""After ten minutes of its own (and the five of the lag), a level may stray further from history."""
_STRAYS, _STRAYS_AT_FIRST = (0.5, 1.25), (0.8, 1.25)
"""How far a service's level may stray from the common one. A storm of retries is not its new usual; and whoever is
switched on in the middle of an outage must not take it for the usual either."""
_LEVELS = (0.05, 50.0)
_OWN_LEVEL_CALLS = 100.0
"""How many expected calls the common level of the vantage is worth against the service's own."""
_MIN_FOR_LEVEL = 50.0
_WEATHER = (0.65, 1.5)
"""How far "everything is quieter just now" may excuse a service; beyond that, it is missing calls itself."""
_LATE_STEPS = 3
"""Telemetry may be a minute and a half behind."""
_WEATHER_CALLS = 50.0
"""What the five minutes' weather is worth, in calls, against the half minute's own."""
_WEIGHT_SPREAD = 0.02
_APART = (0.05, 1.5)
"""How far one audience's weather may stray from everybody's."""
_BACKGROUND = 5
_FRONT = VANTAGES.index(Eye.FRONT)
_BLOCK = 2
"""Steps in a minute: what makes callers come in clumps seldom lasts longer."""
_SPREAD = (0.002, 0.1)
_SPREAD_UNKNOWN = 0.02
_SPREAD_BLOCKS = 20.0
"""How many minutes history's word is worth against those just seen."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Calls seen and expected per step, newest first, [vantage, service, step].

    `level` is today's level per vantage × service, without the weather. `spread` is the usual relative variance of a
    minute's calls around the expectation, chance left out.
    """

    seen: Numbers
    expected: Numbers
    level: Numbers
    spread: Numbers


def flow(tally: Tally, *, pack: Pack, profile: Profile, previous: Judgement | None, now: datetime) -> Flow:
    """Return what was seen over the look-back window and what was to be expected.

    Steps in which the eye gave no sign of life expect nothing: that is blindness, not silence.
    """
    seen = tally.calls[:, : len(profile.services)]
    usual = usual_calls(seen, tally.alive, profile=profile, now=now)
    is_seasoned = tally.alive[:, LAG:].sum(axis=1) >= _SETTLED_STEPS
    is_settled = is_seasoned & (previous is not None)
    level = _levels(seen[..., LAG:].sum(axis=-1), usual[..., LAG:].sum(axis=-1), is_settled)
    is_held = _carry(level, profile=profile, previous=previous)
    due = usual * level[..., None]
    # Whoever has just been switched on does not know today's level: a quiet day must not look like an outage.
    # And rows that come a minute late are missing everywhere at first: what all lack so lately is excused.
    is_strict = is_seasoned[:, None] & (np.arange(LONG_STEPS) >= _LATE_STEPS)
    low = np.where(is_strict, _WEATHER[0], _LEVELS[0])
    common = np.clip(_weather(seen, due), low, _WEATHER[1])
    weather = np.repeat(common[:, None], due.shape[1], axis=1)
    audience = audience_codes(tally, pack)
    weather[_FRONT] = _weather_of_audiences(tally, due[_FRONT], common[_FRONT], audience, low=low[_FRONT])
    # Others whose level an outage has lowered look busy when it is over; that must not keep up what is held.
    expected = due * np.where(is_held[..., None], np.minimum(weather, 1.0), weather)
    prior = np.where(profile.is_known, profile.rate_spread_at(now), _SPREAD_UNKNOWN)
    return Flow(seen, expected, level, spread_of(seen, expected, prior=prior))


def audience_codes(tally: Tally, pack: Pack) -> NDArray[np.int64]:
    """Return the audience of each package, those that the pack does not know in one of their own."""
    names = tuple(pack.audiences)
    known = {package.id: names.index(package.audience) for package in pack.packages.values()}
    return np.array([known.get(name, len(names)) for name in tally.names.packages], np.int64)


def _weather_of_audiences(
    tally: Tally, due: Numbers, common: Numbers, audience: NDArray[np.int64], *, low: Numbers
) -> Numbers:
    """Return the front's weather for each service, [service, step], from that of the audiences who call it.

    A strike or a congress of one profession empties all its services at once and no other's: so each audience has its
    own weather (the middle of its services), and only what all audiences share is limited in what it may excuse.
    """
    calls = np.zeros((int(audience.max(initial=0)) + 1, *due.shape))
    for place, code in enumerate(audience):
        calls[code] += tally.front_calls_by_package[: due.shape[0], place]
    older = calls[..., LAG:].sum(axis=-1)
    part = older / np.maximum(older.sum(axis=0), 1.0)
    hoped = part[..., None] * due
    own = _weather(calls, hoped)
    weight = hoped.sum(axis=1)
    voted = middle((own * weight)[None], weight[None], weight[None])[0]
    is_vote = (weight[:, LAG:].sum(axis=1) > 0).sum() >= 3  # noqa: PLR2004  two cannot outvote one
    everybody = voted if is_vote else common
    apart = np.clip(own / np.maximum(everybody, 0.05), *_APART)
    mixed = np.where(part.sum(axis=0)[:, None] > 0, np.einsum("as,at->st", part, apart), 1.0)
    return np.asarray(mixed * np.clip(everybody, low, _WEATHER[1]))


def usual_calls(seen: Numbers, alive: Numbers, *, profile: Profile, now: datetime) -> Numbers:
    """Return the usual calls per step before today's level; where history says nothing, the mean of the half hour."""
    usual = profile.rates_over([now - step_age(step) for step in range(LONG_STEPS)]) * STEP_S
    living = alive[:, LAG:].sum(axis=1)
    mean = seen[..., LAG:].sum(axis=-1) / np.maximum(living, 1.0)[:, None]
    is_guess = ~profile.is_known | (usual.sum(axis=-1) <= 0)
    mean = np.where(living[:, None] >= _SETTLED_STEPS, mean, 0.0)
    return np.asarray(np.where(is_guess[..., None], mean[..., None], usual) * alive[:, None])


def is_whole(signal: Signal) -> bool:
    """Say whether the signal is about all callers."""
    return signal.packages is None and signal.regions is None


def _levels(seen: Numbers, usual: Numbers, is_settled: NDArray[np.bool_]) -> Numbers:
    """Return today's level per vantage × service: its own, shrunk towards that of the whole vantage."""
    weights = np.where(usual >= _MIN_FOR_LEVEL, usual, 0.0)
    common = np.clip(middle(seen[..., None], usual[..., None], weights[..., None]), *_LEVELS)
    own = (seen + _OWN_LEVEL_CALLS) / (usual + _OWN_LEVEL_CALLS / common) / common
    low, high = (np.where(is_settled, *pair)[:, None] for pair in zip(_STRAYS, _STRAYS_AT_FIRST, strict=True))
    return np.asarray(common * np.clip(own, low, high))


def _carry(level: Numbers, *, profile: Profile, previous: Judgement | None) -> NDArray[np.bool_]:
    """Keep the level at which a volume signal began, in place: calls that stay away must not become the new usual.

    Returns for which vantage × service that was done.
    """
    is_held = np.zeros(level.shape, bool)
    signals = [
        signal
        for signal in (previous.signals if previous is not None else ())
        if signal.kind == "volume" and is_whole(signal) and signal.service in profile.services
    ]
    if previous is None or not signals:
        return is_held
    rates = profile.rates_over([previous.at])[..., 0] * 60.0
    for signal in signals:
        place = (VANTAGES.index(signal.eye), profile.services.index(signal.service))
        if rates[place] > 0:
            level[place] = np.clip(signal.expected / rates[place], *_LEVELS)
            is_held[place] = True
    return is_held


def _weather(seen: Numbers, expected: Numbers) -> Numbers:
    """Return how busy the vantage was in each step against its level, [vantage, step]; 1 where too few call."""
    by_step = middle(seen, expected, expected)
    groups = (*seen.shape[:2], -1, _BACKGROUND)
    seen_long, expected_long = seen.reshape(groups).sum(axis=-1), expected.reshape(groups).sum(axis=-1)
    by_group = _shrunk(middle(seen_long, expected_long, expected_long), expected_long.sum(axis=1), 1.0)
    background = np.repeat(by_group, _BACKGROUND, axis=-1)
    return _shrunk(by_step, expected.sum(axis=1), background)


def _shrunk(value: Numbers, weight: Numbers, towards: Numbers | float) -> Numbers:
    return np.asarray((value * weight + towards * _WEATHER_CALLS) / (weight + _WEATHER_CALLS))


def middle(seen: Numbers, expected: Numbers, weights: Numbers) -> Numbers:
    """Return the weighted median over the services of seen / expected, [vantage, …]; 1 where there are not three.

    A service's weight grows with its calls until chance no longer matters, so that no giant decides alone.
    """
    ratio = np.where(weights > 0, seen / np.maximum(expected, 1e-9), np.inf)
    weights = weights / (1.0 + _WEIGHT_SPREAD * weights)
    order = np.argsort(ratio, axis=1, kind="stable")
    ratio, weights = np.take_along_axis(ratio, order, axis=1), np.take_along_axis(weights, order, axis=1)
    reached = np.cumsum(weights, axis=1)
    place = np.argmax(reached >= reached[:, -1:] / 2.0, axis=1)[:, None]
    found = np.take_along_axis(ratio, place, axis=1)[:, 0]
    is_enough = ((weights > 0).sum(axis=1) >= 3) & np.isfinite(found)  # noqa: PLR2004  # two cannot outvote one
    return np.asarray(np.where(is_enough, found, 1.0))


def spread_of(seen: Numbers, expected: Numbers, *, prior: Numbers) -> Numbers:
    """Return how much a minute's calls vary beyond chance: measured where the level was, shrunk to what is usual.

    The last axis is the step, newest first.
    """
    blocks = (*seen.shape[:-1], -1, _BLOCK)
    counted, hoped = (values[..., LAG:].reshape(blocks).sum(axis=-1) for values in (seen, expected))
    squares = np.where(hoped > 0, ((counted - hoped) ** 2 - hoped) / np.maximum(hoped, 1.0) ** 2, 0.0)
    # The worst tenth may be a fault that is over: it is not the usual spread.
    place = int(0.9 * squares.shape[-1])
    squares = np.minimum(squares, np.partition(squares, place, axis=-1)[..., place, None])
    weight = (hoped * _SPREAD_UNKNOWN / (1.0 + hoped * _SPREAD_UNKNOWN)) ** 2
    found = (weight * squares).sum(axis=-1) + prior * _SPREAD_BLOCKS
    return np.asarray(np.clip(found / (weight.sum(axis=-1) + _SPREAD_BLOCKS), *_SPREAD))
