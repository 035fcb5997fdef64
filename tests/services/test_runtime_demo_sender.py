"""The sender keeps in step with a clock that is shared, and holds it when it or the engine cannot keep up."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tocsin.changes.rules import ChangeEvent
from tocsin.observations.rules.model import Notice, Report
from tocsin.plugins.sources.recording.model import Recording
from tocsin.plugins.sources.recording.reader import open_recording
from tocsin.runtime.demo.sender import Api, Sender

START = datetime(2020, 1, 27, 5, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class SteppingClock:
    """Moves on by `step` each time it is asked while it runs; remembers when it was held."""

    def __init__(self, *, step: timedelta, engine_lag: timedelta = timedelta(0)) -> None:
        self.at = START
        self.step = step
        self.engine_lag = engine_lag
        self.is_running = False
        self.holds = 0

    def now(self) -> datetime:
        if self.is_running:
            self.at += self.step
        return self.at

    def hold(self) -> None:
        self.is_running = False
        self.holds += 1
        self.engine_lag = timedelta(0)  # an engine catches up with a clock that stands still

    def let_go(self) -> None:
        self.is_running = True

    def engine_at(self) -> datetime:
        return self.at - self.engine_lag


class Intake(BaseHTTPRequestHandler):
    url = ""
    got: list[tuple[str, str, int]]
    answers: list[int]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        size = len(json.loads(body)) if body.startswith(b"[") else -1
        self.got.append((self.path.removeprefix("/api/v1/"), self.headers["Idempotency-Key"], size))
        self.send_response(self.answers.pop() if self.answers else 200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def intake() -> Iterator[type[Intake]]:
    handler: type[Intake] = type("Handler", (Intake,), {"got": [], "answers": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    handler.url = f"http://127.0.0.1:{server.server_address[1]}/api/v1/"
    yield handler
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = tmp_path_factory.mktemp("recording")
    (folder / "transactions").mkdir()
    (folder / "scenario.toml").write_text(
        'id = "x"\ntitle = "x"\nstart = 2020-01-27T05:00:00Z\nend = 2020-01-27T05:02:00Z\nvolume_scale = 1.0\n'
    )
    times = [START + timedelta(seconds=second) for second in range(0, 120, 5)]
    columns = {
        name: [value] * len(times)
        for name, value in {
            "vantage": "front",
            "service": "sts",
            "package": "gp-a",
            "region": "BE-BRU",
            "outcome": "ok",
            "duration_ms": 20.0,
            "count": 1,
        }.items()
    }
    pq.write_table(pa.table({"time": times} | columns), folder / "transactions" / "part-0.parquet")
    return open_recording(folder)


def sender(recording: Recording, intake: Any, clock: SteppingClock, told: list[str]) -> Sender:
    api = Api(url=intake.url, secret="secret")
    return Sender(recording, api=api, clock=clock, told=lambda path, rows: told.append(f"{path} {len(rows)}"))


def test_every_batch_is_sent_once_and_in_order(recording: Recording, intake: Any) -> None:
    clock = SteppingClock(step=timedelta(seconds=1))
    sent = sender(recording, intake, clock, []).run(should_stop=lambda: False)
    assert sent.transactions == 24
    assert sent.refused == []
    assert [path for path, _, _ in intake.got] == ["observations"] * 12
    assert len({key for _, key, _ in intake.got}) == 12
    assert clock.holds == 0


def test_a_clock_that_runs_ahead_is_held_until_all_is_sent(recording: Recording, intake: Any) -> None:
    clock = SteppingClock(step=timedelta(seconds=40))
    sent = sender(recording, intake, clock, []).run(should_stop=lambda: False)
    assert sent.transactions == 24
    assert clock.holds >= 1


def test_a_clock_that_is_held_at_the_end_is_let_go(recording: Recording, intake: Any) -> None:
    clock = SteppingClock(step=timedelta(seconds=40))
    sender(recording, intake, clock, []).run(should_stop=lambda: clock.holds > 0)
    assert clock.holds == 1
    assert clock.is_running


def test_an_engine_that_lags_holds_the_clock_too(recording: Recording, intake: Any) -> None:
    clock = SteppingClock(step=timedelta(seconds=1), engine_lag=timedelta(seconds=90))
    clock.is_running = True
    player = sender(recording, intake, clock, [])
    player._is_held = False
    sent = player.run(should_stop=lambda: False)
    assert sent.transactions == 24
    assert clock.holds == 1


def test_records_go_out_when_due_and_are_told(recording: Recording, intake: Any) -> None:
    from dataclasses import replace

    early = ChangeEvent(START - MINUTE, "planned", "C-1", ("sts",), "")
    later = ChangeEvent(START + MINUTE, "started", "C-1", ("sts",), "")
    report = Report(START + MINUTE, "m1", "doctor", "gp-a", "BE-BRU", "prescribe", works=False, text="")
    notice = Notice(START + MINUTE, "ehealth", ("sts",), "down", "", None)
    told: list[str] = []
    full = replace(recording, changes=(early, later), reports=(report,), notices=(notice,))
    sent = sender(full, intake, SteppingClock(step=timedelta(seconds=1)), told).run(should_stop=lambda: False)
    assert sent.records == 4
    assert told == ["reports 1", "notices 1", "changes 1"]


def test_a_refusal_for_the_moment_is_tried_again_under_the_same_key(recording: Recording, intake: Any) -> None:
    intake.answers = [503]
    sent = sender(recording, intake, SteppingClock(step=timedelta(seconds=1)), []).run(should_stop=lambda: False)
    assert sent.refused == []
    assert intake.got[0] == intake.got[1]


def test_a_refusal_for_good_is_noted_and_the_rest_goes_on(recording: Recording, intake: Any) -> None:
    intake.answers = [422]
    sent = sender(recording, intake, SteppingClock(step=timedelta(seconds=1)), []).run(should_stop=lambda: False)
    assert len(sent.refused) == 1
    assert sent.refused[0].startswith("observations: 422")
    assert len(intake.got) == 12


def test_it_stops_when_told(recording: Recording, intake: Any) -> None:
    sent = sender(recording, intake, SteppingClock(step=timedelta(seconds=1)), []).run(should_stop=lambda: True)
    assert sent.transactions == 0
    assert intake.got == []
