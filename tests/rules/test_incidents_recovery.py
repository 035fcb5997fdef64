"""Since when is it good again: read back from the minutes known to be good."""

from datetime import timedelta

import pytest

from situations import NOW, minutes_of
from tocsin.incidents.rules.recovery import FURTHEST, PRESENT, good_run_start
from tocsin.observations.rules.rollup import combine, empty

MINUTE = timedelta(minutes=1)
NOW_S = int(NOW.timestamp())


@pytest.mark.parametrize("trouble", ["failing_before_s", "silent_before_s", "slow_before_s"])
@pytest.mark.parametrize("minutes", [4, 7, 11])
def test_the_run_begins_where_the_trouble_ended(trouble: str, minutes: int) -> None:
    rollups = minutes_of("sts", now=NOW, **{trouble: NOW_S - minutes * 60})
    assert good_run_start(rollups, ["sts"], now=NOW) == NOW - minutes * MINUTE


def test_no_run_is_read_back_further_than_is_needed() -> None:
    assert good_run_start(minutes_of("sts", now=NOW), ["sts"], now=NOW) == NOW - FURTHEST * MINUTE


def test_the_present_is_good_by_detections_word() -> None:
    rollups = minutes_of("sts", now=NOW, failing_before_s=NOW_S - 60)
    assert good_run_start(rollups, ["sts"], now=NOW) == NOW - PRESENT * MINUTE


def test_the_last_service_to_recover_counts() -> None:
    rollups = combine(
        [
            minutes_of("sts", now=NOW, failing_before_s=NOW_S - 8 * 60),
            minutes_of("esb", now=NOW, failing_before_s=NOW_S - 5 * 60),
        ]
    )
    assert good_run_start(rollups, ["sts", "esb"], now=NOW) == NOW - 5 * MINUTE


def test_what_nobody_calls_says_nothing() -> None:
    assert good_run_start(empty(), ["sts"], now=NOW) is None
    assert good_run_start(minutes_of("sts", now=NOW, per_bucket=0), ["sts"], now=NOW) is None


def test_minutes_with_few_calls_say_nothing_for_or_against() -> None:
    rollups = minutes_of("sts", now=NOW, per_bucket=1, failing_before_s=NOW_S - 5 * 60)
    assert good_run_start(rollups, ["sts"], now=NOW) in {NOW - 5 * MINUTE, NOW - FURTHEST * MINUTE}


def test_looking_at_calls_alone_overlooks_failures() -> None:
    failing = minutes_of("sts", now=NOW, failing_before_s=NOW_S - 5 * 60)
    silent = minutes_of("sts", now=NOW, silent_before_s=NOW_S - 5 * 60)
    assert good_run_start(failing, ["sts"], now=NOW, only_calls=True) == NOW - FURTHEST * MINUTE
    assert good_run_start(silent, ["sts"], now=NOW, only_calls=True) == NOW - 5 * MINUTE
