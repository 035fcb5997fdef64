"""What an HTTP probe is, and the TOML file that lists them.

[[probes]]
id = "p-sts"
service = "sts"                  # as in the pack
function = "open_session"        # optional: the probe plays a whole function
url = "https://sts.example.org/health"
interval_s = 30                  # default 60
timeout_s = 5                    # default 5: until the whole answer is there
expect_status = 200              # default 200
expect_text = "ready"            # optional
"""

import tomllib
from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tocsin.catalog.rules.model import Pack
from tocsin.kernel.errors import ConfigurationError

_LONGEST_TIMEOUT_S: Final = 60.0
_SHORTEST_INTERVAL_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """A GET that a service must answer in time, with this status, and with this text in it if one is given."""

    id: str
    service: str
    url: str
    function: str | None = None
    interval_s: float = 60.0
    timeout_s: float = 5.0
    expect_status: int = 200
    expect_text: str = ""

    @property
    def interval(self) -> timedelta:
        """How long from one run to the next."""
        return timedelta(seconds=self.interval_s)


def read_probes(path: Path, *, pack: Pack) -> tuple[HttpProbe, ...]:
    """Return the file's probes; raises `ConfigurationError` naming the probe and what to mend."""
    try:
        stored = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ConfigurationError("probes.unreadable", f"The file cannot be read ({error}).", where=str(path)) from error
    probes = tuple(
        _probe(entry, where=f"{path}: probe {number + 1}") for number, entry in enumerate(stored.get("probes", []))
    )
    for number, probe in enumerate(probes):
        where = f"{path}: {probe.id}"
        _check_known("service", probe.service, pack.services, where=where)
        if probe.function is not None:
            _check_known("function", probe.function, pack.functions, where=where)
        if any(probe.id == other.id for other in probes[:number]):
            raise ConfigurationError("probes.twice", "Two probes have the same id.", where=where)
    return probes


def _probe(entry: dict[str, Any], *, where: str) -> HttpProbe:
    kinds = {field.name: field.type for field in fields(HttpProbe)}
    for name, value in entry.items():
        if name not in kinds:
            known = ", ".join(kinds)
            raise ConfigurationError("probes.unknown", f"There is no setting {name!r}.", where=where, hint=known)
        _check_kind(name, value, str(kinds[name]), where=where)
    missing = [name for name in ("id", "service", "url") if not entry.get(name)]
    if missing:
        raise ConfigurationError("probes.missing", f"The probe lacks {missing[0]!r}.", where=where)
    probe = HttpProbe(**entry)
    target = urlsplit(probe.url)
    if target.scheme not in {"http", "https"} or not target.hostname or target.username:
        raise ConfigurationError(
            "probes.url",
            f"{probe.url!r} cannot be probed.",
            where=where,
            hint="Give http(s)://host/…, without a password.",
        )
    if not 0 < probe.timeout_s <= _LONGEST_TIMEOUT_S or probe.interval_s < _SHORTEST_INTERVAL_S:
        raise ConfigurationError(
            "probes.time",
            f"timeout_s must be at most {_LONGEST_TIMEOUT_S:.0f} and interval_s at least {_SHORTEST_INTERVAL_S:.0f}.",
            where=where,
        )
    return probe


def _check_kind(name: str, value: object, kind: str, *, where: str) -> None:
    wanted: tuple[type, ...] = (int, float) if "float" in kind else (int,) if "int" in kind else (str,)
    if isinstance(value, bool) or not isinstance(value, wanted):
        words = "a number" if int in wanted else "a text"
        raise ConfigurationError("probes.kind", f"{name} must be {words}.", where=where)


def _check_known(what: str, value: str, known: Collection[str], *, where: str) -> None:
    if value not in known:
        raise ConfigurationError(
            "probes.unknown_id", f"The pack has no {what} {value!r}.", where=where, hint=f"It knows {', '.join(known)}."
        )
