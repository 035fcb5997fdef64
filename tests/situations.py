"""Hand-made judgements and evidence for tests of diagnosis, incidents and the engine."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np

from tocsin.catalog.queries import load_pack
from tocsin.catalog.rules.graph import Graph
from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.model import Judgement, Signal, SignalKind, State, Subject, Verdict
from tocsin.observations.rules.model import (
    BUCKET_S,
    DURATION_BINS,
    Evidence,
    Eye,
    Notice,
    ProbeResult,
    Report,
    Rollups,
)

NOW = datetime(2020, 1, 27, 7, 30, tzinfo=UTC)
ONSET = NOW - timedelta(minutes=5)
BOTH = frozenset({Eye.FRONT, Eye.CLIENT})


@cache
def belgium() -> Pack:
    return load_pack(Path(__file__).resolve().parents[1] / "packs" / "belgium")


def signal(
    service: str,
    kind: SignalKind = "errors",
    *,
    eye: Eye = Eye.FRONT,
    observed: float = 0.3,
    expected: float = 0.01,
    strength: float = 50.0,
    since: datetime = ONSET,
    packages: tuple[str, ...] | None = None,
) -> Signal:
    return Signal(service, eye, kind, strength, observed, expected, since, packages)


def called(services: Sequence[str], *, at: datetime = NOW) -> Rollups:
    """Rollups in which each of the services was called once, well, half a minute ago."""
    count = len(services)
    bucket = int(at.timestamp()) - 30
    outcomes = np.zeros((count, 4), np.int64)
    outcomes[:, 0] = 1
    return Rollups(
        bucket_s=np.full(count, bucket, np.int64),
        vantage=np.zeros(count, np.int16),
        service=np.arange(count, dtype=np.int16),
        package=np.zeros(count, np.int16),
        region=np.zeros(count, np.int16),
        outcomes=outcomes,
        durations=np.zeros((count, DURATION_BINS), np.int32),
        services=tuple(services),
        packages=("gp-a",),
        regions=("BE-BRU",),
    )


def minutes_of(
    service: str,
    *,
    now: datetime,
    failing_before_s: int = 0,
    silent_before_s: int = 0,
    slow_before_s: int = 0,
    per_bucket: int = 20,
    minutes: int = 20,
) -> Rollups:
    """Rollups of one service, called evenly; before the given moments its calls fail, are missing, or are slow."""
    buckets = np.arange(int(now.timestamp()) - minutes * 60, int(now.timestamp()), BUCKET_S, dtype=np.int64)
    outcomes = np.zeros((len(buckets), 4), np.int64)
    outcomes[:, 0] = np.where(buckets < silent_before_s, per_bucket // 10, per_bucket)
    failed = np.where(buckets < failing_before_s, per_bucket // 2, 0)
    outcomes[:, 0] -= failed
    outcomes[:, 2] += failed
    durations = np.zeros((len(buckets), DURATION_BINS), np.int32)
    durations[np.arange(len(buckets)), np.where(buckets < slow_before_s, 30, 20)] = outcomes.sum(axis=1)
    codes = np.zeros(len(buckets), np.int16)
    return Rollups(buckets, codes, codes, codes, codes, outcomes, durations, (service,), ("gp-a",), ("BE-BRU",))


def evidence(
    *,
    now: datetime = NOW,
    services: Sequence[str] | None = None,
    probes: Sequence[ProbeResult] = (),
    reports: Sequence[Report] = (),
    notices: Sequence[Notice] = (),
) -> Evidence:
    """Evidence in which all watched services (or those given) are called."""
    pack = belgium()
    watched = [each.id for each in pack.services.values() if each.kind == "service"] if services is None else services
    return Evidence(
        now=now,
        rollups=called(watched, at=now),
        probes=tuple(probes),
        reports=tuple(reports),
        notices=tuple(notices),
        last_seen={Eye.FRONT: now, Eye.CLIENT: now},
    )


def judgement(
    signals: Sequence[Signal] = (),
    *,
    at: datetime = NOW,
    failing: Mapping[str, State] | None = None,
    since: datetime = ONSET,
    confidence: float = 0.99,
    eyes: frozenset[Eye] = BOTH,
    packages: tuple[str, ...] | None = None,
) -> Judgement:
    """A judgement in which the functions that need a service with a signal fail (or those given, and no others)."""
    pack = belgium()
    graph = Graph(pack)
    troubled = {each.service for each in signals}
    bad = (
        failing
        if failing is not None
        else {name: State.DOWN for name in pack.functions if troubled & graph.services_of(name)}
    )
    good = Verdict(Subject("", ""), State.OK, 0.99, at - timedelta(hours=1), BOTH, ())
    verdicts = {}
    for function in pack.functions.values():
        for audience in function.audiences:
            subject = Subject(function.id, audience)
            verdict = replace(good, subject=subject)
            if function.id in bad:
                verdict = Verdict(subject, bad[function.id], confidence, since, eyes, (), packages)
            verdicts[subject] = verdict
    return Judgement(at, verdicts, tuple(signals), {})


def calm(*, at: datetime = NOW, since: datetime | None = None) -> Judgement:
    """A judgement in which everything works, since the given moment."""
    quiet = judgement(at=at, failing={})
    began = since or at - timedelta(hours=1)
    return replace(quiet, verdicts={key: replace(value, since=began) for key, value in quiet.verdicts.items()})


def report(
    function: str = "open_session",
    *,
    works: bool,
    at: datetime = NOW,
    member: str = "m1",
    package: str = "gp-a",
    audience: str = "doctor",
) -> Report:
    return Report(at, member, audience, package, "BE-BRU", function, works, "")


def probe(service: str = "sts", *, is_ok: bool, at: datetime = NOW) -> ProbeResult:
    return ProbeResult(at, f"p-{service}", service, None, is_ok, 120.0, "")
