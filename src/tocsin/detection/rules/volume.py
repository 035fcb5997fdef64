"""Signals from vanished volume: calls that should be there and are not.

A call that never reaches a service leaves no row at the front, so nothing fails there: the rows are missing. What
should be there is `expected`'s question; how sure it is that some are missing is `missing`'s. A signal keeps the level
at which it began, and ends when four minutes bring most of what was missing back.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.rules.expected import Flow, is_whole
from tocsin.detection.rules.findings import Found, Key
from tocsin.detection.rules.missing import missing
from tocsin.detection.rules.model import Signal
from tocsin.detection.rules.profile import Profile
from tocsin.detection.rules.tallies import STEPS, step_age
from tocsin.observations.rules.model import VANTAGES, Eye

type Numbers = NDArray[np.float64]

_BAR = 12.0
_KEPT_STRENGTH = 6.0
_MARGIN, _MARGIN_GUESSED = 0.06, 0.2
"""What may be missing without meaning anything: the course drifts a little within the half hour, a guessed one more."""
_LEADING, _LEADING_LASTS = 0.3, 0.15
"""Fewer than three calls in ten missing is evidence for others, not a verdict."""
_BACK, _BACK_PART, _BACK_STEPS = 0.85, 0.35, 8
"""Calls are back when four minutes bring most of them: people who retry fill the line before they get through."""
_MIN_EXPECTED = 20.0
_FRONT = VANTAGES.index(Eye.FRONT)


def volume_signals(flows: Flow, *, profile: Profile, previous: Mapping[Key, Signal], now: datetime) -> Iterator[Found]:
    """Yield a signal for each vantage × service whose calls have vanished, in that order."""
    seen, expected = flows.seen[..., :STEPS], flows.expected[..., :STEPS]
    margin = np.where(profile.is_known, _MARGIN, _MARGIN_GUESSED)
    strength, onset = missing(seen, expected, spread=flows.spread, margin=margin)
    was = _was(previous, profile)
    leads = {_FRONT: True, 1 - _FRONT: not flows.seen[_FRONT].any()}
    for vantage, service in np.argwhere((strength >= _BAR) | was):
        before = previous.get((profile.services[service], VANTAGES[vantage], "volume"))
        before = before if before is not None and is_whole(before) else None
        place = (int(vantage), int(service))
        is_clear = float(strength[place]) >= _BAR
        share = _share(seen[place], expected[place], int(onset[place]) if is_clear else _BACK_STEPS)
        if share < margin[place] or (not is_clear and _is_back(seen[place], expected[place], before)):
            continue
        since = now - step_age(int(onset[place]))
        rate = float(profile.rates_over([now])[vantage, service, 0] * flows.level[place]) * 60.0
        yield Found(
            Signal(
                service=profile.services[service],
                eye=VANTAGES[vantage],
                kind="volume",
                strength=round(max(float(strength[place]), _KEPT_STRENGTH), 3),
                observed=round((1.0 - share) * rate, 3),
                expected=round(rate, 6),
                since=since if before is None else min(before.since, since),
            ),
            share,
            # Who does not even try is no failure: beside a front, the client's silence bears out and accuses nobody.
            is_leading=leads[vantage] and share >= _LEADING,
            is_lasting=leads[vantage] and share >= _LEADING_LASTS,
        )


def _was(previous: Mapping[Key, Signal], profile: Profile) -> NDArray[np.bool_]:
    was = np.zeros(profile.is_known.shape, bool)
    for (service, eye, kind), signal in previous.items():
        if kind == "volume" and is_whole(signal) and service in profile.services:
            was[VANTAGES.index(eye), profile.services.index(service)] = True
    return was


def _share(seen: Numbers, expected: Numbers, steps: int) -> float:
    """Return the missing share over so many of the newest steps."""
    return max(0.0, 1.0 - float(seen[:steps].sum()) / max(float(expected[:steps].sum()), 1e-9))


def _is_back(seen: Numbers, expected: Numbers, before: Signal | None) -> bool:
    steps = _BACK_STEPS if expected[:_BACK_STEPS].sum() >= _MIN_EXPECTED else STEPS
    lost = 0.0 if before is None else 1.0 - before.observed / max(before.expected, 1e-9)
    return 1.0 - _share(seen, expected, steps) >= max(_BACK, 1.0 - _BACK_PART * lost)
