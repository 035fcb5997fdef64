"""E-mail as it really arrives: through a real SMTP server, parsed as a mail program would."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from announcements import at, audience_text, bulletin
from mailbox_server import Mailbox, smtp_server
from tocsin.kernel.clock import FixedClock, ReplayClock
from tocsin.notifications import announcing, services
from tocsin.notifications.models import OutboxMessage, Subscriber
from tocsin.notifications.queries import pack
from tocsin.notifications.rules.model import Subscription

pytestmark = pytest.mark.django_db


class Page(HTMLParser):
    """What a reader of the HTML part gets: its language, headings and links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.language, self.headings, self.links, self.open_tags = "", 0, list[str](), list[str]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self.language = given.get("lang") or ""
        self.headings += tag in {"h1", "h2"}
        if tag == "a":
            self.links.append(given.get("href") or "")
        assert "style" not in given
        assert tag not in {"script", "style", "img", "table"}


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[Mailbox]:
    with smtp_server(Mailbox()) as mailbox:
        settings.CONFIGURATION = replace(
            settings.CONFIGURATION,
            smtp_url=f"smtp://127.0.0.1:{mailbox.port}",
            mail_from="alarm@tocsin.example",
            base_url="http://testserver",
        )
        settings.CLOCK = FixedClock(at(5))
        yield mailbox


def subscriber(
    address: str = "reader@example.org", *, language: str = "fr", audience: str = "pharmacist"
) -> Subscriber:
    wish = Subscription(audience)
    return services.add_subscriber(address=address, language=language, wish=wish, by="operator:test", now=at(-60))


def send_all() -> int:
    return services.work(FixedClock(at(5)))


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert isinstance(found, EmailMessage)
    content = found.get_content()
    assert isinstance(content, str)
    return content


def test_a_mail_says_the_same_in_text_and_html_in_the_readers_language(mailbox: Mailbox) -> None:
    subscriber(language="fr")
    services.enqueue(bulletin(), now=at(3))
    assert send_all() == 1
    (mail,) = mailbox.mails
    assert mail["To"] == "reader@example.org"
    assert mail["From"].addresses[0].addr_spec == "alarm@tocsin.example"
    assert mail["Subject"] == "[Démonstration non officielle] Dispensing fails fr"
    assert mail["Content-Language"] == "fr"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == at(3)
    assert mail.get_content_type() == "multipart/alternative"
    text, html = part(mail, "plain"), part(mail, "html")
    for line in ("Prescriptions cannot be retrieved – “é”. fr", "Ask for the paper proof. fr", "Not confirmed yet. fr"):
        assert line in text
        assert line in html
    assert "MAINTENANT" in text
    assert "Call the <prescriber> & note it. fr" in text
    assert "Call the &lt;prescriber&gt; &amp; note it. fr" in html
    assert text.index("Démonstration non officielle") < text.index("Prescriptions cannot")
    assert html.index("Démonstration non officielle") < html.index("Prescriptions cannot")
    page = Page(html)
    assert (page.language, page.headings) == ("fr", 4)
    assert page.links[0].endswith("/fr/pharmacist/")


def test_it_travels_as_seven_bit_utf8_with_lines_that_every_server_carries(mailbox: Mailbox) -> None:
    subscriber(language="de")
    long = audience_text()
    services.enqueue(bulletin(texts={"pharmacist": replace(long, now=long.now * 60)}), now=at(3))
    send_all()
    (mail,) = mailbox.mails
    parts = [each for each in mail.walk() if not each.is_multipart()]
    assert [each.get_content_charset() for each in parts] == ["utf-8", "utf-8"]
    raw = mail.as_bytes()
    assert raw.isascii()
    assert max(map(len, raw.splitlines())) <= 998


def test_an_outage_is_one_thread_and_another_outage_another(mailbox: Mailbox) -> None:
    subscriber()
    for each in (bulletin(), bulletin(2, kind="update"), bulletin(3, kind="end"), bulletin(incident="2026-03-02-2")):
        services.enqueue(each, now=at(3))
        send_all()
    first, update, end, other = mailbox.mails
    assert first["In-Reply-To"] is None
    assert update["In-Reply-To"] == end["In-Reply-To"] == update["References"] == first["Message-ID"]
    assert other["In-Reply-To"] is None
    ids = {mail["Message-ID"] for mail in mailbox.mails}
    assert len(ids) == 4
    assert all(identity.endswith("@tocsin.example>") for identity in ids)


def test_a_second_copy_can_be_told_by_its_message_id(mailbox: Mailbox) -> None:
    subscriber()
    services.enqueue(bulletin(), now=at(3))
    send_all()
    OutboxMessage.objects.update(sent_at=None, due_at=at(0))
    send_all()
    first, again = mailbox.mails
    assert first["Message-ID"] == again["Message-ID"]
    assert first["X-Tocsin-Message"] == again["X-Tocsin-Message"]


def test_a_mail_programs_own_button_leaves_in_one_click(mailbox: Mailbox) -> None:
    row = subscriber()
    services.enqueue(bulletin(), now=at(3))
    send_all()
    (mail,) = mailbox.mails
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = mail["List-Unsubscribe"].strip("<>")
    assert address in Page(part(mail, "html")).links
    assert address in part(mail, "plain")
    body = {"List-Unsubscribe": "One-Click"}
    answer = Client(enforce_csrf_checks=True).post(urlsplit(address).path, body)
    assert answer.status_code == 200
    row.refresh_from_db()
    assert row.left_at == at(5)
    services.enqueue(bulletin(2, kind="update"), now=at(6))
    assert send_all() == 0


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", "Changer ce que vous recevez"),
        ("nl", "Wijzig wat u ontvangt"),
        ("de", "Ändern, was Sie bekommen"),
        ("en", "Change what you hear of"),
    ],
)
def test_every_mails_foot_leads_to_changing_beside_leaving(
    mailbox: Mailbox, client: Client, language: str, words: str
) -> None:
    subscriber(language=language)
    services.enqueue(bulletin(), now=at(3))
    send_all()
    (mail,) = mailbox.mails
    text, html = part(mail, "plain"), part(mail, "html")
    (link,) = [address for address in Page(html).links if "/manage/" in address]
    assert f"{words}\n{link}\n" in text.replace("\r\n", "\n")
    assert f'">{words}</a>' in html
    assert html.index("/manage/") < html.index("/leave/")
    assert "reader@example.org" in client.get(urlsplit(link).path).content.decode()


def test_looking_at_the_link_leaves_nothing_changed(mailbox: Mailbox, client: Client) -> None:
    row = subscriber(language="nl")
    services.enqueue(bulletin(), now=at(3))
    send_all()
    path = urlsplit(mailbox.mails[0]["List-Unsubscribe"].strip("<>")).path
    answer = client.get(path)
    assert answer.status_code == 200
    assert "Schrijf mij niet meer" in answer.content.decode()
    row.refresh_from_db()
    assert row.left_at is None


@pytest.mark.parametrize(
    ("language", "button"),
    [
        ("fr", "Oui, écrivez-moi"),
        ("nl", "Ja, stuur mij berichten"),
        ("de", "Ja, schreiben Sie mir"),
        ("en", "Yes, write to me"),
    ],
)
def test_from_the_form_to_the_first_message(mailbox: Mailbox, client: Client, language: str, button: str) -> None:
    data = {"address": "New@Example.org", "audience": "pharmacist", "language": language}
    assert client.post(f"/subscribe/?language={language}", data).status_code == 302
    services.enqueue(bulletin(), now=at(3))
    assert send_all() == 1
    (invitation,) = mailbox.mails
    assert invitation["List-Unsubscribe"] is None
    assert invitation["Content-Language"] == language
    (link,) = [address for address in Page(part(invitation, "html")).links if "/confirm/" in address]
    assert "example.org" not in link
    assert button in client.get(urlsplit(link).path).content.decode()
    assert not Subscriber.objects.filter(confirmed_at__isnull=False).exists()
    assert client.post(urlsplit(link).path).status_code == 200
    services.enqueue(bulletin(2, kind="update"), now=at(6))
    assert send_all() == 1
    assert mailbox.mails[1]["To"] == "new@example.org"
    assert mailbox.mails[1]["Subject"].endswith(f" {language}")


def test_with_an_authority_it_speaks_in_its_name_and_is_no_demonstration(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from announcements import words
    from tocsin.catalog.rules.model import Authority
    from tocsin.notifications import queries

    official = replace(pack(), authority=Authority(name=words("The authority"), help_desk=words("02")))
    monkeypatch.setattr(queries, "pack", lambda: official)
    monkeypatch.setattr(services, "pack", lambda: official)
    monkeypatch.setattr(announcing, "pack", lambda: official)
    subscriber(language="en")
    services.enqueue(bulletin(), now=at(3))
    send_all()
    (mail,) = mailbox.mails
    assert mail["Subject"] == "Dispensing fails en"
    assert mail["From"].addresses[0].display_name == "The authority en"
    assert "Unofficial" not in part(mail, "plain")


def test_a_replay_says_that_its_times_are_simulated(mailbox: Mailbox) -> None:
    subscriber(language="en")
    services.enqueue(bulletin(), now=at(3))
    services.work(ReplayClock(origin=at(3), anchor_s=datetime.now(UTC).timestamp(), speed=60))
    (mail,) = mailbox.mails
    assert mail["Subject"] == "[Unofficial demonstration] [Replay] Dispensing fails en"
    assert "the times in this message are simulated" in part(mail, "plain")


def test_no_message_shows_one_reader_anothers_address(mailbox: Mailbox) -> None:
    for name in ("a", "b", "c"):
        subscriber(f"{name}@example.org")
    services.enqueue(bulletin(), now=at(3))
    assert send_all() == 3
    for mail in mailbox.mails:
        raw = mail.as_string()
        assert [name for name in "abc" if f"{name}@example.org" in raw] == [mail["To"][0]]


@pytest.mark.parametrize(("answer", "is_final"), [("550 no such user", True), ("450 greylisted", False)])
def test_a_refused_recipient_is_final_or_tried_again_and_stops_nobody_else(
    mailbox: Mailbox,
    answer: str,
    is_final: bool,  # noqa: FBT001  (a table)
) -> None:
    mailbox.answers = [answer]
    for name in ("a", "b"):
        subscriber(f"{name}@example.org")
    services.enqueue(bulletin(), now=at(3))
    assert send_all() == 1
    assert [mail["To"] for mail in mailbox.mails] == ["b@example.org"]
    row = OutboxMessage.objects.get(subscriber__address="a@example.org")
    assert (row.failed_at is not None) is is_final
    assert answer in row.last_error


def test_a_server_that_closes_is_left_alone_until_the_next_batch(mailbox: Mailbox) -> None:
    mailbox.answers = ["421 closing"]
    for name in ("a", "b"):
        subscriber(f"{name}@example.org")
    services.enqueue(bulletin(), now=at(3))
    assert send_all() == 0
    assert send_all() == 1
    assert OutboxMessage.objects.filter(failed_at=None).count() == 2


def test_a_batch_uses_one_connection(mailbox: Mailbox) -> None:
    for n in range(5):
        subscriber(f"s{n}@example.org")
    services.enqueue(bulletin(), now=at(3))
    assert send_all() == 5
    assert len({id(session) for session in mailbox.sessions}) == 1
