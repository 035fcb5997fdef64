"""What OpenTelemetry's attributes mean to Tocsin (semantic conventions for HTTP, old names included).

| seen                                                      | becomes                                     |
| --------------------------------------------------------- | ------------------------------------------- |
| server span, `http.server.request.duration`               | vantage `front`                             |
| client span, `http.client.request.duration`               | vantage `client`                            |
| status 1xx, 2xx, 3xx                                      | `ok`                                        |
| status 4xx                                                | `rejected`                                  |
| status 408; an `error.type` that speaks of a timeout      | `timeout`                                   |
| status 429                                                | `error`: it is we who cannot take the load  |
| status 5xx; any other `error.type` without a status       | `error`                                     |
| `tocsin.package`, `tocsin.region`                         | package and region; not known (`*`) if absent |

The service is what `tocsin.service` says (on the call or the resource); else, for a client, `peer.service` or
`server.address`, for a server its `service.name`; each through the names of the intake file.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tocsin.observations.rules.model import ANY, Eye, Outcome

type Attributes = Mapping[str, str | int | float | bool]

_STATUS: Final = ("http.response.status_code", "http.status_code")
_TIMEOUT: Final = re.compile(r"time[\s_-]*(?:d[\s_-]*)?out|deadline[\s_-]*exceeded", re.IGNORECASE)
_REQUEST_TIMEOUT: Final = 408
_TOO_MANY: Final = 429
_MAX_NAME: Final = 120


@dataclass(frozen=True, slots=True)
class Names:
    """How senders call what the pack calls otherwise: `service.name` or host name → service id."""

    services: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a series or span is about."""

    vantage: Eye
    service: str
    package: str
    region: str
    outcome: Outcome


def plain(attributes: Iterable[Any]) -> dict[str, str | int | float | bool]:
    """Return protobuf key-values as a plain mapping; lists and maps are left out, nothing here uses them."""
    found: dict[str, str | int | float | bool] = {}
    for attribute in attributes:
        kind = attribute.value.WhichOneof("value")
        if kind in {"string_value", "int_value", "double_value", "bool_value"}:
            found[attribute.key] = getattr(attribute.value, kind)
    return found


def caller(attributes: Attributes, resource: Attributes, *, vantage: Eye, names: Names) -> Caller | None:
    """Return whom these attributes are about; None when they are not about HTTP or do not say how it ended."""
    ended = outcome(attributes)
    if ended is None:
        return None
    package = _first(attributes, resource, keys=("tocsin.package",)) or ANY
    return Caller(
        vantage=vantage,
        service=_service(attributes, resource, vantage=vantage, names=names),
        package=names.packages.get(package, package),
        region=_first(attributes, resource, keys=("tocsin.region",)) or ANY,
        outcome=ended,
    )


def outcome(attributes: Attributes) -> Outcome | None:
    """Return how a call ended; None when nothing says so."""
    error = str(attributes.get("error.type", ""))
    if _TIMEOUT.search(error):
        return Outcome.TIMEOUT
    status = _status(attributes)
    if status is None:
        return Outcome.ERROR if error else None
    if status == _REQUEST_TIMEOUT:
        return Outcome.TIMEOUT
    if status == _TOO_MANY or status >= 500:  # noqa: PLR2004  the hundreds of HTTP
        return Outcome.ERROR
    return Outcome.REJECTED if status >= 400 else Outcome.OK  # noqa: PLR2004  the hundreds of HTTP


def _status(attributes: Attributes) -> int | None:
    for key in _STATUS:
        text = str(attributes.get(key, ""))
        if text.isdecimal() and len(text) == 3:  # noqa: PLR2004  a status has three digits
            return int(text)
    return None


def _service(attributes: Attributes, resource: Attributes, *, vantage: Eye, names: Names) -> str:
    stated = _first(attributes, resource, keys=("tocsin.service",))
    if stated:
        return stated
    # A client's own resource names the client: whom it called is said by the call.
    keys = ("peer.service", "service.peer.name", "server.address", "net.peer.name")
    found = _first(attributes, {}, keys=keys) if vantage is Eye.CLIENT else _first({}, resource, keys=("service.name",))
    found = found or "(no service named)"
    return names.services.get(found, found)


def _first(attributes: Attributes, resource: Attributes, *, keys: tuple[str, ...]) -> str:
    for key in keys:
        for place in (attributes, resource):
            value = str(place.get(key, "")).strip()
            if value:
                return value[:_MAX_NAME]
    return ""
