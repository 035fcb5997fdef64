"""`tocsin replay` on the recorded scenarios: windows around each outage's start and end, and what must not matter.

All of each recording is replayed by `bench/scenarios.py`. The truth is read here, and never by the product.
"""

import dataclasses
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tocsin.catalog.rules.calendar import Calendar
from tocsin.cli.main import main
from tocsin.detection.rules.profile import learn
from tocsin.engine.tick import Federation
from tocsin.kernel.clock import format_moment, parse_moment
from tocsin.observations.rules.model import Eye
from tocsin.plugins.sources.recording.model import Recording
from tocsin.runtime.replay import federation_for, play, read_recording
from tocsin.runtime.replay_lines import lines

ROOT = Path(__file__).resolve().parents[2]
BESIDE = ROOT.parent / "shared" / "scenarios"
SHIPPED = ROOT / "demo" / "2020-01-27"
MINUTE = timedelta(minutes=1)
type Line = dict[str, Any]


@dataclass(frozen=True)
class Scenario:
    recording: Recording
    federation: Federation
    truth: list[dict[str, Any]]


@cache
def scenario(name: str, *without: Eye) -> Scenario:
    folder = SHIPPED if name == SHIPPED.name else BESIDE / name
    if not folder.is_dir():
        pytest.skip(f"no recording {name}: {BESIDE} does not exist (the recordings lie beside the project, not in it)")
    if without:
        whole = scenario(name).recording
        for eye in without:
            whole = whole.without(eye.value)
        return Scenario(whole, federation_for(whole), scenario(name).truth)
    recording = read_recording(folder)
    truth = json.loads((folder / "truth.json").read_text())["incidents"]
    return Scenario(recording, federation_for(recording), truth)


def printed(given: Scenario, start: datetime, end: datetime) -> list[Line]:
    return [line for step in play(given.recording, given.federation, start=start, end=end) for line in lines(step)]


def of_incidents(found: list[Line], event: str) -> list[Line]:
    return [line for line in found if line["event"] == event]


def moments(outage: Mapping[str, Any]) -> tuple[datetime, datetime]:
    return parse_moment(outage["start"]), parse_moment(outage["end"])


OUTAGES = ["2020-01-24", "2020-01-27", "2020-01-28", "etk-2023"]


# What it must do


@pytest.mark.parametrize("name", OUTAGES)
def test_an_outage_is_opened_told_and_laid_to_its_cause_within_minutes(name: str) -> None:
    given = scenario(name)
    (outage,) = given.truth
    start, _ = moments(outage)
    found = printed(given, start - 8 * MINUTE, start + 6 * MINUTE)
    (opened,) = of_incidents(found, "incident_opened")
    assert timedelta(0) <= parse_moment(opened["at"]) - start <= 3 * MINUTE
    assert opened["suspects"][0]["id"] == outage["cause"]
    assert opened["change"] == outage["change"]
    first = of_incidents(found, "bulletin_published")[0]
    assert parse_moment(first["at"]) - parse_moment(opened["at"]) <= MINUTE
    assert set(outage["functions"]) <= set(first["functions"])
    assert opened["procedures"]


@pytest.mark.parametrize("name", OUTAGES)
def test_without_the_client_eye_an_outage_is_still_found_within_five_minutes(name: str) -> None:
    given = scenario(name, Eye.CLIENT)
    (outage,) = given.truth
    start, _ = moments(outage)
    found = printed(given, start - 8 * MINUTE, start + 5 * MINUTE)
    (opened,) = of_incidents(found, "incident_opened")
    assert parse_moment(opened["at"]) >= start
    assert opened["suspects"][0]["id"] == outage["cause"]


@pytest.mark.parametrize("name", OUTAGES)
def test_an_outage_is_closed_after_its_end_and_soon(name: str) -> None:
    given = scenario(name)
    (outage,) = given.truth
    _, end = moments(outage)
    found = printed(given, end - 5 * MINUTE, end + 15 * MINUTE)
    assert len(of_incidents(found, "incident_opened")) == 1
    (closed,) = of_incidents(found, "incident_closed")
    assert timedelta(0) < parse_moment(closed["at"]) - end <= 15 * MINUTE
    assert of_incidents(found, "bulletin_published")[-1]["reasons"][0] == "bulletin.end"


def test_on_a_quiet_morning_nothing_is_opened() -> None:
    given = scenario("quiet-tuesday")
    start = given.recording.start + timedelta(hours=2)
    assert printed(given, start, start + 20 * MINUTE) == []


# What must not matter


def window_of_the_shipped_one() -> tuple[Scenario, datetime, datetime]:
    given = scenario(SHIPPED.name)
    start, _ = moments(given.truth[0])
    return given, start, start + 6 * MINUTE


def test_two_runs_print_the_same() -> None:
    given, start, end = window_of_the_shipped_one()
    assert printed(given, start, end) == printed(given, start, end) != []


def test_renamed_ids_change_nothing_but_names() -> None:
    given, start, end = window_of_the_shipped_one()
    names = _new_names(given)
    recording = _renamed(given.recording, names)
    pack = _renamed(given.federation.pack, names)
    federation = Federation(
        pack=pack,
        procedures=_renamed(given.federation.procedures, names),
        templates=given.federation.templates,
        profile=learn(recording.history, pack=replace(pack, calendar=Calendar())),
    )
    renamed = printed(Scenario(recording, federation, []), start, end)
    assert renamed == _renamed(printed(given, start, end), names)


def _new_names(given: Scenario) -> dict[str, str]:
    pack = given.federation.pack
    ids = [*pack.services, *pack.functions, *pack.packages, *pack.audiences, *pack.partners, *pack.regions]
    # The new names sort the other way round: an order that hangs on ids would show.
    return {name: f"n{9000 - place}" for place, name in enumerate(dict.fromkeys(ids))}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    match value:
        case str():
            return names.get(value, value)
        case tuple() | list() | frozenset():
            return type(value)(_renamed(each, names) for each in value)
        case Mapping():
            return {_renamed(key, names): _renamed(each, names) for key, each in value.items()}
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            changed = {field.name: _renamed(getattr(value, field.name), names) for field in dataclasses.fields(value)}
            return replace(value, **changed)
        case _:
            return value


def test_times_shifted_by_weeks_change_nothing_but_times() -> None:
    given, start, end = window_of_the_shipped_one()
    weeks = timedelta(weeks=3)
    recording = _shifted(given.recording, weeks)
    federation = replace(given.federation, profile=federation_for(recording).profile)
    shifted = printed(Scenario(recording, federation, []), start + weeks, end + weeks)
    assert shifted == [_later(line, weeks) for line in printed(given, start, end)]


def _shifted(recording: Recording, by: timedelta) -> Recording:
    seconds = int(by.total_seconds())

    def later[T](items: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(replace(item, at=item.at + by) for item in items)  # type: ignore[type-var,attr-defined]  # all have `at`

    return replace(
        recording,
        start=recording.start + by,
        end=recording.end + by,
        transactions=replace(recording.transactions, time_us=recording.transactions.time_us + seconds * 1_000_000),
        history=replace(recording.history, bucket_s=recording.history.bucket_s + seconds),
        probes=later(recording.probes),
        reports=later(recording.reports),
        notices=later(recording.notices),
        changes=later(recording.changes),
    )


def _later(line: Line, by: timedelta) -> Line:
    day, number = line["incident"].rsplit("-", 1)
    moved = date.fromisoformat(day) + by
    return line | {"at": format_moment(parse_moment(line["at"]) + by), "incident": f"{moved}-{number}"}


# The command


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped recording cut down to twelve minutes, without history: small enough to read often."""
    folder = tmp_path_factory.mktemp("cut") / "cut"
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("*.parquet", "history"))
    (folder / "scenario.toml").write_text(
        'id = "cut"\ntitle = "Cut"\nstart = 2020-01-27T07:20:00Z\nend = 2020-01-27T07:26:00Z\nvolume_scale = 0.042\n'
    )
    since, until = (datetime(2020, 1, 27, 7, minute, tzinfo=UTC) for minute in (14, 26))
    whole = next((SHIPPED / "transactions").glob("*.parquet"))
    table = pq.read_table(whole, filters=[("time", ">=", since), ("time", "<", until)])
    pq.write_table(table, folder / "transactions" / "part-0.parquet")
    return folder


def replayed(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *options: str
) -> tuple[list[Line], Line]:
    monkeypatch.setattr(sys, "argv", ["tocsin", "replay", str(folder), "--json", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    out = capsys.readouterr().out.splitlines()
    parsed = [json.loads(line) for line in out]
    return parsed[:-1], parsed[-1]


def test_the_last_line_is_the_summary(
    cut: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found, summary = replayed(cut, capsys, monkeypatch)
    assert summary["event"] == "summary"
    assert summary["simulated_s"] == 360
    assert summary["transactions"] > 1000
    assert set(summary) == {"event", "simulated_s", "wall_s", "transactions", "peak_rss_mb", "rejected_inputs"}
    assert [line["at"] for line in found] == sorted(line["at"] for line in found)


@pytest.mark.parametrize("truth", [None, '{"incidents": [{"id": "x", "cause": "tsa"}], "quiet": false}', "no JSON"])
def test_the_truth_changes_no_line(
    cut: Path, truth: str | None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, _ = replayed(cut, capsys, monkeypatch)
    path = cut / "truth.json"
    path.unlink(missing_ok=True)
    if truth is not None:
        path.write_text(truth)
    assert replayed(cut, capsys, monkeypatch)[0] == before


def test_bad_lines_are_counted_and_lose_nothing(
    cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, clean = replayed(cut, capsys, monkeypatch)
    spoilt = tmp_path / "spoilt"
    shutil.copytree(cut, spoilt)
    with (spoilt / "probes.ndjson").open("a") as file:
        file.write('{"time": "yesterday"}\nnot JSON\n')
    after, summary = replayed(spoilt, capsys, monkeypatch)
    assert clean["rejected_inputs"] == 0
    assert summary["rejected_inputs"] == 2
    assert after == before


def test_an_eye_can_be_left_out(cut: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    _, whole = replayed(cut, capsys, monkeypatch)
    _, half = replayed(cut, capsys, monkeypatch, "--without", "client", "--without", "panel")
    assert half["transactions"] < whole["transactions"]


def unreadable(folder: Path) -> Iterator[tuple[str, Path]]:
    yield "no such folder", folder / "nowhere"
    for name, content in (("empty", b""), ("truncated", b"PAR1 and then nothing")):
        spoilt = folder / name
        (spoilt / "transactions").mkdir(parents=True)
        (spoilt / "scenario.toml").write_text("start = 2020-01-27T07:00:00Z\nend = 2020-01-27T07:10:00Z\n")
        (spoilt / "transactions" / "part-0.parquet").write_bytes(content)
        yield name, spoilt


def test_an_unreadable_file_ends_with_two_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for what, folder in unreadable(tmp_path):
        monkeypatch.setattr(sys, "argv", ["tocsin", "replay", str(folder), "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert (ended.value.code, said.out) == (2, ""), what
        assert said.err.count("\n") == 1, what
        assert said.err.startswith("tocsin: "), what


def test_without_json_it_is_a_story(
    cut: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["tocsin", "replay", str(cut)])
    with pytest.raises(SystemExit):
        main()
    said = capsys.readouterr().out
    assert "scripted reconstruction" in said
    assert "x real time" in said
