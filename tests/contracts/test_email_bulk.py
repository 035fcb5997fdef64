"""Mails written in bulk read just as those written one by one, and carry nothing that an address could smuggle in."""

from dataclasses import replace
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from announcements import at
from tocsin.kernel.errors import InputError
from tocsin.notifications.rules.model import Letter, Link, Mark, Message, Section
from tocsin.plugins.channels.email.bulk import Bulk
from tocsin.plugins.channels.email.channel import check_address
from tocsin.plugins.channels.email.mime import as_email

SENDER = Address("Tocsin", "tocsin", "example.org")
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=200)
TOKENS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.=", min_size=1, max_size=150)


def parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def read(raw: bytes) -> tuple[list[tuple[str, str]], list[str]]:
    """Return what a mail program sees; the boundary between the parts is drawn by lot."""
    mail = parsed(raw)
    headers = [(name, str(value)) for name, value in mail.items() if name != "Content-Type"]
    return headers, [part.get_content() for part in mail.iter_parts() if isinstance(part, EmailMessage)]


def message(words: str, token: str, *, opens: bool, number: int = 1) -> Message:
    letter = Letter(
        "fr",
        words,
        words,
        (Section(words, (words, "<b> & “é”")),),
        marks=(Mark("Exercice", words),),
        action=Link(words, "http://site/fr/"),
        footer=words,
        leave=Link(words, f"http://base/subscribe/leave/{token}/"),
        manage=Link(f"{words}!", f"http://base/subscribe/manage/{token}x/") if len(token) % 2 else None,
        opens_thread=opens,
    )
    return Message(f"key{number}", f"r{number}@example.org", at(0), f"thread{number}", letter, variant="one")


@given(words=WORDS, first=TOKENS, second=TOKENS, opens=st.booleans())
def test_in_bulk_it_reads_as_one_by_one(words: str, first: str, second: str, opens: bool) -> None:  # noqa: FBT001  (hypothesis passes by keyword)
    bulk = Bulk(SENDER)
    for number, token in ((1, first), (2, second)):
        given_message = message(words, token, opens=opens, number=number)
        assert read(bulk.write(given_message)) == read(as_email(given_message, sender=SENDER).as_bytes())


@given(token=TOKENS)
def test_lines_stay_short_however_long_the_link(token: str) -> None:
    raw = Bulk(SENDER).write(message("words", token, opens=True))
    body = raw.partition(b"\r\n\r\n")[2]
    assert max(len(line) for line in body.split(b"\r\n")) <= 78
    assert b"\n" not in raw.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org\r\nBcc: b@example.org",
        "a@example.org\nBcc: b@example.org",
        "a@example.org, b@example.org",
        "<a@example.org>",
        "a@example.org\x00",
        "a\u2028@example.org",
        "no-address",
        "zoë@example.org",
    ],
    ids=range(8),
)
def test_an_address_begins_no_header(address: str) -> None:
    with pytest.raises(ValueError, match="header"):
        Bulk(SENDER).write(replace(message("words", "token", opens=True), recipient=address))
    with pytest.raises(InputError):
        check_address(address)


@given(st.text(max_size=100))
def test_an_address_that_is_accepted_is_one_word_of_ascii(text: str) -> None:
    try:
        address = check_address(text)
    except InputError:
        return
    assert address.isascii()
    assert address.count("@") == 1
    assert not set(address) & set(' \r\n,;:<>"()')


@pytest.mark.parametrize("address", ["a" * 10_000_000, "@" * 500, f"{'a.' * 200}@example.org", f"a@{'a' * 300}.org"])
def test_what_is_far_too_long_is_refused_at_once(address: str) -> None:
    with pytest.raises(InputError):
        check_address(address)
