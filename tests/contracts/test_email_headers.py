"""A subject arrives as it was written, whatever its length and accents."""

from email import message_from_bytes
from email.headerregistry import Address
from email.policy import default

import pytest

from announcements import at
from tocsin.notifications.rules.model import Letter, Message
from tocsin.plugins.channels.email.mime import as_email

SENDER = Address("Tocsin", "tocsin", "example.org")


@pytest.mark.parametrize(
    "subject",
    [
        # Python's own folding doubles the space before an encoded word that falls on the line's end.
        "[Inoffizielle Demonstration] Neuer Stand 8.25 Uhr, nachgespielt, Seite: Sie können sich nicht anmelden",
        "Neuer Stand 8.25 Uhr, Inoffizielle Demonstration und Nachgespielt heute: Sie können sich nicht anmelden",
        "Du neuf à 8 h 25 : impossible de vous connecter à eHealth, et cela depuis plus de quarante minutes déjà",
        "Update",
    ],
)
def test_a_subject_arrives_as_it_was_written(subject: str) -> None:
    message = Message("key", "reader@example.org", at(0), "thread", Letter("de", subject, "Headline", ()))
    received = message_from_bytes(as_email(message, sender=SENDER).as_bytes(), policy=default)
    assert received["subject"] == subject


def test_body_lines_stay_short_enough_for_every_server() -> None:
    message = Message("key", "reader@example.org", at(0), "thread", Letter("fr", "Sujet", "é" * 500, ()))
    raw = as_email(message, sender=SENDER).as_bytes()
    assert max(len(line) for line in raw.splitlines()) < 998
    body = raw.partition(b"\r\n\r\n")[2]
    assert max(len(line) for line in body.splitlines()) <= 78
