"""From what is published to who is told, through the services that people and the engine call."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from pytest_django import Settings

from bulletin_cases import templates
from factories import console as make
from tocsin.bulletins import governing, mending
from tocsin.bulletins.rules.model import Bulletin
from tocsin.changes import services as changes
from tocsin.changes.services import Plan
from tocsin.kernel.clock import FixedClock
from tocsin.notifications import services
from tocsin.notifications.models import AnnouncementRow, OutboxMessage
from tocsin.notifications.rules.model import Message, Subscription
from tocsin.notifications.rules.quiet import QuietHours, stored
from tocsin.runtime.maintenance import tell_maintenance
from tocsin.web import present

pytestmark = pytest.mark.django_db

NOW = make.NOW
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
EFFECT = dict.fromkeys(("fr", "nl", "de", "en"), "Logging in fails now and then.")


@dataclass
class Sink:
    sent: list[Message] = field(default_factory=list)

    def deliver(self, message: Message) -> None:
        self.sent.append(message)

    def close(self) -> None:
        """Hold nothing."""

    def take(self) -> list[str]:
        taken = [message.recipient.partition("@")[0] for message in self.sent]
        self.sent.clear()
        return taken


@pytest.fixture
def sink(settings: Settings) -> Sink:
    settings.CLOCK = FixedClock(NOW)
    return Sink()


def reader(name: str, *, audience: str = "doctor", functions: Sequence[str] = (), **choices: object) -> None:
    wish = replace(Subscription(audience, tuple(functions)), **choices)  # type: ignore[arg-type]  # named by the tests
    address = f"{name}@example.org"
    services.add_subscriber(address=address, language="en", wish=wish, by="test", now=NOW - HOUR)


def told(sink: Sink, *, minutes: float = 0) -> list[str]:
    now = NOW + minutes * MINUTE
    services.work(FixedClock(now), machine=FixedClock(now), channels_given={"email": sink})
    return sorted(sink.take())


def said(*, function: str = "open_session", **changes_made: object) -> Bulletin:
    plain = make.bulletin(present.pack(), function=function)
    return replace(plain, **changes_made)  # type: ignore[arg-type]  # named by the tests


def published(bulletin: Bulletin) -> Bulletin:
    make.store_incident(make.incident(functions=bulletin.functions))
    make.publish(bulletin)
    return bulletin


def test_what_is_published_keeps_the_quiet_hours_that_the_operator_set(sink: Sink) -> None:
    hours = stored(QuietHours(audiences=("nurse",)))
    governing.set_quiet_hours(hours, by="ann", now=NOW)
    published(said())
    assert AnnouncementRow.objects.get().facts["quiet"] == hours
    assert told(sink) == []


def test_so_does_planned_maintenance(sink: Sink) -> None:
    hours = stored(QuietHours(audiences=("nurse",)))
    governing.set_quiet_hours(hours, by="ann", now=NOW)
    announce()
    assert AnnouncementRow.objects.get().facts["quiet"] == hours
    assert told(sink) == []


def test_a_silent_one_is_told_to_nobody(sink: Sink) -> None:
    reader("doctor")
    published(said(is_silent=True))
    assert told(sink) == []


def test_an_exercise_is_told_to_those_who_asked_for_exercises(sink: Sink) -> None:
    reader("plain")
    reader("keen", with_drills=True)
    published(said(is_drill=True))
    assert told(sink) == ["keen"]


def test_that_we_were_wrong_reaches_who_was_told_and_nobody_else(sink: Sink) -> None:
    reader("told")
    reader("elsewhere", functions=("prescribe",))
    published(said())
    assert told(sink) == ["told"]
    reader("late")
    mending.retract(make.incident().id, reason="the probes were wrong", by="ann", now=NOW + MINUTE)
    assert told(sink, minutes=2) == ["told"]


def test_a_correction_reaches_who_was_told_and_nobody_else(sink: Sink) -> None:
    reader("told")
    bulletin = published(said())
    assert told(sink) == ["told"]
    reader("late")
    text = replace(bulletin.texts["doctor"], headline=make.four("You cannot log in at all."))
    mending.correct(bulletin.id, {"doctor": text}, notify=True, by="ann", now=NOW + MINUTE)
    assert told(sink, minutes=2) == ["told"]


def announce(*, service: str = "sts", at_hours: int = 48) -> str:
    plan = Plan(services=(service,), start=NOW + at_hours * HOUR, end=NOW + (at_hours + 1) * HOUR, effect=EFFECT)
    number = changes.announce(plan, pack=present.pack(), by="ann", now=NOW).id
    tell_maintenance(NOW, pack=present.pack(), templates=templates())
    return number


def test_planned_work_is_told_to_those_whose_functions_it_touches(sink: Sink) -> None:
    announce(service="mcn_eagreement")
    functions = AnnouncementRow.objects.get().facts["told"]["functions"]
    others = [each.id for each in present.pack().functions.values() if "doctor" in each.audiences]
    other = next(each for each in others if each not in functions)
    assert told(sink) == []
    reader("all")
    reader("own", functions=(functions[0],))
    reader("worst", least="down")
    reader("elsewhere", functions=(other,))
    announce(service="mcn_eagreement", at_hours=96)
    assert told(sink, minutes=1) == ["all", "own"]


def test_planned_work_goes_ahead_of_no_outage_and_makes_no_storm(sink: Sink) -> None:
    reader("doctor")
    for day in range(2, 7):
        announce(at_hours=24 * day)
    published(said())
    waiting = OutboxMessage.objects.order_by("priority", "pk")
    services.work(FixedClock(NOW), machine=FixedClock(NOW), channels_given={}, limit=0)
    assert [row.announcement.kind for row in waiting if row.announcement] == ["first", *["update"] * 5]
    assert {row.held_for for row in waiting} == {""}
    assert len(told(sink)) == 6


def test_the_end_of_planned_work_reaches_who_heard_of_it(sink: Sink) -> None:
    reader("told")
    number = announce()
    assert told(sink) == ["told"]
    reader("late")
    changes.cancel(number, by="ann", now=NOW + MINUTE)
    tell_maintenance(NOW + MINUTE, pack=present.pack(), templates=templates())
    assert told(sink, minutes=1) == ["told"]
