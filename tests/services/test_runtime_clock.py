"""One clock for all processes of a data folder."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tocsin.kernel.clock import FixedClock, ReplayClock, SystemClock
from tocsin.kernel.errors import ConfigurationError
from tocsin.runtime import clock
from tocsin.runtime.clock import FILE_NAME, SharedClock

MORNING = datetime(2020, 1, 27, 5, 30, tzinfo=UTC)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The machine's seconds, set by hand."""
    seconds = [1_000_000.0]
    monkeypatch.setattr(time, "time", lambda: seconds[0])
    return seconds


def test_without_a_file_it_is_the_systems(tmp_path: Path) -> None:
    shared = SharedClock(tmp_path)
    assert isinstance(shared.running(), SystemClock)
    assert abs(shared.now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert (shared.speed, shared.is_replay) == (1.0, False)


def test_it_stands_at_its_origin_until_it_is_started(tmp_path: Path, machine: list[float]) -> None:
    clock.stand_at(tmp_path, origin=MORNING, speed=60)
    shared = SharedClock(tmp_path)
    machine[0] += 100
    assert shared.now() == MORNING
    assert isinstance(shared.running(), FixedClock)
    assert (shared.speed, shared.is_replay) == (0.0, True)


def test_started_it_runs_at_its_speed_for_everybody_at_once(tmp_path: Path, machine: list[float]) -> None:
    clock.stand_at(tmp_path, origin=MORNING, speed=60)
    readers = [SharedClock(tmp_path), SharedClock(tmp_path)]
    assert [reader.now() for reader in readers] == [MORNING, MORNING]
    clock.start(tmp_path)
    machine[0] += 10
    assert [reader.now() for reader in readers] == [MORNING + timedelta(minutes=10)] * 2
    assert isinstance(readers[0].running(), ReplayClock)
    assert readers[0].speed == 60


def test_starting_twice_does_not_set_it_back(tmp_path: Path, machine: list[float]) -> None:
    clock.stand_at(tmp_path, origin=MORNING, speed=60)
    clock.start(tmp_path)
    machine[0] += 10
    clock.start(tmp_path)
    assert SharedClock(tmp_path).now() == MORNING + timedelta(minutes=10)


def test_paused_it_stands_and_goes_on_from_there(tmp_path: Path, machine: list[float]) -> None:
    clock.stand_at(tmp_path, origin=MORNING, speed=60)
    clock.start(tmp_path)
    machine[0] += 10
    clock.pause(tmp_path)
    shared = SharedClock(tmp_path)
    machine[0] += 1000
    assert shared.now() == MORNING + timedelta(minutes=10)
    clock.start(tmp_path)
    machine[0] += 1
    assert shared.now() == MORNING + timedelta(minutes=11)


def test_the_systems_clock_can_be_had_back(tmp_path: Path) -> None:
    clock.stand_at(tmp_path, origin=MORNING, speed=60)
    shared = SharedClock(tmp_path)
    assert isinstance(shared.running(), FixedClock)
    assert clock.is_replay(tmp_path)
    clock.use_system(tmp_path)
    clock.use_system(tmp_path)
    assert isinstance(shared.running(), SystemClock)
    assert not clock.is_replay(tmp_path)


@pytest.mark.parametrize(
    "content", ["", "{}", '{"kind": "replay"}', "[]", json.dumps(dict.fromkeys(("kind", "origin", "anchor_s"), "x"))]
)
def test_a_spoilt_file_is_said_to_be_spoilt(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE_NAME).write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        SharedClock(tmp_path).now()
    assert caught.value.code == "clock.unreadable"
    assert FILE_NAME in caught.value.where


def test_this_process_goes_by_the_configured_folders_clock() -> None:
    from django.conf import settings

    assert clock.current() is settings.CLOCK
