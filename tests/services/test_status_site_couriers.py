"""Couriers: none waits for another, the newest version counts, a target that hangs is given up on, all is read back."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from announcements import at
from tocsin.kernel.errors import DeliveryError
from tocsin.plugins.targets.states import TargetState
from tocsin.status_site import couriers
from tocsin.status_site.couriers import Courier
from tocsin.status_site.ports import Publication, Target
from tocsin.status_site.reading_back import BEHIND_S, check_address


def publication(version: int) -> Publication:
    stamp = json.dumps({"version": version}).encode()
    return Publication(version, {"index.html": b"<p>%d</p>" % version, "version.json": stamp}, at(0))


class Shelf:
    """Shows what it is given; `before` is called first."""

    def __init__(self, before: Callable[[], object] = bool) -> None:
        self.shown: list[int] = []
        self.files: Mapping[str, bytes] = {}
        self._before = before

    def publish(self, files: Mapping[str, bytes], *, version: int) -> int:
        self._before()
        self.files = files
        self.shown.append(version)
        return len(files)

    def read(self, name: str) -> bytes:
        return self.files[name]


def courier(build: Callable[[], Target], **given: object) -> tuple[Courier, list[TargetState]]:
    reported: list[TargetState] = []
    return Courier("far", "shelf", build, reported.append, **given), reported  # type: ignore[arg-type]  # url and limit


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.002)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(couriers, "FIRST_PAUSE_S", 0.01)


def test_what_was_carried_and_read_back_is_reported() -> None:
    one, reported = courier(Shelf)
    one.hand(publication(7))
    until(lambda: bool(reported))
    state = reported[-1]

    assert (state.name, state.wanted_version, state.shown_version, state.fault) == ("far", 7, 7, "")
    assert state.shown_at is not None
    one.end()


def test_handing_over_waits_for_nobody_and_the_newest_counts() -> None:
    may_go = threading.Event()
    shelf = Shelf(lambda: may_go.wait(10))
    one, reported = courier(lambda: shelf)
    one.hand(publication(1))
    until(lambda: one._busy_since_s is not None)
    for version in (2, 3, 4):
        one.hand(publication(version))
    may_go.set()
    until(lambda: bool(reported) and reported[-1].shown_version == 4)

    assert shelf.shown == [1, 4]
    one.end()


def test_a_failure_is_shown_and_tried_again_with_a_target_built_anew() -> None:
    attempts: list[Shelf] = []

    def fail_twice() -> None:
        if len(attempts) < 3:
            raise DeliveryError("target.unreachable", "Nobody is there.", permanent=False)

    def build() -> Shelf:
        attempts.append(Shelf(fail_twice))
        return attempts[-1]

    one, reported = courier(build)
    one.hand(publication(1))
    until(lambda: one.state.shown_version == 1)

    assert [(state.failures, "Nobody is there" in state.fault) for state in reported] == [
        (1, True),
        (2, True),
        (0, False),
    ]
    one.end()


def test_while_one_is_tried_again_a_newer_one_takes_its_place() -> None:
    is_broken = threading.Event()
    is_broken.set()

    def fail() -> None:
        if is_broken.is_set():
            raise OSError(28, "No space left on device")

    shelf = Shelf(fail)
    one, reported = courier(lambda: shelf)
    one.hand(publication(1))
    until(lambda: bool(reported))
    one.hand(publication(2))
    is_broken.clear()
    until(lambda: one.state.shown_version == 2)

    assert shelf.shown[-1] == 2
    one.end()


def test_a_target_that_hangs_is_given_up_on_and_its_late_word_is_not_heard() -> None:
    may_go = threading.Event()
    hanging, healthy = Shelf(lambda: may_go.wait(10)), Shelf()
    built = iter([hanging, healthy])
    one, reported = courier(lambda: next(built), limit_s=0.01)
    one.hand(publication(1))
    until(lambda: one._busy_since_s is not None and one._is_stuck())
    one.hand(publication(2))
    until(lambda: one.state.shown_version == 2)
    may_go.set()
    until(lambda: hanging.shown == [1])

    assert "given up on" in reported[0].fault
    assert (one.state.shown_version, one.state.fault) == (2, "")
    one.end()


def test_a_target_that_shows_something_else_is_a_fault() -> None:
    class Forgetful(Shelf):
        def read(self, name: str) -> bytes:
            return b"something else" if name == "index.html" else super().read(name)

    one, reported = courier(Forgetful)
    one.hand(publication(3))
    until(lambda: bool(reported))

    assert reported[-1].fault == "It took version 3, but reading index.html back gave something else."
    assert (reported[-1].shown_version, reported[-1].failures) == (0, 1)
    assert reported[-1].is_wrong
    assert reported[-1].is_alarming, "what readers are shown wrongly is no hiccup"
    one.end()


@contextmanager
def shown_at(files: Mapping[str, bytes]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path.partition("?")[0].lstrip("/"))
            self.send_response(404 if content is None else 200)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's own name
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


NOW = 1_000_000


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, ""),
        ({"index.html": b"forged"}, "is not the page of version"),
        ({"version.json": b"[]"}, "does not say which version"),
        ({"version.json": b'{"version": 999990}', "index.html": b"older"}, ""),
        ({"version.json": json.dumps({"version": NOW - BEHIND_S - 1}).encode()}, "still shows version"),
    ],
    ids=["the same", "another page", "no stamp", "a little behind", "far behind"],
)
def test_what_readers_get_at_the_address_is_compared(changed: Mapping[str, bytes], words: str) -> None:
    wanted = publication(NOW)
    with shown_at({**wanted.files, **changed}) as address:
        found = check_address(address, wanted)
    assert words in found
    assert bool(words) == bool(found)


def test_an_address_that_does_not_answer_is_a_failure() -> None:
    with shown_at({}) as address, pytest.raises(DeliveryError):
        check_address(address, publication(1))
    assert check_address("", publication(1)) == ""
