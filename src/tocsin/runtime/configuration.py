"""What an operator configures: a TOML file, overridden by `TOCSIN_*` environment variables.

Read once at start-up; every problem is reported with what is wrong and how to mend it. Secrets come from files or
the environment and are never printed.
"""

import hashlib
import json
import os
import re
import secrets
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from tocsin.kernel.errors import ConfigurationError

UMASK = 0o027
"""Owner and group may read what we write, the world not: the database holds password hashes and subscribers'
addresses, and the libraries that make such files ask for no mode of their own. The group is for a web server that
serves the pages."""

FOLDER_MODE = 0o750
"""The data folder itself, for the same reason."""


LONGEST_SOCKET_PATH = 100

NUMBERS = frozenset({"email_per_second", "sms_ceiling_per_incident", "sms_ceiling_per_month"})
TRUTHS = frozenset({"debug", "probes_may_reach_private", "has_webhooks", "has_webpush", "channels_may_reach_private"})
CHAT_SERVICES = (
    *("discord", "gchat", "gotifys", "matrixs", "mmosts", "nctalks", "ntfys", "pover", "rockets", "slack", "tgram"),
    *("webex", "wxteams", "workflow", "workflows", "zulip"),
)
"""Chat services whose rooms may be subscribed, as Apprise calls them; `workflows` is Teams."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything configurable, with its default.

    `data_folder` holds everything Tocsin writes. `pack` is a folder or the name of a shipped pack. `base_url` is
    where the console and API are reached, `site_url` where the public pages are. `smtp_url` is
    `smtp://[user:password@]host:port` (`smtps://` for TLS, `smtp+starttls://`). `mail_from` signs e-mail.
    `allowed_hosts` are the names the application answers to. `probes_file` lists the HTTP probes (TOML).
    `intake_file` says what senders of OTLP call services and packages, where that is not what the pack calls them.
    `sms_file` names the providers of text messages (TOML); `apprise_services` the chat services that people may give
    an address of. `channels_may_reach_private` lets addresses that strangers give lead inside: for tests only.
    `email_per_second` is how fast the mail provider takes messages (0: as fast as it answers);
    `sms_ceiling_per_incident` and `sms_ceiling_per_month` are how many text messages may go before somebody is asked
    (0: no ceiling).
    `targets` are the places where the pages are shown besides this machine. `watch_contacts` are the mail addresses
    told when Tocsin itself stands still, `heartbeat_url` is asked once a minute as long as it does not.
    """

    data_folder: Path
    pack: str = "belgium"
    base_url: str = "http://127.0.0.1:8000"
    site_url: str = "http://127.0.0.1:8000/site"
    smtp_url: str = ""
    mail_from: str = "tocsin@localhost"
    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    probes_file: str = ""
    intake_file: str = ""
    probes_may_reach_private: bool = False
    sms_file: str = ""
    has_webhooks: bool = True
    has_webpush: bool = True
    apprise_services: tuple[str, ...] = CHAT_SERVICES
    channels_may_reach_private: bool = False
    email_per_second: int = 0
    sms_ceiling_per_incident: int = 0
    sms_ceiling_per_month: int = 0
    targets: tuple[Mapping[str, Any], ...] = ()
    watch_contacts: tuple[str, ...] = ()
    heartbeat_url: str = field(default="", repr=False)
    debug: bool = False

    @property
    def database(self) -> Path:
        """Where the SQLite database lies."""
        return self.data_folder / "tocsin.sqlite3"

    @property
    def site_folder(self) -> Path:
        """Where the published pages lie."""
        return self.data_folder / "site"

    @property
    def web_socket(self) -> Path:
        """Where the process that holds the port reaches the application; a socket's path has room for 100 bytes."""
        place = self.data_folder / "web.sock"
        if len(os.fsencode(place)) <= LONGEST_SOCKET_PATH:
            return place
        name = hashlib.sha256(os.fsencode(self.data_folder)).hexdigest()[:24]
        return Path(tempfile.gettempdir()) / f"tocsin-{os.getuid()}-{name}.sock"

    @property
    def intake_folder(self) -> Path:
        """Where the intake log lies."""
        return self.data_folder / "intake"

    @property
    def telemetry(self) -> Path:
        """Where the DuckDB file lies; the engine alone opens it."""
        return self.data_folder / "telemetry.duckdb"

    def make_data_folder(self) -> None:
        """Make the data folder, closed to the world; one that is there already keeps the rights that it was given."""
        self.data_folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)

    def secret_key(self) -> str:
        """Return Django's secret, from `TOCSIN_SECRET_KEY` or a file in the data folder made at the first start."""
        given = os.environ.get("TOCSIN_SECRET_KEY")
        if given:
            return given
        path = self.data_folder / "secret-key"
        if not path.exists():
            self.make_data_folder()
            _write_once(path, secrets.token_urlsafe(50))
        return path.read_text().strip()


def _write_once(path: Path, content: str) -> None:
    # Two processes may start together: the one that loses the race reads what the other wrote.
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(content)


def load_configuration(path: Path | None = None) -> Configuration:
    """Read the configuration from `path` (or `TOCSIN_CONFIG`, or none) and the environment.

    From then on, what this process writes is closed to the world: every process of ours comes by here before it writes.
    Raises `ConfigurationError` naming an unknown setting, a file that cannot be read, or a value of the wrong kind.
    """
    os.umask(UMASK)
    given = path or (Path(os.environ["TOCSIN_CONFIG"]) if os.environ.get("TOCSIN_CONFIG") else None)
    stored = _read(given) if given is not None else {}
    known = {field.name: field for field in fields(Configuration)}
    for name in stored:
        if name not in known:
            raise ConfigurationError(
                "configuration.unknown",
                f"There is no setting {name!r}.",
                where=str(given),
                hint="docs/reference/settings.md lists them all.",
            )
    for name in known:
        value = os.environ.get(f"TOCSIN_{name.upper()}")
        if value is not None:
            stored[name] = value
    stored.setdefault("data_folder", "data")
    return Configuration(**{name: _coerced(name, value, given) for name, value in stored.items()})


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise ConfigurationError(
            "configuration.unreadable",
            f"The file cannot be read ({error.strerror}).",
            where=str(path),
            hint="Give an existing file to --config or TOCSIN_CONFIG.",
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(
            "configuration.malformed",
            f"This is not valid TOML: {error}.",
            where=str(path),
            hint="Mend that line.",
        ) from error


def _coerced(name: str, value: object, path: Path | None) -> Any:
    where = f"{path or 'environment'}: {name}"
    if name == "data_folder":
        return Path(str(value)).expanduser().resolve()
    if name == "targets":
        return _tables(value, where)
    if name in {"allowed_hosts", "watch_contacts", "apprise_services"}:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else tuple(_strings(value, where))
        )
    if name in NUMBERS:
        return _number(value, where)
    if name in TRUTHS:
        return _truth(value, where)
    if not isinstance(value, str):
        raise ConfigurationError("configuration.kind", "A text was expected.", where=where, hint="Put it in quotes.")
    return value


def _number(value: object, where: str) -> int:
    if isinstance(value, int | str) and not isinstance(value, bool) and str(value).isdecimal():
        return int(value)
    raise ConfigurationError("configuration.kind", "A whole number was expected.", where=where, hint="0 for no limit.")


def _strings(value: object, where: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigurationError("configuration.kind", "A list of texts was expected.", where=where)
    return value


def _tables(value: object, where: str) -> tuple[Mapping[str, Any], ...]:
    try:
        tables = json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ConfigurationError("configuration.kind", f"This is not JSON: {error}.", where=where) from error
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigurationError("configuration.kind", "A list of tables was expected.", where=where)
    names = [table.get("name") for table in tables]
    if len(set(names)) < len(names) or not all(re.fullmatch(r"[a-z0-9-]{1,40}", str(name)) for name in names):
        raise ConfigurationError(
            "target.name", "Each target needs a name of its own, of small letters, digits and hyphens.", where=where
        )
    for table in tables:
        if not isinstance(table.get("kind"), str) or not isinstance(table.get("url", ""), str):
            raise ConfigurationError(
                "target.setting",
                "`kind` and `url` are texts.",
                where=f"targets.{table['name']}",
                hint="Put them in quotes.",
            )
    return tuple(tables)


def _truth(value: object, where: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if isinstance(value, bool):
        return value
    if str(value).lower() in words:
        return words[str(value).lower()]
    raise ConfigurationError("configuration.kind", "true or false was expected.", where=where)
