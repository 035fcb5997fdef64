"""The e-mail channel against servers that want TLS, a login, or are not what they should be."""

import gc
import socket
import ssl
import subprocess
import warnings
from asyncio import WriteTransport
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from email.headerregistry import Address
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from announcements import at
from mailbox_server import Mailbox, smtp_server
from tocsin.kernel.errors import ConfigurationError, DeliveryError
from tocsin.notifications.ports import UNREACHABLE, ChannelSettings
from tocsin.notifications.rules.model import Letter, Message
from tocsin.plugins.channels.email import channel as email
from tocsin.plugins.channels.email.channel import EmailChannel, Server, build, parse_url

SENDER = Address("Tocsin", "tocsin", "example.org")
MESSAGE = Message("key", "reader@example.org", at(0), "thread", Letter("en", "Subject", "Headline", ()))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for loopback that only these tests trust, with its key in the same file."""
    path = tmp_path_factory.mktemp("tls") / "loopback.pem"
    given = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", *given, *names, "-keyout", str(path), "-out", str(path.with_suffix(".crt"))]
    subprocess.run(command, check=True, capture_output=True)
    path.write_text(path.read_text() + path.with_suffix(".crt").read_text())
    return path


@pytest.fixture
def server_tls(certificate: Path) -> Iterator[ssl.SSLContext]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    yield context
    swept()


@pytest.fixture
def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate.with_suffix(".crt")))


def open_channel(url: str, *, tls: ssl.SSLContext | None = None) -> Iterator[EmailChannel]:
    channel = EmailChannel(parse_url(url), sender=SENDER, tls=tls)
    yield channel
    channel.close()


def swept() -> None:
    """Sweep up after aiosmtpd, which leaves its half of a connection whose client walked away in the middle of TLS."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def only_reader(*given: object) -> AuthResult:
    data = given[-1]
    assert isinstance(data, LoginPassword)
    return AuthResult(success=(data.login, data.password) == (b"reader", b"p@ss word"), handled=False)


def test_smtps_encrypts_from_the_first_byte(server_tls: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    with smtp_server(Mailbox(), ssl_context=server_tls) as mailbox:
        for channel in open_channel(f"smtps://127.0.0.1:{mailbox.port}", tls=trusting):
            channel.deliver(MESSAGE)
        assert len(mailbox.mails) == 1


def test_starttls_encrypts_before_anything_is_said(server_tls: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    with smtp_server(Mailbox(), tls_context=server_tls, require_starttls=True) as mailbox:
        for channel in open_channel(f"smtp+starttls://127.0.0.1:{mailbox.port}", tls=trusting):
            channel.deliver(MESSAGE)
        assert len(mailbox.mails) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(server_tls: ssl.SSLContext) -> None:
    with smtp_server(Mailbox(), tls_context=server_tls) as mailbox:
        for channel in open_channel(f"smtp+starttls://127.0.0.1:{mailbox.port}"):
            with pytest.raises(DeliveryError, match="CERTIFICATE_VERIFY_FAILED") as caught:
                channel.deliver(MESSAGE)
            assert caught.value.code == UNREACHABLE
        assert mailbox.mails == []


def test_a_server_without_starttls_is_not_spoken_to_in_clear(trusting: ssl.SSLContext) -> None:
    with smtp_server(Mailbox()) as mailbox:
        for channel in open_channel(f"smtp+starttls://127.0.0.1:{mailbox.port}", tls=trusting):
            with pytest.raises(DeliveryError):
                channel.deliver(MESSAGE)
        assert mailbox.mails == []


@pytest.mark.parametrize(("password", "arrive"), [("p%40ss%20word", 1), ("wrong", 0)])
def test_logging_in(password: str, arrive: int, server_tls: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    options = {"authenticator": only_reader, "auth_required": True, "tls_context": server_tls}
    with smtp_server(Mailbox(), **options) as mailbox:
        url = f"smtp+starttls://reader:{password}@127.0.0.1:{mailbox.port}"
        for channel in open_channel(url, tls=trusting):
            if arrive:
                channel.deliver(MESSAGE)
            else:
                with pytest.raises(DeliveryError) as caught:
                    channel.deliver(MESSAGE)
                assert (caught.value.code, caught.value.permanent) == (UNREACHABLE, False)
                assert "wrong" not in str(caught.value)
        assert len(mailbox.mails) == arrive


def test_a_server_that_accepts_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email, "TIMEOUT_S", 0.05)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        for channel in open_channel(f"smtp://127.0.0.1:{silent.getsockname()[1]}"):
            with pytest.raises(DeliveryError) as caught:
                channel.deliver(MESSAGE)
            assert caught.value.code == UNREACHABLE


def test_a_server_that_refuses_our_own_address_loses_nobodys_mail() -> None:
    class Picky(Mailbox):
        async def handle_MAIL(self, *given: object) -> str:  # noqa: N802  (aiosmtpd's name)
            del given
            return "550 sender not known here"

    with smtp_server(Picky()) as mailbox:
        for channel in open_channel(f"smtp://127.0.0.1:{mailbox.port}"):
            with pytest.raises(DeliveryError) as caught:
                channel.deliver(MESSAGE)
            assert (caught.value.code, caught.value.permanent) == (UNREACHABLE, False)


@pytest.mark.parametrize(("answer", "permanent"), [("554 spam", True), ("451 full", False)])
def test_a_server_that_refuses_the_content(answer: str, permanent: bool) -> None:  # noqa: FBT001  (a table)
    class Picky(Mailbox):
        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  (as above)
            del server, session, envelope
            return answer

    with smtp_server(Picky()) as mailbox:
        for channel in open_channel(f"smtp://127.0.0.1:{mailbox.port}"):
            with pytest.raises(DeliveryError, match=answer) as caught:
                channel.deliver(MESSAGE)
            assert (caught.value.code, caught.value.permanent) == ("email.refused", permanent)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://relay.example", Server("smtp", "relay.example", 25)),
        ("smtp+starttls://u:p%40ss@mx.example", Server("smtp+starttls", "mx.example", 587, "u", "p@ss")),
        ("smtps://u:p@mx.example:4650", Server("smtps", "mx.example", 4650, "u", "p")),
    ],
)
def test_reading_the_address_of_a_server(url: str, expected: Server) -> None:
    assert parse_url(url) == expected


@pytest.mark.parametrize("url", ["http://mx.example", "smtp://", "mx.example:25", "smtp://mx.example:many:secret"])
def test_an_address_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_url(url)
    assert caught.value.code == "email.smtp-url"
    assert "secret" not in str(caught.value)


def test_passwords_are_never_printed() -> None:
    settings = ChannelSettings("smtp://u:secret@mx.example", "t@example.org", "Tocsin")
    assert "secret" not in repr(settings)
    assert "secret" not in repr(parse_url(settings.smtp_url))


def test_without_a_server_there_is_no_channel_and_a_sender_must_be_an_address() -> None:
    assert build(ChannelSettings("", "t@example.org", "Tocsin")) is None
    with pytest.raises(ConfigurationError) as caught:
        build(ChannelSettings("smtp://mx.example", "not an address", "Tocsin"))
    assert caught.value.code == "email.mail-from"


def test_a_connection_that_is_lost_in_the_midst_is_opened_again() -> None:
    class Hanging(Mailbox):
        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  (as above)
            if not self.sessions:
                self.sessions.append(session)
                assert isinstance(server.transport, WriteTransport)
                server.transport.abort()
            return await super().handle_DATA(server, session, envelope)

    with smtp_server(Hanging()) as mailbox:
        for channel in open_channel(f"smtp://127.0.0.1:{mailbox.port}"):
            with pytest.raises(DeliveryError) as caught:
                channel.deliver(MESSAGE)
            assert (caught.value.code, caught.value.permanent) == (UNREACHABLE, False)
            channel.deliver(MESSAGE)
        assert len(mailbox.mails) >= 1


def test_an_address_that_mail_cannot_carry_is_final() -> None:
    with smtp_server(Mailbox()) as mailbox:
        for channel in open_channel(f"smtp://127.0.0.1:{mailbox.port}"):
            with pytest.raises(DeliveryError) as caught:
                channel.deliver(replace(MESSAGE, recipient="zoë@example.org"))
            assert (caught.value.code, caught.value.permanent) == ("email.unwritable", True)
