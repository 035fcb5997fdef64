import json
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from pytest_django.fixtures import Settings
from typer.testing import CliRunner

from announcements import at, bulletin, incident
from tocsin.bulletins.models import BulletinRow, PageRecord
from tocsin.bulletins.queries import adapter
from tocsin.catalog.queries import load_pack, pack_folder
from tocsin.cli.figures import app, minutes
from tocsin.detection.models import VerdictChange
from tocsin.detection.rules.model import State, Subject
from tocsin.incidents.models import IncidentRow
from tocsin.incidents.queries import stored_incident
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.clock import FixedClock
from tocsin.review.queries import past, review_to_json
from tocsin.review.rules.figures import review

pytestmark = pytest.mark.django_db

SHOWN = {"dispense": {"pharmacist": "down"}}
FINE = {"dispense": {"pharmacist": "ok"}}


def keep(given: Incident) -> None:
    IncidentRow.objects.create(
        id=given.id,
        opened_at=given.opened_at,
        closed_at=given.closed_at,
        phase=given.phase,
        state=stored_incident(given),
    )


def publish(number: int, *, minute: float | None, status: str = "published", of: str = "2026-03-02-1") -> None:
    given = bulletin(number, incident=of)
    content = adapter().dump_python(given, mode="json")
    BulletinRow.objects.create(
        id=given.id,
        incident=of,
        kind=given.kind,
        status=status,
        drafted_at=given.drafted_at,
        published_at=None if minute is None else at(minute),
        content=content,
    )


def page(minute: float, states: dict[str, dict[str, str]], *incidents: str) -> None:
    PageRecord.objects.create(at=at(minute), version=1, states=states, incidents=list(incidents))


@pytest.fixture
def _morning() -> None:
    keep(incident())
    page(-300, SHOWN)
    page(-200, FINE)
    page(4, SHOWN, "2026-03-02-1")
    page(70, FINE)
    publish(1, minute=None, status="draft")
    publish(2, minute=3)
    publish(3, minute=9)
    for minute, state, since in ((-100, "ok", -100), (2, "down", 0), (62, "ok", 60)):
        VerdictChange.objects.create(
            at=at(minute), function="dispense", audience="pharmacist", state=state, confidence=0.9, since=at(since)
        )


@pytest.mark.usefixtures("_morning")
def test_what_was_stored_comes_back_in_the_order_of_time() -> None:
    found = past(now=at(600))
    assert found.incidents == (incident(),)
    assert [(each.at, each.bulletin.number) for each in found.publications] == [(at(3), 2), (at(9), 3)]
    assert [(each.at, each.incidents) for each in found.pages] == [
        (at(-200), ()),
        (at(4), ("2026-03-02-1",)),
        (at(70), ()),
    ]
    assert found.pages[1].states == {"dispense": {"pharmacist": State.DOWN}}
    assert [(each.subject, each.state, each.since) for each in found.changes] == [
        (Subject("dispense", "pharmacist"), State.DOWN, at(0)),
        (Subject("dispense", "pharmacist"), State.OK, at(60)),
    ]
    assert found.until == at(600)


@pytest.mark.usefixtures("_morning")
def test_only_what_was_asked_for_and_had_happened() -> None:
    keep(incident(id="2026-03-02-2", opened_at=at(300), hit_since=at(290)))
    publish(1, minute=301, of="2026-03-02-2")
    assert [each.id for each in past(now=at(200)).incidents] == ["2026-03-02-1"]
    later = past(now=at(600), since=at(100))
    assert [each.id for each in later.incidents] == ["2026-03-02-2"]
    assert [each.bulletin.incident for each in later.publications] == ["2026-03-02-2"]
    assert [each.at for each in later.pages] == [at(70)]


def test_with_nothing_stored_there_is_nothing() -> None:
    found = past(now=at(0))
    assert (found.incidents, found.publications, found.pages, found.changes) == ((), (), (), ())


@pytest.mark.usefixtures("_morning")
def test_as_json_every_duration_is_in_seconds_and_every_estimate_has_its_source() -> None:
    pack = load_pack(pack_folder(django_settings.CONFIGURATION.pack))
    found = review_to_json(review(past(now=at(600)), pack=pack))
    (only,) = found["incidents"]
    assert only["to_detection_s"] == 120
    assert only["to_instruction_s"] == 240
    assert only["to_end_s"] == 3600
    assert only["falsely_fine_s"] == {"pharmacist": 240}
    assert only["falsely_bad_s"] == {"pharmacist": 600}
    assert found["percentiles"] == "Hyndman–Fan type 8"
    assert found["to_instruction_s"]["p95"] == 240
    for estimate in (*only["hit"].values(), *only["transactions"].values()):
        assert estimate["low"] < estimate["high"]
        assert all({"address", "checked_on", "trust"} <= set(source) for source in estimate["sources"])
    assert only["transactions"]
    assert "mean" not in json.dumps(found)


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    settings.CLOCK = FixedClock(at(600))
    monkeypatch.setattr("tocsin.runtime.startup.start", lambda **_: None)
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


@pytest.mark.usefixtures("_morning")
def test_the_command_prints_tables_with_what_one_must_know_to_read_them(run: CliRunner) -> None:
    printed = run.invoke(app, [])
    assert printed.exit_code == 0
    for words in (
        "2026-03-02-1",
        "4 min (pharmacist)",
        "10 min (pharmacist)",
        "95th %",
        "Hyndman–Fan type 8",
        "kept for 1 of 1",
        "Estimates from the pack's national denominators",
    ):
        assert words in printed.output
    assert "mean" not in printed.output


@pytest.mark.usefixtures("_morning")
def test_the_command_prints_json(run: CliRunner) -> None:
    printed = run.invoke(app, ["--json", "--since", "2026-03-02"])
    assert printed.exit_code == 0
    assert [each["incident"] for each in json.loads(printed.output)["incidents"]] == ["2026-03-02-1"]
    assert json.loads(run.invoke(app, ["--json", "--since", "2026-03-03"]).output)["incidents"] == []


def test_the_command_says_when_there_is_nothing_and_what_a_date_looks_like(run: CliRunner) -> None:
    assert "No incident yet" in run.invoke(app, []).output
    refused = run.invoke(app, ["--since", "yesterday"])
    assert refused.exit_code == 2


@pytest.mark.usefixtures("_morning")
def test_what_goes_on_and_what_never_came_is_said_so(run: CliRunner) -> None:
    keep(incident(id="2026-03-02-2", opened_at=at(300), hit_since=at(290), closed_at=None, good_since=None))
    keep(incident(id="2026-03-02-3", opened_at=at(310), hit_since=at(305), is_drill=True))
    keep(incident(id="2026-03-02-4", opened_at=at(320), hit_since=at(310), closed_at=at(400), good_since=at(390)))
    printed = run.invoke(app, []).output
    assert "still running" in printed
    assert "not yet" in printed
    assert "never" in printed
    assert "Exercises, in no figure above: 1." in printed


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (timedelta(seconds=42), "42 s"),
        (timedelta(minutes=4), "4 min"),
        (timedelta(minutes=4, seconds=30), "4 min 30 s"),
        (timedelta(hours=3, minutes=5, seconds=20), "3 h 05 min"),
        (timedelta(0), "0 s"),
        (None, "never"),
    ],
)
def test_durations_in_words(duration: timedelta | None, expected: str) -> None:
    assert minutes(duration) == expected


def test_on_a_narrow_terminal_no_incident_loses_its_name_and_no_source_its_end(
    run: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(incident(functions=("dispense", "read_sumehr")))
    monkeypatch.setenv("COLUMNS", "80")
    printed = run.invoke(app, []).output
    assert "2026-03-02-1" in printed
    assert "…" not in printed
    assert "recorded" in printed
    assert "No national load is published for: Reading the Sumehr" in printed
