"""From signals to troubles: what is wrong with each service, how surely and how badly, and what is only a consequence.

A service's signals from several eyes are one trouble. A service that merely gets fewer calls, and answers them
well, while something linked to it fails worse, has no trouble of its own: people who are stuck ask less of
everything else. Such a *secondary* trouble accuses nobody.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from tocsin.catalog.rules.graph import Graph
from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.model import Signal, SignalKind
from tocsin.observations.rules.model import Eye

SURE_STRENGTH = 12.0
"""Strength (a log-likelihood ratio) at which a signal is as good as certain: odds of e¹² against chance."""

REACTIONS: frozenset[SignalKind] = frozenset({"volume", "retries"})
"""What people do about a trouble: they call less, or again. It shows that something is wrong, not what."""

LATENCY_DOUBLINGS = 4.0
"""An answer that takes 2⁴ times as long as usual is as bad as no answer."""

DWINDLES_MORE = 1.5
FAILS_ENOUGH = 0.5
"""How many times its loss another service must have lost, or fail, to be the reason for it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with one service: how sure (0..1), how bad (0..1 of its calls), who sees it, since when.

    `is_unreached` says that calls vanish at the front, or fail for the client alone, while those that arrive are
    answered as usual: the fault lies before the service. `is_dwindling` says that fewer calls (or repeated ones) is all
    that anybody sees. `packages` and `regions` name the slice that is hit (None = all). `narrowed` says how far (0..1)
    the eyes, by what each is sure of, put it down to a few packages, where others saw too little to name any yet.
    """

    service: str
    certainty: float
    share: float
    since: datetime
    eyes: frozenset[Eye]
    is_unreached: bool
    is_dwindling: bool
    worst: Signal
    packages: tuple[str, ...] | None
    regions: tuple[str, ...] | None
    narrowed: Mapping[str, float] = field(default_factory=dict)


def troubles(signals: Sequence[Signal], *, pack: Pack) -> dict[str, Trouble]:
    """Return the trouble of each service that signals speak of, in pack order.

    What people report is about a function, not about the service that detection files it under: it accuses none. A
    signal whose figures are no numbers says nothing.
    """
    grouped: dict[str, list[Signal]] = {}
    for signal in signals:
        is_about_service = signal.service in pack.services and signal.kind != "reports"
        if is_about_service and _is_measured(signal) and not _is_more_calls(signal):
            grouped.setdefault(signal.service, []).append(signal)
    return {service: _trouble(grouped[service]) for service in pack.services if service in grouped}


def secondary(found: Mapping[str, Trouble], *, pack: Pack, graph: Graph) -> frozenset[str]:
    """Return the services whose calls only dwindle because something linked to them fails worse."""
    chains = [graph.services_of(function) | graph.soft_services_of(function) for function in pack.functions]
    dwindling = {service for service, trouble in found.items() if trouble.is_dwindling}
    links = {
        service: _linked(service, chains, found.keys()) | cut_off_with(found[service], found) for service in dwindling
    }
    return frozenset(
        service for service in dwindling if any(_outweighs(found[other], found[service]) for other in links[service])
    )


def _linked(service: str, chains: Iterable[frozenset[str]], troubled: AbstractSet[str]) -> set[str]:
    # Those in trouble with which it shares a function's chain, needs included.
    return {other for chain in chains if service in chain for other in chain & troubled} - {service}


def cut_off_with(dwindling: Trouble, found: Mapping[str, Trouble]) -> set[str]:
    """Return those whose calls do not arrive from a province from which the dwindling one's have vanished too.

    Where a province is cut off, all calls from there vanish, whatever they are for: no chain links them.
    """
    places = set(dwindling.regions or ())
    return {
        other
        for other, trouble in found.items()
        if trouble.is_unreached and not trouble.is_dwindling and places & set(trouble.regions or ())
    }


def badness(signal: Signal) -> float:
    """Return how bad a signal is: the share of calls that fail, vanish or take far too long, in 0..1."""
    if signal.kind == "latency" and signal.observed > 1.0:
        # Milliseconds of a probe; telemetry's latency comes as the share of slow answers.
        ratio = signal.observed / signal.expected if signal.expected > 0 else 1.0
        return _clamped(math.log2(max(ratio, 1.0)) / LATENCY_DOUBLINGS)
    if signal.kind == "volume":
        return _clamped(1.0 - signal.observed / signal.expected) if signal.expected > 0 else 0.0
    if signal.kind == "retries":
        return 0.0  # How often people ask says nothing of how many of them fail.
    return _clamped(signal.observed - signal.expected) if signal.observed <= 1.0 else 0.5


def _trouble(signals: Sequence[Signal]) -> Trouble:
    telling = [signal for signal in signals if signal.kind not in {*REACTIONS, "vantage"}] or list(signals)
    worst = max(telling, key=lambda signal: (signal.strength, badness(signal)))
    return Trouble(
        service=worst.service,
        certainty=max(1.0 - math.exp(-3.0 * signal.strength / SURE_STRENGTH) for signal in signals),
        share=max(badness(signal) for signal in signals),
        since=min(signal.since for signal in signals),
        eyes=frozenset(signal.eye for signal in signals),
        is_unreached=_is_unreached(signals),
        is_dwindling=all(signal.kind in REACTIONS for signal in signals),
        worst=worst,
        packages=_slices([signal.packages for signal in signals], worst.packages),
        regions=_slices([signal.regions for signal in signals], worst.regions),
        narrowed=_narrowed(telling),
    )


def _narrowed(signals: Sequence[Signal]) -> dict[str, float]:
    # What an eye is sure of it divides among the packages it names; one that names none speaks for all.
    whole = sum(signal.strength for signal in signals)
    named: dict[str, float] = {}
    for signal in signals:
        for package in signal.packages or ():
            named[package] = named.get(package, 0.0) + signal.strength / len(signal.packages or ())
    return {package: strength / whole for package, strength in named.items() if whole > 0}


def _slices(found: Sequence[tuple[str, ...] | None], worst: tuple[str, ...] | None) -> tuple[str, ...] | None:
    # An eye that sees few of them names fewer: whoever any eye names is hit, if the worst signal names somebody at all.
    if worst is None:
        return None
    return tuple(dict.fromkeys([*worst, *(each for part in found for each in part or ())]))


def _is_unreached(signals: Sequence[Signal]) -> bool:
    # Calls vanish at the front, or fail only for the client, while the front has nothing to complain of.
    complaints = {signal.kind for signal in signals if signal.eye is Eye.FRONT} - REACTIONS
    tells = any(signal.kind == "vantage" or (signal.kind == "volume" and signal.eye is Eye.FRONT) for signal in signals)
    return tells and not complaints - {"vantage"}


def _is_measured(signal: Signal) -> bool:
    return all(map(math.isfinite, (signal.strength, signal.observed, signal.expected)))


def _is_more_calls(signal: Signal) -> bool:
    # More calls than usual are how people react (retries), never what is wrong with the service itself.
    return signal.kind == "volume" and signal.observed >= signal.expected


def _outweighs(other: Trouble, trouble: Trouble) -> bool:
    # What answers badly is why another is asked less, unless that one lost far more; of two that merely dwindle,
    # the one that lost clearly more.
    return other.share > trouble.share * (DWINDLES_MORE if other.is_dwindling else FAILS_ENOUGH)


def _clamped(value: float) -> float:
    return min(1.0, max(0.0, value))
