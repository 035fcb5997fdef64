"""A point a minute of each function, for the charts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tocsin.catalog.queries import load_pack
from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.profile import Profile, learn
from tocsin.detection.rules.series import points
from tocsin.observations.rules.model import DURATION_BINS, Evidence, Rollups

NOW = datetime(2020, 1, 27, 8, 22, 10, tzinfo=UTC)
MINUTE = datetime(2020, 1, 27, 8, 22, tzinfo=UTC)


@pytest.fixture
def pack(belgium: Path) -> Pack:
    return load_pack(belgium)


def rollups(*rows: tuple[timedelta, str, tuple[int, int, int, int]], services: tuple[str, ...] = ()) -> Rollups:
    """Rows of the client eye: how long before NOW, which service, its outcomes."""
    names = services or tuple(dict.fromkeys(service for _, service, _ in rows))
    size = len(rows)
    return Rollups(
        bucket_s=np.array([int((NOW - before).timestamp()) for before, _, _ in rows], np.int64),
        vantage=np.ones(size, np.int16),
        service=np.array([names.index(service) for _, service, _ in rows], np.int16),
        package=np.zeros(size, np.int16),
        region=np.zeros(size, np.int16),
        outcomes=np.array([outcomes for _, _, outcomes in rows], np.int64).reshape(size, 4),
        durations=np.zeros((size, DURATION_BINS), np.int32),
        services=names,
        packages=("gp-a",),
        regions=("BE-BRU",),
    )


def evidence(found: Rollups) -> Evidence:
    return Evidence(now=NOW, rollups=found, probes=(), reports=(), notices=(), last_seen={})


@pytest.fixture
def unknown(pack: Pack) -> Profile:
    return learn(rollups(), pack=pack)


def test_a_function_shows_the_service_that_fails_most_beyond_the_usual(pack: Pack, unknown: Profile) -> None:
    seen = rollups(
        (timedelta(seconds=60), "sts", (98, 2, 0, 0)),
        (timedelta(seconds=60), "etk_depot", (30, 0, 50, 20)),
    )
    found = {point.function: point for point in points(evidence(seen), pack=pack, profile=unknown, now=NOW)}
    assert found["open_session"].failing_share == 0.02
    assert found["prescribe"].failing_share == 0.7
    assert {point.at for point in found.values()} == {MINUTE}


def test_the_band_holds_the_usual_share(pack: Pack, unknown: Profile) -> None:
    seen = rollups((timedelta(seconds=60), "sts", (984, 10, 4, 2)))
    found = next(iter(points(evidence(seen), pack=pack, profile=unknown, now=NOW)))
    assert 0.0 <= found.expected_low < found.failing_share < found.expected_high < 0.05


def test_too_few_calls_leave_a_gap(pack: Pack, unknown: Profile) -> None:
    assert (
        points(evidence(rollups((timedelta(seconds=60), "sts", (0, 0, 19, 0)))), pack=pack, profile=unknown, now=NOW)
        == ()
    )


def test_calls_outside_the_two_minutes_do_not_count(pack: Pack, unknown: Profile) -> None:
    seen = rollups(
        (timedelta(seconds=5), "sts", (0, 0, 100, 0)),
        (timedelta(seconds=131), "sts", (0, 0, 100, 0)),
        (timedelta(seconds=60), "sts", (100, 0, 0, 0)),
    )
    assert points(evidence(seen), pack=pack, profile=unknown, now=NOW)[0].failing_share == 0.0


def test_a_service_that_the_pack_does_not_know_is_left_out(pack: Pack, unknown: Profile) -> None:
    seen = rollups((timedelta(seconds=60), "made-up", (0, 0, 100, 0)))
    assert points(evidence(seen), pack=pack, profile=unknown, now=NOW) == ()
