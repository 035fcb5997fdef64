from datetime import datetime
from itertools import pairwise

import pytest

from announcements import at
from tocsin.kernel.clock import Clock, FixedClock
from tocsin.notifications import tasks


class StopAfter:
    """A stop event that lets a loop go round some times, remembering how long it was asked to wait."""

    def __init__(self, rounds: int) -> None:
        self.waits: list[float | None] = []
        self._rounds = rounds

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return len(self.waits) >= self._rounds


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    moments: list[datetime] = []
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)
    monkeypatch.setattr(tasks, "forget", lambda *, now: moments.append(now))
    return moments


def test_it_goes_on_at_once_while_there_is_work_and_rests_when_there_is_none(
    monkeypatch: pytest.MonkeyPatch, forgotten: list[datetime]
) -> None:
    sent = iter([3, 1, 0, 0])
    monkeypatch.setattr(tasks, "work", lambda *_given, **_limit: next(sent))
    stop = StopAfter(4)
    tasks.run(FixedClock(at(0)), stop, idle_s=7)
    assert stop.waits == [0, 0, 7, 7]
    assert forgotten == [at(0)]


def test_a_fault_is_logged_and_does_not_end_it(
    monkeypatch: pytest.MonkeyPatch, forgotten: list[datetime], caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[Clock] = []

    def broken(clock: Clock, *, limit: int) -> int:
        assert limit == tasks.BATCH
        calls.append(clock)
        raise RuntimeError("disk full")

    monkeypatch.setattr(tasks, "work", broken)
    tasks.run(FixedClock(at(0)), StopAfter(3))
    assert len(calls) == 3
    assert "disk full" in caplog.text
    assert len(forgotten) == 1


def test_it_forgets_again_after_six_hours(monkeypatch: pytest.MonkeyPatch, forgotten: list[datetime]) -> None:
    class Jumping:
        minute = 0

        def now(self) -> datetime:
            self.minute += 60
            return at(self.minute)

    monkeypatch.setattr(tasks, "work", lambda *_given, **_limit: 0)
    tasks.run(Jumping(), StopAfter(20))
    gaps = [later - earlier for earlier, later in pairwise(forgotten)]
    assert len(gaps) > 1
    assert all(tasks.FORGET_EVERY <= gap < tasks.FORGET_EVERY * 2 for gap in gaps)
