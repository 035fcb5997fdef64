"""What `tocsin serve` does before the process tree runs: refuse what is bad, migrate, set the clock, say where."""

import os
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tocsin.kernel.clock import SystemClock, in_brussels, parse_moment
from tocsin.kernel.errors import ConfigurationError
from tocsin.runtime import clock, startup, target_alarm
from tocsin.runtime.alarm import raise_alarm
from tocsin.runtime.configuration import Configuration, load_configuration
from tocsin.runtime.locks import held_by, only_one
from tocsin.runtime.process import HAND_OVER_S, PAGES_LOCK
from tocsin.runtime.supervisor import Child, Supervisor, process_command
from tocsin.runtime.target_alarm import TargetAlarm
from tocsin.runtime.watch import Watch


@dataclass(frozen=True, slots=True)
class ClockChoice:
    """Which clock to go by (None: the one the data folder has).

    `origin` is where a replay clock starts, None to go on from where it stood.
    """

    kind: Literal["system", "replay"] | None = None
    origin: str | None = None
    speed: float = 60.0
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class Serving:
    """What was asked for."""

    host: str
    port: int
    config: Path | None
    clock: ClockChoice = ClockChoice()
    tells_story: bool = False


def run(serving: Serving) -> None:
    """Serve until SIGTERM or Ctrl-C; raises `ConfigurationError` before anything runs when something is not right."""
    _point_at(serving)
    configuration = load_configuration()
    with only_one(configuration.data_folder / "serve.lock", what="Tocsin"):
        end_file_server(configuration.data_folder)
        refuse_taken_port(serving.host, serving.port)
        _set_clock(configuration.data_folder, serving.clock)
        startup.start(needs_database=False)
        refuse_what_is_bad(configuration)
        startup.migrate()
        if not serving.tells_story:
            _say_where(configuration)
        supervisor = Supervisor(children(serving, configuration))
        with watch(supervisor, configuration):
            supervisor.run()
    _say("Tocsin has stopped.")


def children(serving: Serving, configuration: Configuration) -> list[Child]:
    """Return the processes of the tree; probes run only where some are configured."""
    names = ["engine", "notifications", *(["probes"] if configuration.probes_file else [])]
    pages = Child("pages", process_command("pages", serving.host, str(serving.port)))
    return [pages, *(Child(name, process_command(name)) for name in ["web", *names])]


def watch(supervisor: Supervisor, configuration: Configuration) -> Watch:
    """Return the watch over this tree: it looks on from here, where nothing of what may stall runs."""
    shared = clock.SharedClock(configuration.data_folder)
    return Watch(
        configuration.data_folder,
        engine=lambda: supervisor.living("engine"),
        is_paused=lambda: not shared.speed,
        alarm=lambda stalls: raise_alarm(configuration, stalls),
        ping_url=configuration.heartbeat_url,
        besides=TargetAlarm(configuration, target_alarm.page_duty).look,
    )


def end_file_server(data_folder: Path) -> None:
    """End the file server that a killed `tocsin serve` left behind, so that a new one may take its port.

    Called while nobody else serves this data folder; without such a file server it does nothing.
    """
    place = data_folder / PAGES_LOCK
    until_s = time.monotonic() + HAND_OVER_S
    while (holder := held_by(place)) is not None and time.monotonic() < until_s:
        with suppress(ProcessLookupError):
            os.kill(holder, signal.SIGTERM)
        time.sleep(0.05)


def refuse_taken_port(host: str, port: int) -> None:
    """Raise `ConfigurationError` when nobody could listen there: the web process would die and be started for ever."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as error:
        raise ConfigurationError(
            "port.unusable",
            f"nobody can listen there ({error.strerror}).",
            where=f"{host}:{port}",
            hint="Stop what uses it, or give another port with --port.",
        ) from error


def refuse_what_is_bad(configuration: Configuration) -> None:
    """Raise `ConfigurationError` naming everything to mend in the configuration and the content pack."""
    from tocsin.catalog.queries import load_pack, pack_folder
    from tocsin.catalog.rules.findings import errors_in
    from tocsin.runtime.checking import configuration_findings, pack_findings, reference_findings

    folder = pack_folder(configuration.pack)
    today = in_brussels(SystemClock().now()).date()
    findings = [*configuration_findings(configuration), *pack_findings(folder, today=today)]
    if not errors_in(findings):
        findings += reference_findings(configuration, load_pack(folder))
    errors = [str(finding) for finding in errors_in(findings)]
    if errors:
        message = f"{len(errors)} to mend before Tocsin can start:\n  " + "\n  ".join(errors) + "\n"
        raise ConfigurationError("configuration.refused", message, hint="`tocsin check` says it again after mending.")


def _point_at(serving: Serving) -> None:
    # The children read the same configuration from their environment; addresses follow the port unless configured.
    if serving.config is not None:
        os.environ["TOCSIN_CONFIG"] = str(serving.config.resolve())
    configured = load_configuration()
    plain = Configuration(data_folder=configured.data_folder)
    here = f"http://{serving.host if serving.host != '0.0.0.0' else '127.0.0.1'}:{serving.port}"  # noqa: S104 - compared, not bound
    if configured.base_url == plain.base_url:
        os.environ["TOCSIN_BASE_URL"] = here
    if configured.site_url == plain.site_url:
        os.environ["TOCSIN_SITE_URL"] = f"{here}/site"
    if serving.tells_story:
        os.environ["TOCSIN_STORY"] = "1"


def _set_clock(data_folder: Path, choice: ClockChoice) -> None:
    if choice.kind is None:
        return
    if choice.kind == "system":
        clock.use_system(data_folder)
        return
    if choice.origin is not None:
        try:
            clock.stand_at(data_folder, origin=parse_moment(choice.origin), speed=choice.speed)
        except ValueError as error:
            raise ConfigurationError(
                "clock.origin",
                f"{choice.origin!r} is no moment with a time zone.",
                where="--origin",
                hint="Write it as 2020-01-27T05:30:00Z.",
            ) from error
    elif not clock.is_replay(data_folder):
        raise ConfigurationError(
            "clock.no_origin", "A replay clock needs a moment to start from.", where="--clock", hint="Give --origin."
        )
    if not choice.is_paused:
        clock.start(data_folder)


def _say_where(configuration: Configuration) -> None:
    from tocsin.accounts.queries import has_operator

    file = os.environ.get("TOCSIN_CONFIG")
    if clock.is_replay(configuration.data_folder):
        _say("A REPLAY CLOCK RUNS: all times are simulated (--clock system ends that).")
    _say(f"Console       {configuration.base_url}/console/")
    _say(f"Public pages  {configuration.site_url}/")
    _say(f"API           {configuration.base_url}/api/v1/")
    _say(f"Data folder   {configuration.data_folder}")
    if not has_operator():
        _say("")
        _say("Nobody can log in yet. Create the first operator, in another terminal, with:")
        _say(f"    tocsin operator create NAME{f' --config {file}' if file else ''}")
    _say("")
    _say("Ctrl-C stops everything.")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
