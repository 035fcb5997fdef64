"""A simulated scenario is a folder that the product's own reader takes as it is, and the same seed writes the same."""

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from parsed_packs import pack
from tocsin.cli.main import main
from tocsin.detection.rules.profile import learn
from tocsin.kernel.errors import ConfigurationError
from tocsin.plugins.sources.recording.reader import open_recording
from tocsin.rehearsal.queries import load_catalogue, load_world, plan_of
from tocsin.rehearsal.rules.faults import Fault
from tocsin.rehearsal.rules.plan import Intervention, Plan
from tocsin.rehearsal.services import write_scenario

START = datetime(2021, 3, 9, 9, tzinfo=UTC)
FAULT = Fault("configuration", "consent", "error", 300.0, 700.0, depth=0.8, change="CHG-1")
WORK = Intervention("CHG-1", "consent", "a new configuration", -600.0, 240.0, drifts=True)
PLAN = Plan("morning", "A morning", START, 15, 5, faults=(FAULT,), interventions=(WORK,), volume_scale=0.02)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rehearsal") / "morning"
    write_scenario(folder, PLAN, load_world(pack()))
    return folder


def test_the_product_reads_it_and_refuses_nothing(written: Path) -> None:
    recording = open_recording(written)

    assert recording.rejected_inputs == 0
    assert (recording.id, recording.start, recording.volume_scale) == ("morning", START, 0.02)
    assert len(recording.transactions.time_us) > 10_000
    assert len(recording.probes) == 15 * 15
    assert {event.kind for event in recording.changes} == {"planned", "started", "finished", "fingerprint"}


def test_it_holds_the_files_and_columns_of_the_recorded_ones(written: Path) -> None:
    import pyarrow.parquet as pq

    shipped = Path(__file__).resolve().parents[2] / "demo" / "2020-01-27"
    for part in ("transactions", "history"):
        mine = pq.read_schema(written / part / "part-0.parquet")
        theirs = pq.read_schema(next((shipped / part).glob("*.parquet")))
        assert [(field.name, str(field.type)) for field in mine] == [(each.name, str(each.type)) for each in theirs]
    for name in ("probes", "reports", "notices", "changes"):
        theirs_keys = json.loads((shipped / f"{name}.ndjson").read_text().splitlines()[0]).keys()
        lines = (written / f"{name}.ndjson").read_text().splitlines()
        assert all(json.loads(line).keys() == theirs_keys for line in lines)


def test_history_is_of_the_level_of_what_follows(written: Path) -> None:
    recording = open_recording(written)
    profile = learn(recording.history, pack=pack())
    place = profile.services.index("etk_depot")
    usual = profile.rates_over([START])[0, place, 0]
    front = recording.transactions.vantages.index("front")
    meant = (recording.transactions.service == recording.transactions.services.index("etk_depot")) & (
        recording.transactions.vantage == front
    )

    assert meant.sum() / (15 * 60) == pytest.approx(usual, rel=0.35)


def test_the_truth_names_the_cause_who_is_hit_and_the_change(written: Path) -> None:
    truth = json.loads((written / "truth.json").read_text())
    (outage,) = truth["incidents"]

    assert truth["quiet"] is False
    assert (outage["cause"], outage["kind"], outage["change"]) == ("consent", "configuration", "CHG-1")
    assert "register_consent" in outage["functions"]
    assert outage["packages"] is None
    hit = json.loads((written / "hit.json").read_text())
    assert max(hit["register_consent/pharmacist"]["share"]) == pytest.approx(0.8, abs=0.01)


def test_a_drifting_change_shows_in_the_fingerprints(written: Path) -> None:
    readings = [
        change
        for line in (written / "changes.ndjson").read_text().splitlines()
        if (change := json.loads(line))["kind"] == "fingerprint" and change["services"] == ["consent"]
    ]

    assert [each["running"] == each["approved"] for each in readings[:-1]] == [True] * (len(readings) - 1)
    assert readings[-1]["running"] != readings[-1]["approved"]


def test_the_same_plan_writes_the_same_bytes(written: Path, tmp_path: Path) -> None:
    again = tmp_path / "morning"
    write_scenario(again, PLAN, load_world(pack()), history=written / "history" / "part-0.parquet")

    for path in sorted(path.relative_to(written) for path in written.rglob("*") if path.is_file()):
        assert (again / path).read_bytes() == (written / path).read_bytes(), path


def test_a_quiet_plan_says_so_and_counts_nobody_hit(written: Path, tmp_path: Path) -> None:
    quiet = replace(PLAN, faults=(), interventions=(), minutes=2)
    write_scenario(tmp_path / "q", quiet, load_world(pack()), history=written / "history" / "part-0.parquet")

    assert json.loads((tmp_path / "q" / "truth.json").read_text()) == {"incidents": [], "quiet": True}
    assert json.loads((tmp_path / "q" / "hit.json").read_text()) == {}


def test_history_has_weekends_and_nights(written: Path) -> None:
    history = open_recording(written).history
    moments = [datetime.fromtimestamp(int(second), tz=UTC) for second in history.bucket_s]
    calls = history.outcomes.sum(axis=1)
    by_day = {day: calls[[moment.weekday() == day for moment in moments]].sum() for day in (1, 5, 6)}

    assert np.argsort([by_day[6], by_day[5], by_day[1]]).tolist() == [0, 1, 2]


def test_the_command_lists_and_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[short]\ntitle = "Short"\nstart = 2021-03-09T09:00:00Z\nminutes = 2\nvolume_scale = 0.005\n')
    for arguments in (
        ["--catalogue", str(own)],
        [str(tmp_path / "made"), "--scenario", "short", "--catalogue", str(own)],
    ):
        monkeypatch.setattr(sys, "argv", ["tocsin", "rehearse", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code in {0, None}

    assert "short  Short" in capsys.readouterr().out
    assert open_recording(tmp_path / "made").id == "made"


def test_the_command_refuses_what_is_not_in_the_catalogue(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["tocsin", "rehearse", str(tmp_path / "made"), "--scenario", "nothing"])
    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    assert "[rehearsal.unknown]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("described", "code"),
    [
        ({"title": "no start", "minutes": 3}, "rehearsal.plan"),
        ({"title": "t", "start": "2021-03-09T09:00:00Z", "minutes": 3, "moon": "full"}, "rehearsal.plan"),
        ({"title": "t", "start": "2021-03-09T09:00:00Z", "minutes": 3, "fault": [{"kind": "x"}]}, "rehearsal.plan"),
    ],
    ids=["no-start", "unknown-word", "half-a-fault"],
)
def test_a_plan_that_makes_no_sense_is_refused(described: dict[str, object], code: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        plan_of("odd", described, seed=1)

    assert refused.value.code == code


def test_a_catalogue_or_a_demand_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_catalogue(tmp_path / "none.toml")
    assert refused.value.code == "rehearsal.catalogue"

    with pytest.raises(ConfigurationError) as refused:
        load_world(replace(pack(), id="elsewhere"))
    assert refused.value.code == "rehearsal.demand"
