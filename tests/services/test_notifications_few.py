"""Announcements to few: written out, taken and noted together, with the very same result as one after the other."""

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction
from pytest_django.fixtures import Settings

from announcements import at, audience_text, bulletin
from tocsin.bulletins.rules.model import Bulletin, BulletinKind
from tocsin.kernel.clock import FixedClock
from tocsin.notifications import leasing, services
from tocsin.notifications.durability import made_anew_if_lost
from tocsin.notifications.fanout import Due, due, write
from tocsin.notifications.models import AnnouncementRow, OutboxMessage, Subscriber
from tocsin.notifications.ports import Channel
from tocsin.notifications.rules.model import Message, Subscription
from tocsin.notifications.worker import Worker

KINDS: tuple[BulletinKind, ...] = ("first", "update", "holding", "correction", "end")
FUNCTIONS = ("prescribe", "dispense", "tarify")
AUDIENCES = ("pharmacist", "doctor", "nurse")
CHANNELS = ("email", "sms", "webpush", "webhook")
MACHINE = at(1_000_000)


@pytest.fixture(autouse=True)
def _folder(settings: Settings, tmp_path: Path) -> None:
    settings.CONFIGURATION = replace(settings.CONFIGURATION, data_folder=tmp_path)


def readers(chance: random.Random, count: int) -> None:
    for number in range(count):
        wish = Subscription(chance.choice(AUDIENCES), tuple(chance.sample(FUNCTIONS, chance.randint(0, 2))))
        address = f"s{number}@example.org"
        services.add_subscriber(address=address, language="fr", wish=wish, by="test", now=at(-60))
        Subscriber.objects.filter(address=address).update(channel=chance.choice(CHANNELS))


def told(chance: random.Random) -> Iterator[Bulletin]:
    """Give some outages' bulletins in the order in which they might be published."""
    numbers = dict.fromkeys(range(3), 0)
    for _ in range(8):
        incident = chance.choice(list(numbers))
        numbers[incident] += 1
        kind = "first" if numbers[incident] == 1 else chance.choice(KINDS[1:])
        made = bulletin(
            numbers[incident],
            kind=kind,
            incident=f"2026-03-02-{incident}",
            functions=(FUNCTIONS[incident],),
            texts={name: audience_text() for name in AUDIENCES},
        )
        yield replace(made, corrects=f"2026-03-02-{incident}-b1") if kind == "correction" else made


def written(parts: list[list[Due]]) -> list[tuple[Any, ...]]:
    """Write out in these groups, return what lies in the outbox then, and undo it."""
    with transaction.atomic():
        for rows in parts:
            write(rows, now=at(20), machine_now=MACHINE)
        left = AnnouncementRow.objects.order_by("pk").values_list("pk", "cursor", "expanded_at")
        wanted = ("announcement", "subscriber", "channel", "opens_thread", "priority", "units", "held_for", "due_at")
        found = OutboxMessage.objects.order_by("announcement", "subscriber").values_list(*wanted, "withdrawn_at")
        both = [*left, *found]
        transaction.set_rollback(True)
    return both


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(12))
def test_written_out_together_they_are_what_they_are_one_by_one(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  (a test's own dice)
    readers(chance, 25)
    for place, each in enumerate(told(chance)):
        services.enqueue(each, now=at(place))
    OutboxMessage.objects.update(sent_at=at(5))
    rows = due(at(20))
    together = written([rows])
    assert together == written([[row] for row in rows])
    assert len(rows) > 1
    assert len(together) > len(rows), "somebody was told something"


@pytest.mark.django_db
def test_what_is_for_many_is_written_out_by_itself_and_in_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.notifications.fanout.FIRST_PART", 2)
    chance = random.Random(1)  # noqa: S311  (as above)
    services.enqueue(bulletin(incident="2026-03-02-0"), now=at(0))
    readers(chance, 5)
    services.enqueue(bulletin(incident="2026-03-02-1"), now=at(1))
    assert [(row.bulletin, row.is_small) for row in due(at(20))] == [("2026-03-02-0-b1", True)]
    write(due(at(20)), now=at(20), machine_now=MACHINE)
    assert [(row.bulletin, row.is_small) for row in due(at(20))] == [("2026-03-02-1-b1", False)]


@dataclass
class Post:
    """Where lanes deliver to, each waiting until it may."""

    may_answer: threading.Event = field(default_factory=threading.Event)
    sent: list[Message] = field(default_factory=list)

    def build(self) -> Channel:
        return self

    def deliver(self, message: Message) -> None:
        self.may_answer.wait(20)
        self.sent.append(message)

    def close(self) -> None:
        """Hold nothing."""


def turn_until(worker: Worker, done: Callable[[], bool]) -> None:
    for _ in range(2000):
        if done():
            return
        if not worker.turn():
            worker.wait()
    raise AssertionError("it did not happen in time")


def five_outages() -> None:
    services.add_subscriber(
        address="s@example.org", language="fr", wish=Subscription("pharmacist"), by="test", now=at(-60)
    )
    Subscriber.objects.update(channel="webhook", address="https://hook.example/1")
    for number in range(5):
        services.enqueue(bulletin(incident=f"2026-03-02-{number}", functions=(f"f{number}",)), now=at(number))


@pytest.mark.django_db(transaction=True)
def test_what_waits_together_is_written_out_and_taken_in_one_turn_and_told_once() -> None:
    five_outages()
    post = Post()
    with Worker(FixedClock(at(5)), {"webhook": post.build}) as worker:
        worker.turn()
        held = OutboxMessage.objects.filter(lease_holder=worker.holder, leased_until__isnull=False, attempts=1)
        assert held.count() == 5
        post.may_answer.set()
        turn_until(worker, lambda: OutboxMessage.objects.filter(sent_at__isnull=False).count() == 5)
    assert len({message.key for message in post.sent}) == len(post.sent) == 5


@pytest.mark.django_db(transaction=True)
def test_who_takes_long_to_answer_is_known_to_the_disk_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    five_outages()
    levels = list[object]()
    extend = leasing.extend

    def extended(*given: Any, **named: Any) -> None:
        levels.append(level())
        extend(*given, **named)

    monkeypatch.setattr(leasing, "extend", extended)
    post = Post()
    with Worker(FixedClock(at(5)), {"webhook": post.build}) as worker:
        turn_until(worker, lambda: bool(levels))
        post.may_answer.set()
    assert levels == [level()], "once, and waiting for the disk"


def level() -> object:
    """Return how far this connection waits for the disk."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_only_what_is_made_anew_does_not_wait_for_the_disk() -> None:
    usual = level()
    with made_anew_if_lost():
        hurried = level()
    assert (usual, hurried, level()) == (2, 1, 2)
    with pytest.raises(RuntimeError), made_anew_if_lost():
        raise RuntimeError
    assert level() == usual
    with transaction.atomic(), made_anew_if_lost():
        assert level() == usual, "somebody else's work is in the transaction"


@pytest.mark.django_db(transaction=True)
def test_another_database_commits_as_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections["default"], "vendor", "postgresql")
    with made_anew_if_lost():
        assert level() == 2


@pytest.mark.django_db
def test_a_message_whose_lease_was_lost_with_the_power_is_written_anew_under_the_same_key() -> None:
    five_outages()
    keys = list[set[str]]()
    for _ in range(2):
        with transaction.atomic():
            write(due(at(20)), now=at(20), machine_now=MACHINE)
            taken = leasing.take("webhook", limit=10, holder="one", now=MACHINE + timedelta(seconds=1))
            keys.append({each.key for each in taken})
            transaction.set_rollback(True)
    assert keys[0] == keys[1]
    assert len(keys[0]) == 5
