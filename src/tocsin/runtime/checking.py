"""What `tocsin check` looks at: the configuration, and everything that a content pack holds. Runs without Django."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from tocsin.bulletins.queries import load_plain_words, load_templates
from tocsin.bulletins.rules.room import without_room
from tocsin.catalog.queries import check_pack, load_pack
from tocsin.catalog.rules.findings import Finding, errors_in
from tocsin.catalog.rules.model import Pack
from tocsin.continuity.queries import check_procedures, load_procedures
from tocsin.kernel.errors import ConfigurationError
from tocsin.kernel.plugins import load_plugins
from tocsin.notifications.ports import ChannelSettings
from tocsin.plugins.channels.apprise import channel as apprise
from tocsin.plugins.channels.email import channel as email
from tocsin.plugins.channels.sms import channel as sms
from tocsin.plugins.exporters.group import EXPORTERS
from tocsin.plugins.probes.http.probe import read_probes
from tocsin.plugins.sources.otlp.names import read_names
from tocsin.plugins.targets.settings import TARGETS, TargetSettings, target_settings
from tocsin.runtime.configuration import Configuration


def configuration_findings(configuration: Configuration) -> list[Finding]:
    """Return everything to mend in a configuration that could be read."""
    findings = [*_addresses(configuration), *_channels(configuration)]
    findings += _targets(configuration)
    findings += _watch(configuration)
    findings += _refusal(lambda: load_plugins(EXPORTERS))
    if configuration.debug:
        message = "Debugging shows the inside of errors to whoever causes them."
        findings.append(_finding("debug", "configuration.debug", message, "Set it to false.", is_error=False))
    return findings


def pack_findings(folder: Path, *, today: date) -> list[Finding]:
    """Return everything to mend in a pack: its catalogue, its procedures and its messages, in that order."""
    findings = check_pack(folder)
    if not errors_in(findings):
        findings += check_procedures(folder, load_pack(folder), today=today)
    return [*findings, *_message_findings(folder, is_sound=not errors_in(findings))]


def _message_findings(folder: Path, *, is_sound: bool) -> list[Finding]:
    # How long a message becomes depends on names and procedures, so these must be readable first.
    unreadable = _refusal(lambda: load_templates(folder))
    if unreadable or not is_sound:
        return unreadable
    pack = load_pack(folder)
    return [
        *_refusal(lambda: load_plain_words(folder)),
        *without_room(load_templates(folder), pack=pack, procedures=load_procedures(folder, pack)),
    ]


def reference_findings(configuration: Configuration, pack: Pack) -> list[Finding]:
    """Return everything to mend in the files that speak of the pack's ids: the probes' and the intake file."""
    findings = []
    if configuration.probes_file:
        probes = Path(configuration.probes_file).expanduser()
        findings += _refusal(lambda: read_probes(probes, pack=pack))
    if configuration.intake_file:
        findings += _intake(Path(configuration.intake_file).expanduser(), pack)
    return findings


def refused(error: ConfigurationError) -> list[Finding]:
    """Return what an error says as findings."""
    return [Finding("error", error.code, error.where or "configuration", "", error.message, error.hint)]


def _refusal(attempt: Callable[[], object]) -> list[Finding]:
    try:
        attempt()
    except ConfigurationError as error:
        return refused(error)
    return []


def _channels(configuration: Configuration) -> list[Finding]:
    # The others only need keys of their own, which the first start makes.
    given = ChannelSettings(
        configuration.smtp_url,
        mail_from=configuration.mail_from,
        sender_name="",
        sms_file=configuration.sms_file,
        apprise_services=configuration.apprise_services,
        may_reach_private=configuration.channels_may_reach_private,
    )
    builders = (email.build, sms.build, apprise.build)
    return [finding for build in builders for finding in _refusal(partial(build, given))]


def _addresses(configuration: Configuration) -> Iterator[Finding]:
    for name in ("base_url", "site_url"):
        parts = urlsplit(getattr(configuration, name))
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            hint = "Write it in full, such as https://status.example.org."
            yield _finding(name, "configuration.address", "This is not an address that a browser can open.", hint)


def _targets(configuration: Configuration) -> list[Finding]:
    kinds = load_plugins(TARGETS)
    findings: list[Finding] = []
    for wanted in target_settings(configuration.targets, configuration.data_folder):
        findings += _refusal(lambda wanted=wanted: _target(wanted, kinds))  # type: ignore[misc]  # bound now
    return findings


def _target(wanted: TargetSettings, kinds: Mapping[str, Callable[[TargetSettings], object]]) -> None:
    wanted.require_kind(kinds)
    wanted.number("limit_s", 60)
    kinds[wanted.kind](wanted)


def _watch(configuration: Configuration) -> Iterator[Finding]:
    if configuration.heartbeat_url and urlsplit(configuration.heartbeat_url).scheme not in {"http", "https"}:
        yield _finding(
            "heartbeat_url", "configuration.address", "This is not an address of the web.", "Write https://…"
        )
    if configuration.watch_contacts and not configuration.smtp_url:
        message = "Nobody would be told that Tocsin stands still: there is no mail server."
        yield _finding("watch_contacts", "configuration.watch", message, "Set smtp_url.", is_error=False)


def _intake(path: Path, pack: Pack) -> list[Finding]:
    try:
        names = read_names(path)
    except ConfigurationError as error:
        return refused(error)
    return [
        Finding(
            "error",
            "intake_file.unknown_id",
            str(path),
            f"[{table}]",
            f"The pack has no {what} {meant!r}.",
            f"It knows {', '.join(known)}.",
        )
        for table, what, given, known in (
            ("services", "service", names.services, pack.services),
            ("packages", "package", names.packages, pack.packages),
        )
        for meant in dict.fromkeys(given.values())
        if meant not in known
    ]


def _finding(key: str, code: str, message: str, hint: str, *, is_error: bool = True) -> Finding:
    return Finding("error" if is_error else "warning", code, "configuration", key, message, hint)
