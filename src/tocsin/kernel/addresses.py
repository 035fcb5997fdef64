"""Where Tocsin may be made to call when somebody else gives the address: the public internet, and nothing inside.

A subscriber's webhook, a browser's push service and a chat server are addresses that strangers type in. Each is
checked twice: as text when it is given (`outward_url`), and as numbers each time a connection is opened (`reachable`):
the name is resolved once, every address it has is checked, and the connection then goes to a checked one. So a name
that answers differently a moment later (DNS rebinding) reaches nothing inside.
"""

import ipaddress
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from tocsin.kernel.errors import InputError

type LookUp = Callable[[str, int], list[str]]
"""Host and port → the addresses it has; raises `OSError` when there are none."""

PORTS: Final = frozenset({443, 8443, 8448})
"""HTTPS, its usual second port, and the one between Matrix servers."""

PLAIN_PORTS: Final = frozenset({80, 8080})

LONGEST_URL: Final = 2000
_SCHEME_PORTS: Final = {"https": 443, "http": 80}
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
_INSIDE: Final = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "onion")
_GLOBAL_UNICAST: Final = ipaddress.ip_network("2000::/3")
_TUNNELS: Final = tuple(ipaddress.ip_network(network) for network in ("2001::/32", "2002::/16"))
"""Teredo and 6to4 carry an IPv4 address within: whoever routes them decides where they end. NAT64 and the mapped and
compatible forms lie outside of 2000::/3, and so are refused with it."""


@dataclass(frozen=True, slots=True)
class OutwardPolicy:
    """How far an address may reach. `may_reach_private` (tests, inside networks) lifts the limits on ports too."""

    may_use_http: bool = False
    may_reach_private: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Whom a connection is made to; what can be shared between requests."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """Host and port as a `Host` header and an address write them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _SCHEME_PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


@dataclass(frozen=True, slots=True)
class OutwardUrl:
    """An address that was checked as text: an origin, and what is asked of it (path and query)."""

    origin: Origin
    target: str

    def __str__(self) -> str:
        return f"{self.origin}{self.target}"


def outward_url(text: str, *, policy: OutwardPolicy) -> OutwardUrl:
    """Return an address to which something may be sent, normalised; raises `InputError` saying what is wrong."""
    parts = _split(text)
    scheme = parts.scheme.lower()
    if scheme not in _SCHEME_PORTS or (scheme == "http" and not (policy.may_use_http or policy.may_reach_private)):
        raise InputError("outward.scheme", "The address must begin with https://.")
    host = _host(parts.hostname or "")
    origin = Origin(scheme, host, parts.port or _SCHEME_PORTS[scheme])
    if not policy.may_reach_private:
        _check_outside(origin, policy=policy)
    return OutwardUrl(origin, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def reachable(origin: Origin, *, policy: OutwardPolicy, look_up: LookUp | None = None) -> tuple[str, ...]:
    """Return the checked addresses of an origin, in the resolver's order; connect to these and to nothing else.

    Raises `InputError` when any of them lies inside, and `OSError` when the name cannot be resolved.
    """
    found = (look_up or addresses_of)(origin.host, origin.port)
    inside = [] if policy.may_reach_private else [address for address in found if not is_public(address)]
    if inside:
        raise InputError("outward.private", f"{origin.host} is at {inside[0]}, which is not a public address.")
    return tuple(found)


def addresses_of(host: str, port: int) -> list[str]:
    """Ask the machine's resolver; raises `OSError` when the name cannot be resolved."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Say whether a numeric address is one that anybody on the internet can reach, and that names one place only."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if not parsed.is_global or parsed.is_multicast or parsed.is_reserved:
        return False
    if parsed.version == 4:  # noqa: PLR2004  the protocol's own number
        return True
    return parsed in _GLOBAL_UNICAST and not any(parsed in tunnel for tunnel in _TUNNELS)


def _split(text: str) -> SplitResult:
    is_clean = text.isascii() and text.isprintable() and " " not in text and "\\" not in text
    if not is_clean or not 0 < len(text) <= LONGEST_URL:
        raise _malformed()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise _malformed() from error
    if not parts.hostname or parts.username is not None or parts.password is not None or parts.fragment or port == 0:
        raise _malformed()
    return parts


def _host(text: str) -> str:
    host = text.rstrip(".").lower()
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        if not _HOST.fullmatch(host) or ".." in host:
            raise _malformed() from None
        return host


def _check_outside(origin: Origin, *, policy: OutwardPolicy) -> None:
    ports = PORTS | PLAIN_PORTS if policy.may_use_http else PORTS
    if origin.port not in ports:
        raise InputError("outward.port", f"Port {origin.port} is not one that we call.")
    is_inside_name = any(origin.host == name or origin.host.endswith(f".{name}") for name in _INSIDE)
    is_number = bool(re.fullmatch(r"[0-9a-fx.]*[0-9]|.*:.*", origin.host))
    if is_inside_name or (is_number and not is_public(origin.host)) or not re.search(r"[.:]", origin.host):
        raise InputError("outward.private", f"{origin.host} is not an address on the public internet.")


def _malformed() -> InputError:
    return InputError(
        "outward.malformed",
        "This is not an address that can be called.",
        hint="Write https://host/path, without a password or a #.",
    )
