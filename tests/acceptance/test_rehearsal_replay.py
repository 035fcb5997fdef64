"""Simulated scenarios through the live rules: an outage is found and its cause named, a strike is not one.

A taste of `bench/faults.py`, which replays the whole catalogue. Only these assertions know what was wrong.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from parsed_packs import pack
from tocsin.engine.tick import Federation
from tocsin.rehearsal.queries import load_world
from tocsin.rehearsal.rules.demand import Swing
from tocsin.rehearsal.rules.faults import Fault
from tocsin.rehearsal.rules.plan import Plan
from tocsin.rehearsal.services import write_history, write_scenario
from tocsin.runtime.replay import federation_for, play, read_recording
from tocsin.runtime.replay_lines import lines

START = datetime(2021, 3, 9, 9, tzinfo=UTC)
QUIET = Plan("rehearsal", "A morning", START, minutes=34, seed=11, volume_scale=0.03)
BEGINS_S = 25 * 60.0
type Line = dict[str, Any]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("past") / "history.parquet"
    write_history(path, QUIET, load_world(pack()))
    return path


@pytest.fixture(scope="module")
def federation(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Federation:
    folder = tmp_path_factory.mktemp("first")
    write_scenario(folder, replace(QUIET, minutes=1), load_world(pack()), history=history)
    return federation_for(read_recording(folder))


def replayed(plan: Plan, folder: Path, federation: Federation, history: Path) -> Iterator[Line]:
    write_scenario(folder, plan, load_world(pack()), history=history)
    # What the past taught is in the federation already.
    (folder / "history" / "part-0.parquet").unlink()
    for step in play(read_recording(folder), federation, start=START + timedelta(minutes=18)):
        yield from lines(step)


def test_a_line_that_is_cut_is_found_and_named_though_the_front_sees_nothing_fail(
    tmp_path: Path, federation: Federation, history: Path
) -> None:
    cut = Fault("network", "net_proximus", "blocked", BEGINS_S, 3600.0, depth=0.9)

    told = list(replayed(replace(QUIET, faults=(cut,)), tmp_path / "cut", federation, history))

    opened = [line for line in told if line["event"] == "incident_opened"]
    assert [line["suspects"][0]["id"] for line in opened] == ["net_proximus"]
    delay = datetime.fromisoformat(opened[0]["at"]) - START - timedelta(seconds=BEGINS_S)
    assert timedelta(0) < delay <= timedelta(minutes=3)
    assert set(opened[0]["functions"]) == {"prescribe", "dispense"}


def test_a_strike_is_no_outage(tmp_path: Path, federation: Federation, history: Path) -> None:
    strike = Swing(0.3, BEGINS_S - 300.0, 36_000.0, ramp_s=300.0, audiences=("doctor",))

    told = list(replayed(replace(QUIET, swings=(strike,)), tmp_path / "strike", federation, history))

    assert [line["event"] for line in told if line["incident"] is not None] == []


def test_an_eye_that_breaks_is_blind_and_no_outage(tmp_path: Path, federation: Federation, history: Path) -> None:
    blind = Fault("monitoring", "ehealth", "blind", BEGINS_S, 3600.0, eyes=("client",))

    told = list(replayed(replace(QUIET, faults=(blind,)), tmp_path / "blind", federation, history))

    assert [(line["event"], line.get("eye")) for line in told if line["incident"] is None] == [("blind", "client")]
    assert [line for line in told if line["incident"] is not None] == []
