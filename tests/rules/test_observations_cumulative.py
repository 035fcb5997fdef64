"""Cumulative series: only what happened since the last sight counts."""

import pytest

from tocsin.observations.rules.cumulative import FRESH_US, Increase, Level, increase

S = 1_000_000


def level(time_s: int, *counts: int, start_s: int = 100) -> Level:
    return Level(start_us=start_s * S, time_us=time_s * S, counts=counts)


def test_the_first_sight_of_a_young_process_counts_whole() -> None:
    assert increase(level(160, 2, 1), None) == Increase(100 * S, 160 * S, (2, 1))


def test_the_first_sight_of_an_old_process_is_where_counting_begins() -> None:
    assert increase(level(100 + FRESH_US // S + 1, 2, 1), None) is None
    assert increase(level(160, 2, 1, start_s=0), None) is None


def test_afterwards_only_the_increase_counts() -> None:
    assert increase(level(220, 5, 1), level(160, 2, 1)) == Increase(160 * S, 220 * S, (3, 0))


@pytest.mark.parametrize("time_s", [160, 150])
def test_a_repeated_or_older_export_counts_nothing(time_s: int) -> None:
    assert increase(level(time_s, 9, 9), level(160, 2, 1)) is None


def test_a_restarted_process_counts_from_its_start() -> None:
    assert increase(level(220, 1, 0, start_s=200), level(160, 2, 1)) == Increase(200 * S, 220 * S, (1, 0))


def test_a_count_that_fell_or_changed_shape_is_a_restart() -> None:
    assert increase(level(220, 1, 1), level(160, 2, 1)) == Increase(160 * S, 220 * S, (1, 1))
    assert increase(level(220, 4, 1, 0), level(160, 2, 1)) == Increase(160 * S, 220 * S, (4, 1, 0))


def test_counts_that_move_to_a_neighbouring_bucket_never_go_below_nothing() -> None:
    assert increase(level(220, 1, 4), level(160, 2, 1)) == Increase(160 * S, 220 * S, (0, 3))
