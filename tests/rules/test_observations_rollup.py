"""Rolling up, against a slow and plain reading of the same transactions."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.observations.rules.columns import join, select
from tocsin.observations.rules.model import BUCKET_S, DURATION_EDGES_MS, Outcome, Rollups, Transactions
from tocsin.observations.rules.rollup import (
    between,
    combine,
    duration_bins,
    empty,
    five_minute_sums,
    recoded,
    roll_up,
)

type Row = tuple[int, str, str, str, str, Outcome, float, int]
type Key = tuple[int, str, str, str, str]

START_S = 1_700_000_100
ROWS = st.lists(
    st.tuples(
        st.integers(0, 900 * 10),
        st.sampled_from(["front", "client"]),
        st.sampled_from(["s1", "s2", "s3"]),
        st.sampled_from(["p1", "p2"]),
        st.sampled_from(["r1", "r2"]),
        st.sampled_from(list(Outcome)),
        st.floats(0, 500_000, width=32),
        st.integers(1, 5),
    ),
    max_size=60,
)


def batch(rows: list[Row]) -> Transactions:
    """Build a batch from (tenths of a second, vantage, service, package, region, outcome, ms, count)."""
    ordered = sorted(rows, key=lambda row: row[0])
    services = tuple(dict.fromkeys(row[2] for row in ordered))
    packages = tuple(dict.fromkeys(row[3] for row in ordered))
    regions = tuple(dict.fromkeys(row[4] for row in ordered))
    return Transactions(
        time_us=np.array([START_S * 1_000_000 + row[0] * 100_000 for row in ordered], np.int64),
        vantage=np.array([("front", "client").index(row[1]) for row in ordered], np.int16),
        service=np.array([services.index(row[2]) for row in ordered], np.int16),
        package=np.array([packages.index(row[3]) for row in ordered], np.int16),
        region=np.array([regions.index(row[4]) for row in ordered], np.int16),
        outcome=np.array([row[5] for row in ordered], np.int8),
        duration_ms=np.array([row[6] for row in ordered], np.float32),
        count=np.array([row[7] for row in ordered], np.int64),
        services=services,
        packages=packages,
        regions=regions,
    )


def plainly(rows: list[Row], width_s: int = BUCKET_S) -> tuple[dict[Key, Counter[Outcome]], dict[Key, Counter[int]]]:
    """Count one row after the other, as one would by hand."""
    outcomes: dict[Key, Counter[Outcome]] = {}
    durations: dict[Key, Counter[int]] = {}
    for at, vantage, service, package, region, outcome, duration_ms, count in rows:
        second = (START_S * 10 + at) // 10
        key = (second // width_s * width_s, vantage, service, package, region)
        outcomes.setdefault(key, Counter())[outcome] += count
        if outcome is not Outcome.TIMEOUT:
            inside = [number for number, edge in enumerate(DURATION_EDGES_MS[:-1]) if np.float32(duration_ms) >= edge]
            durations.setdefault(key, Counter())[max(inside, default=0)] += count
    return outcomes, durations


def read(rollups: Rollups) -> tuple[dict[Key, Counter[Outcome]], dict[Key, Counter[int]]]:
    outcomes: dict[Key, Counter[Outcome]] = {}
    durations: dict[Key, Counter[int]] = {}
    for row in range(len(rollups)):
        key = (
            int(rollups.bucket_s[row]),
            rollups.vantages[rollups.vantage[row]],
            rollups.services[rollups.service[row]],
            rollups.packages[rollups.package[row]],
            rollups.regions[rollups.region[row]],
        )
        assert key not in outcomes
        outcomes[key] = Counter({outcome: int(rollups.outcomes[row, outcome]) for outcome in Outcome})
        outcomes[key] += Counter()
        filled = {number: int(count) for number, count in enumerate(rollups.durations[row]) if count}
        if filled:
            durations[key] = Counter(filled)
    return outcomes, durations


@given(ROWS)
@settings(deadline=None)
def test_rolling_up_counts_what_counting_by_hand_counts(rows: list[Row]) -> None:
    assert read(roll_up(batch(rows))) == plainly(rows)


@given(ROWS, st.lists(st.integers(0, 60), max_size=4))
@settings(deadline=None)
def test_it_does_not_matter_how_the_transactions_were_cut(rows: list[Row], cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    parts = [roll_up(batch(rows[lower:upper])) for lower, upper in pairwise(edges)]
    assert read(combine(parts)) == plainly(rows)
    assert bool((np.diff(combine(parts).bucket_s) >= 0).all())


@given(ROWS)
@settings(deadline=None)
def test_five_minute_sums_add_up_everything_per_vantage_and_service(rows: list[Row]) -> None:
    anywhere = [(at, vantage, service, "*", "*", outcome, ms, n) for at, vantage, service, _, _, outcome, ms, n in rows]
    sums = five_minute_sums(roll_up(batch(rows)))
    assert read(sums) == plainly(anywhere, width_s=300)
    assert read(five_minute_sums(sums)) == read(sums)


def test_nothing_rolls_up_to_nothing() -> None:
    assert len(roll_up(batch([]))) == 0
    assert len(combine([])) == 0
    assert len(combine([empty(), empty()])) == 0
    assert len(five_minute_sums(empty())) == 0


def test_between_takes_the_start_and_leaves_the_end() -> None:
    rollups = roll_up(batch([(tenth, "front", "s", "p", "r", Outcome.OK, 10.0, 1) for tenth in (0, 100, 200)]))
    start = datetime.fromtimestamp(START_S, tz=UTC)
    window = between(rollups, start, start + timedelta(seconds=20))
    assert [int(second) - START_S for second in window.bucket_s] == [0, 10]
    assert np.shares_memory(window.durations, rollups.durations)


@pytest.mark.parametrize(
    ("duration_ms", "expected"), [(0.0, 0), (0.99, 0), (1.0, 0), (1.4, 1), (119_999.0, 47), (120_000.0, 47), (9e6, 47)]
)
def test_every_duration_has_a_bin(duration_ms: float, expected: int) -> None:
    assert duration_bins(np.array([duration_ms], np.float32)).tolist() == [expected]


def test_large_counts_stay_exact() -> None:
    rollups = roll_up(
        batch([(0, "front", "s", "p", "r", Outcome.OK, 10.0, 2**40), (1, "front", "s", "p", "r", Outcome.OK, 10.0, 3)])
    )
    assert int(rollups.outcomes.sum()) == 2**40 + 3


def test_codes_are_kept_where_the_new_words_only_follow() -> None:
    codes = np.array([1, 0], np.int16)
    assert recoded(codes, ("a", "b"), ("a", "b", "c")) is codes
    assert recoded(codes, ("a", "b"), ("b", "a")).tolist() == [0, 1]


def test_joined_batches_are_in_order_under_one_vocabulary() -> None:
    early = batch([(0, "front", "s1", "p1", "r1", Outcome.OK, 1.0, 1)])
    late = batch([(5, "client", "s2", "p2", "r2", Outcome.ERROR, 2.0, 2)])
    both = join([late, early])
    assert both.time_us.tolist() == [START_S * 1_000_000, START_S * 1_000_000 + 500_000]
    assert [both.services[code] for code in both.service] == ["s1", "s2"]
    assert join([early]) is early
    assert len(select(both, np.array([True, False]))) == 1


def test_renamed_ids_change_nothing_but_names() -> None:
    rows: list[Row] = [
        (tenth, "front", service, "p1", "r1", Outcome.OK, 10.0, 1)
        for tenth, service in ((0, "s2"), (1, "s1"), (2, "s3"), (400, "s1"))
    ]
    plain = roll_up(batch(rows))
    swap = {"s1": "zz", "s2": "mm", "s3": "aa"}
    renamed = roll_up(batch([(*row[:2], swap[row[2]], *row[3:]) for row in rows]))
    assert renamed.services == tuple(swap[name] for name in plain.services)
    assert replace(renamed, services=plain.services).service.tolist() == plain.service.tolist()
    assert (renamed.outcomes == plain.outcomes).all()


def test_a_full_bin_never_wraps_to_a_negative_number() -> None:
    rows: list[Row] = [(0, "front", "s1", "p1", "r1", Outcome.OK, 20.0, 1_500_000_000) for _ in range(2)]
    rolled = roll_up(batch(rows))
    assert rolled.outcomes.sum() == 3_000_000_000
    assert rolled.durations.max() == np.iinfo(np.int32).max
    assert rolled.durations.min() == 0
