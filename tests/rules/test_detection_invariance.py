"""Names and dates are only names and dates: renaming ids or shifting time by whole weeks changes nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import pytest

from telemetry_world import START, Fault, World, evidence_at, minute, pack, probes, report, shifted, telemetry
from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.judge import judge
from tocsin.detection.rules.model import Judgement, Signal, Subject, Verdict
from tocsin.detection.rules.profile import learn
from tocsin.kernel.reasons import Reason
from tocsin.observations.rules.model import Evidence, Eye, Notice, Rollups
from tocsin.observations.rules.rollup import five_minute_sums

type Rename = Callable[[str], str]

WORLD = World(
    minutes=18,
    faults=(
        Fault("rx", "error", 0.5, start=6, end=12, packages=("d2",)),
        Fault("disp", "vanish", 0.95, start=8, vantages=("front",)),
        Fault("disp", "timeout", 0.9, start=8, vantages=("client",)),
        Fault("login", "slow", 0.7, start=10, regions=("south",)),
    ),
    reports=tuple(report(9 + number, f"m{number}", "open_session", package="d2") for number in range(4)),
    notices=(Notice(minute(9), "rx-partner", ("disp",), "down", "", None),),
    probe_failures=(("login", 12, 17),),
    silent=((Eye.PROBES, 2, 8),),
)
STEP = timedelta(seconds=30)


def reversed_name(name: str) -> str:
    """Rename so that the order of the spelling turns round: a → z."""
    return "".join(chr(219 - ord(letter)) if letter.islower() else letter for letter in name)


@cache
def judged(rename: Rename = str, shift: timedelta = timedelta(0)) -> list[Judgement]:
    federation = _renamed_pack(pack(), rename)
    history = _renamed_rollups(shifted(five_minute_sums(telemetry(World(minutes=360, seed=9))), shift), rename)
    history = shifted(history, timedelta(days=-7))
    profile = learn(history, pack=federation)
    seen, checks = telemetry(WORLD), probes(WORLD)
    found: list[Judgement] = []
    now = START
    while now < minute(WORLD.minutes):
        now += STEP
        evidence = _moved(evidence_at(WORLD, seen, checks, now), rename, shift)
        previous = found[-1] if found else None
        found.append(judge(evidence, pack=federation, profile=profile, previous=previous, now=evidence.now))
    return found


def _renamed_pack(original: Pack, rename: Rename) -> Pack:
    return replace(
        original,
        audiences={rename(name): replace(one, id=rename(name)) for name, one in original.audiences.items()},
        packages={
            rename(name): replace(one, id=rename(name), audience=rename(one.audience))
            for name, one in original.packages.items()
        },
        regions={rename(name): replace(one, id=rename(name)) for name, one in original.regions.items()},
        partners={rename(name): replace(one, id=rename(name)) for name, one in original.partners.items()},
        services={
            rename(name): replace(
                one, id=rename(name), partner=rename(one.partner), needs=tuple(rename(need) for need in one.needs)
            )
            for name, one in original.services.items()
        },
        functions={
            rename(name): replace(
                one,
                id=rename(name),
                audiences=tuple(rename(audience) for audience in one.audiences),
                uses=tuple(rename(service) for service in one.uses),
                soft=tuple(rename(service) for service in one.soft),
            )
            for name, one in original.functions.items()
        },
    )


def _renamed_rollups(rollups: Rollups, rename: Rename) -> Rollups:
    return replace(
        rollups,
        services=tuple(rename(name) for name in rollups.services),
        packages=tuple(rename(name) for name in rollups.packages),
        regions=tuple(rename(name) for name in rollups.regions),
    )


def _moved(evidence: Evidence, rename: Rename, shift: timedelta) -> Evidence:
    return Evidence(
        now=evidence.now + shift,
        rollups=_renamed_rollups(shifted(evidence.rollups, shift), rename),
        probes=tuple(replace(one, at=one.at + shift, service=rename(one.service)) for one in evidence.probes),
        reports=tuple(
            replace(
                one,
                at=one.at + shift,
                audience=rename(one.audience),
                package=rename(one.package),
                region=rename(one.region),
                function=rename(one.function),
            )
            for one in evidence.reports
        ),
        notices=tuple(
            replace(
                one,
                at=one.at + shift,
                partner=rename(one.partner),
                services=tuple(rename(service) for service in one.services),
            )
            for one in evidence.notices
        ),
        last_seen={eye: at + shift for eye, at in evidence.last_seen.items()},
    )


def _named(names: tuple[str, ...] | None, rename: Rename) -> tuple[str, ...] | None:
    return None if names is None else tuple(rename(name) for name in names)


def _like(judgement: Judgement, rename: Rename, shift: timedelta) -> Judgement:
    """Rename and shift what was judged, to compare it with what is judged of the renamed and shifted."""
    verdicts: Mapping[Subject, Verdict] = {
        (subject := Subject(rename(old.function), rename(old.audience))): replace(
            verdict,
            subject=subject,
            since=verdict.since + shift,
            failed_at=None if verdict.failed_at is None else verdict.failed_at + shift,
            packages=_named(verdict.packages, rename),
            regions=_named(verdict.regions, rename),
            reasons=tuple(_reason(reason, rename) for reason in verdict.reasons),
        )
        for old, verdict in judgement.verdicts.items()
    }
    return Judgement(
        at=judgement.at + shift,
        verdicts=verdicts,
        signals=tuple(_signal(signal, rename, shift) for signal in judgement.signals),
        blind={eye: at + shift for eye, at in judgement.blind.items()},
    )


def _reason(reason: Reason, rename: Rename) -> Reason:
    facts = {key: rename(str(fact)) if key in {"service", "partner"} else fact for key, fact in reason.facts.items()}
    return Reason(reason.code, facts)


def _signal(signal: Signal, rename: Rename, shift: timedelta) -> Signal:
    return replace(
        signal,
        service=rename(signal.service),
        since=signal.since + shift,
        packages=_named(signal.packages, rename),
        regions=_named(signal.regions, rename),
    )


def test_the_world_is_worth_comparing() -> None:
    judgements = judged()
    kinds = {signal.kind for judgement in judgements for signal in judgement.signals}
    assert kinds >= {"errors", "timeouts", "latency", "probe", "reports"}
    assert any(judgement.blind for judgement in judgements)
    assert any(verdict.packages for judgement in judgements for verdict in judgement.verdicts.values())


@pytest.mark.parametrize("weeks", [-3, 1, 3])  # on the same side of the clock change: people keep their hours
def test_whole_weeks_change_nothing_but_times(weeks: int) -> None:
    shift = timedelta(weeks=weeks)
    assert judged(shift=shift) == [_like(judgement, str, shift) for judgement in judged()]


def test_other_names_change_nothing_but_names() -> None:
    expected = [_like(judgement, reversed_name, timedelta(0)) for judgement in judged()]
    assert judged(rename=reversed_name) == expected
    assert [list(one.verdicts) for one in judged(rename=reversed_name)] == [list(one.verdicts) for one in expected]


def test_no_judgement_is_dated_later_than_its_tick() -> None:
    def dates(judgement: Judgement) -> list[datetime]:
        return [*(one.since for one in judgement.verdicts.values()), *(one.since for one in judgement.signals)]

    assert all(at <= judgement.at for judgement in judged() for at in dates(judgement))
