"""What every telemetry store promises; a new store is added to `STORES`."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tocsin.observations.ports import TelemetryStore
from tocsin.observations.rules.model import Outcome, Rollups, Transactions
from tocsin.observations.rules.rollup import combine, roll_up
from tocsin.plugins.stores.duckdb.store import DuckDBStore
from tocsin.plugins.stores.memory.store import MemoryStore

type Opener = Callable[[Path], TelemetryStore]
type Row = tuple[str, str, str, str, Outcome, float]

ORIGIN = datetime(2024, 3, 4, 8, 0, tzinfo=UTC)
STORES: dict[str, Opener] = {
    "memory": lambda _folder: MemoryStore(),
    "duckdb": lambda folder: DuckDBStore(folder / "telemetry.duckdb"),
    "memory-folding": lambda _folder: MemoryStore(keep=timedelta(minutes=30)),
}


@pytest.fixture(params=list(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TelemetryStore]:
    opened = STORES[request.param](tmp_path)
    yield opened
    opened.close()


def transactions(*rows: tuple[float, Row]) -> Transactions:
    """Build transactions from (seconds after ORIGIN, (vantage, service, package, region, outcome, ms))."""
    words = [tuple(dict.fromkeys(names)) for names in zip(*((row[1], row[2], row[3]) for _, row in rows), strict=True)]
    return Transactions(
        time_us=np.array([round((ORIGIN.timestamp() + at) * 1_000_000) for at, _ in rows], np.int64),
        vantage=np.array([("front", "client").index(row[0]) for _, row in rows], np.int16),
        service=np.array([words[0].index(row[1]) for _, row in rows], np.int16),
        package=np.array([words[1].index(row[2]) for _, row in rows], np.int16),
        region=np.array([words[2].index(row[3]) for _, row in rows], np.int16),
        outcome=np.array([row[4] for _, row in rows], np.int8),
        duration_ms=np.array([row[5] for _, row in rows], np.float32),
        count=np.ones(len(rows), np.int64),
        services=words[0],
        packages=words[1],
        regions=words[2],
    )


def ok(service: str = "a", *, package: str = "p", region: str = "r", vantage: str = "front") -> Row:
    return vantage, service, package, region, Outcome.OK, 20.0


def after(seconds: float) -> datetime:
    return ORIGIN + timedelta(seconds=seconds)


def readable(rollups: Rollups) -> list[tuple[int, str, str, str, str, list[int], int]]:
    """Return the rows in plain values, so that stores with other code orders compare equal."""
    return sorted(
        (
            int(rollups.bucket_s[row]) - int(ORIGIN.timestamp()),
            rollups.vantages[rollups.vantage[row]],
            rollups.services[rollups.service[row]],
            rollups.packages[rollups.package[row]],
            rollups.regions[rollups.region[row]],
            [int(count) for count in rollups.outcomes[row]],
            int(rollups.durations[row].sum()),
        )
        for row in range(len(rollups))
    )


def test_an_empty_store_gives_nothing_back(store: TelemetryStore) -> None:
    assert len(store.window(ORIGIN, after(60))) == 0
    assert len(store.history(ORIGIN, after(60))) == 0


def test_what_was_appended_comes_back_within_its_window(store: TelemetryStore) -> None:
    batch = roll_up(transactions((0, ok()), (9.9, ok()), (10, ok("b")), (20, ok())))
    assert store.append("one", batch)
    assert readable(store.window(ORIGIN, after(20))) == [
        (0, "front", "a", "p", "r", [2, 0, 0, 0], 2),
        (10, "front", "b", "p", "r", [1, 0, 0, 0], 1),
    ]
    assert readable(store.window(after(10), after(10))) == []


def test_a_batch_counts_once_however_often_it_is_sent(store: TelemetryStore) -> None:
    batch = roll_up(transactions((0, ok())))
    assert store.append("one", batch)
    assert not store.append("one", batch)
    assert store.append("two", batch)
    assert readable(store.window(ORIGIN, after(10))) == [(0, "front", "a", "p", "r", [2, 0, 0, 0], 2)]


def test_late_and_out_of_order_batches_with_new_words_are_merged(store: TelemetryStore) -> None:
    store.append("later", roll_up(transactions((30, ok("b", package="q")))))
    store.append("early", roll_up(transactions((0, ok("c", region="s")), (30, ok("b", package="q")))))
    store.append("last", roll_up(transactions((40, ok("d")), (40, ok("b", package="q")))))
    found = store.window(ORIGIN, after(60))
    assert bool((np.diff(found.bucket_s) >= 0).all())
    assert readable(found) == [
        (0, "front", "c", "p", "s", [1, 0, 0, 0], 1),
        (30, "front", "b", "q", "r", [2, 0, 0, 0], 2),
        (40, "front", "b", "q", "r", [1, 0, 0, 0], 1),
        (40, "front", "d", "p", "r", [1, 0, 0, 0], 1),
    ]


def test_an_empty_batch_is_accepted_and_changes_nothing(store: TelemetryStore) -> None:
    store.append("one", roll_up(transactions((0, ok()))))
    assert store.append("nothing", combine([]))
    assert len(store.window(ORIGIN, after(10))) == 1


def test_history_joins_what_was_given_and_what_was_seen(store: TelemetryStore) -> None:
    given = roll_up(transactions((-600, ok(package="*", region="*")), (-300, ok("b", package="*", region="*"))))
    assert store.append_history("history", given)
    assert not store.append_history("history", given)
    store.append("one", roll_up(transactions((10, ok()), (299, ok(package="q")), (299, ok(vantage="client")))))
    assert readable(store.history(after(-300), after(600))) == [
        (-300, "front", "b", "*", "*", [1, 0, 0, 0], 1),
        (0, "client", "a", "*", "*", [1, 0, 0, 0], 1),
        (0, "front", "a", "*", "*", [2, 0, 0, 0], 2),
    ]


def test_five_hours_keep_their_recent_window_and_their_whole_history(store: TelemetryStore) -> None:
    for step in range(0, 5 * 3600, 60):
        store.append(f"minute-{step}", roll_up(transactions((step, ok()))))
    end = after(5 * 3600)
    assert len(store.window(end - timedelta(minutes=30), end)) == 30
    assert int(store.history(ORIGIN, end).outcomes.sum()) == 300
    assert len(store.history(ORIGIN, end)) == 60


def test_a_timeout_has_no_duration(store: TelemetryStore) -> None:
    store.append("one", roll_up(transactions((0, ("front", "a", "p", "r", Outcome.TIMEOUT, 30_000.0)))))
    assert readable(store.window(ORIGIN, after(10))) == [(0, "front", "a", "p", "r", [0, 0, 0, 1], 0)]
