"""Past telemetry is loaded once, whatever else is in its folder."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.test import override_settings
from typer.testing import CliRunner, Result

from tocsin.cli.history import app
from tocsin.kernel.errors import InputError
from tocsin.runtime.configuration import Configuration


@pytest.fixture
def past(tmp_path: Path) -> Path:
    (tmp_path / "past" / "history").mkdir(parents=True)
    moments = [datetime(2026, 11, 2, 8, minute, tzinfo=UTC) for minute in (0, 5, 10)]
    table = {
        "time": pa.array(moments, pa.timestamp("us", tz="UTC")),
        "vantage": ["front"] * 3,
        "service": ["sts"] * 3,
        "package": ["*"] * 3,
        "region": ["*"] * 3,
        "outcome": ["ok"] * 3,
        "duration_ms": pa.array([80.0] * 3, pa.float32()),
        "count": pa.array([500] * 3, pa.uint32()),
    }
    pq.write_table(pa.table(table), tmp_path / "past" / "history" / "sums.parquet")
    return tmp_path / "past"


def load(folder: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.setattr("tocsin.runtime.startup.start", lambda **_: None)
    with override_settings(CONFIGURATION=Configuration(data_folder=data)):
        return CliRunner().invoke(app, ["load", str(folder)])


def test_history_alone_is_enough_and_counts_once(past: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load(past, tmp_path, monkeypatch)
    assert (first.exit_code, first.output) == (
        0,
        "3 five-minute sums are loaded; what is usual is learned from them at the next start.\n",
    )
    second = load(past, tmp_path, monkeypatch)
    assert second.output == "This history was loaded before; nothing has changed.\n"


def test_a_folder_without_history_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = load(tmp_path, tmp_path, monkeypatch)
    assert isinstance(refused.exception, InputError)
    assert refused.exception.code == "recording.history"
