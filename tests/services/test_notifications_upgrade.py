"""Messages of before the outbox was rebuilt: told, waiting, or asking to confirm, in the shape they had then."""

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from announcements import at, bulletin
from tocsin.kernel.clock import FixedClock
from tocsin.notifications import services
from tocsin.notifications.models import OutboxMessage, Subscriber
from tocsin.notifications.rules.model import Message, Subscription

pytestmark = pytest.mark.django_db

INCIDENT = "2026-03-02-1"


@dataclass
class Sink:
    sent: list[Message] = field(default_factory=list)

    def deliver(self, message: Message) -> None:
        self.sent.append(message)

    def close(self) -> None:
        """Hold nothing."""


def reader(name: str) -> Subscriber:
    address = f"{name}@example.org"
    return services.add_subscriber(
        address=address, language="en", wish=Subscription("pharmacist"), by="test", now=at(-60)
    )


def old_message(row: Subscriber, key: str, **fields: Any) -> None:
    letter = {
        "language": "en",
        "subject": f"Subject of {key}",
        "headline": "It does not work.",
        "sections": [{"label": "", "lines": ["Since 9:00."]}],
        "marks": [{"short": "Unofficial demonstration", "long": "Unofficial demonstration"}],
        "action": {"label": "Read on", "address": "https://status.example.org/en/pharmacist/"},
        "footer": "You asked to be told.",
        "leave": None,
        "opens_thread": True,
    }
    given = {"dedup_key": key, "channel": "email", "recipient": row.address, "payload": letter, "subscriber": row}
    OutboxMessage.objects.create(**{**given, "created_at": at(1), "due_at": at(1), **fields})


def told_of(row: Subscriber, number: int) -> str:
    return f"{INCIDENT}-b{number}|{row.handle}|email"


def take_over() -> None:
    import_module("tocsin.notifications.migrations.0005_take_over_messages").take_over(apps, None)


def send(minutes: float) -> list[str]:
    sink = Sink()
    now = FixedClock(at(minutes))
    services.work(now, machine=now, channels_given={"email": sink})
    return [f"{message.recipient}: {message.facts['kind']}" for message in sink.sent]


def test_who_was_told_the_start_by_the_older_tocsin_is_told_the_end_by_the_newer() -> None:
    heard, new = reader("heard"), reader("new")
    old_message(heard, told_of(heard, 1), thread=INCIDENT, sent_at=at(1))
    take_over()
    services.enqueue(bulletin(2, kind="end", incident=INCIDENT), now=at(9))

    assert send(9) == ["heard@example.org: end"]
    assert new.address == "new@example.org"


def test_what_waited_goes_out_marked_and_with_a_way_out() -> None:
    row = reader("waits")
    old_message(row, told_of(row, 1), thread=INCIDENT)
    old_message(row, f"confirm|{row.handle}|1", thread="")
    take_over()
    sink, now = Sink(), FixedClock(at(2))
    services.work(now, machine=now, channels_given={"email": sink})

    assert {message.letter.subject for message in sink.sent} == {
        f"Subject of {told_of(row, 1)}",
        f"Subject of confirm|{row.handle}|1",
    }
    (told,) = (message for message in sink.sent if message.thread.startswith(INCIDENT))
    assert told.letter.leave is not None
    assert [mark.short for mark in told.letter.marks] == ["Unofficial demonstration"]


def test_what_waited_of_an_outage_that_is_over_is_not_told_any_more() -> None:
    row = reader("late")
    old_message(row, told_of(row, 1), thread=INCIDENT)
    take_over()
    services.enqueue(bulletin(2, kind="end", incident=INCIDENT), now=at(9))

    assert send(9) == []


def test_what_has_the_newer_shape_is_left_as_it_is() -> None:
    services.subscribe(address="x@example.org", language="en", wish=Subscription("pharmacist"), sender="::1", now=at(0))
    before = OutboxMessage.objects.values().get()
    take_over()
    take_over()

    assert OutboxMessage.objects.values().get() == before
