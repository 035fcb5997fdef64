"""The demo's mail sink takes real SMTP and shows what came."""

import smtplib
import urllib.error
import urllib.request
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tocsin.runtime.demo.mail_sink import MailSink


def send(sink: MailSink, subject: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "tocsin@example.org", "dr@example.org", subject
    message.set_content("Schrijf een papieren voorschrift <model>.")
    place = urlsplit(sink.smtp_url)
    with smtplib.SMTP(place.hostname or "", place.port or 0, timeout=5) as server:
        server.send_message(message)


def page(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own loopback page
        return str(answer.read().decode())


def test_a_message_is_kept_listed_and_readable(tmp_path: Path) -> None:
    with MailSink(tmp_path / "mail") as sink:
        send(sink, "Voorschrijven werkt niet")
        send(sink, "Voorschrijven werkt weer")
        listed = page(sink.page_url)
        shown = page(sink.page_url + "0001.eml")
    assert "Mail that was sent: 2" in listed
    assert listed.index("werkt weer") < listed.index("werkt niet"), "newest first"
    assert "Schrijf een papieren voorschrift &lt;model&gt;." in shown
    assert [path.name for path in sorted((tmp_path / "mail").iterdir())] == ["0001.eml", "0002.eml"]


def test_an_unknown_message_is_not_found(tmp_path: Path) -> None:
    with MailSink(tmp_path) as sink, pytest.raises(urllib.error.HTTPError, match="404"):
        page(sink.page_url + "../secret-key")
