"""The console where text messages wait for a ceiling: on its first screen, and on a page of their own."""

from dataclasses import replace

import pytest
from django.http import HttpResponse, HttpResponseBase
from django.test import Client
from pytest_django import Settings

from announcements import at, bulletin
from factories import console as make
from tocsin.audit.models import AuditEntry
from tocsin.kernel.clock import FixedClock
from tocsin.notifications import services
from tocsin.notifications.models import OutboxMessage, Subscriber
from tocsin.notifications.queries import Standing, standing
from tocsin.notifications.rules.model import Message, Subscription

pytestmark = pytest.mark.django_db

PAGE = "/console/sending/"
OUTAGE = "2026-03-02-1"


class Sink:
    def deliver(self, message: Message) -> None:
        """Take it."""

    def close(self) -> None:
        """Hold nothing."""


@pytest.fixture
def console(client: Client, settings: Settings) -> Client:
    settings.CLOCK = FixedClock(at(6))
    settings.CONFIGURATION = replace(settings.CONFIGURATION, sms_ceiling_per_incident=1)
    client.force_login(make.operator())
    return client


@pytest.fixture
def waiting(console: Client) -> Client:
    for number in range(2):
        row = services.add_subscriber(
            address=f"s{number}@example.org", language="en", wish=Subscription("pharmacist"), by="test", now=at(-60)
        )
        Subscriber.objects.filter(pk=row.pk).update(channel="sms")
    for minute, told in ((1, bulletin()), (5, bulletin(2, kind="update"))):
        services.enqueue(told, now=at(minute))
        services.work(FixedClock(at(minute)), machine=FixedClock(at(minute)), channels_given={"sms": Sink()})
    return console


def body(response: HttpResponseBase) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def test_the_first_screen_asks_with_one_button(waiting: Client) -> None:
    html = body(waiting.get("/console/"))
    assert f"The ceiling for incident {OUTAGE} is reached." in html
    assert "Waiting: <strong>2</strong>" in html
    assert 'class="main" data-focus="m">Allow 2 more <kbd>m</kbd>' in html
    assert f'href="{PAGE}"' in html


def test_where_nothing_is_asked_the_first_screen_says_nothing_of_it(console: Client) -> None:
    assert "ceiling" not in body(console.get("/console/"))


def test_the_page_says_what_waits_and_why(waiting: Client) -> None:
    html = body(waiting.get(PAGE))
    assert "<td>sms</td><td>2</td><td>for the ceiling to be raised</td>" in html
    assert '<label for="more-1">How many more</label>' in html


def test_where_nothing_waits_the_page_says_so(console: Client) -> None:
    html = body(console.get(PAGE))
    assert "Nothing is asked" in html
    assert "Nothing waits." in html


@pytest.mark.parametrize(("held_for", "why"), [("quiet", "quiet hours"), ("digest", "gathered"), ("", "for its turn")])
def test_each_reason_has_its_words(held_for: str, why: str, waiting: Client) -> None:
    OutboxMessage.objects.filter(held_for="budget").update(held_for=held_for)
    assert why in body(waiting.get(PAGE))


def test_allowing_lets_them_go_and_is_audited_with_the_name(waiting: Client) -> None:
    answer = waiting.post(f"{PAGE}allow/", {"period": OUTAGE, "more": "2", "next": "/console/"}, follow=True)
    assert answer.redirect_chain == [("/console/", 302)]
    assert "2 messages are on their way." in body(answer)
    assert standing() == [Standing("sms", "", 2)]
    entry = AuditEntry.objects.get(action="budget.allowed")
    assert (entry.actor, entry.subject, entry.facts) == ("ann", OUTAGE, {"more": 2, "freed": 2})


def test_somebody_who_comes_late_is_told_so(waiting: Client) -> None:
    answer = waiting.post(f"{PAGE}allow/", {"period": "2026-03-02-9", "more": "2"}, follow=True)
    assert "somebody was quicker" in body(answer)
    assert answer.redirect_chain == [(PAGE, 302)]


@pytest.mark.parametrize("more", ["", "0", "-1", "many", "1" * 12, "²"])
def test_what_is_no_number_allows_nothing(more: str, waiting: Client) -> None:
    answer = waiting.post(f"{PAGE}allow/", {"period": OUTAGE, "more": more}, follow=True)
    assert "a whole number" in body(answer)
    assert standing() == [Standing("sms", "budget", 2)]


def test_no_link_leads_elsewhere_afterwards(waiting: Client) -> None:
    given = {"period": OUTAGE, "more": "1", "next": "https://elsewhere.example.org/"}
    assert waiting.post(f"{PAGE}allow/", given)["Location"] == PAGE


def test_only_operators_see_and_allow(client: Client) -> None:
    for answer in (client.get(PAGE), client.post(f"{PAGE}allow/", {"period": OUTAGE, "more": "1"})):
        assert answer["Location"].startswith("/login/")


@pytest.mark.parametrize(("language", "said"), [("fr", "plafond"), ("nl", "plafond"), ("de", "Obergrenze")])
def test_it_is_said_in_every_language(language: str, said: str, waiting: Client) -> None:
    waiting.post("/language/", {"language": language, "next": "/"})
    assert said in body(waiting.get("/console/"))
    html = body(waiting.get(PAGE))
    assert said in html
    assert "How many" not in html
