"""The process tree: what dies is started anew, what is asked to end ends, nothing is left behind."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tocsin.runtime import supervisor
from tocsin.runtime.supervisor import Child, Supervisor, process_command

LISTENS = "signal.signal(signal.SIGTERM, lambda *_: exit(0))"
IGNORES = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
BODY = "import signal, time\n{way}\nopen({{path!r}}, 'a').write('up ')\ntime.sleep(60)"
WAITS, STUBBORN = BODY.format(way=LISTENS), BODY.format(way=IGNORES)
DIES = "open({path!r}, 'a').write('up ')\nraise SystemExit(3)"


def child(text: str, path: Path) -> Child:
    return Child(path.name, [sys.executable, "-c", text.format(path=str(path))])


def until(is_so: Callable[[], bool], *, within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


def ups(path: Path) -> int:
    return path.read_text().count("up") if path.exists() else 0


@pytest.fixture(autouse=True)
def _swift(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "GLANCE_S", 0.02)
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_S", 0.02)


def run_until(tree: Supervisor, is_so: Callable[[], bool]) -> None:
    """Run the tree in the main thread (signals belong there), stop it from another once it has come to that."""

    def watch() -> None:
        try:
            until(is_so)
        finally:
            tree.stop()

    thread = threading.Thread(target=watch)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    thread.start()
    try:
        tree.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        thread.join()


def test_all_are_started_and_end_when_asked(tmp_path: Path) -> None:
    children = [child(WAITS, tmp_path / "one"), child(WAITS, tmp_path / "two")]
    pids: list[int] = []

    def both_up() -> bool:
        pids[:] = [each.process.pid for each in children if each.process is not None]
        return ups(tmp_path / "one") == 1 and ups(tmp_path / "two") == 1

    run_until(Supervisor(children), both_up)
    assert [each.is_running() for each in children] == [False, False]
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_what_dies_is_started_anew_after_a_growing_pause(tmp_path: Path) -> None:
    failing = child(DIES, tmp_path / "failing")
    run_until(Supervisor([failing]), lambda: ups(tmp_path / "failing") >= 3)
    assert failing.deaths >= 2


def test_one_that_lived_long_starts_its_pauses_from_the_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STEADY_AFTER_S", 0.0)
    steady = child(DIES, tmp_path / "steady")
    run_until(Supervisor([steady]), lambda: ups(tmp_path / "steady") >= 3)
    assert steady.deaths == 1


def test_one_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "GRACE_S", 0.1)
    stubborn = child(STUBBORN, tmp_path / "stubborn")
    run_until(Supervisor([stubborn]), lambda: ups(tmp_path / "stubborn") == 1)
    assert stubborn.process is None


def test_sigterm_ends_the_tree(tmp_path: Path) -> None:
    tree = Supervisor([child(WAITS, tmp_path / "one")])

    def send() -> None:
        until(lambda: ups(tmp_path / "one") == 1)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=send)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    thread.start()
    try:
        tree.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    thread.join()
    assert ups(tmp_path / "one") == 1


def test_processes_run_with_this_very_python() -> None:
    assert process_command("web", "127.0.0.1", "8000") == [
        sys.executable,
        "-m",
        "tocsin.runtime.process",
        "web",
        "127.0.0.1",
        "8000",
    ]


def test_it_tells_who_lives_and_since_when() -> None:
    child = Child("engine", ["sleep", "60"])
    tree = Supervisor([child])
    assert tree.living("engine") is None
    child.start()
    living = tree.living("engine")
    assert child.process is not None
    assert living is not None
    assert living[0] == child.process.pid
    assert 0 <= living[1] < 30
    assert tree.living("probes") is None
    child.end(until_s=0)
    assert tree.living("engine") is None
