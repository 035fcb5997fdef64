"""Teams, Slack, Matrix and a hundred more chat services, through Apprise: the address is an Apprise URL.

Only of services that the operator listed (`apprise_services`), and never of those that would act on this machine
(write to its log, show a window) or speak another protocol than HTTPS. Apprise is imported at the first message.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLateError
from typing import Any, Final

from tocsin.kernel.addresses import LONGEST_URL, LookUp, OutwardPolicy
from tocsin.kernel.errors import ConfigurationError, DeliveryError, InputError
from tocsin.notifications.ports import ChannelSettings
from tocsin.notifications.rules.model import Message
from tocsin.plugins.channels.email.mime import as_text, one_line

AT_MOST_S: Final = 20.0
_STEP_S: Final = 5.0
"""For connecting, and for each part of an answer."""

GENERIC: Final = frozenset({"json", "jsons", "xml", "xmls", "form", "forms", "apprise", "apprises"})
"""Whatever answers there: webhooks are the signed way to that, so these are for tests."""

NEVER: Final = frozenset(
    {"amqp", "amqps", "dbus", "exec", "file", "glib", "gnome", "irc", "ircs", "kde", "macosx", "mailto", "mailtos"}
    | {"mqtt", "mqtts", "qt", "rsyslog", "smpp", "smpps", "syslog", "vapid", "windows", "deltachat", "deltachats"}
)
"""They act on this machine, or open connections that nothing here can bound."""

_KINDS: Final = {"down": "failure", "degraded": "warning", "ok": "success"}


def build(settings: ChannelSettings) -> "AppriseChannel | None":
    """Build the channel for the services that the operator listed; None where none is."""
    services = tuple(service.strip().lower() for service in settings.apprise_services if service.strip())
    if not services:
        return None
    barred = NEVER if settings.may_reach_private else NEVER | GENERIC
    refused = sorted(set(services) & barred)
    if refused:
        raise ConfigurationError(
            "apprise.service",
            f"{refused[0]} may not be offered: it acts on this machine, or calls whatever it is given.",
            where="apprise_services",
            hint="Take it off the list.",
        )
    return AppriseChannel(services, policy=OutwardPolicy(may_reach_private=settings.may_reach_private))


class AppriseChannel:
    """Writes into chat rooms; see `Channel`."""

    def __init__(
        self,
        services: tuple[str, ...],
        *,
        policy: OutwardPolicy,
        look_up: LookUp | None = None,
        at_most_s: float = AT_MOST_S,
    ) -> None:
        """Take the schemes that are allowed and how far addresses may reach."""
        self._services = frozenset(services)
        self._policy = policy
        self._look_up = look_up
        self._at_most_s = at_most_s
        self._worker: ThreadPoolExecutor | None = None

    def check_address(self, address: str) -> str:
        """Return the address; raises `InputError`: `apprise.service` for one not offered, `apprise.address`."""
        given = address.strip()
        if not given.isprintable() or not given.isascii() or " " in given or len(given) > LONGEST_URL:
            raise _no_address()
        self._room(given)
        return given

    def recognises(self, address: str) -> bool:
        """Say whether this is an address of a chat room that may be subscribed."""
        try:
            self.check_address(address)
        except InputError:
            return False
        return True

    def deliver(self, message: Message) -> None:
        """Write a message; raises `DeliveryError` (see `Channel`)."""
        try:
            room = self._room(message.recipient)
        except InputError as error:
            raise DeliveryError(error.code, error.message, permanent=True) from error
        self._worker = self._worker or ThreadPoolExecutor(max_workers=1, thread_name_prefix="apprise")
        writing = self._worker.submit(self._write, room, message)
        try:
            writing.result(timeout=self._at_most_s)
        except TooLateError as error:
            self.close()  # its thread may hang on for a while; the next message gets another
            raise DeliveryError("apprise.failed", "The service did not answer in time.", permanent=False) from error

    def close(self) -> None:
        """Let go of the thread that writes."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.shutdown(wait=False, cancel_futures=True)

    def _room(self, address: str) -> Any:
        scheme, separator, _ = address.partition("://")
        if not separator:
            raise _no_address()
        is_own_address = scheme.lower() in {"http", "https"}  # as the service itself shows it to whoever copies it
        if scheme.lower() not in self._services and not is_own_address:
            raise self._not_offered()
        room = _instantiate()(address)
        if room is None:
            raise _no_address()
        if self._services.isdisjoint(_schemes(room)):
            raise self._not_offered()
        # What an address may ask for, we decide: no waiting, no repeating, no redirects, no certificate that is none.
        room.retry, room.wait, room.redirects, room.verify_certificate = 0, 0.0, False, True
        room.request_rate_per_sec = 0
        room.socket_connect_timeout = room.socket_read_timeout = _STEP_S
        return room

    def _not_offered(self) -> InputError:
        hint = ", ".join(sorted(self._services))
        return InputError("apprise.service", "Messages cannot be sent to this service.", hint=hint)

    def _write(self, room: Any, message: Message) -> None:
        from tocsin.plugins.channels.apprise.guard import guarded

        letter = message.letter
        said = " ".join(f"[{mark.short}]" for mark in letter.marks)
        with guarded(self._policy, look_up=self._look_up) as refused:
            taken = room.notify(
                title=f"{said} {one_line(letter.subject)}".strip(),
                body=as_text(letter),
                notify_type=_KINDS.get(str(message.facts.get("state")), "info"),
            )
        if refused:
            raise DeliveryError(refused[0].code, refused[0].message, permanent=True)
        if not taken:
            raise DeliveryError("apprise.failed", "The service did not take the message.", permanent=False)


def _schemes(room: Any) -> set[str]:
    named = (room.protocol, room.secure_protocol)
    return {scheme for each in named if each for scheme in ((each,) if isinstance(each, str) else each)}


def _instantiate() -> Callable[[str], Any]:
    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # what it says holds addresses, which hold secrets
    asset = apprise.AppriseAsset(
        app_id="Tocsin", app_desc="Tocsin", secure_logging=True, storage_mode="memory", http_redirects=False
    )
    return lambda address: apprise.Apprise.instantiate(address, asset=asset, suppress_exceptions=True)


def _no_address() -> InputError:
    return InputError("apprise.address", "This is not an address of a chat room.", hint="See the list of services.")
