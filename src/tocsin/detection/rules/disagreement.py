"""Signals from vantages that disagree: the client fails while the front is content.

Then the fault lies between them, or at the gateway before the front. What the front sees fail is taken off what the
client sees fail; what is left is matched against their usual difference. Confirming evidence: the client's own failures
are a signal already, this one says where not to look. A slice is compared with the same slice.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.rules.edetector import evidence as evidence_of
from tocsin.detection.rules.edetector import evidence_since
from tocsin.detection.rules.findings import Found, Key
from tocsin.detection.rules.model import Signal
from tocsin.detection.rules.profile import Profile
from tocsin.detection.rules.tallies import ERROR, FINE_OF_STEP, OK, STEPS, TIMEOUT, Tally, coarse, step_age
from tocsin.observations.rules.model import VANTAGES, Eye, Outcome

type Numbers = NDArray[np.float64]

_FRONT, _CLIENT = VANTAGES.index(Eye.FRONT), VANTAGES.index(Eye.CLIENT)
_BAR, _BAR_SLICE = 12.0, 15.0
_EFFECT, _ENDS = 0.05, 0.025
_NOW = 6
_TOGETHER = 10.0
"""Correlations were learnt from sums of five minutes: ten steps."""
_CONTENT = 0.5
"""The front is content where it sees less than half of the failing that clients see."""
_FAILING = (int(Outcome.ERROR), int(Outcome.TIMEOUT))


def vantage_signals(
    tally: Tally, *, profile: Profile, previous: Mapping[Key, Signal], now: datetime
) -> Iterator[Found]:
    """Yield a signal for each service that fails for clients and not at the front: for all, else for one slice."""
    told: set[str] = set()
    sides = ((tally.fine[:, :, :, None], ""), (tally.fine_by_package, "package"), (tally.fine_by_region, "region"))
    for counts, axis in sides:
        client, front = (_share(counts[:, eye]) for eye in (_CLIENT, _FRONT))
        is_apart = (client >= _ENDS) & (front < _CONTENT * client)
        for service, member in np.argwhere(is_apart[: len(profile.services)]):
            name = profile.services[service]
            before = previous.get((name, Eye.CLIENT, "vantage"))
            place = (int(service), int(member))
            strength, onset = _evidence(coarse(counts[:, :, *place]), profile, int(service))
            share = float(client[place])
            is_new = strength >= (_BAR_SLICE if axis else _BAR) and share >= _EFFECT
            if name in told or not (is_new or (before is not None and not axis and strength > 0)):
                continue
            told.add(name)
            yield Found(
                Signal(
                    service=name,
                    eye=Eye.CLIENT,
                    kind="vantage",
                    strength=round(max(strength, _BAR / 2.0), 3),
                    observed=round(share, 5),
                    expected=round(float(front[place]), 5),
                    since=now - step_age(onset) if before is None else before.since,
                    packages=(tally.names.packages[member],) if axis == "package" else None,
                    regions=(tally.names.regions[member],) if axis == "region" else None,
                ),
                share,
                is_leading=False,
                is_lasting=False,
            )


def _share(counts: Numbers) -> Numbers:
    """Return the share that failed over the newest three minutes, [service, member]; the last axis is fine steps."""
    latest = counts[OK : TIMEOUT + 1, ..., : FINE_OF_STEP[_NOW]].sum(axis=-1)
    return np.asarray((latest[ERROR] + latest[TIMEOUT]) / np.maximum(latest.sum(axis=0), 1.0))


def _evidence(counts: Numbers, profile: Profile, service: int) -> tuple[float, int]:
    """Return how sure it is that clients fail more than the front does now and they usually do, and since when.

    `counts` are [plane, vantage, step]. What the front has seen fail lately is taken for usual, whatever it is.
    """
    failing, calls = counts[ERROR] + counts[TIMEOUT], counts[OK : TIMEOUT + 1].sum(axis=0)
    front, client = (float(profile.shares[eye, service, _FAILING].sum()) for eye in (_FRONT, _CLIENT))
    seen = float((failing[_FRONT].sum() + front) / (calls[_FRONT].sum() + 1.0))
    usual = np.array([min(0.9, client + max(0.0, seen - front))])
    spread = np.array([float(profile.spread[_CLIENT, service, _FAILING].max())])
    counted = {"share": usual, "spread": spread, "together": np.full(STEPS, _TOGETHER)}
    bad, number = failing[None, _CLIENT], calls[None, _CLIENT]
    strength = float(evidence_of(bad, number, **counted)[0])
    onset = int(evidence_since(bad, number, **counted).max(axis=0)[0].argmax()) + 1
    return max(0.0, strength), onset
