"""`tocsin replay` on disk: other names in recording and pack, or other weeks, change nothing but names and times.

Twenty minutes of a simulated federation with much going on at once: a package's release, a partner that goes down
and says so, a flood of reports, a change that drifts, an eye that goes blind; so that most rules have something to say.
"""

import json
import shutil
import sys
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from parsed_packs import BELGIUM, pack, renamed
from tocsin.cli.main import main
from tocsin.kernel.clock import format_moment, parse_moment
from tocsin.rehearsal.queries import load_world
from tocsin.rehearsal.rules.faults import Fault
from tocsin.rehearsal.rules.plan import Flood, Intervention, Plan
from tocsin.rehearsal.services import write_scenario

START = datetime(2021, 3, 2, 9, tzinfo=UTC)
PLAN = Plan(
    "rehearsal",
    "Much at once",
    START,
    minutes=20,
    seed=23,
    volume_scale=0.04,
    faults=(
        Fault("release", "pharmacy-a", "rejected", 240.0, 1e6, packages=("pharmacy-a",), shows_on=("sts",)),
        Fault("partner", "recipe", "timeout", 600.0, 1e6, depth=0.9, shows_on=("recipe_prescriber",)),
        Fault("monitoring", "ehealth", "blind", 780.0, 1e6, eyes=("probes",)),
    ),
    floods=(Flood("check_insurability", 300.0, members=6, reports=20, package="dentist-a"),),
    interventions=(Intervention("CHG-1", "recipe_prescriber", "new version", 590.0, None, drifts=True),),
)
LINES = ("probes", "reports", "notices", "changes")
IDS = {
    "probes": ("probe", "service", "function"),
    "reports": ("member", "audience", "package", "region", "function"),
    "notices": ("partner", "services"),
    "changes": ("change", "services", "running", "persisted", "approved"),
}
type Line = dict[str, Any]
type Rename = Callable[[str], str]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("invariance") / "original"
    write_scenario(folder, PLAN, load_world(pack()))
    return folder


@pytest.fixture(scope="module")
def told(original: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Line]:
    return replayed(original, tmp_path_factory.mktemp("out"))


def replayed(folder: Path, scratch: Path, *options: str) -> list[Line]:
    """What the command prints, the summary's times and memory apart."""
    out = scratch / "out.ndjson"
    with pytest.MonkeyPatch.context() as patch, out.open("w") as file:
        patch.setattr(sys, "argv", ["tocsin", "replay", str(folder), "--json", *options])
        patch.setattr(sys, "stdout", file)
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    return [*lines[:-1], {name: lines[-1][name] for name in ("event", "transactions", "rejected_inputs")}]


def test_much_is_told(told: list[Line]) -> None:
    """So that equality below is not that of nothing with nothing."""
    assert {line["event"] for line in told} >= {"incident_opened", "incident_updated", "bulletin_published", "blind"}
    assert len({line["incident"] for line in told if line.get("incident")}) >= 2
    assert any(line["packages"] for line in told if line.get("incident"))


def test_renamed_ids_change_nothing_but_names(original: Path, told: list[Line], tmp_path: Path) -> None:
    new = _reversed_name
    shutil.copytree(original, tmp_path / "renamed")
    for path in (tmp_path / "renamed").glob("*/*.parquet"):
        table = pq.read_table(path)
        for column in ("service", "package", "region"):
            codes = table[column].combine_chunks().dictionary_encode()
            names = pa.array([new(str(name)) for name in codes.dictionary.to_pylist()], pa.string())
            table = _with(table, column, names.take(codes.indices))
        pq.write_table(table, path)
    for name in LINES:
        _rewrite(tmp_path / "renamed" / f"{name}.ndjson", partial(_with_names, keys=IDS[name], new=new))
    _write_renamed_pack(tmp_path / "pack", new)
    found = replayed(tmp_path / "renamed", tmp_path, "--pack", str(tmp_path / "pack"))
    assert found == [_line_renamed(line, new) for line in told]


@pytest.mark.parametrize("weeks", [-3, 52])
def test_whole_weeks_change_nothing_but_times(original: Path, told: list[Line], tmp_path: Path, weeks: int) -> None:
    """None of these crosses the change of the clocks, neither with the window nor with its four weeks of history."""
    by = timedelta(weeks=weeks)
    shutil.copytree(original, tmp_path / "moved")
    for path in (tmp_path / "moved").glob("*/*.parquet"):
        table = pq.read_table(path)
        moved = pc.add(table["time"], pa.scalar(by, pa.duration("us")))
        pq.write_table(_with(table, "time", moved), path)
    for name in LINES:
        _rewrite(tmp_path / "moved" / f"{name}.ndjson", partial(_with_times, by=by))
    meta = (tmp_path / "moved" / "scenario.toml").read_text()
    for moment in (START, START + timedelta(minutes=PLAN.minutes)):
        meta = meta.replace(format_moment(moment), format_moment(moment + by))
    (tmp_path / "moved" / "scenario.toml").write_text(meta)
    assert replayed(tmp_path / "moved", tmp_path) == [_line_moved(line, by) for line in told]


def _reversed_name(name: str) -> str:
    """Another name that sorts the other way round: an order that hangs on ids would show."""
    turned = "".join(chr(219 - ord(each)) if "a" <= each <= "z" else each for each in name.lower())
    return name if name == "*" else f"n{turned}"


def _with(table: pa.Table, column: str, values: Any) -> pa.Table:
    return table.set_column(table.column_names.index(column), column, values)


def _rewrite(path: Path, change: Callable[[Line], Line]) -> None:
    lines = [json.dumps(change(json.loads(line))) for line in path.read_text().splitlines()]
    path.write_text("".join(f"{line}\n" for line in lines))


def _with_names(line: Line, *, keys: tuple[str, ...], new: Rename) -> Line:
    return line | {key: _named(line[key], new) for key in keys}


def _named(value: Any, new: Rename) -> Any:
    if isinstance(value, list):
        return [new(each) for each in value]
    return None if value is None else new(value)


def _with_times(line: Line, *, by: timedelta) -> Line:
    times = {key: line[key] for key in ("time", "until") if line.get(key)}
    return line | {key: format_moment(parse_moment(at) + by) for key, at in times.items()}


def _line_renamed(line: Line, new: Rename) -> Line:
    lists = {key: _named(line[key], new) for key in ("functions", "audiences", "packages", "regions") if key in line}
    if "change" not in line:
        return line
    suspects = [suspect | {"id": new(suspect["id"])} for suspect in line["suspects"]]
    others = {"change": _named(line["change"], new), "procedures": _named(line["procedures"], new)}
    return line | lists | others | {"suspects": suspects}


def _line_moved(line: Line, by: timedelta) -> Line:
    if "at" not in line:
        return line
    moved = line | {"at": format_moment(parse_moment(line["at"]) + by)}
    if line["incident"]:
        day, number = line["incident"].rsplit("-", 1)
        moved["incident"] = f"{date.fromisoformat(day) + by}-{number}"
    return moved


def _write_renamed_pack(folder: Path, new: Rename) -> None:
    shutil.copytree(BELGIUM, folder)
    files = {str(path.relative_to(BELGIUM)): tomllib.loads(path.read_text()) for path in BELGIUM.rglob("*.toml")}
    for name, content in renamed(files, lambda _, one: new(one)).items():
        written = "".join(f"{json.dumps(key)} = {_as_toml(value)}\n" for key, value in content.items())
        (folder / name).write_text(written)


def _as_toml(value: Any) -> str:
    match value:
        case Mapping():
            return "{" + ", ".join(f"{json.dumps(key)} = {_as_toml(each)}" for key, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(_as_toml(each) for each in value) + "]"
        case date():
            return value.isoformat()
        case _:
            return json.dumps(value, ensure_ascii=False)
