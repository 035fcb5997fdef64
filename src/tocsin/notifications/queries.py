"""Reading what notifications keep: subscribers, the outbox, the words around a bulletin."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from pydantic import TypeAdapter

from tocsin.catalog.queries import load_pack, pack_folder
from tocsin.catalog.rules.model import Pack
from tocsin.kernel.language import LANGUAGES, Language
from tocsin.kernel.plugins import load_plugins
from tocsin.notifications.models import OutboxMessage, Subscriber
from tocsin.notifications.ports import ENTRY_POINTS, Channel, ChannelFactory, ChannelSettings
from tocsin.notifications.rules.letter import marks
from tocsin.notifications.rules.model import Labels, Letter, Link, Section, Subscription

_LETTER = TypeAdapter(Letter)
WAITING = Q(sent_at=None, failed_at=None, withdrawn_at=None)
"""Messages that are still to be sent."""


@cache
def pack() -> Pack:
    """Return the federation that people subscribe to; read once a process."""
    return load_pack(pack_folder(settings.CONFIGURATION.pack))


@cache
def labels(language: Language) -> Labels:
    """Return the words around a bulletin's own text."""
    with translation.override(language):
        return Labels(
            now=gettext("Now:"),
            paid=gettext("Reimbursement:"),
            avoid=gettext("Do not:"),
            next_update=gettext("Next message:"),
            duties=gettext("Afterwards:"),
            page=gettext("See what applies at this moment"),
            why=gettext("You receive this because you asked to be told when something does not work."),
            leave=gettext("Stop these messages"),
            drill=gettext("Exercise"),
            unofficial=gettext("Unofficial demonstration"),
            replay_short=gettext("Replay"),
            replay=gettext("Replay: the times in this message are simulated."),
        )


def letter_to_json(letter: Letter) -> dict[str, Any]:
    """Return a letter as the outbox stores it."""
    return cast("dict[str, Any]", _LETTER.dump_python(letter, mode="json"))


def letter_from_json(stored: Mapping[str, Any]) -> Letter:
    """Read a stored letter back."""
    return _LETTER.validate_json(json.dumps(stored))


def as_language(code: str) -> Language:
    """Return a language in which Tocsin speaks; English for any other."""
    return next((language for language in LANGUAGES if language == code), "en")


def subscription_of(row: Subscriber) -> Subscription:
    """Return what a subscriber asked for."""
    return Subscription(audience=row.audience, functions=tuple(row.functions))


def active_subscribers(audiences: Iterable[str]) -> QuerySet[Subscriber]:
    """Return those who confirmed and did not leave, of some audiences, in the order in which they asked."""
    active = Subscriber.objects.filter(confirmed_at__isnull=False, left_at=None, audience__in=list(audiences))
    return active.order_by("requested_at", "pk")


def heard_of(thread: str) -> set[int]:
    """Return the subscribers (primary keys) to whom something about an outage was addressed."""
    told = OutboxMessage.objects.filter(thread=thread, subscriber__isnull=False)
    return set(told.values_list("subscriber_id", flat=True).distinct()) - {None}


def by_token(token: str, *, purpose: str) -> Subscriber | None:
    """Return the subscriber whom a signed link stands for; None when the link is not one of ours for that purpose."""
    try:
        handle = Signer(salt=f"notifications.{purpose}").unsign(token)
    except BadSignature:
        return None
    return Subscriber.objects.filter(handle=handle).first()


def token_for(row: Subscriber, *, purpose: str) -> str:
    """Return the signed token that stands for a subscriber in links of one purpose (`confirm` or `leave`)."""
    return Signer(salt=f"notifications.{purpose}").sign(row.handle)


def link(row: Subscriber, *, purpose: str) -> str:
    """Return the whole address of the page that confirms or ends a subscription."""
    path = reverse(f"subscriptions:{purpose}", args=[token_for(row, purpose=purpose)])
    return str(settings.CONFIGURATION.base_url).rstrip("/") + path


def page_address(language: Language, audience: str) -> str:
    """Return the address of the public page for one language and profession."""
    return f"{settings.CONFIGURATION.site_url.rstrip('/')}/{language}/{audience}/"


def confirmation_letter(row: Subscriber) -> Letter:
    """Return the letter that asks whether somebody really wants to be told, in the language they asked in."""
    language = as_language((row.pending or {}).get("language", row.language))
    own = labels(language)
    with translation.override(language):
        return Letter(
            language=language,
            subject=gettext("Please confirm: messages when something does not work"),
            headline=gettext("Do you want us to write to you when something does not work?"),
            sections=(
                Section("", (pack().audiences[row.audience].plural[language],)),
                Section("", (gettext("Click to confirm. The link is good for 48 hours."),)),
                Section("", (gettext("You did not ask for this? Then do nothing: we will not write again."),)),
            ),
            marks=marks(own, is_official=pack().authority is not None, is_drill=False),
            action=Link(gettext("Yes, write to me"), link(row, purpose="confirm")),
        )


def channels() -> dict[str, Channel]:
    """Build every configured channel from its plug-in, by name."""
    authority = pack().authority
    given = ChannelSettings(
        smtp_url=settings.CONFIGURATION.smtp_url,
        mail_from=settings.CONFIGURATION.mail_from,
        sender_name="Tocsin" if authority is None else authority.name["en"],
    )
    factories: dict[str, ChannelFactory] = load_plugins(ENTRY_POINTS)
    built = {name: factory(given) for name, factory in factories.items()}
    return {name: channel for name, channel in built.items() if channel is not None}


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What became of a bulletin's messages."""

    waiting: int
    sent: int
    failed: int
    withdrawn: int
    last_sent_at: datetime | None


def deliveries(bulletin: str) -> Deliveries:
    """Count a bulletin's messages: "what have we told whom?" for the console."""
    rows = OutboxMessage.objects.filter(bulletin=bulletin)
    counts = rows.aggregate(
        waiting=Count("pk", filter=WAITING),
        sent=Count("sent_at"),
        failed=Count("failed_at"),
        withdrawn=Count("withdrawn_at"),
    )
    last = rows.filter(sent_at__isnull=False).order_by("-sent_at").values_list("sent_at", flat=True).first()
    return Deliveries(**counts, last_sent_at=last)
