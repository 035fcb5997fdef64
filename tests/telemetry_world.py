"""A small federation whose telemetry is made to order: seeded, steady, with faults put in where a test wants them.

Two professions with two packages each, three regions, a log-in, a key store, a bus and two business services.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Literal

import numpy as np

from tocsin.catalog.rules.model import Audience, Function, Pack, Package, Partner, Population, Region, Service, Source
from tocsin.detection.rules.judge import judge
from tocsin.detection.rules.model import Judgement, State, Subject
from tocsin.detection.rules.profile import Profile, learn
from tocsin.kernel.language import LocalizedText
from tocsin.observations.rules.model import (
    BUCKET_S,
    DURATION_BINS,
    Evidence,
    Eye,
    Notice,
    Outcome,
    ProbeResult,
    Report,
    Rollups,
)
from tocsin.observations.rules.rollup import between, five_minute_sums, rows

type Effect = Literal["error", "timeout", "rejected", "slow", "vanish"]

START = datetime(2024, 3, 5, 9, 0, tzinfo=UTC)
"""A Tuesday, ten o'clock in Brussels."""

TEXT: LocalizedText = {"fr": "x", "nl": "x", "de": "x", "en": "x"}
SOURCE = Source("https://example.org", START.date(), "inference")
PEOPLE = Population(1, 2, SOURCE)

REGIONS = ("north", "south", "east")
CALLERS = {"login": 6, "keys": 12, "rx": 6, "disp": 6, "bus": 10}
"""Mean calls in ten seconds over all packages that call the service."""
PACKAGES_OF = {
    "login": ("d1", "d2", "p1", "p2"),
    "keys": ("d1", "d2", "p1", "p2"),
    "bus": ("d1", "d2", "p1", "p2"),
    "rx": ("d1", "d2"),
    "disp": ("p1", "p2"),
}
CLIENT_PACKAGES = ("d1", "p1")
NORMAL_BIN, SLOW_BIN = 20, 34
USUAL = np.array([0.986, 0.01, 0.003, 0.001])


def pack() -> Pack:
    """The federation."""
    services = (
        Service("net", "net", "host", "infrastructure"),
        Service("bus", "bus", "host", "service", needs=("net",)),
        Service("login", "login", "host", "service", needs=("net",)),
        Service("keys", "keys", "host", "service", needs=("net",)),
        Service("rx", "rx", "rx-partner", "service", needs=("bus",)),
        Service("disp", "disp", "rx-partner", "service", needs=("bus",)),
    )
    functions = (
        _function("open_session", ("doctor", "pharmacist"), ("login",), soft=("keys",)),
        _function("prescribe", ("doctor",), ("login", "keys", "rx")),
        _function("dispense", ("pharmacist",), ("login", "keys", "disp")),
    )
    packages = {"d1": "doctor", "d2": "doctor", "p1": "pharmacist", "p2": "pharmacist"}
    return Pack(
        id="small",
        version="1",
        timezone="Europe/Brussels",
        audiences={name: Audience(name, TEXT, TEXT, PEOPLE) for name in ("doctor", "pharmacist")},
        partners={name: Partner(name, name) for name in ("host", "rx-partner")},
        services={service.id: service for service in services},
        functions={function.id: function for function in functions},
        packages={name: Package(name, audience, name) for name, audience in packages.items()},
        regions={name: Region(name, TEXT) for name in REGIONS},
        authority=None,
    )


def _function(name: str, audiences: tuple[str, ...], uses: tuple[str, ...], soft: tuple[str, ...] = ()) -> Function:
    return Function(name, TEXT, TEXT, TEXT, TEXT, audiences, uses, soft)


@dataclass(frozen=True)
class Fault:
    """What is wrong between two minutes of the run; None means all."""

    service: str
    effect: Effect
    share: float
    start: float = 10.0
    end: float = 20.0
    packages: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    vantages: tuple[str, ...] = ("front", "client")


@dataclass(frozen=True)
class World:
    """A run of so many minutes with its faults and whatever else the other eyes say."""

    minutes: float = 30.0
    faults: tuple[Fault, ...] = ()
    reports: tuple[Report, ...] = ()
    notices: tuple[Notice, ...] = ()
    probe_failures: tuple[tuple[str, float, float], ...] = ()
    slow_probes: tuple[tuple[str, float, float], ...] = ()
    silent: tuple[tuple[Eye, float, float], ...] = ()
    without: tuple[Eye, ...] = ()
    seed: int = 1
    volume: float = 1.0
    knows_history: bool = True
    tick: timedelta = field(default=timedelta(seconds=30))


def minute(number: float) -> datetime:
    """The moment so many minutes into the run."""
    return START + timedelta(minutes=number)


def report(
    at: float,
    member: str,
    function: str = "prescribe",
    *,
    works: bool = False,
    audience: str = "doctor",
    package: str = "d1",
) -> Report:
    """One panel report."""
    return Report(minute(at), member, audience, package, "north", function, works, "")


@cache
def profile() -> Profile:
    """What three steady weeks teach."""
    return learn(_history(21), pack=pack())


@cache
def no_profile() -> Profile:
    """What is assumed when nothing is known."""
    return learn(_history(0), pack=pack())


def _history(days: int) -> Rollups:
    """Steady five-minute sums up to START."""
    steps = days * 288
    begin = int(START.timestamp()) - steps * 300
    series = [
        (vantage, code, vantage_share)
        for vantage, vantage_share in ((0, 1.0), (1, 0.5))
        for code, service in enumerate(CALLERS)
        if vantage == 0 or service != "bus"
    ]
    calls = np.array([CALLERS[list(CALLERS)[code]] * share * 30 for _, code, share in series])
    bucket = np.repeat(begin + np.arange(steps) * 300, len(series))
    # Rounded as they add up: rare failures must not all be rounded away.
    so_far = np.rint(np.arange(steps + 1)[:, None, None] * calls[None, :, None] * USUAL)
    outcomes = np.diff(so_far, axis=0).reshape(-1, 4)
    durations = np.zeros((steps * len(series), DURATION_BINS), np.int32)
    durations[:, NORMAL_BIN] = outcomes[:, :3].sum(axis=1)
    return Rollups(
        bucket_s=bucket.astype(np.int64),
        vantage=np.tile([vantage for vantage, _, _ in series], steps).astype(np.int16),
        service=np.tile([code for _, code, _ in series], steps).astype(np.int16),
        package=np.zeros(steps * len(series), np.int16),
        region=np.zeros(steps * len(series), np.int16),
        outcomes=outcomes.astype(np.int64),
        durations=durations,
        services=tuple(CALLERS),
        packages=("*",),
        regions=("*",),
    )


@lru_cache(maxsize=4)
def telemetry(world: World) -> Rollups:
    """The rollups of the half hour before the run and of the run itself."""
    rng = np.random.default_rng(world.seed)
    buckets = np.arange(-180, int(world.minutes * 6))
    parts: list[tuple[int, int, int, int, int, np.ndarray, np.ndarray]] = []
    packages = tuple(pack().packages)
    for code, (service, mean) in enumerate(CALLERS.items()):
        callers = PACKAGES_OF[service]
        for package in callers:
            for region_code, region in enumerate(REGIONS):
                rate = mean * world.volume / len(callers) / len(REGIONS)
                calls = rng.poisson(rate, buckets.size)
                for at, number in zip(buckets, calls, strict=True):
                    if not number:
                        continue
                    for vantage_code, vantage in enumerate(("front", "client")):
                        if vantage == "client" and (package not in CLIENT_PACKAGES or service == "bus"):
                            continue
                        seen = _seen(world, rng, vantage, service, package, region, float(at) / 6, int(number))
                        if seen is not None:
                            place = (int(at), vantage_code, code, packages.index(package), region_code)
                            parts.append((*place, *seen))
    parts.sort(key=lambda part: part[:5])
    return Rollups(
        bucket_s=np.array([START.timestamp() + part[0] * BUCKET_S for part in parts], np.int64),
        vantage=np.array([part[1] for part in parts], np.int16),
        service=np.array([part[2] for part in parts], np.int16),
        package=np.array([part[3] for part in parts], np.int16),
        region=np.array([part[4] for part in parts], np.int16),
        outcomes=np.array([part[5] for part in parts], np.int64).reshape(-1, 4),
        durations=np.array([part[6] for part in parts], np.int32).reshape(-1, DURATION_BINS),
        services=tuple(CALLERS),
        packages=packages,
        regions=REGIONS,
    )


def _seen(  # noqa: PLR0917  # one cell of one bucket
    world: World,
    rng: np.random.Generator,
    vantage: str,
    service: str,
    package: str,
    region: str,
    at: float,
    calls: int,
) -> tuple[np.ndarray, np.ndarray] | None:
    """What the vantage sees of these calls: outcomes and durations; None when nothing."""
    shares, slow = USUAL.copy(), 0.0
    for fault in world.faults:
        if not _applies(fault, vantage, service, package, region, at):
            continue
        if fault.effect == "vanish":
            calls = int(rng.binomial(calls, 1.0 - fault.share))
        elif fault.effect == "slow":
            slow = fault.share
        else:
            shares = shares * (1.0 - fault.share)
            shares[Outcome[fault.effect.upper()]] += fault.share
    is_silent = any(eye.value == vantage and start <= at < end for eye, start, end in world.silent)
    if not calls or is_silent:
        return None
    outcomes = rng.multinomial(calls, shares / shares.sum())
    timed = int(outcomes[:3].sum())
    durations = np.zeros(DURATION_BINS, np.int32)
    durations[SLOW_BIN] = rng.binomial(timed, slow)
    durations[NORMAL_BIN] = timed - durations[SLOW_BIN]
    return outcomes, durations


def _applies(fault: Fault, *place: object) -> bool:
    vantage, service, package, region, at = place
    return (
        fault.service in {service, "*"}
        and vantage in fault.vantages
        and (fault.packages is None or package in fault.packages)
        and (fault.regions is None or region in fault.regions)
        and isinstance(at, float)
        and fault.start <= at < fault.end
    )


def probes(world: World) -> tuple[ProbeResult, ...]:
    """One check a minute of the log-in and of the business services."""
    results = []
    for number in range(-30, int(world.minutes)):
        if any(eye is Eye.PROBES and start <= number < end for eye, start, end in world.silent):
            continue
        for second, service in enumerate(("login", "rx", "disp")):
            is_ok = not any(name == service and start <= number < end for name, start, end in world.probe_failures)
            is_slow = any(name == service and start <= number < end for name, start, end in world.slow_probes)
            at = minute(number) + timedelta(seconds=second)
            results.append(ProbeResult(at, f"p-{service}", service, None, is_ok, 3000.0 if is_slow else 100.0, ""))
    return tuple(results)


def evidence_at(world: World, seen: Rollups, checks: Sequence[ProbeResult], now: datetime) -> Evidence:
    """Everything known at the moment."""
    window = between(seen, now - timedelta(minutes=30), now)
    for code, eye in enumerate((Eye.FRONT, Eye.CLIENT)):
        if eye in world.without:
            window = rows(window, window.vantage != code)
    last_seen: dict[Eye, datetime] = {Eye.PANEL: START, Eye.PARTNER: START}
    for code, eye in enumerate((Eye.FRONT, Eye.CLIENT)):
        mine = seen.bucket_s[(seen.vantage == code) & (seen.bucket_s <= now.timestamp() - BUCKET_S)]
        if mine.size:
            last_seen[eye] = datetime.fromtimestamp(int(mine[-1]) + BUCKET_S - 1, tz=UTC)
    done = tuple(check for check in checks if now - timedelta(minutes=30) < check.at <= now)
    if done:
        last_seen[Eye.PROBES] = done[-1].at
    for eye in world.without:
        last_seen.pop(eye, None)
    return Evidence(
        now=now,
        rollups=window,
        probes=() if Eye.PROBES in world.without else done,
        reports=() if Eye.PANEL in world.without else tuple(one for one in world.reports if one.at <= now),
        notices=() if Eye.PARTNER in world.without else tuple(one for one in world.notices if one.at <= now),
        last_seen=last_seen,
    )


@dataclass(frozen=True)
class Run:
    """Every judgement of a run, with what tests ask of it."""

    judgements: tuple[Judgement, ...]

    def at(self, number: float) -> Judgement:
        """The last judgement at or before that minute."""
        return next(one for one in reversed(self.judgements) if one.at <= minute(number))

    def hit(self, number: float) -> dict[tuple[str, str], State]:
        """What is not well at that minute, by (function, audience)."""
        return {
            (subject.function, subject.audience): verdict.state
            for subject, verdict in self.at(number).verdicts.items()
            if verdict.state in {State.DEGRADED, State.DOWN}
        }

    def minutes_hit(self, function: str, audience: str) -> list[float]:
        """At which minutes the subject was hit."""
        subject = Subject(function, audience)
        return [
            (one.at - START).total_seconds() / 60
            for one in self.judgements
            if one.verdicts[subject].state in {State.DEGRADED, State.DOWN}
        ]

    def ever_hit(self) -> set[tuple[str, str]]:
        """Every (function, audience) that was ever hit."""
        return {
            (subject.function, subject.audience)
            for one in self.judgements
            for subject, verdict in one.verdicts.items()
            if verdict.state in {State.DEGRADED, State.DOWN}
        }


def watch(world: World) -> Run:
    """Judge the world tick by tick."""
    federation, usual = pack(), profile() if world.knows_history else no_profile()
    seen, checks = telemetry(world), probes(world)
    previous: Judgement | None = None
    judgements = []
    now = START
    while now < minute(world.minutes):
        now += world.tick
        previous = judge(
            evidence_at(world, seen, checks, now), pack=federation, profile=usual, previous=previous, now=now
        )
        judgements.append(previous)
    return Run(tuple(judgements))


def shifted(rollups: Rollups, by: timedelta) -> Rollups:
    """The same rollups at another time."""
    return replace(rollups, bucket_s=rollups.bucket_s + int(by.total_seconds()))


def history_of(rollups: Rollups) -> Rollups:
    """Five-minute sums of rollups, as history holds them."""
    return five_minute_sums(rollups)
