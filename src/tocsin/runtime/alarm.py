"""Raises the alarm that Tocsin itself stands still: by page to whoever is on duty, and by plain mail besides.

The mail goes straight to the mail server, past database and outbox: they may be what stands still.
"""

import logging
import smtplib
import ssl
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from tocsin.kernel.clock import SystemClock
from tocsin.kernel.language import LocalizedText
from tocsin.plugins.channels.email.channel import parse_url
from tocsin.runtime.configuration import Configuration
from tocsin.runtime.watch import Stall

log = logging.getLogger(__name__)

SENT_WITHIN_S = 20.0

STOPPED: LocalizedText = {
    "en": "Tocsin itself stands still. What the public pages say is no longer renewed.",
    "fr": "Tocsin lui-même est à l'arrêt. Les pages publiques ne sont plus mises à jour.",
    "nl": "Tocsin zelf staat stil. De openbare pagina's worden niet meer bijgewerkt.",
    "de": "Tocsin selbst steht still. Die öffentlichen Seiten werden nicht mehr erneuert.",
}
QUEUED: LocalizedText = {
    "en": "Tocsin sends no messages at the moment. The public pages are renewed.",
    "fr": "Tocsin n'envoie plus de messages pour le moment. Les pages publiques sont à jour.",
    "nl": "Tocsin verstuurt nu geen berichten. De openbare pagina's worden bijgewerkt.",
    "de": "Tocsin verschickt zurzeit keine Nachrichten. Die öffentlichen Seiten werden erneuert.",
}
GOES_ON: LocalizedText = {
    "en": "Tocsin works again.",
    "fr": "Tocsin fonctionne de nouveau.",
    "nl": "Tocsin werkt weer.",
    "de": "Tocsin arbeitet wieder.",
}


def words(stalls: Sequence[Stall]) -> LocalizedText:
    """Return what an alarm says, in four languages; without a stall, that all goes on."""
    if not stalls:
        return GOES_ON
    return QUEUED if all(stall.part == "outbox" for stall in stalls) else STOPPED


def raise_alarm(configuration: Configuration, stalls: Sequence[Stall]) -> None:
    """Log it, and tell people beside this thread: a mail server that hangs holds up no watch."""
    log.error("%s %s", words(stalls)["en"], _facts(stalls))
    for tell in (send_mail, page_duty):
        threading.Thread(target=_guarded, args=(tell, configuration, stalls), name="alarm", daemon=True).start()


def send_mail(configuration: Configuration, stalls: Sequence[Stall]) -> None:
    """Hand a plain mail to the mail server; does nothing where no contact or no server is configured."""
    if not configuration.watch_contacts or not configuration.smtp_url:
        return
    server = parse_url(configuration.smtp_url)
    kind = smtplib.SMTP_SSL if server.security == "smtps" else smtplib.SMTP
    with kind(server.host, server.port, timeout=SENT_WITHIN_S) as connection:
        if server.security == "smtp+starttls":
            connection.starttls(context=ssl.create_default_context())
        if server.user:
            connection.login(server.user, server.password)
        connection.send_message(_mail(configuration, stalls))


def page_duty(_configuration: Configuration, stalls: Sequence[Stall]) -> None:
    """Page whoever is on duty, through the outbox like anything else; where that stands still, the mail remains."""
    from django.db import close_old_connections

    from tocsin.notifications.paging import page
    from tocsin.notifications.rules.paging import Page

    if not stalls:
        return
    now = SystemClock().now()
    since = now - timedelta(seconds=max(stall.for_s for stall in stalls))
    key = f"tocsin_ails|{since:%Y-%m-%dT%H:%M}|{'+'.join(stall.part for stall in stalls)}"
    try:
        page(Page("tocsin_ails", key, subject=words(stalls), at=since), now=now)
    finally:
        close_old_connections()


def _guarded(
    tell: Callable[[Configuration, Sequence[Stall]], None], configuration: Configuration, stalls: Sequence[Stall]
) -> None:
    try:
        tell(configuration, stalls)
    except Exception:
        log.exception("this way of raising the alarm failed")


def _facts(stalls: Sequence[Stall]) -> str:
    return ", ".join(f"{stall.part}: {stall.for_s:.0f} s" for stall in stalls)


def _mail(configuration: Configuration, stalls: Sequence[Stall]) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = configuration.mail_from
    mail["To"] = ", ".join(configuration.watch_contacts)
    mail["Subject"] = f"Tocsin: {words(stalls)['en']}"
    mail["Date"] = formatdate()
    mail["Message-ID"] = make_msgid(domain="tocsin.invalid")
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("\n".join([*words(stalls).values(), "", _facts(stalls)]))
    return mail
