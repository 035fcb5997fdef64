"""What `tocsin check` looks at: the configuration, and everything that a content pack holds. Runs without Django."""

import tomllib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from tocsin.bulletins.queries import load_templates
from tocsin.catalog.queries import check_pack, load_pack
from tocsin.catalog.rules.findings import Finding, errors_in
from tocsin.continuity.queries import check_procedures
from tocsin.kernel.errors import ConfigurationError
from tocsin.plugins.channels.email.channel import parse_url
from tocsin.runtime.configuration import Configuration


def configuration_findings(configuration: Configuration) -> list[Finding]:
    """Return everything to mend in a configuration that could be read."""
    findings = [*_addresses(configuration), *_probes(configuration)]
    if configuration.smtp_url:
        findings += _refusal(lambda: parse_url(configuration.smtp_url))
    if configuration.debug:
        message = "Debugging shows the inside of errors to whoever causes them."
        findings.append(_finding("debug", "configuration.debug", message, "Set it to false.", is_error=False))
    return findings


def pack_findings(folder: Path, *, today: date) -> list[Finding]:
    """Return everything to mend in a pack: its catalogue, its procedures and its messages, in that order."""
    findings = check_pack(folder)
    if not errors_in(findings):
        findings += check_procedures(folder, load_pack(folder), today=today)
    return [*findings, *_refusal(lambda: load_templates(folder))]


def refused(error: ConfigurationError) -> list[Finding]:
    """Return what an error says as findings."""
    return [Finding("error", error.code, error.where or "configuration", "", error.message, error.hint)]


def _refusal(attempt: Callable[[], object]) -> list[Finding]:
    try:
        attempt()
    except ConfigurationError as error:
        return refused(error)
    return []


def _addresses(configuration: Configuration) -> Iterator[Finding]:
    for name in ("base_url", "site_url"):
        parts = urlsplit(getattr(configuration, name))
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            hint = "Write it in full, such as https://status.example.org."
            yield _finding(name, "configuration.address", "This is not an address that a browser can open.", hint)


def _probes(configuration: Configuration) -> Iterator[Finding]:
    if not configuration.probes_file:
        return
    try:
        tomllib.loads(Path(configuration.probes_file).expanduser().read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"The list of probes cannot be read: {error}."
        yield _finding("probes_file", "configuration.probes", message, "Mend the file, or leave the setting empty.")


def _finding(key: str, code: str, message: str, hint: str, *, is_error: bool = True) -> Finding:
    return Finding("error" if is_error else "warning", code, "configuration", key, message, hint)
