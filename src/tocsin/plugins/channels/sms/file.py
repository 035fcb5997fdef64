"""The operator's file of providers of text messages (`sms_file`, TOML), read and checked at the start.

sender = "Tocsin"                  # what the telephone shows, where the network allows it
prefixes = ["+32"]                 # countries that are paid for
home = "+32"                       # how a number that begins with 0 is read

[[providers]]                      # asked in this order
name = "first"
kind = "http"                      # or "smpp"
…
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Literal

from tocsin.kernel.addresses import OutwardPolicy, outward_url
from tocsin.kernel.errors import ConfigurationError, InputError

PLACEHOLDERS: Final = frozenset(
    {"to", "digits", "sender", "text", "reference", "coding", "user", "secret", "basic", "user_secret"}
)
OPERATORS: Final = OutwardPolicy(may_use_http=True, may_reach_private=True)
"""The operator gives a provider's address: it may be a modem in the next room."""

_KINDS: Final = ("http", "smpp")
_FORMATS: Final = ("json", "form", "query")
_LONGEST_SENDER: Final = 15
_VALUES: Final = (("Literal", str), ("Mapping", Mapping), ("bool", bool), ("int", int), ("str", str))


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """One provider. `url` to `refused` are for `http`, `host` to `receipts` for `smpp`; the secret is never printed."""

    name: str
    kind: Literal["http", "smpp"]
    sender: str = ""
    user: str = ""
    secret: str = field(default="", repr=False)
    url: str = ""
    format: Literal["json", "form", "query"] = "json"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    success: str = ""
    permanent: tuple[int, ...] = (400, 404, 410, 422)
    refused: tuple[int, ...] = (401, 402, 403, 405, 413, 415, 429, 503)
    host: str = ""
    port: int = 2775
    tls: bool = False
    system_type: str = ""
    receipts: bool = False


@dataclass(frozen=True, slots=True)
class SmsSettings:
    """The whole file."""

    providers: tuple[ProviderSettings, ...]
    sender: str = "Tocsin"
    prefixes: tuple[str, ...] = ("+32",)
    home: str = "+32"


def read_settings(path: Path) -> SmsSettings:
    """Return the file's content; raises `ConfigurationError` naming the provider and what to mend."""
    try:
        stored = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            "sms_file.unreadable", f"The file cannot be read ({error}).", where=str(path)
        ) from error
    entries = stored.pop("providers", [])
    if not isinstance(entries, list) or not entries:
        raise ConfigurationError(
            "sms_file.missing", "The file names no provider.", where=str(path), hint="[[providers]]"
        )
    given = _of_kind(SmsSettings, stored | {"providers": ()}, where=str(path))
    providers = tuple(
        _provider(entry, sender=given.sender, where=f"{path}: provider {number}")
        for number, entry in enumerate(entries, start=1)
    )
    names = [provider.name for provider in providers]
    if len(set(names)) < len(names):
        raise ConfigurationError("sms_file.twice", "Two providers have the same name.", where=str(path))
    _check_numbers(given, where=str(path))
    return SmsSettings(providers, given.sender, given.prefixes, given.home)


def _provider(entry: Any, *, sender: str, where: str) -> ProviderSettings:
    if not isinstance(entry, dict):
        raise ConfigurationError("sms_file.kind", "A table was expected.", where=where, hint="[[providers]]")
    secret = _secret(entry.pop("secret_file", ""), entry.pop("secret_env", ""), where=where)
    provider = _of_kind(ProviderSettings, {"sender": sender} | entry | {"secret": secret}, where=where)
    if provider.kind not in _KINDS or provider.format not in _FORMATS:
        hint = f"kind is one of {', '.join(_KINDS)}; format one of {', '.join(_FORMATS)}"
        raise ConfigurationError("sms_file.kind", "The kind or the format is unknown.", where=where, hint=hint)
    if not provider.sender.isascii() or not 0 < len(provider.sender) <= _LONGEST_SENDER:
        raise ConfigurationError("sms_file.sender", "A sender has 1 to 15 plain characters.", where=where)
    if provider.kind == "smpp" and not (provider.host and provider.user):
        raise ConfigurationError("sms_file.missing", "An SMPP provider needs host and user.", where=where)
    if provider.kind == "http":
        _check_http(provider, where=where)
    return provider


def _check_http(provider: ProviderSettings, *, where: str) -> None:
    try:
        outward_url(provider.url, policy=OPERATORS)
        re.compile(provider.success)
    except (InputError, re.error) as error:
        raise ConfigurationError(
            "sms_file.url", f"The address or `success` cannot be used: {error}", where=where
        ) from error
    texts = [*_texts(provider.body), *_texts(provider.headers)]
    named = {name for text in texts for name in re.findall(r"\{([a-z_]+)\}", text)}
    unknown = sorted(named - PLACEHOLDERS)
    if unknown or not {"text"} <= named or not {"to", "digits"} & named:
        raise ConfigurationError(
            "sms_file.template",
            f"There is no {{{unknown[0]}}}." if unknown else "The body must hold {to} (or {digits}) and {text}.",
            where=where,
            hint=f"It may hold {', '.join(f'{{{name}}}' for name in sorted(PLACEHOLDERS))}.",
        )


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [text for each in inner for text in _texts(each)]


def _secret(file: Any, variable: Any, *, where: str) -> str:
    try:
        if file:
            return Path(str(file)).expanduser().read_text().strip()
        return os.environ[str(variable)] if variable else ""
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError(
            "sms_file.secret",
            f"The secret cannot be read ({type(error).__name__}: {error}).",
            where=where,
            hint="secret_file names a file, secret_env an environment variable.",
        ) from error


def _of_kind[T](kind: type[T], given: Mapping[str, Any], *, where: str) -> T:
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]  # both are dataclasses
    for name, value in given.items():
        if name not in known:
            raise ConfigurationError(
                "sms_file.unknown", f"There is no setting {name!r}.", where=where, hint=", ".join(known)
            )
        if not _fits(value, str(known[name].type)):
            raise ConfigurationError("sms_file.kind", f"{name} is of another kind.", where=where)
    missing = [
        name
        for name, each in known.items()
        if each.default is MISSING and each.default_factory is MISSING and name not in given
    ]
    if missing:
        raise ConfigurationError("sms_file.missing", f"{missing[0]!r} is missing.", where=where)
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})


def _fits(value: Any, kind: str) -> bool:
    if "tuple" in kind:
        item: type = int if "int" in kind else str
        return isinstance(value, tuple) or (isinstance(value, list) and all(isinstance(each, item) for each in value))
    wanted: type = next(kept for name, kept in _VALUES if name in kind)
    return isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))


def _check_numbers(given: SmsSettings, *, where: str) -> None:
    for prefix in (*given.prefixes, given.home):
        if not re.fullmatch(r"\+[1-9][0-9]{0,5}", prefix):
            raise ConfigurationError("sms_file.prefix", f"{prefix!r} is no prefix.", where=where, hint="Write +32.")
