"""The ceiling of text messages: what it counts, whom it asks, and what two ceilings do together."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from announcements import at, audience_text, bulletin, words
from factories import console as make
from tocsin.accounts.roster import set_contacts, set_duty
from tocsin.accounts.rules import PAGE_KINDS
from tocsin.bulletins.rules.model import BulletinKind
from tocsin.kernel.clock import FixedClock
from tocsin.notifications import budget, services
from tocsin.notifications.errors import BudgetError
from tocsin.notifications.models import OutboxMessage, Subscriber
from tocsin.notifications.queries import letter_from_json
from tocsin.notifications.rules.model import Letter, Message, Subscription
from tocsin.notifications.rules.paging import Called, Page
from tocsin.runtime import calling
from tocsin.runtime.calling import page_who_is_due

pytestmark = pytest.mark.django_db

OUTAGE, MONTH = "2026-03-02-1", "2026-03"


class Sink:
    def deliver(self, message: Message) -> None:
        """Take it."""

    def close(self) -> None:
        """Hold nothing."""


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> None:
    settings.CLOCK = FixedClock(at(0))


@pytest.fixture
def by_text(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "sms.toml").write_text(
        '[[providers]]\nname = "only"\nkind = "smpp"\nhost = "127.0.0.1"\nport = 9\nuser = "tocsin"\n'
        f'secret_file = "{tmp_path / "secret"}"\n'
    )
    settings.CONFIGURATION = replace(settings.CONFIGURATION, sms_file=str(tmp_path / "sms.toml"))


def ceilings(settings: Settings, *, outage: int = 0, month: int = 0) -> None:
    settings.CONFIGURATION = replace(
        settings.CONFIGURATION, sms_ceiling_per_incident=outage, sms_ceiling_per_month=month
    )


def readers(count: int) -> None:
    for number in range(count):
        wish = Subscription("pharmacist")
        row = services.add_subscriber(
            address=f"s{number}@example.org", language="en", wish=wish, by="test", now=at(-60)
        )
        Subscriber.objects.filter(pk=row.pk).update(channel="sms")


def send(now: datetime) -> int:
    return services.work(FixedClock(now), machine=FixedClock(now), channels_given={"sms": Sink(), "email": Sink()})


def tell(number: int = 1, *, kind: BulletinKind = "first", at_minute: float = 1, sms: str = "It fails.") -> int:
    text = replace(audience_text(), sms=words(sms))
    services.enqueue(bulletin(number, kind=kind, texts={"pharmacist": text}), now=at(at_minute))
    return send(at(at_minute))


def of_kind(kind: str) -> list[int]:
    rows = OutboxMessage.objects.filter(announcement__kind=kind).order_by("pk")
    return list(rows.values_list("units", flat=True))


def pages() -> list[Letter]:
    rows = OutboxMessage.objects.filter(dedup_key__startswith="ceiling|").order_by("pk")
    return [letter_from_json((row.payload or {})["letter"]) for row in rows]


@pytest.mark.usefixtures("by_text")
def test_what_is_paid_for_is_counted_not_messages(settings: Settings) -> None:
    ceilings(settings, outage=100)
    readers(2)
    tell(sms="x" * 400)
    assert of_kind("first") == [3, 3]
    assert budget.spending_of(OUTAGE) == budget.Spending(OUTAGE, 6, 100, 0)


@pytest.mark.usefixtures("by_text")
def test_one_outside_the_short_alphabet_costs_more(settings: Settings) -> None:
    ceilings(settings, outage=100)
    readers(1)
    tell(sms="ж" * 100)
    assert of_kind("first") == [2]


@pytest.mark.usefixtures("by_text")
def test_a_long_update_passes_a_ceiling_that_as_many_short_ones_do_not(settings: Settings) -> None:
    ceilings(settings, outage=4)
    readers(2)
    assert tell() == 2
    assert tell(2, kind="update", at_minute=5, sms="x" * 200) == 0
    (question,) = budget.questions()
    assert (question.period, question.spent, question.ceiling, question.waiting) == (OUTAGE, 2, 4, 4)


def test_without_a_channel_that_counts_each_is_one() -> None:
    readers(1)
    tell(sms="x" * 400)
    assert of_kind("first") == [1]


@pytest.mark.usefixtures("by_text")
def test_a_link_that_confirms_counts_too(settings: Settings) -> None:
    ceilings(settings, month=100)
    settings.CONFIGURATION = replace(settings.CONFIGURATION, base_url=f"https://{'x' * 60}.example.org")
    services.subscribe(
        channel="sms", address="0470123456", language="fr", wish=Subscription("doctor"), sender="x", now=at(0)
    )
    spending = budget.spending_of(MONTH)
    assert spending is not None
    assert spending.spent == OutboxMessage.objects.get().units == 2


def test_allowing_lets_go_so_many_and_goes_on_asking_while_some_wait(settings: Settings) -> None:
    ceilings(settings, outage=1)
    readers(3)
    assert tell() == 3, "first words never wait, whatever they cost"
    assert tell(2, kind="update", at_minute=5) == 0
    assert budget.allow(OUTAGE, more=2, by="ann", now=at(6)) == 2
    assert [(each.waiting, each.spent, each.ceiling) for each in budget.questions()] == [(1, 5, 5)]
    assert budget.allow(OUTAGE, more=1, by="ann", now=at(7)) == 1
    assert budget.questions() == []
    assert budget.asked() == []


def test_a_message_goes_when_both_ceilings_have_room(settings: Settings) -> None:
    ceilings(settings, outage=2, month=2)
    readers(2)
    tell()
    tell(2, kind="update", at_minute=5)
    assert [each.period for each in budget.questions()] == [OUTAGE, MONTH]
    assert budget.allow(OUTAGE, more=2, by="ann", now=at(6)) == 0
    assert [each.period for each in budget.questions()] == [MONTH]
    assert budget.allow(MONTH, more=2, by="ann", now=at(7)) == 2
    assert budget.questions() == []


def test_where_one_answer_runs_into_the_other_ceiling_that_is_asked(settings: Settings) -> None:
    ceilings(settings, outage=2, month=3)
    readers(2)
    tell()
    OutboxMessage.objects.update(units=1)
    ceilings(settings, outage=2, month=4)
    tell(2, kind="update", at_minute=5)
    assert [each.period for each in budget.questions()] == [OUTAGE]
    ceilings(settings, outage=2, month=3)
    assert budget.allow(OUTAGE, more=2, by="ann", now=at(6)) == 1
    assert [(each.period, each.is_month, each.waiting) for each in budget.questions()] == [(MONTH, True, 1)]


def test_a_question_whose_messages_were_overtaken_is_shown_no_longer(settings: Settings) -> None:
    ceilings(settings, outage=1)
    readers(1)
    tell()
    tell(2, kind="update", at_minute=5)
    tell(3, kind="end", at_minute=9)
    assert budget.questions() == []


def test_without_a_ceiling_any_more_what_waits_may_go(settings: Settings) -> None:
    ceilings(settings, outage=1)
    readers(1)
    tell()
    tell(2, kind="update", at_minute=5)
    ceilings(settings)
    assert [(each.ceiling, each.waiting) for each in budget.questions()] == [(0, 1)]
    assert budget.allow(OUTAGE, more=1, by="ann", now=at(6)) == 1


@pytest.mark.parametrize("more", [0, -1])
def test_allowing_nothing_is_refused(more: int, settings: Settings) -> None:
    ceilings(settings, outage=1)
    readers(1)
    tell()
    tell(2, kind="update", at_minute=5)
    with pytest.raises(BudgetError):
        budget.allow(OUTAGE, more=more, by="ann", now=at(6))


def test_a_month_is_that_of_brussels(settings: Settings) -> None:
    ceilings(settings, month=9)
    readers(1)
    services.enqueue(bulletin(), now=datetime(2026, 3, 31, 22, 30, tzinfo=UTC))  # the first of April, 0:30
    send(datetime(2026, 3, 31, 22, 30, tzinfo=UTC))
    spent = [(period, found.spent) for period in ("2026-03", "2026-04") if (found := budget.spending_of(period))]
    assert spent == [("2026-03", 0), ("2026-04", 1)]


def on_duty(name: str = "ann", *, language: str = "fr") -> None:
    make.operator(name, language=language)
    set_contacts(name, email=f"{name}@example.org", phone="", pages=PAGE_KINDS, by=name, now=at(0))
    set_duty(name, is_on_duty=True, by=name, now=at(0))


def test_whoever_is_on_duty_is_paged_once_for_each_question(settings: Settings) -> None:
    ceilings(settings, outage=1)
    on_duty()
    readers(2)
    tell()
    tell(2, kind="update", at_minute=5)
    tell(3, kind="update", at_minute=6)
    (letter,) = pages()
    assert letter.subject.startswith("Des SMS attendent votre accord")
    assert "2 attendent" in letter.headline
    assert letter.action is not None
    assert letter.action.address.endswith("/console/sending/")


def test_a_page_about_what_nobody_answered_stays_and_one_about_what_is_settled_is_taken_back(
    settings: Settings,
) -> None:
    ceilings(settings, outage=1)
    on_duty()
    readers(1)
    tell()
    services.enqueue(bulletin(2, kind="update"), now=at(5))
    services.work(FixedClock(at(5)), machine=FixedClock(at(5)), channels_given={"sms": Sink()})
    waiting = OutboxMessage.objects.filter(dedup_key__startswith="ceiling|", withdrawn_at=None, sent_at=None)
    page_who_is_due(at(6))
    assert waiting.count() == 1
    budget.allow(OUTAGE, more=9, by="ann", now=at(7))
    page_who_is_due(at(8))
    assert waiting.count() == 0


def test_a_page_that_fails_undoes_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_what: Page, *, now: datetime) -> Called | None:
        raise RuntimeError(now)

    monkeypatch.setattr(calling, "page", fails)
    ceilings(settings, outage=1)
    readers(1)
    tell()
    tell(2, kind="update", at_minute=5)
    assert [each.waiting for each in budget.questions()] == [1]
    assert "nobody could be paged about text messages" in caplog.text
