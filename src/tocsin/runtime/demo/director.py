"""The demonstration: sets the stage, starts Tocsin on a replay clock, plays a recording to it, and tells the story.

What is shown is the system itself: `tocsin serve` in a process tree of its own, fed over HTTP, mailing over SMTP.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

from tocsin.bulletins.rules.clock_words import duration_words
from tocsin.catalog.queries import load_pack, pack_folder
from tocsin.kernel.clock import in_brussels
from tocsin.kernel.errors import ConfigurationError
from tocsin.plugins.sources.recording.model import Recording
from tocsin.plugins.sources.recording.reader import open_recording
from tocsin.runtime import clock, startup
from tocsin.runtime.demo import stage
from tocsin.runtime.demo.mail_sink import MailSink
from tocsin.runtime.demo.seen import seen
from tocsin.runtime.demo.sender import Api, Sender, Sent, Told
from tocsin.runtime.serving import refuse_taken_port

READY_WITHIN_S = 60.0
STOPPED_WITHIN_S = 20.0
LOG = "tocsin.log"

type Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the audience asked for: which recording, how fast, where, and whether to stay when it is over."""

    scenario: Path
    speed: float
    folder: Path
    port: int
    stays: bool


class Stopped:
    """Becomes true at Ctrl-C or SIGTERM; the first one asks for an orderly end."""

    def __init__(self) -> None:
        """Listen to both signals from now on."""
        self.is_set = False
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGTERM, self._stop)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.is_set = True

    def __call__(self) -> bool:
        """Say whether the end was asked for."""
        return self.is_set


def perform(wishes: Wishes, *, say: Say) -> None:
    """Play the demonstration until its end, or until Ctrl-C; leaves no process behind."""
    stopped = Stopped()
    refuse_taken_port("127.0.0.1", wishes.port)
    say("Reading the recording …")
    recording = open_recording(wishes.scenario)
    _announce(recording, wishes, say)
    stage.clear(wishes.folder)
    with MailSink(wishes.folder / "mail", told=lambda message: _tell_of_mail(message, say)) as sink:
        stage.configure(wishes.folder, port=wishes.port, smtp_url=sink.smtp_url)
        cast = _set_the_stage(recording, wishes, say)
        server = _serve(wishes)
        try:
            _wait_until_ready(server, wishes, stopped)
            _tell_where_to_look(cast, wishes, sink, say)
            sent = _play(recording, cast, wishes, stopped=stopped, say=say)
            _close(sent, stopped, wishes, say)
        finally:
            _end(server)
    say("Stopped.")


def _announce(recording: Recording, wishes: Wishes, say: Say) -> None:
    begins, ends = in_brussels(recording.start), in_brussels(recording.end)
    say("")
    say(f"{recording.title}, {begins:%H:%M} to {ends:%H:%M} in Brussels, at {wishes.speed:g} × real time.")
    say("A SCRIPTED RECONSTRUCTION, not data of the real platform. UNOFFICIAL DEMONSTRATION.")
    minutes = max(1, round((recording.end - recording.start) / wishes.speed / timedelta(minutes=1)))
    say(f"It plays for about {duration_words(timedelta(minutes=minutes), 'en')}.")
    say("")


def _set_the_stage(recording: Recording, wishes: Wishes, say: Say) -> stage.Stage:
    say("1/3 Making the database …")
    startup.start(needs_database=False)
    startup.migrate()
    clock.stand_at(wishes.folder, origin=recording.start, speed=wishes.speed)
    cast = stage.people(recording, now=recording.start)
    say("2/3 Loading four weeks of history, so that it is known what is usual …")
    from tocsin.runtime.history import store_history

    store_history(recording)
    say("3/3 Starting Tocsin …")
    return cast


def _serve(wishes: Wishes) -> subprocess.Popen[bytes]:
    from django.db import connections

    connections.close_all()
    command = [sys.executable, "-m", "tocsin.cli.main", "serve", "--port", str(wishes.port), "--story"]
    # The story goes to the terminal, the log to a file. A session of its own: Ctrl-C reaches the director alone, who
    # then ends the others in order.
    with (wishes.folder / LOG).open("wb") as log:
        return subprocess.Popen(command, start_new_session=True, env=os.environ, stderr=log)  # noqa: S603 - our own command, no input in it


def _wait_until_ready(server: subprocess.Popen[bytes], wishes: Wishes, stopped: Stopped) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and not stopped():
        if server.poll() is not None:
            break
        try:
            if httpx.get(f"http://127.0.0.1:{wishes.port}/healthz", timeout=1).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    if not stopped():
        raise ConfigurationError(
            "demo.not_ready",
            f"Tocsin did not answer on port {wishes.port} within {READY_WITHIN_S:.0f} s.",
            where=str(wishes.folder / LOG),
            hint="That file says why; another port can be given with --port.",
        )


def _tell_where_to_look(cast: stage.Stage, wishes: Wishes, sink: MailSink, say: Say) -> None:
    base = f"http://127.0.0.1:{wishes.port}"
    say("")
    say(f"  Public pages    {base}/site/            (French, Dutch, German, English; try the doctors' page)")
    say(f"  Console         {base}/console/         operator: {cast.operator}   password: {cast.password}")
    say(f"  A panel member  {base}/panel/{cast.panel_token}/")
    say(f"  Mail sent       {sink.page_url}")
    say("")
    say("The morning begins. Ctrl-C stops it. Times are those of Brussels, on the replayed day.")
    say("Nothing much happens at first: that is what a quiet hour looks like.")
    say("")


def _tell_of_mail(message: EmailMessage, say: Say) -> None:
    say(f"{in_brussels(clock.current().now()):%H:%M:%S}  mail    {message['to']}: {message['subject']}")


def _play(recording: Recording, cast: stage.Stage, wishes: Wishes, *, stopped: Stopped, say: Say) -> Sent:
    api = Api(url=f"http://127.0.0.1:{wishes.port}/api/v1/", secret=cast.api_secret)
    sender = Sender(recording, api=api, clock=_FolderClock(wishes.folder), told=_teller(say))
    return sender.run(should_stop=stopped)


def _teller(say: Say) -> Told:
    from django.conf import settings

    pack = load_pack(pack_folder(settings.CONFIGURATION.pack))

    def told(path: str, rows: Sequence[Mapping[str, Any]]) -> None:
        for line in seen(path, rows, pack=pack):
            say(line)

    return told


class _FolderClock:
    """The demonstration's clock, which all its processes share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def now(self) -> datetime:
        return clock.current().now()

    def hold(self) -> None:
        clock.pause(self._folder)

    def let_go(self) -> None:
        clock.start(self._folder)

    def engine_at(self) -> datetime | None:
        from tocsin.detection.queries import pulse

        beat = pulse()
        return beat.last_tick_at if beat is not None else None


def _close(sent: Sent, stopped: Stopped, wishes: Wishes, say: Say) -> None:
    for problem in sent.refused[:5]:
        say(f"  refused: {problem}")
    if stopped():
        return
    say("")
    say(f"The recording is over: {sent.transactions:,} transactions and {sent.records:,} other observations were sent.")
    _figures()
    if wishes.stays:
        # Nothing comes in any more: a clock that ran on would make every eye blind.
        clock.pause(wishes.folder)
        say("The clock stands still now, so that you can look around. Ctrl-C stops it.")
        while not stopped():
            time.sleep(0.2)


def _figures() -> None:
    subprocess.run([sys.executable, "-m", "tocsin.cli.main", "figures"], check=False, env=os.environ)


def _end(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is not None:
        return
    server.terminate()
    try:
        server.wait(STOPPED_WITHIN_S)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
