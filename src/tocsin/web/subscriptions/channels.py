"""Which channel an address belongs to: told by its form, so that nobody has to choose one from a list."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from tocsin.notifications.queries import channels

EMAIL: Final = "email"
PUSH: Final = "webpush"
WEBHOOK: Final = "webhook"
CHAT: Final = "apprise"
SMS: Final = "sms"

SENTENCES: Final = {
    "subscription.address": _("This is not an e-mail address. It looks like name@example.org."),
    "subscription.channel": _("We cannot write there. Give an e-mail address."),
    "sms.number": _("This is not a telephone number. Write it like 0470 12 34 56."),
    "sms.country": _("We send no text messages to this country. Give an e-mail address instead."),
    "sms.mobile": _("This is not a mobile number. Give one, or an e-mail address."),
    "webpush.address": _("This browser gave us nothing that we can use. Write an address below instead."),
    "outward.malformed": _("This address cannot be called. It looks like https://host.example.org/path."),
    "outward.scheme": _("The address must begin with https://."),
    "outward.port": _("We call ports 443, 8443 and 8448 only."),
    "outward.private": _("This address is not on the public internet: we cannot reach it."),
    "apprise.service": _("We cannot write into this chat service. Look at the list below."),
    "apprise.address": _("This is not the address of a chat room. Look at the examples below."),
}
"""What a person reads for each code with which an address is refused."""


@cache
def offered() -> Mapping[str, Any]:
    """Return the channels that the operator configured, by name; built once a process, only to be asked."""
    return channels()


def channel_of(address: str, *, offering: Collection[str]) -> str:
    """Return the channel whose addresses look like this one; e-mail for whatever looks like none of them."""
    given = address.strip()
    scheme, separator, _rest = given.partition("://")
    if separator:
        if scheme.lower() not in {"http", "https"}:
            return CHAT
        return CHAT if CHAT in offering and _is_chat_room(given) else WEBHOOK
    looks_like_a_number = bool(given) and all(each.isdigit() or each in "+ ()./-\u00a0" for each in given)
    return SMS if looks_like_a_number else EMAIL


def sentence(code: str) -> str:
    """Return what to tell somebody whose address was refused."""
    return str(SENTENCES.get(code, SENTENCES["subscription.address"]))


def _is_chat_room(address: str) -> bool:
    # The chat services' own webhook addresses begin with https:// too, and take no message of ours as it is.
    recognises = getattr(offered().get(CHAT), "recognises", None)
    return bool(recognises and recognises(address))
