from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from django.db import transaction

from announcements import at, bulletin
from tocsin.bulletins.rules.model import Bulletin
from tocsin.kernel.clock import FixedClock, ReplayClock
from tocsin.kernel.errors import DeliveryError
from tocsin.notifications import leasing, services
from tocsin.notifications.delivery import prepare
from tocsin.notifications.fanout import write_out
from tocsin.notifications.leasing import Taken
from tocsin.notifications.models import OutboxMessage, Subscriber
from tocsin.notifications.ports import UNREACHABLE, Channel
from tocsin.notifications.queries import deliveries, token_for
from tocsin.notifications.rules.model import Message, Subscription
from tocsin.notifications.rules.retry import FIRST_WAIT, GIVE_UP_AFTER, JITTER, LEASE

pytestmark = pytest.mark.django_db

WITH_DRILLS = Subscription("pharmacist", with_drills=True)
MACHINE = at(1_000_000)
"""The machine's clock stands years after the replayed one: leases must not mix the two."""


def nothing() -> None:
    """Do nothing while a message is handed over."""


@dataclass
class FakeChannel:
    """A channel that remembers, fails as told, and lets a test act in the middle of a delivery."""

    failures: list[DeliveryError] = field(default_factory=list)
    meanwhile: Callable[[], object] = nothing
    sent: list[Message] = field(default_factory=list)
    closed: int = 0

    def deliver(self, message: Message) -> None:
        self.meanwhile()
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(message)

    def close(self) -> None:
        self.closed += 1


def temporary(code: str = "email.refused") -> DeliveryError:
    return DeliveryError(code, "450 try again", permanent=False)


def take(holder: str, now: datetime) -> list[Taken]:
    return leasing.take("email", limit=10, holder=holder, now=now)


def only(channel: Channel) -> Mapping[str, Channel]:
    return {"email": channel}


def work(channel: Channel, *, now: datetime | None = None, machine: datetime = MACHINE, limit: int = 100) -> int:
    return services.work(
        FixedClock(now or at(5)), limit=limit, machine=FixedClock(machine), channels_given=only(channel)
    )


def announce(told: Bulletin, *, now: datetime) -> int:
    """Publish to subscribers and write it out; return how many messages that made."""
    services.enqueue(told, now=now)
    prepare(FixedClock(now), machine=FixedClock(MACHINE))
    return OutboxMessage.objects.filter(announcement__bulletin=told.id).count()


def subscriber(address: str = "a@example.org", *, audience: str = "pharmacist", language: str = "fr") -> Subscriber:
    wish = Subscription(audience)
    return services.add_subscriber(address=address, language=language, wish=wish, by="operator:test", now=at(-60))


def test_enqueueing_writes_one_message_to_everyone_concerned_in_their_language() -> None:
    subscriber("fr@example.org", language="fr")
    subscriber("nl@example.org", language="nl")
    subscriber("doctor@example.org", audience="doctor")
    assert announce(bulletin(), now=at(3)) == 2
    channel = FakeChannel()
    work(channel)
    assert [(each.recipient, each.letter.language, each.at) for each in channel.sent] == [
        ("fr@example.org", "fr", at(3)),
        ("nl@example.org", "nl", at(3)),
    ]
    assert channel.sent[0].letter.headline.endswith(" fr")


def test_enqueueing_the_same_bulletin_again_adds_nothing() -> None:
    subscriber()
    announce(bulletin(), now=at(3))
    assert announce(bulletin(), now=at(4)) == 1
    assert not services.enqueue(bulletin(), now=at(4))
    assert OutboxMessage.objects.filter(withdrawn_at=None).count() == 1


def test_messages_are_written_with_the_callers_transaction_or_not_at_all() -> None:
    subscriber()
    with pytest.raises(ZeroDivisionError), transaction.atomic():  # noqa: PT012  (the fault must come inside)
        announce(bulletin(), now=at(3))
        raise ZeroDivisionError
    assert not OutboxMessage.objects.exists()


def test_the_end_goes_to_those_who_were_told_the_start() -> None:
    subscriber("early@example.org")
    announce(bulletin(), now=at(3))
    work(FakeChannel())
    subscriber("late@example.org")
    assert announce(bulletin(2, kind="end"), now=at(9)) == 1
    channel = FakeChannel()
    work(channel)
    assert [message.recipient for message in channel.sent] == ["early@example.org"]


def test_who_was_not_told_the_start_in_time_is_told_neither_start_nor_end() -> None:
    subscriber()
    announce(bulletin(), now=at(3))
    assert announce(bulletin(2, kind="end"), now=at(9)) == 0
    assert work(FakeChannel()) == 0
    assert deliveries("2026-03-02-1-b1").withdrawn == 1


def test_who_was_perhaps_told_the_start_is_told_the_end() -> None:
    subscriber()
    announce(bulletin(), now=at(3))
    work(FakeChannel(failures=[temporary()]))
    assert announce(bulletin(2, kind="end"), now=at(9)) == 1


def test_a_correction_goes_to_those_who_got_what_it_mends() -> None:
    subscriber("early@example.org")
    announce(bulletin(), now=at(3))
    work(FakeChannel())
    subscriber("later@example.org")
    announce(bulletin(2, kind="update"), now=at(6))
    work(FakeChannel())
    mended = replace(bulletin(3, kind="correction"), corrects="2026-03-02-1-b1")
    assert announce(mended, now=at(9)) == 1
    assert announce(replace(bulletin(4, kind="correction"), corrects="2026-03-02-1-b2"), now=at(10)) == 2


def test_a_silent_bulletin_is_told_to_nobody() -> None:
    subscriber()
    assert announce(replace(bulletin(), is_silent=True), now=at(3)) == 0


def test_one_outage_is_one_thread_for_each_person() -> None:
    subscriber("a@example.org")
    channel = FakeChannel()
    announce(bulletin(), now=at(3))
    work(channel)
    subscriber("b@example.org")
    announce(bulletin(2, kind="update"), now=at(9))
    work(channel)
    (first, second, other) = channel.sent
    assert [message.letter.opens_thread for message in channel.sent] == [True, False, True]
    assert first.thread == second.thread != other.thread


def test_an_older_message_that_nobody_sent_yet_is_withdrawn_by_the_newer_one() -> None:
    subscriber()
    announce(bulletin(), now=at(3))
    announce(bulletin(2, kind="update"), now=at(9))
    channel = FakeChannel()
    assert work(channel) == 1
    assert [message.key.split("|")[0] for message in channel.sent] == ["2026-03-02-1-b2"]
    assert deliveries("2026-03-02-1-b1").withdrawn == 1


def test_another_outage_withdraws_nothing() -> None:
    subscriber()
    announce(bulletin(), now=at(3))
    announce(bulletin(incident="2026-03-02-2"), now=at(4))
    assert work(FakeChannel()) == 2


def test_what_is_sent_is_sent_once() -> None:
    subscriber()
    announce(bulletin(), now=at(3))
    channel = FakeChannel()
    assert [work(channel), work(channel)] == [1, 0]
    assert len(channel.sent) == 1
    assert deliveries("2026-03-02-1-b1").last_sent_at == at(5)
    assert channel.closed == 1


def test_of_two_workers_at_one_message_exactly_one_sends_it() -> None:
    subscriber()
    announce(bulletin(), now=at(3))
    second = FakeChannel()
    first = FakeChannel(meanwhile=lambda: work(second))
    assert work(first) == 1
    assert (len(first.sent), len(second.sent)) == (1, 0)


def test_two_workers_that_saw_the_same_message_cannot_both_take_it() -> None:
    subscriber()
    announce(bulletin(), now=at(3))
    assert len(take("one", MACHINE)) == 1
    assert take("two", MACHINE) == []
    assert take("two", MACHINE + LEASE - timedelta(seconds=1)) == []
    assert len(take("two", MACHINE + LEASE)) == 1


def test_a_dead_workers_message_is_taken_by_another_when_its_lease_runs_out() -> None:
    subscriber()
    announce(bulletin(), now=at(3))
    assert len(take("dead", MACHINE)) == 1
    channel = FakeChannel()
    assert work(channel, machine=MACHINE + LEASE / 2) == 0
    assert work(channel, machine=MACHINE + LEASE) == 1
    assert OutboxMessage.objects.get().attempts == 2


class WorkerKilledError(BaseException):
    """Ends a worker as SIGKILL would: no handler runs."""


def test_a_worker_killed_after_sending_leads_to_a_second_copy_with_the_same_key() -> None:
    subscriber()
    announce(bulletin(), now=at(3))
    sent: list[Message] = []

    class Killed(FakeChannel):
        def deliver(self, message: Message) -> None:
            sent.append(message)
            raise WorkerKilledError

    with pytest.raises(WorkerKilledError):
        work(Killed())
    channel = FakeChannel()
    assert work(channel, machine=MACHINE + LEASE) == 1
    assert channel.sent[0].key == sent[0].key


@pytest.mark.parametrize("failures", [[], [temporary()]])
def test_a_worker_that_lost_its_lease_does_not_overwrite_what_the_other_noted(failures: list[DeliveryError]) -> None:
    subscriber()
    announce(bulletin(), now=at(3))
    quick = FakeChannel()
    slow = FakeChannel(failures=list(failures), meanwhile=lambda: work(quick, machine=MACHINE + LEASE))
    assert work(slow, now=at(6)) == 0
    assert len(quick.sent) == 1
    assert OutboxMessage.objects.get().sent_at == at(5)


def test_a_temporary_failure_is_tried_again_after_a_while_not_at_once() -> None:
    subscriber()
    announce(bulletin(), now=at(3))
    channel = FakeChannel(failures=[temporary()])
    assert work(channel) == 0
    row = OutboxMessage.objects.get()
    wait = row.due_at - MACHINE
    assert FIRST_WAIT * (1 - JITTER) <= wait <= FIRST_WAIT * (1 + JITTER)
    assert "450 try again" in row.last_error
    assert work(channel, machine=MACHINE + wait - timedelta(seconds=1)) == 0
    assert work(channel, machine=MACHINE + wait) == 1
    assert OutboxMessage.objects.get().last_error == ""


def test_a_permanent_failure_is_final() -> None:
    subscriber()
    announce(bulletin(), now=at(3))
    refusal = DeliveryError("email.refused", "550 no such user", permanent=True)
    assert work(FakeChannel(failures=[refusal])) == 0
    assert OutboxMessage.objects.get().failed_at == at(5)
    assert work(FakeChannel(), machine=MACHINE + timedelta(days=1)) == 0


def test_what_fails_for_a_day_and_more_than_once_is_given_up() -> None:
    subscriber()
    announce(bulletin(), now=at(3))
    day_after = at(3) + GIVE_UP_AFTER
    work(FakeChannel(failures=[temporary()]), now=day_after)
    assert deliveries("2026-03-02-1-b1").waiting == 1
    work(FakeChannel(failures=[temporary()]), now=day_after, machine=MACHINE + LEASE)
    assert deliveries("2026-03-02-1-b1").failed == 1


def test_an_unreachable_channel_is_left_alone_for_the_rest_of_the_batch() -> None:
    for name in ("a", "b", "c"):
        subscriber(f"{name}@example.org")
    announce(bulletin(), now=at(3))
    channel = FakeChannel(failures=[temporary(UNREACHABLE)])
    assert work(channel) == 0
    assert (channel.sent, channel.closed) == ([], 1)
    assert sorted(OutboxMessage.objects.values_list("attempts", flat=True)) == [0, 0, 1]


def test_a_channels_own_fault_stops_nobody_elses_mail(caplog: pytest.LogCaptureFixture) -> None:
    for name in ("a", "b"):
        subscriber(f"{name}@example.org")
    announce(bulletin(), now=at(3))

    class Broken(FakeChannel):
        def deliver(self, message: Message) -> None:
            if message.recipient == "a@example.org":
                raise KeyError("a")
            super().deliver(message)

    assert work(Broken()) == 1
    assert OutboxMessage.objects.get(subscriber__address="a@example.org").last_error.startswith(
        "KeyError in the channel"
    )
    assert "does not declare" in caplog.text


def test_a_batch_is_no_larger_than_asked_and_oldest_first() -> None:
    for name in ("a", "b", "c"):
        subscriber(f"{name}@example.org")
    announce(bulletin(), now=at(3))
    channel = FakeChannel()
    assert work(channel, limit=2) == 2
    assert [message.recipient for message in channel.sent] == ["a@example.org", "b@example.org"]


def test_a_message_of_a_channel_that_is_not_configured_waits() -> None:
    subscriber()
    announce(bulletin(), now=at(3))
    assert services.work(FixedClock(at(5)), channels_given={}) == 0
    assert deliveries("2026-03-02-1-b1").waiting == 1


def test_who_left_gets_nothing_that_was_still_on_its_way() -> None:
    row = subscriber()
    announce(bulletin(), now=at(3))
    services.end_subscription(row, actor="operator:test", now=at(4))
    assert work(FakeChannel()) == 0
    assert announce(bulletin(2, kind="update"), now=at(9)) == 0


def test_a_replayed_mornings_mail_says_so_and_a_live_one_does_not() -> None:
    subscriber()
    channel = FakeChannel()
    announce(bulletin(), now=at(3))
    replayed = ReplayClock(origin=at(5), anchor_s=0, speed=60)
    services.work(replayed, channels_given=only(channel), machine=FixedClock(MACHINE))
    announce(bulletin(2, kind="update"), now=at(9))
    work(channel)
    assert [[mark.short for mark in message.letter.marks] for message in channel.sent] == [
        ["Démonstration non officielle", "Reconstitution"],
        ["Démonstration non officielle"],
    ]


def test_an_exercise_says_so() -> None:
    subscriber(language="nl")
    services.change(token_for(Subscriber.objects.get(), purpose="manage"), language="nl", wish=WITH_DRILLS, now=at(0))
    announce(bulletin(is_drill=True), now=at(3))
    channel = FakeChannel()
    work(channel)
    assert [mark.short for mark in channel.sent[0].letter.marks] == ["Niet-officiële demonstratie", "Oefening"]


def test_publishing_takes_as_many_questions_for_many_as_for_one(
    django_assert_max_num_queries: Callable[..., object],
) -> None:
    for n in range(40):
        subscriber(f"s{n}@example.org")
    with django_assert_max_num_queries(10):  # type: ignore[attr-defined]  # pytest-django's fixture is a context manager
        assert services.enqueue(bulletin(), now=at(3))
    with django_assert_max_num_queries(14):  # type: ignore[attr-defined]  # as above
        assert write_out(FixedClock(at(3)), machine=FixedClock(MACHINE))
    assert deliveries("2026-03-02-1-b1").waiting == 40
