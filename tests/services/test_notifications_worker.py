"""The worker with its lanes, on a database of its own: threads and commits are real here."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from pytest_django.fixtures import Settings

from announcements import at, bulletin
from tocsin.kernel.clock import FixedClock, SystemClock
from tocsin.kernel.errors import DeliveryError
from tocsin.notifications import journal, leasing, services, tasks
from tocsin.notifications.delivery import prepare
from tocsin.notifications.models import OutboxMessage, Subscriber
from tocsin.notifications.ports import UNREACHABLE, Channel
from tocsin.notifications.queries import deliveries
from tocsin.notifications.rules.model import Message, Subscription
from tocsin.notifications.wakeup import Doorbell, wake
from tocsin.notifications.worker import Worker, put_in_order

pytestmark = pytest.mark.django_db(transaction=True)

WITHIN_S = 20.0
BULLETIN = "2026-03-02-1-b1"


@dataclass
class Post:
    """Where all lanes' channels deliver to; `fails` may raise for a message."""

    sent: list[Message] = field(default_factory=list)
    fails: Callable[[Message], None] = lambda _message: None

    def build(self) -> Channel:
        return PostChannel(self)

    @property
    def recipients(self) -> list[str]:
        return sorted(message.recipient for message in self.sent)


class PostChannel:
    def __init__(self, post: Post) -> None:
        self._post = post

    def deliver(self, message: Message) -> None:
        self._post.fails(message)
        self._post.sent.append(message)

    def close(self) -> None:
        """Hold nothing."""


@pytest.fixture(autouse=True)
def _folder(settings: Settings, tmp_path: Path) -> None:
    settings.CONFIGURATION = replace(settings.CONFIGURATION, data_folder=tmp_path)


def people(count: int, *, channel: str = "email") -> None:
    wish = Subscription("pharmacist")
    services.add_subscriber(address="s0@example.org", language="fr", wish=wish, by="test", now=at(-60))
    row = Subscriber.objects.get()
    given = {name: getattr(row, name) for name in ("language", "audience", "choices", "requested_at", "confirmed_at")}
    Subscriber.objects.bulk_create(
        Subscriber(address=f"s{n}@example.org", address_hash=str(n), handle=f"handle-{n}", **given)
        for n in range(1, count)
    )
    Subscriber.objects.update(channel=channel)


def turn_until(worker: Worker, done: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + WITHIN_S
    while not done():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        if not worker.turn():
            worker.wait()


def test_everybody_is_told_once_and_it_is_noted() -> None:
    people(120)
    services.enqueue(bulletin(), now=at(3))
    post = Post()
    with Worker(FixedClock(at(5)), {"email": post.build}) as worker:
        turn_until(worker, lambda: deliveries(BULLETIN).sent == 120)
    assert post.recipients == sorted(f"s{n}@example.org" for n in range(120))
    assert not OutboxMessage.objects.filter(leased_until__isnull=False).exists()
    assert journal.names() == []


def test_two_workers_share_the_work_and_send_nothing_twice() -> None:
    people(120)
    services.enqueue(bulletin(), now=at(3))
    post = Post()
    builders = {"email": post.build}
    with Worker(FixedClock(at(5)), builders) as one, Worker(FixedClock(at(5)), builders) as other:
        turn_until(one, lambda: (other.turn(), deliveries(BULLETIN).sent == 120)[1])
    assert len(post.recipients) == len(set(post.recipients)) == 120


def test_it_agrees_with_the_plain_way() -> None:
    people(7)
    services.enqueue(bulletin(), now=at(3))
    fast, plain = Post(), Post()
    with Worker(FixedClock(at(5)), {"email": fast.build}) as worker:
        turn_until(worker, lambda: len(fast.sent) == 7)
    OutboxMessage.objects.update(sent_at=None, leased_until=None)
    services.work(FixedClock(at(5)), channels_given={"email": plain.build()})
    assert sorted(map(repr, fast.sent)) == sorted(map(repr, plain.sent))


def test_what_fails_is_tried_later_and_what_is_refused_for_good_is_not() -> None:
    people(3)
    services.enqueue(bulletin(), now=at(3))

    def fails(message: Message) -> None:
        if message.recipient != "s2@example.org":
            raise DeliveryError("email.refused", "no", permanent=message.recipient == "s0@example.org")

    with Worker(FixedClock(at(5)), {"email": Post(fails=fails).build}) as worker:
        turn_until(worker, lambda: deliveries(BULLETIN).failed == 1 and deliveries(BULLETIN).sent == 1)
        turn_until(
            worker, lambda: OutboxMessage.objects.filter(attempts=1, last_error="no [email.refused]").count() == 2
        )
    assert OutboxMessage.objects.get(subscriber__address="s1@example.org").due_at > SystemClock().now()


def test_one_message_that_cannot_be_written_out_keeps_no_other_from_going() -> None:
    people(7)
    services.enqueue(bulletin(), now=at(3))
    prepare(FixedClock(at(5)), machine=FixedClock(at(5)))
    Subscriber.objects.filter(address="s0@example.org").update(audience="doctor")  # changed profession meanwhile
    fast, plain = Post(), Post()
    with Worker(FixedClock(at(5)), {"email": fast.build}) as worker:
        turn_until(worker, lambda: deliveries(BULLETIN).sent == 6 and deliveries(BULLETIN).failed == 1)
    assert fast.recipients == [f"s{n}@example.org" for n in range(1, 7)]
    given_up = OutboxMessage.objects.get(failed_at__isnull=False)
    assert given_up.last_error.endswith("[outbox.unwritable]")
    assert Subscriber.objects.get(address="s0@example.org").failures == 0, "not the address's fault"
    OutboxMessage.objects.update(sent_at=None, failed_at=None, leased_until=None)
    assert services.work(FixedClock(at(5)), channels_given={"email": plain.build()}) == 6


def test_an_unreachable_server_pauses_the_channel_and_the_rest_is_given_back() -> None:
    people(40)
    services.enqueue(bulletin(), now=at(3))

    def fails(_message: Message) -> None:
        raise DeliveryError(UNREACHABLE, "gone", permanent=False)

    with Worker(FixedClock(at(5)), {"email": Post(fails=fails).build}) as worker:
        turn_until(worker, lambda: OutboxMessage.objects.filter(last_error__contains="gone").exists())
        turn_until(worker, lambda: not OutboxMessage.objects.filter(leased_until__isnull=False).exists())
    tried = OutboxMessage.objects.filter(attempts__gt=0).count()
    assert 1 <= tried < 40


def test_a_host_that_fails_is_left_alone_and_holds_up_nobody_else() -> None:
    people(60, channel="webhook")
    for n, row in enumerate(Subscriber.objects.order_by("pk")):
        host = "dead" if n < 50 else "well"
        Subscriber.objects.filter(pk=row.pk).update(address=f"https://{host}.example/{n}")
    services.enqueue(bulletin(), now=at(3))
    calls = list[str]()

    def fails(message: Message) -> None:
        calls.append(message.recipient)
        if "dead" in message.recipient:
            raise DeliveryError("webhook.refused", "HTTP 500", permanent=False)

    post = Post(fails=fails)
    with Worker(FixedClock(at(5)), {"webhook": post.build}) as worker:
        turn_until(worker, lambda: deliveries(BULLETIN).sent == 10)
    assert sum("dead" in call for call in calls) < 20
    assert deliveries(BULLETIN).waiting == 50
    assert deliveries(BULLETIN).failed == 0


def test_what_a_dead_worker_sent_is_noted_and_what_it_never_began_is_free_at_once() -> None:
    people(3)
    services.enqueue(bulletin(), now=at(3))
    services.work(FixedClock(at(5)), channels_given={})
    dead = uuid4().hex
    sent, begun, untouched = (each.id for each in leasing.take("email", limit=3, holder=dead, now=SystemClock().now()))
    left = journal.Journal(dead)
    for number in (sent, begun):
        left.begin(number)
    left.sent(sent)
    put_in_order(dead, clock=FixedClock(at(6)))
    assert deliveries(BULLETIN).sent == 0, "it lives: its journal is locked"
    os.close(left._file)
    put_in_order(dead, clock=FixedClock(at(6)))
    rows = {row.pk: row for row in OutboxMessage.objects.all()}
    assert rows[sent].sent_at == at(6)
    assert [(rows[each].leased_until, rows[each].attempts) for each in (begun, untouched)] == [(None, 1), (None, 0)]
    assert journal.names() == []


def test_a_knock_wakes_a_worker_and_one_to_nobody_does_no_harm(tmp_path: Path) -> None:
    wake()
    with Doorbell("one") as bell:
        wake()
        import select

        assert select.select([bell.fileno()], [], [], 5)[0]
        bell.hush()
        assert not select.select([bell.fileno()], [], [], 0)[0]
    assert list((tmp_path / "wake").iterdir()) == []


def test_a_dead_workers_doorbell_is_removed_at_the_next_knock(tmp_path: Path) -> None:
    code = "import socket,sys; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).bind(sys.argv[1])"
    (tmp_path / "wake").mkdir()
    subprocess.run([sys.executable, "-c", code, "gone"], check=True, cwd=tmp_path / "wake")
    wake()
    assert list((tmp_path / "wake").iterdir()) == []


class StopAfter:
    """A stop event that lets a loop go round some times."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds

    def wait(self, timeout: float | None = None) -> bool:
        del timeout
        self.rounds -= 1
        return self.rounds < 0


@pytest.fixture
def worker() -> Worker:
    return Worker(FixedClock(at(0)), {})


def test_a_fault_is_logged_and_does_not_end_the_loop(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls = list[int]()

    def broken() -> bool:
        calls.append(1)
        raise RuntimeError("disk full")

    monkeypatch.setattr(worker, "turn", broken)
    tasks.run(FixedClock(at(0)), StopAfter(6), worker=worker)
    assert len(calls) == 3
    assert "disk full" in caplog.text


def test_it_forgets_at_the_start_and_then_every_six_hours(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = list[object]()
    monkeypatch.setattr(tasks, "forget", lambda *, now: moments.append(now))
    monkeypatch.setattr(worker, "turn", lambda: True)

    class Jumping:
        hour = -1

        def now(self) -> object:
            self.hour += 1
            return at(0) + timedelta(hours=self.hour)

    tasks.run(Jumping(), StopAfter(14), worker=worker)  # type: ignore[arg-type]  # a clock by its method
    assert 2 <= len(moments) <= 5


def test_the_process_ends_when_it_is_asked_to(tmp_path: Path) -> None:
    env = os.environ | {"TOCSIN_DATA_FOLDER": str(tmp_path / "own")}
    subprocess.run([sys.executable, "-m", "tocsin.cli.main", "migrate"], env=env, check=True, capture_output=True)
    command = [sys.executable, "-m", "tocsin.runtime.process", "notifications"]
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        folder, deadline_s = tmp_path / "own" / "wake", time.monotonic() + WITHIN_S
        while not (folder.is_dir() and list(folder.iterdir())):
            assert time.monotonic() < deadline_s
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(WITHIN_S) == 0
    assert list(folder.iterdir()) == []
