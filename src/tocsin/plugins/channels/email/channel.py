"""E-mail over SMTP: plain (to a relay on the same machine), STARTTLS or TLS, as `smtp_url` says.

`smtp://[user:password@]host[:port]` · `smtp+starttls://…` · `smtps://…`. One connection serves a batch. Every
answer of the server is sorted into *again later* (4xx, lost connection) and *never* (5xx about this recipient).
"""

import re
import smtplib
import ssl
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Final
from urllib.parse import unquote, urlsplit

from tocsin.kernel.errors import ConfigurationError, DeliveryError, InputError
from tocsin.notifications.ports import UNREACHABLE, ChannelSettings
from tocsin.notifications.rules.model import Message
from tocsin.plugins.channels.email.bulk import Bulk
from tocsin.plugins.channels.email.connection import Answer, LostBeforeContentError, transmit

TIMEOUT_S: Final = 10.0
"""For each step of the conversation: a server that needs longer to answer is better tried again later."""

LONGEST: Final = 254
"""RFC 5321: no address is longer."""

_ADDRESS: Final = re.compile(
    r"(?=.{1,64}@)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
"""Plain addresses in ASCII: what quoting would allow beyond it is used by nobody and by forgers."""

_PORTS: Final = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_FIRST_PERMANENT_CODE: Final = 500
_CLOSING_CODE: Final = 421


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed over, read from `smtp_url`. The password is never printed."""

    security: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)


def parse_url(url: str) -> Server:
    """Read `smtp_url`; raises `ConfigurationError` when it is not one (not repeated there: it may hold a password)."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in _PORTS or not parts.hostname or port == -1:
        raise ConfigurationError(
            "email.smtp-url",
            "This is not an address of a mail server.",
            where="smtp_url",
            hint="Write smtp://host:25, smtp+starttls://user:password@host:587 or smtps://user:password@host:465.",
        )
    return Server(
        security=parts.scheme,
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def check_address(address: str) -> str:
    """Return an address as it is kept; raises `InputError` where it is none, or holds what could forge a header."""
    # Mail systems treat the part after the @ without case, and in practice the part before it too.
    cleaned = address.strip().lower()
    if len(cleaned) > LONGEST or not _ADDRESS.fullmatch(cleaned):
        raise InputError("subscription.address", "This is not an e-mail address.", hint="Write name@example.org.")
    return cleaned


def build(settings: ChannelSettings) -> "EmailChannel | None":
    """Build the channel from what the operator configured; None when no mail server is."""
    if not settings.smtp_url:
        return None
    _, address = parseaddr(settings.mail_from)
    try:
        sender = Address(display_name=settings.sender_name, addr_spec=address)
    except (ValueError, MessageError) as error:  # the library says it now one way, now the other
        raise ConfigurationError(
            "email.mail-from", "This is not an e-mail address.", where="mail_from", hint="Write name@example.org."
        ) from error
    return EmailChannel(parse_url(settings.smtp_url), sender=sender)


class EmailChannel:
    """Sends messages through one SMTP server, over one connection until `close`."""

    def __init__(self, server: Server, *, sender: Address, tls: ssl.SSLContext | None = None) -> None:
        """Take the server and who speaks; `tls` replaces the machine's own trust, for a private authority."""
        self._server = server
        self._sender = sender
        self._tls = tls
        self._connection: smtplib.SMTP | None = None
        self._bulk = Bulk(sender)

    def check_address(self, address: str) -> str:
        """Return an address as it is kept; raises `InputError` where it is none."""
        return check_address(address)

    def deliver(self, message: Message) -> None:
        """Hand one message to the server; raises `DeliveryError` (see `Channel`)."""
        try:
            content = self._bulk.write(message)
        except ValueError as error:
            raise DeliveryError("email.unwritable", f"No e-mail can be made of it: {error}.", permanent=True) from error
        answer = self._transmitted(message.recipient, content)
        if not answer.is_refusal:
            return
        if answer.code == _CLOSING_CODE or answer.step == "mail":
            # It closes, or refuses our own address: the operator's to mend, and nobody's mail is lost.
            self.close()
            raise _unreachable(smtplib.SMTPResponseException(answer.code, answer.text))
        raise _refused(answer.code, answer.text)

    def _transmitted(self, recipient: str, content: bytes) -> Answer:
        is_fresh = self._connection is None
        connection = self._connected()
        try:
            return transmit(connection, sender=self._sender.addr_spec, recipient=recipient, content=content)
        except (smtplib.SMTPException, OSError, UnicodeEncodeError) as error:
            self.close()
            if isinstance(error, UnicodeEncodeError):
                raise DeliveryError("email.unwritable", "This address is not ASCII.", permanent=True) from error
            if is_fresh or not isinstance(error, LostBeforeContentError):
                raise _unreachable(error) from error
        # A server closes a connection that was idle: nothing of this mail was taken, so it is said again at once.
        return self._transmitted(recipient, content)

    def close(self) -> None:
        """Say goodbye to the server."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.quit()
        except (smtplib.SMTPException, OSError):
            connection.close()

    def _connected(self) -> smtplib.SMTP:
        if self._connection is None:
            try:
                self._connection = self._connect()
            except (smtplib.SMTPException, OSError) as error:
                raise _unreachable(error) from error
        return self._connection

    def _connect(self) -> smtplib.SMTP:
        server, tls = self._server, self._tls or ssl.create_default_context()
        if server.security == "smtps":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=tls)
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
        try:
            if server.security == "smtp+starttls":
                connection.starttls(context=tls)
            if server.user:
                connection.login(server.user, server.password)
            connection.ehlo_or_helo_if_needed()
        except BaseException:
            connection.close()
            raise
        return connection


def _refused(code: int, answer: bytes | str) -> DeliveryError:
    words = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    return DeliveryError("email.refused", f"{code} {words}", permanent=code >= _FIRST_PERMANENT_CODE)


def _unreachable(error: Exception) -> DeliveryError:
    # Also a refused login or a certificate that does not hold: the operator's to mend, and the same for every message.
    return DeliveryError(UNREACHABLE, f"{type(error).__name__}: {error}", permanent=False, where="smtp_url")
