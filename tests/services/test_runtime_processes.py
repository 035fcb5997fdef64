"""What the processes beside the web do, without being processes: learning, following, probing, starting up."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client
from django.test.utils import override_settings
from typer.testing import CliRunner

from announcements import incident
from situations import NOW, belgium, calm, evidence, judgement, signal
from tocsin.accounts.models import PanelMember
from tocsin.bulletins.rules.model import PublicationPolicy
from tocsin.catalog.rules.model import Pack
from tocsin.cli.migrate import app as migrate
from tocsin.detection.models import SeriesPoint
from tocsin.detection.queries import Pulse
from tocsin.detection.rules.profile import Profile, learn
from tocsin.detection.services import leave_pulse
from tocsin.engine.ports import Outcome, Situation
from tocsin.engine.tick import Federation
from tocsin.incidents import services as incidents
from tocsin.incidents.queries import hit_spans
from tocsin.incidents.rules.model import IncidentEvent, Phase
from tocsin.kernel.clock import FixedClock
from tocsin.kernel.errors import ConfigurationError
from tocsin.observations.models import ProbeRow
from tocsin.observations.rules.model import Rollups
from tocsin.plugins.stores.memory.store import MemoryStore
from tocsin.runtime import startup
from tocsin.runtime.configuration import Configuration
from tocsin.runtime.engine_process import LEARNS_AGAIN_AFTER, Follower, LearningFederation
from tocsin.runtime.workers import ProbeRunner

pytestmark = pytest.mark.django_db


def minute(number: int) -> datetime:
    return NOW - timedelta(days=2) + timedelta(minutes=number)


class CountingStore(MemoryStore):
    """Counts how often its history is read."""

    reads = 0

    def history(self, start: datetime, end: datetime) -> Rollups:
        self.reads += 1
        return super().history(start, end)


def test_what_is_usual_is_learned_once_a_day() -> None:
    store = CountingStore()
    learning = LearningFederation(store)
    first = learning.at(NOW)
    assert learning.at(NOW + timedelta(hours=1)) is first
    assert learning.at(NOW + LEARNS_AGAIN_AFTER) is not first
    assert store.reads == 2
    assert first.pack == belgium()
    assert first.procedures


def test_what_failed_teaches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    began, ended = NOW - timedelta(days=3), NOW - timedelta(days=3) + timedelta(minutes=50)
    over = replace(
        incident(), phase=Phase.RESOLVED, hit_since=began, good_since=ended, closed_at=ended + timedelta(minutes=15)
    )
    incidents.apply([IncidentEvent("closed", NOW, over)], actor="engine", now=NOW)
    told: list[Any] = []

    def note(history: Rollups, *, pack: Pack, troubled: Any = ()) -> Profile:
        told.append(tuple(troubled))
        return learn(history, pack=pack, troubled=troubled)

    learning = LearningFederation(MemoryStore())
    monkeypatch.setattr("tocsin.runtime.engine_process.learn", note)
    learning.at(NOW)
    assert told == [((began, ended),)]


@pytest.mark.parametrize(
    ("changes", "minutes"),
    [
        ({"good_since": minute(40), "closed_at": minute(55), "phase": Phase.RESOLVED}, 40),
        ({"closed_at": minute(55), "phase": Phase.RESOLVED}, 55),
        ({}, 120),
        ({"hit_since": minute(-50 * 60)}, 24 * 60),
        ({"is_drill": True}, None),
        ({"retracted_at": minute(10)}, None),
        ({"hit_since": minute(121)}, None),
    ],
    ids=["over", "closed by hand", "still open", "for days", "exercise", "taken back", "not yet"],
)
def test_troubled_is_from_the_first_hit_to_the_end(changes: dict[str, Any], minutes: int | None) -> None:
    one = replace(incident(), hit_since=minute(0), phase=Phase.CONFIRMED, closed_at=None, good_since=None)
    one = replace(one, **changes)
    incidents.apply([IncidentEvent("opened", minute(120), one)], actor="engine", now=minute(120))
    spans = [] if minutes is None else [(one.hit_since, one.hit_since + timedelta(minutes=minutes))]
    assert list(hit_spans(minute(0), minute(120))) == spans


def test_who_joined_since_the_last_lesson_is_known_to_be_new_at_once() -> None:
    learning = LearningFederation(MemoryStore())
    assert learning.at(NOW).profile.credence.joined == {}
    PanelMember.objects.create(
        pseudonym="m1-new",
        audience="doctor",
        package="gp-a",
        region="BE-BRU",
        link_hash="x",
        invited_at=NOW,
        joined_at=NOW,
    )
    soon = NOW + timedelta(seconds=10)
    assert learning.at(soon).profile.credence.joined == {"m1-new": NOW}
    assert learning.at(soon) is learning.at(soon)


def situation(now: datetime) -> Situation:
    return Situation(evidence(now=now), (), None, (), (), (), (), PublicationPolicy())


def outcome(now: datetime, **changes: Any) -> Outcome:
    plain: dict[str, Any] = {"events": (), "activations": (), "drafted": (), "published": ()}
    return Outcome(now, calm(at=now), (), **plain | changes)


@pytest.fixture
def federation() -> Federation:
    learning = LearningFederation(MemoryStore())
    return learning.at(NOW)


def test_a_point_is_drawn_once_a_minute(federation: Federation, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[datetime] = []

    def note(*_: Any, now: datetime, **__: Any) -> tuple[()]:
        drawn.append(now)
        return ()

    monkeypatch.setattr("tocsin.runtime.engine_process.points", note)
    follow = Follower(tells=False)
    for seconds in (0, 10, 50, 60, 70):
        now = NOW + timedelta(seconds=seconds)
        follow(situation(now), outcome(now), federation)
    assert drawn == [NOW, NOW + timedelta(minutes=1)]
    assert SeriesPoint.objects.count() == 0


def test_the_story_is_told_only_where_asked(federation: Federation, capsys: pytest.CaptureFixture[str]) -> None:
    from tocsin.observations.rules.model import Eye

    blind = Outcome(NOW, judgement([signal("sts")]), (), (), (), (), ())
    blind.judgement.blind[Eye.PANEL] = NOW  # type: ignore[index]  # a builder's plain dict
    Follower(tells=False)(situation(NOW), blind, federation)
    assert capsys.readouterr().out == ""
    Follower(tells=True)(situation(NOW), blind, federation)
    assert "the panel: nothing comes in any more" in capsys.readouterr().out


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def healthy() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Healthy)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
    thread.join()


def probing(tmp_path: Path, url: str) -> Configuration:
    path = tmp_path / "probes.toml"
    path.write_text(f'[[probes]]\nid = "p1"\nservice = "sts"\nurl = "{url}"\n')
    return Configuration(data_folder=tmp_path, probes_file=str(path), probes_may_reach_private=True)


def test_probes_run_when_due_and_their_results_are_taken_in(tmp_path: Path, healthy: str) -> None:
    with override_settings(CLOCK=FixedClock(NOW)):
        runner = ProbeRunner(probing(tmp_path, healthy))
        assert runner.turn() == 1
        assert runner.turn() == 0
    (row,) = ProbeRow.objects.all()
    assert (row.probe, row.service, row.is_ok, row.at) == ("p1", "sts", True, NOW)


def test_results_that_cannot_be_stored_do_not_end_the_probing(
    tmp_path: Path, healthy: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr("tocsin.runtime.workers.accept_probe_results", fail)
    with override_settings(CLOCK=FixedClock(NOW)):
        assert ProbeRunner(probing(tmp_path, healthy)).turn() == 0
    assert "probing failed" in caplog.text


def test_a_database_at_this_version_may_be_used() -> None:
    assert startup.pending_migrations() == []
    startup.require_migrated()
    assert startup.migrate() == []
    assert "at this version already" in CliRunner().invoke(migrate, []).stdout


def test_a_database_that_lacks_migrations_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "pending_migrations", lambda: ["audit.0001_initial", "audit.0002_more"])
    with pytest.raises(ConfigurationError) as caught:
        startup.require_migrated()
    assert caught.value.code == "database.not_migrated"
    assert "tocsin migrate" in caught.value.hint


def pulse(last_tick_at: datetime | None, failure: str = "") -> Pulse:
    return Pulse(NOW, last_tick_at, 1, 0, 0, None, failure, 1.0)


@pytest.fixture
def _folder(tmp_path: Path) -> Iterator[None]:
    with override_settings(CONFIGURATION=Configuration(data_folder=tmp_path), CLOCK=FixedClock(NOW)):
        yield


@pytest.mark.usefixtures("_folder")
def test_ready_means_that_the_engine_ticks() -> None:
    client = Client()
    assert client.get("/readyz").json()["faults"] == ["The engine has not ticked yet."]
    leave_pulse(pulse(None))
    assert client.get("/readyz").status_code == 503
    leave_pulse(pulse(NOW - timedelta(minutes=1)))
    well = {"ready": True, "faults": [], "warnings": [], "targets": [], "now": "2020-01-27T07:30:00Z"}
    assert client.get("/readyz").json() == well
    leave_pulse(pulse(NOW - timedelta(minutes=2), "OSError: disk full"))
    late = client.get("/readyz")
    assert late.status_code == 503
    assert late.json()["faults"] == ["The engine's last good tick was at 2020-01-27T07:28:00Z. OSError: disk full"]


@pytest.mark.usefixtures("_folder")
def test_on_a_replay_clock_the_engine_has_a_minute_of_the_machine() -> None:
    class Hurried(FixedClock):
        speed = 60.0

    with override_settings(CLOCK=Hurried(NOW)):
        leave_pulse(pulse(NOW - timedelta(minutes=59)))
        assert Client().get("/readyz").status_code == 200
        leave_pulse(pulse(NOW - timedelta(minutes=61)))
        assert Client().get("/readyz").status_code == 503


@pytest.mark.usefixtures("_folder")
def test_ready_says_what_ails_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    leave_pulse(pulse(NOW))

    def fail() -> list[str]:
        message = "disk I/O error"
        raise DatabaseError(message)

    monkeypatch.setattr("tocsin.runtime.views.pending_migrations", lambda: ["audit.0002_more"])
    assert "lacks 1 migrations" in Client().get("/readyz").json()["faults"][0]
    monkeypatch.setattr("tocsin.runtime.views.pending_migrations", fail)
    assert "disk I/O error" in Client().get("/readyz").json()["faults"][0]


def test_alive_needs_nothing() -> None:
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert Client().post("/healthz").status_code == 405
