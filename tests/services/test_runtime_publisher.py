"""Pages are written beside the ticks, newest first, and what goes wrong comes back to the engine."""

import threading
from datetime import datetime

import pytest

from announcements import at
from tocsin.runtime.publisher import Publisher


def test_what_is_asked_for_is_written_before_the_end() -> None:
    written: list[datetime] = []
    with Publisher(written.append) as publisher:
        publisher.ask(at(1))
    assert written == [at(1)]


def test_nothing_is_written_unasked() -> None:
    written: list[datetime] = []
    with Publisher(written.append):
        pass
    assert written == []


def test_while_pages_are_written_only_the_newest_wish_is_kept() -> None:
    written: list[datetime] = []
    began, may_end = threading.Event(), threading.Event()

    def slowly(now: datetime) -> None:
        written.append(now)
        began.set()
        assert may_end.wait(10)

    with Publisher(slowly) as publisher:
        publisher.ask(at(1))
        assert began.wait(10)
        publisher.ask(at(2))
        publisher.ask(at(3))
        may_end.set()
    assert written == [at(1), at(3)]


def test_a_failure_is_raised_once_at_the_next_wish_and_the_wish_still_counts() -> None:
    written: list[datetime] = []
    failed = threading.Event()

    def fail_first(now: datetime) -> None:
        if now == at(1):
            failed.set()
            raise OSError(28, "No space left on device")
        written.append(now)

    with Publisher(fail_first) as publisher:
        publisher.ask(at(1))
        assert failed.wait(10)
        while publisher._failure is None:
            threading.Event().wait(0.001)
        with pytest.raises(OSError, match="No space"):
            publisher.ask(at(2))
    assert written == [at(2)]
    publisher.ask(at(3))
