"""Storms, quiet hours, ceilings and addresses that fail: what waits, why, and that it never is the first word."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from pytest_django.fixtures import Settings
from typer.testing import CliRunner

from announcements import at, audience_text, bulletin, words
from tocsin.audit.models import AuditEntry
from tocsin.bulletins.rules.model import Bulletin
from tocsin.cli.outbox import app
from tocsin.detection.rules.model import State
from tocsin.kernel.clock import FixedClock
from tocsin.kernel.errors import DeliveryError
from tocsin.notifications import budget, services
from tocsin.notifications.errors import BudgetError
from tocsin.notifications.models import OutboxMessage, Subscriber
from tocsin.notifications.queries import Standing, standing
from tocsin.notifications.rules.model import Message, Subscription
from tocsin.notifications.rules.retry import FAILURES
from tocsin.notifications.rules.threads import GATHERS_FOR, HOLDS_AFTER
from tocsin.notifications.storms import send_digests

pytestmark = pytest.mark.django_db

NIGHT = datetime.fromisoformat("2026-03-02T23:30:00+01:00")


@dataclass
class Sink:
    sent: list[Message] = field(default_factory=list)
    failure: DeliveryError | None = None

    def deliver(self, message: Message) -> None:
        if self.failure is not None:
            raise self.failure
        self.sent.append(message)

    def close(self) -> None:
        """Hold nothing."""

    @property
    def kinds(self) -> list[object]:
        return [message.facts["kind"] for message in self.sent]


@pytest.fixture
def sink() -> Sink:
    return Sink()


def reader(number: int = 1, *, channel: str = "email", audience: str = "pharmacist") -> None:
    wish = Subscription(audience)
    address = f"s{number}@example.org"
    row = services.add_subscriber(address=address, language="en", wish=wish, by="test", now=at(-60))
    Subscriber.objects.filter(pk=row.pk).update(channel=channel)


def tell(sink: Sink, told: Bulletin, *, now: datetime, later: timedelta = timedelta()) -> int:
    services.enqueue(told, now=now)
    return send(sink, now=now, later=later)


def send(sink: Sink, *, now: datetime, later: timedelta = timedelta()) -> int:
    through = dict.fromkeys(("email", "sms", "webpush", "webhook"), sink)
    return services.work(FixedClock(now), machine=FixedClock(now + later), channels_given=through)


def opening(number: int) -> Bulletin:
    return bulletin(incident=f"i{number}", functions=("dispense", f"f{number}"))


def test_in_a_storm_the_fourth_and_further_openings_come_in_one_message(sink: Sink) -> None:
    reader()
    for number in range(1, 7):
        tell(sink, opening(number), now=at(number / 8))
    assert sink.kinds == ["first"] * 3
    assert standing() == [Standing("email", "digest", 3)]
    assert send(sink, now=at(1), later=GATHERS_FOR) == 1
    (digest,) = sink.sent[3:]
    assert (digest.facts["kind"], digest.letter.subject) == ("digest", "Several things do not work (3)")
    assert len(digest.letter.sections[0].lines) == 3
    assert [mark.short for mark in digest.letter.marks] == ["Unofficial demonstration"]
    assert standing() == []


def test_a_digest_lists_what_its_reader_chose_and_one_message_stays_itself(sink: Sink) -> None:
    one, two, three = "dispense", "tarify", "open_session"
    for number, functions in enumerate([(), (one, two), (two,), (three,)]):
        wish = Subscription("pharmacist", functions)
        services.add_subscriber(address=f"s{number}@example.org", language="en", wish=wish, by="test", now=at(-60))
    for number in range(3):
        tell(sink, bulletin(incident=f"i{number}", functions=(f"f{number}", one, two, three)), now=at(number / 8))
    for function in (one, two, three):
        headed = {"pharmacist": replace(audience_text(), headline=words(f"No {function}."))}
        tell(sink, bulletin(incident=function, functions=(function,), texts=headed), now=at(0.5))
    before = len(sink.sent)
    assert send(sink, now=at(1), later=GATHERS_FOR) == 4
    told = {message.recipient[:2]: message for message in sink.sent[before:]}
    lines = {name: each.letter.sections[0].lines for name, each in told.items()}
    assert lines["s0"] == ("No dispense. en", "No tarify. en", "No open_session. en")
    assert lines["s1"] == ("No dispense. en", "No tarify. en")
    assert told["s1"].facts["functions"] == [one, two]
    assert [(told[name].facts["kind"], told[name].letter.headline) for name in ("s2", "s3")] == [
        ("first", "No tarify. en"),
        ("first", "No open_session. en"),
    ]
    assert standing() == []


def test_a_digest_by_text_costs_what_it_says(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.notifications.costs.text_counter", lambda: lambda message: 1 + len(message.sms) // 100)
    reader(channel="sms")
    for number in range(1, 6):
        tell(sink, opening(number), now=at(number / 8))
    send(sink, now=at(1), later=GATHERS_FOR)
    digest = OutboxMessage.objects.get(announcement__kind="digest")
    assert digest.units == 1 + len(sink.sent[-1].sms) // 100 > 1


def test_who_was_told_by_a_digest_is_told_the_end(sink: Sink) -> None:
    reader()
    for number in range(1, 5):
        tell(sink, opening(number), now=at(number / 2))
    send(sink, now=at(4), later=GATHERS_FOR)
    end = replace(opening(4), id="i4-b2", kind="end", number=2)
    assert tell(sink, end, now=at(9)) == 1


def test_the_end_of_what_was_gathered_does_not_overtake_the_digest(sink: Sink) -> None:
    reader()
    for number in range(1, 6):
        tell(sink, opening(number), now=at(number / 8))
    send_digests(now=at(2), machine_now=at(2))
    tell(sink, replace(opening(4), id="i4-b2", kind="end", number=2), now=at(2))
    assert sink.kinds[3:] == ["digest", "end"]


def test_an_exercise_that_is_gathered_with_what_is_real_makes_no_exercise_of_it(sink: Sink) -> None:
    wish = Subscription("pharmacist", with_drills=True)
    services.add_subscriber(address="d@example.org", language="en", wish=wish, by="test", now=at(-60))
    for number in range(1, 6):
        tell(sink, replace(opening(number), is_drill=number == 5), now=at(number / 8))
    send(sink, now=at(2), later=GATHERS_FOR)
    (digest,) = sink.sent[3:]
    assert ([mark.short for mark in digest.letter.marks], digest.facts["is_drill"]) == (
        ["Unofficial demonstration"],
        False,
    )
    real, exercise = digest.letter.sections[0].lines
    assert exercise == f"[Exercise] {real}"


def test_exercises_gathered_among_themselves_say_so_once(sink: Sink) -> None:
    wish = Subscription("pharmacist", with_drills=True)
    services.add_subscriber(address="d@example.org", language="en", wish=wish, by="test", now=at(-60))
    for number in range(1, 6):
        tell(sink, replace(opening(number), is_drill=True), now=at(number / 8))
    send(sink, now=at(2), later=GATHERS_FOR)
    (digest,) = sink.sent[3:]
    assert ([mark.short for mark in digest.letter.marks], digest.facts["is_drill"]) == (
        ["Unofficial demonstration", "Exercise"],
        True,
    )


def test_a_storm_is_a_readers_own(sink: Sink) -> None:
    reader(1)
    for number in range(1, 4):
        tell(sink, opening(number), now=at(number / 2))
    reader(2)
    tell(sink, opening(4), now=at(3))
    assert [message.recipient for message in sink.sent[3:]] == ["s2@example.org"]


def test_machines_get_each_opening_by_itself(sink: Sink) -> None:
    reader(channel="webhook")
    for number in range(1, 6):
        tell(sink, opening(number), now=at(number / 2))
    assert sink.kinds == ["first"] * 5


def test_what_comes_and_goes_is_said_once_and_its_end_when_it_has_held(sink: Sink) -> None:
    reader()
    for number in range(1, 6):
        opens = bulletin(incident=f"i{number}")
        tell(sink, opens, now=at(number * 8))
        tell(sink, replace(opens, id=f"i{number}-b2", kind="end", number=2), now=at(number * 8 + 4))
    assert sink.kinds == ["first", "end", "first", "end", "first"]
    assert [mark.short for mark in sink.sent[4].letter.marks] == ["Unofficial demonstration", "Comes and goes"]
    assert sink.sent[4].thread == sink.sent[0].thread
    last = at(5 * 8 + 4) + HOLDS_AFTER
    assert send(sink, now=last - timedelta(seconds=1)) == 0
    assert send(sink, now=last) == 1
    assert sink.kinds[5:] == ["end"]


def test_at_night_a_pocket_stays_quiet_until_the_morning_and_a_hospital_does_not(sink: Sink) -> None:
    for number, (channel, audience) in enumerate(
        [("sms", "nurse"), ("email", "nurse"), ("sms", "hospital"), ("sms", "pharmacist")]
    ):
        reader(number, channel=channel, audience=audience)
    texts = {name: audience_text() for name in ("nurse", "hospital", "pharmacist")}
    slow = replace(bulletin(texts=texts), state=State.DEGRADED)
    assert tell(sink, slow, now=NIGHT) == 3
    assert standing() == [Standing("sms", "quiet", 1)]
    morning = NIGHT.replace(day=3, hour=7, minute=0)
    assert send(sink, now=morning - timedelta(seconds=1)) == 0
    assert send(sink, now=morning) == 1


@pytest.mark.parametrize(
    ("who", "woken"),
    [
        (("pharmacist", True), 1),
        (("pharmacist", None), 1),
        (("pharmacist", False), 0),
        (("nurse", True), 1),
        (("nurse", None), 0),
        (("hospital", False), 1),
    ],
    ids=str,
)
@pytest.mark.parametrize("channel", ["sms", "webpush"])
def test_who_is_on_duty_is_woken_at_any_hour(
    channel: str, who: tuple[str, bool | None], woken: int, sink: Sink
) -> None:
    audience, is_on_duty = who
    reader(channel=channel, audience=audience)
    Subscriber.objects.update(is_on_duty=is_on_duty)
    slow = replace(bulletin(texts={audience: audience_text()}), state=State.DEGRADED)
    assert tell(sink, slow, now=NIGHT) == woken
    assert [(each.held_for, each.count) for each in standing()] == ([] if woken else [("quiet", 1)])


def test_a_ceiling_holds_what_waits_for_the_morning_too(sink: Sink, settings: Settings) -> None:
    settings.CONFIGURATION = replace(settings.CONFIGURATION, sms_ceiling_per_incident=1)
    reader(channel="sms", audience="nurse")
    slow = replace(bulletin(texts={"nurse": audience_text()}), state=State.DEGRADED)
    evening = NIGHT - timedelta(hours=3)
    assert tell(sink, slow, now=evening) == 1
    update = replace(slow, id=f"{slow.incident}-b2", kind="update", number=2)
    assert tell(sink, update, now=NIGHT) == 0
    assert standing() == [Standing("sms", "budget", 1)]
    assert budget.allow(slow.incident, more=1, by="operator:test", now=NIGHT) == 1
    assert send(sink, now=NIGHT) == 0, "it is night still"
    assert send(sink, now=NIGHT.replace(day=3, hour=7, minute=0)) == 1


@pytest.mark.parametrize("setting", ["sms_ceiling_per_incident", "sms_ceiling_per_month"])
def test_a_ceiling_holds_updates_asks_once_and_never_delays_a_first_word_or_an_end(
    setting: str, sink: Sink, settings: Settings
) -> None:
    settings.CONFIGURATION = replace(settings.CONFIGURATION, **{setting: 3})
    asked = list[object]()

    def ask(**given: object) -> None:
        asked.append(given["period"])

    budget.ceiling_reached.connect(ask)
    for number in (1, 2):
        reader(number, channel="sms")
    assert tell(sink, bulletin(), now=at(1)) == 2
    assert tell(sink, bulletin(2, kind="update"), now=at(5)) == 0
    reader(3, channel="sms")
    assert tell(sink, bulletin(3, kind="update"), now=at(6)) == 1, "a reader's own first word"
    period = "2026-03-02-1" if setting.endswith("incident") else "2026-03"
    assert asked == [period]
    assert [question.period for question in budget.asked()] == [period]
    assert standing() == [Standing("sms", "budget", 2)]
    assert budget.allow(period, more=1, by="operator:test", now=at(7)) == 1
    assert send(sink, now=at(7)) == 1
    assert tell(sink, bulletin(4, kind="end"), now=at(9)) == 3
    assert AuditEntry.objects.filter(action__startswith="budget.").count() == 2


def test_allowing_what_nobody_asked_for_is_refused() -> None:
    with pytest.raises(BudgetError):
        budget.allow("2026-03", more=5, by="operator:test", now=at(1))


def test_the_command_shows_what_waits_and_lets_it_go(
    sink: Sink, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CONFIGURATION = replace(settings.CONFIGURATION, sms_ceiling_per_incident=1)
    settings.CLOCK = FixedClock(at(6))
    monkeypatch.setattr("tocsin.runtime.startup.start", lambda **_: None)
    reader(channel="sms")
    tell(sink, bulletin(), now=at(1))
    tell(sink, bulletin(2, kind="update"), now=at(5))
    shown = CliRunner().invoke(app, ["show"]).output
    assert "sms 1 held for budget" in shown
    assert "tocsin outbox allow 2026-03-02-1" in shown
    assert CliRunner().invoke(app, ["allow", "2026-03-02-1", "--more", "10"]).exit_code == 0
    assert standing() == [Standing("sms", "", 1)]


def test_an_address_that_fails_for_good_again_and_again_is_suppressed_with_the_reason(sink: Sink) -> None:
    reader()
    sink.failure = DeliveryError("email.refused", "550 no such user", permanent=True)
    for number in range(FAILURES):
        assert Subscriber.objects.get().suppressed_at is None
        tell(sink, bulletin(incident=f"i{number}", functions=(f"f{number}",)), now=at(number * 11))
    row = Subscriber.objects.get()
    assert (row.suppressed_for, row.failures) == ("email.refused", FAILURES)
    sink.failure = None
    assert tell(sink, opening(9), now=at(99)) == 0


def test_one_that_is_reached_again_starts_anew(sink: Sink) -> None:
    reader()
    sink.failure = DeliveryError("email.refused", "550 full", permanent=True)
    tell(sink, bulletin(), now=at(1))
    sink.failure = None
    tell(sink, bulletin(2, kind="update"), now=at(5))
    assert Subscriber.objects.get().failures == 0


def test_a_browser_that_unsubscribed_is_suppressed_at_once(sink: Sink) -> None:
    reader(channel="webpush")
    sink.failure = DeliveryError("webpush.gone", "HTTP 410", permanent=True)
    tell(sink, bulletin(), now=at(1))
    assert Subscriber.objects.get().suppressed_for == "webpush.gone"


def test_first_words_go_before_updates_that_wait_longer(sink: Sink) -> None:
    reader()
    tell(sink, bulletin(), now=at(1))
    services.enqueue(bulletin(2, kind="update"), now=at(2))
    services.enqueue(bulletin(incident="other", functions=("tarify",)), now=at(3))
    send(sink, now=at(3))
    assert sink.kinds == ["first", "first", "update"]
    assert not OutboxMessage.objects.filter(sent_at=None).exists()
