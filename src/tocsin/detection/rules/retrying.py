"""Signals from retries: callers ask again and again because they get no answer.

The signature is a rate above the expected *while* fewer calls than usual succeed: more callers alone (a Monday, a wave
of flu) succeed as usual. And it is each caller who calls more, not more callers: calls per cell of package × region
rise. Confirming evidence only; how much fails is for the shares to say.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.rules.expected import Flow
from tocsin.detection.rules.findings import Found, Key
from tocsin.detection.rules.missing import surplus
from tocsin.detection.rules.model import Signal
from tocsin.detection.rules.profile import Profile
from tocsin.detection.rules.tallies import OK, STEPS, TIMEOUT, Tally, step_age
from tocsin.observations.rules.model import VANTAGES, Outcome

type Numbers = NDArray[np.float64]

_BAR, _KEPT_STRENGTH = 12.0, 6.0
_MARGIN, _MARGIN_GUESSED = 0.2, 0.4
"""What may be too many without meaning anything."""
_MORE, _MORE_ENDS = 1.3, 1.15
_FAILING = 0.05
"""Fewer succeed: one call in twenty more than usual does not."""
_NOW = 6
_MIN_EXPECTED = 10.0


def retry_signals(
    tally: Tally, flows: Flow, *, profile: Profile, previous: Mapping[Key, Signal], now: datetime
) -> Iterator[Found]:
    """Yield a signal for each vantage × service that is called too often and answers too little, in that order."""
    seen, expected = flows.seen[..., :STEPS], flows.expected[..., :STEPS]
    outcomes = tally.totals[OK : TIMEOUT + 1, :, : len(profile.services), :_NOW].sum(axis=-1)
    failing = 1.0 - outcomes[OK] / np.maximum(outcomes.sum(axis=0), 1.0)
    beyond = failing - (1.0 - profile.shares[..., Outcome.OK])
    due = expected[..., :_NOW].sum(axis=-1)
    ratio = seen[..., :_NOW].sum(axis=-1) / np.maximum(due, 1.0)
    is_on = (due >= _MIN_EXPECTED) & (ratio >= _MORE_ENDS) & (beyond >= _FAILING)
    if not is_on.any():
        return
    margin = np.where(profile.is_known, _MARGIN, _MARGIN_GUESSED)
    strength, onset = surplus(seen, expected, spread=flows.spread, margin=margin)
    for vantage, service in np.argwhere(is_on):
        place = (int(vantage), int(service))
        before = previous.get((profile.services[service], VANTAGES[vantage], "retries"))
        if before is None and (float(strength[place]) < _BAR or float(ratio[place]) < _MORE):
            continue
        rate = float(due[place]) / (_NOW / 2.0)
        yield Found(
            Signal(
                service=profile.services[service],
                eye=VANTAGES[vantage],
                kind="retries",
                strength=round(max(float(strength[place]), _KEPT_STRENGTH), 3),
                observed=round(rate * float(ratio[place]), 3),
                expected=round(rate, 3),
                since=now - step_age(int(onset[place])) if before is None else before.since,
            ),
            float(beyond[place]),
            is_leading=False,
            is_lasting=False,
        )
