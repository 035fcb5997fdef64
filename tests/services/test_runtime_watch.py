"""The dead man's watch: what stalls is told, once and again, and silence goes out when not all is well."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mailbox_server import Mailbox, smtp_server
from tocsin.runtime import alarm, signs, watch
from tocsin.runtime.configuration import Configuration
from tocsin.runtime.signs import Part
from tocsin.runtime.watch import Stall, Watch, hangs, stalls

WELL: dict[Part, float | None] = {"tick": 5.0, "publishing": 30.0, "outbox": 1.0}


@pytest.mark.parametrize(
    ("ages", "watched_s", "is_paused", "expected"),
    [
        (WELL, 1000.0, False, []),
        ({**WELL, "tick": 61.0}, 1000.0, False, ["tick"]),
        ({**WELL, "publishing": 181.0}, 1000.0, False, ["publishing"]),
        ({**WELL, "outbox": 121.0}, 1000.0, False, ["outbox"]),
        ({**WELL, "tick": 61.0, "outbox": 121.0}, 1000.0, True, ["outbox"]),
        ({**WELL, "tick": 9999.0}, 299.0, False, []),
        ({**WELL, "tick": 9999.0}, 301.0, False, ["tick"]),
        ({**WELL, "outbox": None}, 299.0, False, []),
        ({**WELL, "outbox": None}, 301.0, False, ["outbox"]),
    ],
    ids=["well", "no tick", "no pages", "no outbox", "clock stands", "starting", "never began", "new", "never"],
)
def test_what_stands_still_is_found(
    *, ages: dict[Part, float | None], watched_s: float, is_paused: bool, expected: list[str]
) -> None:
    assert [stall.part for stall in stalls(ages, watched_s=watched_s, is_paused=is_paused)] == expected


@pytest.mark.parametrize(
    ("age_s", "lived_s", "expected"),
    [(1.0, 1000.0, False), (91.0, 1000.0, True), (91.0, 50.0, False), (None, 299.0, False), (None, 301.0, True)],
)
def test_an_engine_hangs_when_it_gives_no_sign_for_long(*, age_s: float | None, lived_s: float, expected: bool) -> None:
    assert hangs(age_s, lived_s=lived_s) is expected


def test_signs_are_left_and_read(tmp_path: Path) -> None:
    assert signs.age_s(tmp_path, "tick") is None
    signs.leave(tmp_path, "tick")
    age_s = signs.age_s(tmp_path, "tick")
    assert age_s is not None
    assert age_s < 5


def test_a_sign_that_cannot_be_left_stops_nobody(tmp_path: Path) -> None:
    signs.leave(tmp_path / "gone", "tick")
    assert signs.age_s(tmp_path / "gone", "tick") is None


class World:
    """A data folder whose parts are as old as told, and a watch over it that has looked on for an hour."""

    def __init__(self, folder: Path, **given: object) -> None:
        self.folder = folder
        self.told: list[list[str]] = []
        self.watch = Watch(
            folder,
            engine=lambda: None,
            is_paused=lambda: False,
            alarm=lambda found: self.told.append([stall.part for stall in found]),
            **given,  # type: ignore[arg-type]  # what a test sets
        )
        self.watch._since_s -= 3600

    def age(self, **ages_s: float) -> None:
        for part, age_s in ages_s.items():
            (self.folder / signs.FOLDER).mkdir(exist_ok=True)
            place = self.folder / signs.FOLDER / part
            place.touch()
            os.utime(place, (time.time() - age_s, time.time() - age_s))


def test_the_alarm_is_raised_once_again_when_it_grows_and_when_it_is_over(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.age(tick=0, publishing=0, outbox=0)
    world.watch.look()
    world.age(tick=100)
    for _ in range(3):
        world.watch.look()
    world.age(outbox=200)
    world.watch.look()
    world.age(tick=0, outbox=0)
    for _ in range(2):
        world.watch.look()

    assert world.told == [["tick"], ["tick", "outbox"], []]


def test_the_alarm_is_raised_again_while_nobody_mends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path)
    world.age(tick=100, publishing=0, outbox=0)
    world.watch.look()
    monkeypatch.setattr(watch, "SAID_AGAIN_AFTER_S", -1.0)
    world.watch.look()

    assert world.told == [["tick"], ["tick"]]


@pytest.fixture
def monitor() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200 if self.path == "/ping" else 500)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's own name
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_the_outside_monitor_is_asked_once_a_minute_while_all_is_well(
    tmp_path: Path, monitor: tuple[str, list[str]]
) -> None:
    address, asked = monitor
    world = World(tmp_path, ping_url=f"{address}/ping")
    world.age(tick=100, publishing=0, outbox=0)
    world.watch.look()
    assert asked == [], "silence is what alarms there"
    world.age(tick=0)
    for _ in range(3):
        world.watch.look()
    assert asked == ["/ping"]
    world.watch._pinged_at_s -= 61
    world.watch.look()
    assert asked == ["/ping", "/ping"]


def test_a_monitor_that_is_gone_or_refuses_disturbs_nothing(
    tmp_path: Path, monitor: tuple[str, list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    for address in (f"{monitor[0]}/secret-path", "http://127.0.0.1:1/secret-path"):
        world = World(tmp_path, ping_url=address)
        world.age(tick=0, publishing=0, outbox=0)
        assert world.watch.look() == ()
    assert "could not be reached" in caplog.text
    assert "secret-path" not in caplog.text


def test_an_engine_that_hangs_is_ended(tmp_path: Path) -> None:
    hung = subprocess.Popen(["sleep", "60"], start_new_session=True)
    world = World(tmp_path)
    world.watch.engine = lambda: (hung.pid, 1000.0)
    world.age(tick=0, publishing=0, outbox=0, engine=5)
    world.watch.look()
    assert hung.poll() is None
    world.age(engine=200)
    world.watch.look()
    assert hung.wait(10) == -signal.SIGKILL
    world.watch.look()


def test_the_watch_looks_on_by_itself_and_survives_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "LOOKS_EVERY_S", 0.001)
    looks: list[int] = []

    def failing() -> None:
        looks.append(1)
        raise OSError(5, "Input/output error")

    world = World(tmp_path)
    world.watch.engine = failing
    with world.watch:
        until(lambda: len(looks) >= 3)


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("found", "begins"),
    [
        ([Stall("tick", 70.0)], "Tocsin itself stands still"),
        ([Stall("tick", 70.0), Stall("outbox", 200.0)], "Tocsin itself stands still"),
        ([Stall("outbox", 200.0)], "Tocsin sends no messages"),
        ([], "Tocsin works again"),
    ],
)
def test_an_alarm_says_what_is_so_in_four_languages(found: Sequence[Stall], begins: str) -> None:
    said = alarm.words(found)
    assert said["en"].startswith(begins)
    assert set(said) == {"fr", "nl", "de", "en"}


def test_the_alarm_goes_straight_to_the_mail_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paged: list[object] = []
    monkeypatch.setattr(alarm, "page_duty", lambda _configuration, found: paged.append(found))
    with smtp_server(Mailbox()) as mailbox:
        configuration = Configuration(
            data_folder=tmp_path,
            smtp_url=f"smtp://127.0.0.1:{mailbox.port}",
            watch_contacts=("duty@example.org", "chief@example.org"),
        )
        alarm.raise_alarm(configuration, [Stall("tick", 70.0)])
        until(lambda: len(mailbox.mails) == 1 and bool(paged))
    mail = str(mailbox.mails[0])
    assert "tick: 70 s" in mail


def test_without_contacts_or_a_server_nothing_is_sent(tmp_path: Path) -> None:
    alarm.send_mail(Configuration(data_folder=tmp_path), [Stall("tick", 70.0)])
    alarm.send_mail(Configuration(data_folder=tmp_path, watch_contacts=("a@example.org",)), [Stall("tick", 70.0)])


def test_a_way_that_fails_keeps_no_other_from_being_tried(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    paged: list[object] = []
    monkeypatch.setattr(alarm, "page_duty", lambda _configuration, found: paged.append(found))
    broken = Configuration(data_folder=tmp_path, smtp_url="smtp://127.0.0.1:1", watch_contacts=("a@example.org",))
    alarm.raise_alarm(broken, [Stall("tick", 70.0)])
    until(lambda: bool(paged) and "this way of raising the alarm failed" in caplog.text)


@pytest.mark.django_db
def test_the_duty_officer_is_paged_when_it_stalls_and_not_when_it_is_over(tmp_path: Path) -> None:
    from tocsin.notifications.models import PageRow

    configuration = Configuration(data_folder=tmp_path)
    alarm.page_duty(configuration, [])
    assert not PageRow.objects.exists()
    alarm.page_duty(configuration, [Stall("tick", 70.0)])
    assert PageRow.objects.get().kind == "tocsin_ails"
