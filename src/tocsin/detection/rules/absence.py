"""Signals from packages and regions that fall silent at the front while everybody else goes on calling.

A software that no longer gets through, or a province whose line is cut, makes no failures where the services stand: it
is just not there. What it should call is its share of each service's calls half an hour up to five minutes ago, of what
that service's other callers do just now. No history per package is needed. Who is silent is decided once, over all
services together, and then said of every service that it should be calling: so the scope does not waver.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.expected import LAG, Flow, audience_codes, spread_of
from tocsin.detection.rules.findings import Found
from tocsin.detection.rules.missing import missing
from tocsin.detection.rules.model import Judgement, Signal
from tocsin.detection.rules.profile import Profile
from tocsin.detection.rules.tallies import STEP_S, STEPS, Tally, step_age
from tocsin.observations.rules.model import VANTAGES, Eye

type Numbers = NDArray[np.float64]
type Axis = Literal["packages", "regions"]

_BAR = 17.0
"""Higher than for whole services: there are more slices, and their expectation is taken from few minutes."""
_KEPT_STRENGTH = 7.0
_SPREAD = 0.02
_MARGIN = 0.15
_SHARE, _LEADING, _LEADING_LASTS = 0.3, 0.5, 0.25
"""A slice that calls a little less is nothing; one that has lost half its calls is told of."""
_BACK, _BACK_STEPS = 0.8, 6
_SETTLED_STEPS = 30
"""Who calls is known after a quarter of an hour: there are packages that call in bursts."""
_MIN_EXPECTED, _MIN_EXPECTED_SERVICE = 20.0, 4.0
_OTHERS_CALLS, _OTHERS_MOST = 20.0, 1.15
"""How many calls "the others go on as expected" is worth, and how far their storm of retries may call for more."""
_MOST_OF_ALL = 0.5
"""When half of what should call is silent it is no slice: the service, or the eye, is judged as a whole."""
_RENAMED = 0.5
"""Where names that the pack does not know make half of the missing calls more than they did, one has been renamed."""
_FRONT = VANTAGES.index(Eye.FRONT)


@dataclass(frozen=True, slots=True)
class Presence:
    """Calls seen and expected at the front per service, member and step, the newest first."""

    axis: Axis
    names: tuple[str, ...]
    seen: Numbers
    expected: Numbers
    is_strange: NDArray[np.bool_]


def absence_signals(
    tally: Tally, flows: Flow, *, pack: Pack, profile: Profile, previous: Judgement | None, now: datetime
) -> Iterator[Found]:
    """Yield signals for packages, then regions, that fell silent: one for each service that they should call."""
    for axis, calls, names in (
        ("packages", tally.front_calls_by_package, tally.names.packages),
        ("regions", tally.front_calls_by_region, tally.names.regions),
    ):
        side: Axis = "packages" if axis == "packages" else "regions"
        kept = _kept(side, previous)
        peers = audience_codes(tally, pack) if side == "packages" else np.zeros(len(names), np.int64)
        known = pack.packages if side == "packages" else pack.regions
        is_strange = np.array([name not in known for name in names], bool)
        presence = _presence(side, calls, names, flows=flows, peers=peers, is_strange=is_strange)
        if float(tally.alive[_FRONT, LAG:].sum()) < _SETTLED_STEPS:
            presence.expected[:] = 0.0
        if previous is not None:
            _carry(presence, kept, profile=profile, then=previous.at, now=now)
        yield from _absent(presence, kept, services=profile.services, now=now)


def _presence(
    axis: Axis,
    calls: Numbers,
    names: tuple[str, ...],
    *,
    flows: Flow,
    peers: NDArray[np.int64],
    is_strange: NDArray[np.bool_],
) -> Presence:
    """Return what each member should call: its share of the service, of what the service's other callers do.

    Those of its own kind (`peers`: packages of the same profession) count before all others: a profession on strike
    makes none of its packages suspicious.
    """
    due = flows.expected[_FRONT]
    calls = calls[: due.shape[0]]
    level = flows.seen[_FRONT][:, LAG:].sum(axis=-1)
    part = calls[..., LAG:].sum(axis=-1) / np.maximum(level, 1.0)[:, None]
    mine = part[..., None] * due[:, None]
    alike = (peers[:, None] == peers[None, :]).astype(np.float64) - np.eye(len(names))
    others, others_due = (np.einsum("smt,nm->snt", values, alike) for values in (calls, mine))
    all_others = flows.seen[_FRONT][:, None] - calls, np.maximum(due[:, None] - mine, 0.0)
    background = (all_others[0] + _OTHERS_CALLS) / (all_others[1] + _OTHERS_CALLS)
    going_on = (others + _OTHERS_CALLS * background) / (others_due + _OTHERS_CALLS)
    return Presence(axis, names, calls, mine * np.minimum(going_on, _OTHERS_MOST), is_strange)


def _strangers_more(presence: Presence, steps: int) -> float:
    """Return how many more calls those unknown to the pack make than they did before."""
    seen, expected = (values[:, presence.is_strange, :steps].sum() for values in (presence.seen, presence.expected))
    return max(0.0, float(seen - expected))


def _carry(
    presence: Presence,
    kept: Mapping[str, Mapping[str, Signal]],
    *,
    profile: Profile,
    then: datetime,
    now: datetime,
) -> None:
    """Go on expecting of those already missed what was expected of them, moved along with the course of the day."""
    if not kept:
        return
    rates = profile.rates_over([then, now])[_FRONT]
    moved = np.where(rates[:, 0] > 0, rates[:, 1] / np.maximum(rates[:, 0], 1e-9), 1.0)
    for member, by_service in kept.items():
        for name, signal in by_service.items():
            if member in presence.names and name in profile.services:
                service = profile.services.index(name)
                per_step = signal.expected * float(moved[service]) * STEP_S / 60.0
                presence.expected[service, presence.names.index(member), :STEPS] = per_step


def _absent(
    presence: Presence, kept: Mapping[str, Mapping[str, Signal]], *, services: tuple[str, ...], now: datetime
) -> Iterator[Found]:
    seen, expected = presence.seen.sum(axis=0), presence.expected.sum(axis=0)
    spread = spread_of(seen, expected, prior=np.full(seen.shape[0], _SPREAD))
    margin = np.full(seen.shape[0], _MARGIN)
    strength, onset = missing(seen[:, :STEPS], expected[:, :STEPS], spread=spread, margin=margin)
    silent: dict[int, float] = {}
    for member in map(int, np.flatnonzero(expected[:, :STEPS].sum(axis=-1) >= _MIN_EXPECTED)):
        name = presence.names[member]
        is_clear = bool(strength[member] >= _BAR)
        steps = min(max(int(onset[member]), 2), LAG) if is_clear else _BACK_STEPS
        due = float(expected[member, :steps].sum())
        share = 1.0 - float(seen[member, :steps].sum()) / max(due, 1e-9)
        if _strangers_more(presence, steps) >= _RENAMED * share * due:
            continue
        if (is_clear and share >= _SHARE) or (name in kept and share > 1.0 - _BACK):
            silent[member] = share
    if expected[list(silent), :STEPS].sum() > _MOST_OF_ALL * expected[:, :STEPS].sum():
        return
    for member, share in silent.items():
        since = now - step_age(int(onset[member]))
        yield from _told(
            presence, member, kept, services=services, share=share, strength=float(strength[member]), since=since
        )


def _told(
    presence: Presence,
    member: int,
    kept: Mapping[str, Mapping[str, Signal]],
    *,
    services: tuple[str, ...],
    share: float,
    strength: float,
    since: datetime,
) -> Iterator[Found]:
    """Yield the silence of one member, for each service that it should be calling."""
    name = presence.names[member]
    before = kept.get(name, {})
    since = min((signal.since for signal in before.values()), default=since)
    due = presence.expected[:, member, :LAG].sum(axis=-1)
    for place, service in enumerate(services):
        if due[place] < _MIN_EXPECTED_SERVICE and service not in before:
            continue
        a_minute = 60.0 / (LAG * STEP_S)
        yield Found(
            Signal(
                service=service,
                eye=Eye.FRONT,
                kind="volume",
                strength=round(max(strength, _KEPT_STRENGTH), 3),
                observed=round(float(due[place]) * a_minute * (1.0 - share), 3),
                expected=round(float(due[place]) * a_minute, 6),
                since=since,
                packages=(name,) if presence.axis == "packages" else None,
                regions=(name,) if presence.axis == "regions" else None,
            ),
            min(max(share, 0.0), 1.0),
            is_leading=share >= _LEADING,
            is_lasting=share >= _LEADING_LASTS,
        )


def _kept(axis: Axis, previous: Judgement | None) -> Mapping[str, Mapping[str, Signal]]:
    """Return the last tick's absences on this axis, by member and service."""
    kept: dict[str, dict[str, Signal]] = {}
    for signal in previous.signals if previous is not None else ():
        members = signal.packages if axis == "packages" else signal.regions
        if signal.kind == "volume" and signal.eye is Eye.FRONT and members is not None:
            kept.setdefault(members[0], {})[signal.service] = signal
    return kept


def excused(flows: Flow, slices: Sequence[Found], profile: Profile) -> Flow:
    """Return the flow without what silent packages and regions account for: they are told of by themselves."""
    if not slices:
        return flows
    left = np.ones(flows.expected.shape[:2])
    due = flows.expected[_FRONT][:, :LAG].sum(axis=-1) * 60.0 / (LAG * STEP_S)
    for found in slices:
        place = profile.services.index(found.signal.service)
        left[_FRONT, place] -= (found.signal.expected - found.signal.observed) / max(float(due[place]), 1e-9)
    return replace(flows, expected=flows.expected * np.clip(left, 0.0, 1.0)[..., None])
