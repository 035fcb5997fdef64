"""Reading what notifications keep: subscribers, the outbox, the words around a bulletin."""

import hmac
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from datetime import datetime
from functools import cache, partial
from hashlib import sha256
from typing import Any, cast

from django.conf import settings
from django.db.models import Count, Max, Q
from django.forms.models import model_to_dict
from django.urls import reverse
from django.utils import translation
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext
from pydantic import TypeAdapter

from tocsin.catalog.queries import load_pack, pack_folder
from tocsin.catalog.rules.model import Pack
from tocsin.kernel.clock import format_moment
from tocsin.kernel.language import LANGUAGES, Language
from tocsin.kernel.plugins import load_plugins
from tocsin.notifications.models import OutboxMessage, Subscriber
from tocsin.notifications.ports import ENTRY_POINTS, Channel, ChannelFactory, ChannelSettings
from tocsin.notifications.rules.letter import marks
from tocsin.notifications.rules.model import Labels, Letter, Link, Message, Section, Subscription, Told

_LETTER = TypeAdapter(Letter)
_TOLD = TypeAdapter(Told)
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
            manage=gettext("Change what you hear of"),
            drill=gettext("Exercise"),
            unofficial=gettext("Unofficial demonstration"),
            replay_short=gettext("Replay"),
            replay=gettext("Replay: the times in this message are simulated."),
            comes_and_goes_short=gettext("Comes and goes"),
            comes_and_goes=gettext("It comes and goes. We write again when it has lasted or ended."),
            several=gettext("Several things do not work"),
        )


def letter_to_json(letter: Letter) -> dict[str, Any]:
    """Return a letter as the outbox stores it."""
    return cast("dict[str, Any]", _LETTER.dump_python(letter, mode="json"))


def letter_from_json(stored: Mapping[str, Any]) -> Letter:
    """Read a stored letter back."""
    return _LETTER.validate_python(stored)


def told_from_json(stored: Mapping[str, Any]) -> Told:
    """Read back what the rules ask of a stored announcement."""
    return _TOLD.validate_python(stored)


def as_language(code: str) -> Language:
    """Return a language in which Tocsin speaks; English for any other."""
    return next((language for language in LANGUAGES if language == code), "en")


def subscription_of(row: Subscriber) -> Subscription:
    """Return what a subscriber asked for."""
    return Subscription(
        audience=row.audience,
        functions=tuple(row.functions),
        region=row.region,
        package=row.package,
        least="down" if row.least == "down" else "degraded",
        with_drills=row.with_drills,
        is_on_duty=row.is_on_duty,
    )


def wish_to_json(wish: Subscription) -> dict[str, Any]:
    """Return what was chosen beside the audience, as a request that is still to be confirmed keeps it."""
    return {
        "functions": list(wish.functions),
        "region": wish.region,
        "package": wish.package,
        "least": wish.least,
        "with_drills": wish.with_drills,
        "is_on_duty": wish.is_on_duty,
    }


def wish_from_json(audience: str, stored: Mapping[str, Any]) -> Subscription:
    """Read such choices back; what an older version did not ask is not chosen."""
    return Subscription(
        audience=audience,
        functions=tuple(stored["functions"]),
        region=stored.get("region", ""),
        package=stored.get("package", ""),
        least="down" if stored.get("least") == "down" else "degraded",
        with_drills=bool(stored.get("with_drills", False)),
        is_on_duty=stored.get("is_on_duty"),
    )


def address_checker(channel: str) -> Callable[[str], str] | None:
    """Return what writes an address of a channel as it should be, or raises; None where there is no such channel.

    It is the module's function `check_address` beside the plug-in's factory, or the channel's own method.
    """
    factory = load_plugins(ENTRY_POINTS).get(channel)
    if factory is None:
        return None
    checker = getattr(sys.modules[factory.__module__], "check_address", None)
    return checker or getattr(channels().get(channel), "check_address", None)


def everything_about(row: Subscriber) -> dict[str, Any]:
    """Return all that is held about a subscriber: what they chose, and what was sent to them, as plain values."""
    fields = [name for name in model_to_dict(row) if name not in {"id", "choices", "address_hash"}]
    messages = OutboxMessage.objects.filter(subscriber=row).order_by("created_at", "pk")
    return {name: _plain(getattr(row, name)) for name in fields} | {
        "messages": [
            {
                "bulletin": bulletin or "",
                "created_at": _plain(created_at),
                "sent_at": _plain(sent_at),
                "failed_at": _plain(failed_at),
                "last_error": last_error,
            }
            for bulletin, created_at, sent_at, failed_at, last_error in messages.values_list(
                "announcement__bulletin", "created_at", "sent_at", "failed_at", "last_error"
            )
        ]
    }


def _plain(value: object) -> object:
    return format_moment(value) if isinstance(value, datetime) else value


def subscriptions_of(address: str) -> list[Subscriber]:
    """Return every subscription of an address, whatever became of it, oldest first."""
    written = address.strip()
    rows = Subscriber.objects.filter(address__in={written, written.lower()})
    return list(rows.order_by("requested_at", "pk"))


def by_token(token: str, *, purpose: str) -> Subscriber | None:
    """Return the subscriber whom a signed link stands for; None when the link is not one of ours for that purpose."""
    handle, _, proof = token.rpartition(".")
    if not constant_time_compare(proof, _proof(handle, purpose)):
        return None
    return Subscriber.objects.filter(handle=handle).first()


def token_for(row: Subscriber, *, purpose: str) -> str:
    """Return the signed token that stands for a subscriber in links of one purpose (`confirm`, `leave`, `manage`).

    Forty characters, so that a link fits into a text message: the proof is 96 bits of an HMAC.
    """
    return signed(row.handle, purpose=purpose)


def signed(handle: str, *, purpose: str) -> str:
    """Return the token for a handle."""
    return f"{handle}.{_proof(handle, purpose)}"


def _proof(handle: str, purpose: str) -> str:
    made = hmac.digest(_key(purpose, settings.SECRET_KEY), handle.encode(), "sha256")
    return urlsafe_b64encode(made[:12]).decode()


@cache
def _key(purpose: str, secret: str) -> bytes:
    """Return the key of one purpose, made once: a hundred thousand links are signed with it at a time."""
    return sha256(f"notifications.{purpose}|{secret}".encode()).digest()


def link(row: Subscriber, *, purpose: str) -> str:
    """Return the whole address of the page that confirms, changes or ends a subscription."""
    return link_of(row.handle, purpose=purpose)


def link_of(handle: str, *, purpose: str) -> str:
    """Return such a link for a handle."""
    return _link_start(purpose) + signed(handle, purpose=purpose) + "/"


def _link_start(purpose: str) -> str:
    return str(settings.CONFIGURATION.base_url).rstrip("/") + _path(purpose)


@cache
def _path(purpose: str) -> str:
    return reverse(f"subscriptions:{purpose}", args=["x"]).removesuffix("x/")


def read_ahead() -> None:
    """Read what every message needs, so that the first one of an outage does not wait for it."""
    pack()
    for language in LANGUAGES:
        labels(language)
    link_of("nobody", purpose="leave")


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


def confirmation_sms(row: Subscriber) -> str:
    """Return the same question as one text message: what it is, and the link."""
    language = as_language((row.pending or {}).get("language", row.language))
    with translation.override(language):
        question = gettext("Confirm messages when something does not work:")
    said = [mark.long for mark in marks(labels(language), is_official=pack().authority is not None, is_drill=False)]
    return " ".join([*(f"{mark}." for mark in said), question, link(row, purpose="confirm")])


def channel_builders() -> dict[str, Callable[[], Channel]]:
    """Return what builds each configured channel, by name: every lane has an instance of its own."""
    return {name: partial(_channel, name) for name in channels()}


def _channel(name: str) -> Channel:
    return channels()[name]


def channels() -> dict[str, Channel]:
    """Build every configured channel from its plug-in, by name."""
    factories: dict[str, ChannelFactory] = load_plugins(ENTRY_POINTS)
    given = _channel_settings()
    built = {name: factory(given) for name, factory in factories.items()}
    return {name: channel for name, channel in built.items() if channel is not None}


def _channel_settings() -> ChannelSettings:
    authority = pack().authority
    return ChannelSettings(
        smtp_url=settings.CONFIGURATION.smtp_url,
        mail_from=settings.CONFIGURATION.mail_from,
        sender_name="Tocsin" if authority is None else authority.name["en"],
        data_folder=settings.CONFIGURATION.data_folder,
        base_url=settings.CONFIGURATION.base_url,
        sms_file=settings.CONFIGURATION.sms_file,
        has_webhooks=settings.CONFIGURATION.has_webhooks,
        has_webpush=settings.CONFIGURATION.has_webpush,
        apprise_services=settings.CONFIGURATION.apprise_services,
        may_reach_private=settings.CONFIGURATION.channels_may_reach_private,
    )


def text_counter() -> Callable[[Message], int] | None:
    """Return what counts how many text messages one costs; None where no channel sends any."""
    return _text_counter(settings.CONFIGURATION.sms_file)


@cache
def _text_counter(sms_file: str) -> Callable[[Message], int] | None:
    # What a text costs hangs on its alphabet alone, not on who carries it: once a process is enough.
    factory: ChannelFactory | None = load_plugins(ENTRY_POINTS).get("sms") if sms_file else None
    channel = None if factory is None else factory(_channel_settings())
    return getattr(channel, "units", None)


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What became of a bulletin's messages."""

    waiting: int
    sent: int
    failed: int
    withdrawn: int
    held: int
    last_sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How many messages of a channel wait, and what for (empty: for their turn)."""

    channel: str
    held_for: str
    count: int


def standing() -> list[Standing]:
    """Return what waits, by channel and reason: "why has it not gone yet?" for the console."""
    rows = OutboxMessage.objects.filter(WAITING).order_by("channel", "held_for")
    return [Standing(*each) for each in rows.values_list("channel", "held_for").annotate(count=Count("pk"))]


def deliveries(bulletin: str) -> Deliveries:
    """Count a bulletin's messages: "what have we told whom?" for the console."""
    return deliveries_of([bulletin]).get(bulletin, Deliveries(0, 0, 0, 0, 0, None))


def deliveries_of(bulletins: Iterable[str]) -> dict[str, Deliveries]:
    """Count the messages of several bulletins in one question; one that nobody was told of is left out."""
    rows = OutboxMessage.objects.filter(announcement__bulletin__in=list(bulletins)).values("announcement__bulletin")
    counted = rows.annotate(
        waiting=Count("pk", filter=WAITING),
        sent=Count("sent_at"),
        failed=Count("failed_at"),
        withdrawn=Count("withdrawn_at"),
        held=Count("pk", filter=WAITING & ~Q(held_for="")),
        last_sent_at=Max("sent_at"),
    )
    names = [field.name for field in dataclass_fields(Deliveries)]
    listed = counted.order_by().values_list("announcement__bulletin", *names)
    return {name: Deliveries(*counts) for name, *counts in listed}
