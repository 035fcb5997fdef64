"""Reading Parquet files and recorded folders, good and bad ones."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tocsin.kernel.errors import ConfigurationError, InputError
from tocsin.plugins.sources.parquet.reader import read
from tocsin.plugins.sources.recording.reader import open_recording

START = datetime(2024, 3, 4, 6, 0, tzinfo=UTC)
META = 'id = "x"\ntitle = "X"\nstart = 2024-03-04T06:00:00Z\nend = 2024-03-04T06:01:00Z\nvolume_scale = 0.5\n'

GOOD: dict[str, list[Any]] = {
    "time": [START, START + timedelta(seconds=15)],
    "vantage": ["front", "client"],
    "service": ["zeta", "alpha"],
    "package": ["p", "p"],
    "region": ["r", "r"],
    "outcome": ["ok", "timeout"],
    "duration_ms": [12.5, 30_000.0],
    "count": [1, 2],
}


def table(**columns: list[Any]) -> pa.Table:
    values = GOOD | columns
    return pa.table(
        {
            "time": pa.array(values["time"], pa.timestamp("us", tz="UTC")),
            **{name: pa.array(values[name], pa.string()) for name in ("vantage", "service", "package", "region")},
            "outcome": pa.array(values["outcome"], pa.string()),
            "duration_ms": pa.array(values["duration_ms"], pa.float32()),
            "count": pa.array(values["count"], pa.uint32()),
        }
    )


def parquet(content: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(content, sink)
    return bytes(sink.getvalue().to_pybytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scenario.toml").write_text(META)
    for name in ("transactions", "history"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "part-0.parquet").write_bytes(parquet(table()))
    return tmp_path


def test_a_good_file_is_read_by_bytes_and_by_path(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(parquet(table()))
    for source in (path, path.read_bytes()):
        transactions, rejected = read(source)
        assert (len(transactions), rejected) == (2, 0)
        assert transactions.services == ("zeta", "alpha")
        assert transactions.count.tolist() == [1, 2]
        assert transactions.time_us.tolist() == [START.timestamp() * 1e6, (START.timestamp() + 15) * 1e6]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("time", None),
        ("vantage", "moon"),
        ("vantage", None),
        ("service", None),
        ("service", ""),
        ("outcome", "maybe"),
        ("duration_ms", -1.0),
        ("duration_ms", float("nan")),
        ("duration_ms", float("inf")),
        ("count", 0),
        ("count", 10_000_001),
        ("count", 2**32 - 1),
        ("count", None),
    ],
)
def test_a_bad_row_is_left_out_and_counted(column: str, value: object) -> None:
    transactions, rejected = read(parquet(table(**{column: [value, GOOD[column][1]]})))
    assert (len(transactions), rejected) == (1, 1)


def test_rows_out_of_order_are_put_in_order() -> None:
    transactions, _ = read(parquet(table(time=[START + timedelta(seconds=9), START])))
    assert transactions.time_us.tolist() == sorted(transactions.time_us.tolist())
    assert [transactions.services[code] for code in transactions.service] == ["alpha", "zeta"]


def test_an_empty_table_holds_no_transactions() -> None:
    transactions, rejected = read(parquet(table().slice(0, 0)))
    assert (len(transactions), rejected) == (0, 0)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "parquet.empty"),
        (b"not parquet at all", "parquet.unreadable"),
        (parquet(table())[:-20], "parquet.unreadable"),
        (parquet(table())[:200], "parquet.unreadable"),
        (parquet(table().drop_columns(["outcome", "count"])), "parquet.columns"),
        (parquet(table().set_column(0, "time", pa.array([1, 2]))), "parquet.columns"),
    ],
    ids=["empty", "text", "truncated", "headless", "columns", "types"],
)
def test_a_file_that_is_none_is_refused_with_a_reason(content: bytes, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read(content)
    assert caught.value.code == code


def test_missing_columns_are_named() -> None:
    with pytest.raises(InputError, match="count, outcome"):
        read(parquet(table().drop_columns(["outcome", "count"])))


def test_a_file_that_does_not_exist_or_is_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.parquet").write_bytes(b"")
    for name in ("absent.parquet", "empty.parquet"):
        with pytest.raises(InputError):
            read(tmp_path / name)


def test_a_folder_with_the_least_is_a_recording(folder: Path) -> None:
    shutil.rmtree(folder / "history")
    recording = open_recording(folder)
    assert (recording.id, recording.start, recording.timezone) == ("x", START, "Europe/Brussels")
    assert (len(recording.transactions), len(recording.history), recording.rejected_inputs) == (2, 0, 0)
    assert (recording.probes, recording.reports, recording.notices, recording.changes) == ((), (), (), ())


def test_files_without_content_are_as_good_as_none(folder: Path) -> None:
    for path in (folder / "history").glob("*.parquet"):
        path.write_bytes(b"")
    for name in LINES:
        (folder / name).write_bytes(b"")
    recording = open_recording(folder)
    assert (len(recording.transactions), len(recording.history), recording.rejected_inputs) == (2, 0, 0)
    assert (recording.probes, recording.reports, recording.notices, recording.changes) == ((), (), (), ())


def test_chunks_hand_out_each_transaction_once_and_never_early(folder: Path) -> None:
    chunks = list(open_recording(folder).chunks(timedelta(seconds=10)))
    assert [(at - START).total_seconds() for at, _ in chunks] == [10, 20, 30, 40, 50, 60]
    assert [len(part) for _, part in chunks] == [1, 1, 0, 0, 0, 0]


def test_several_files_are_one_recording_in_order(folder: Path) -> None:
    other = table(time=[START + timedelta(seconds=5), START + timedelta(seconds=20)], service=["new", "zeta"])
    (folder / "transactions" / "part-1.parquet").write_bytes(parquet(other))
    transactions = open_recording(folder).transactions
    assert [transactions.services[code] for code in transactions.service] == ["zeta", "new", "alpha", "zeta"]
    assert bool((np.diff(transactions.time_us) >= 0).all())


def test_a_recording_without_a_vantage_never_heard_of_it(folder: Path) -> None:
    recording = open_recording(folder).without("client")
    assert (len(recording.transactions), int(recording.history.outcomes.sum())) == (1, 1)


AT = {"time": "2024-03-04T06:00:00Z"}
WHO = {"member": "m", "audience": "a", "package": "p", "region": "r"}
HASHES = {"running": "a", "persisted": "b", "approved": None}
LINES: dict[str, dict[str, object]] = {
    "probes.ndjson": {**AT, "probe": "p", "service": "s", "function": None, "ok": True, "duration_ms": 1, "detail": ""},
    "reports.ndjson": {**AT, **WHO, "function": "f", "works": False, "text": "é"},
    "notices.ndjson": {**AT, "partner": "p", "services": ["s"], "state": "down", "text": "", "until": AT["time"]},
    "changes.ndjson": {**AT, "kind": "fingerprint", "change": None, "services": ["s"], "summary": "", **HASHES},
}

WRONG: dict[str, list[dict[str, object]]] = {
    "probes.ndjson": [
        {"ok": "yes"},
        {"duration_ms": -1},
        {"duration_ms": float("nan")},
        {"duration_ms": float("inf")},
        {"duration_ms": "x"},
        {"service": ""},
        {"function": 3},
    ],
    "reports.ndjson": [
        {"works": None},
        {"works": float("nan")},
        {"member": 4},
        {"time": "yesterday"},
        {"time": float("nan")},
    ],
    "notices.ndjson": [{"state": "fine"}, {"services": "s"}, {"until": "soon"}],
    "changes.ndjson": [{"kind": "undone"}, {"time": "2024-03-04T06:00:00"}, {"services": [1]}],
}


@pytest.mark.parametrize("name", list(LINES))
def test_lines_that_make_no_sense_are_counted_and_the_others_kept(folder: Path, name: str) -> None:
    later = LINES[name] | {"time": "2024-03-04T06:00:30Z"}
    bad = [json.dumps(LINES[name] | change).encode() for change in WRONG[name]]
    bad += [b"{", b"[1]", b"\xff\xfe", b'{"time": 5}']
    content = [json.dumps(later).encode(), *bad, b"", json.dumps(LINES[name]).encode()]
    (folder / name).write_bytes(b"\n".join(content))
    recording = open_recording(folder)
    kept = getattr(recording, name.removesuffix(".ndjson"))
    assert [item.at - START for item in kept] == [timedelta(0), timedelta(seconds=30)]
    assert recording.rejected[name] == recording.rejected_inputs == len(bad)


@pytest.mark.parametrize(
    "meta",
    [
        "",
        "start = 5",
        META.replace("06:01", "05:01"),
        META.replace("2024-03-04T06:00:00Z", "2024-03-04T06:00:00"),
        "{{",
    ],
    ids=["empty", "number", "backwards", "no-zone", "no-toml"],
)
def test_a_folder_that_is_no_scenario_is_refused(folder: Path, meta: str) -> None:
    (folder / "scenario.toml").write_text(meta)
    with pytest.raises(ConfigurationError):
        open_recording(folder)


def test_what_is_missing_or_unreadable_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"scenario\.toml"):
        open_recording(tmp_path / "nowhere")
    (folder / "probes.ndjson").mkdir()
    with pytest.raises(InputError, match=r"probes\.ndjson"):
        open_recording(folder)
    (folder / "probes.ndjson").rmdir()
    shutil.rmtree(folder / "transactions")
    with pytest.raises(InputError, match="transactions"):
        open_recording(folder)


def test_the_truth_is_never_opened(folder: Path) -> None:
    (folder / "truth.json").mkdir()
    assert open_recording(folder).rejected_inputs == 0
