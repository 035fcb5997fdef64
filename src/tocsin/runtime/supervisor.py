"""`tocsin serve`'s process tree: starts the children, starts anew those that die, ends them all in order.

Each child is a process group of its own, so that Ctrl-C reaches the supervisor alone and nothing is left behind; each
holds the reading end of a pipe from here, and ends by itself when the supervisor is gone, however it went.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import FrameType

log = logging.getLogger(__name__)

GLANCE_S = 0.2
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
STEADY_AFTER_S = 60.0
"""A child that lived this long was well: when it dies, it is started at once and its back-off begins anew."""

GRACE_S = 8.0
"""What children get to finish what is under way: a request, a tick, a mail."""


@dataclass(slots=True)
class Child:
    """One process of the tree, and how it has been doing."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    deaths: int = 0
    due_s: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        """Start the process, its standard input a pipe that closes with this one."""
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 - our own command
        self.started_s = time.monotonic()

    def is_running(self) -> bool:
        """Say whether the process is there."""
        return self.process is not None and self.process.poll() is None

    def note_death(self) -> None:
        """Clear up after a process that ended by itself, and say when it is due again."""
        assert self.process is not None
        self.kill_group()
        lived_s = time.monotonic() - self.started_s
        self.deaths = 1 if lived_s >= STEADY_AFTER_S else self.deaths + 1
        pause_s = min(FIRST_PAUSE_S * 2 ** (self.deaths - 1), LONGEST_PAUSE_S)
        self.due_s = time.monotonic() + pause_s
        log.error(
            "%s ended with status %s after %.1f s; starting it again in %.1f s",
            self.name,
            self.process.returncode,
            lived_s,
            pause_s,
        )
        self._forget()

    def ask_to_end(self) -> None:
        """Ask the process to finish what it does and end."""
        if self.is_running():
            assert self.process is not None
            self.process.send_signal(signal.SIGTERM)

    def end(self, *, until_s: float) -> None:
        """Wait for the end until that moment, then make an end of the whole group."""
        if self.process is None:
            return
        try:
            self.process.wait(timeout=max(0.05, until_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("%s did not end in time and is killed", self.name)
        self.kill_group()
        self.process.wait()
        self._forget()

    def kill_group(self) -> None:
        """Kill whatever is left of the process and of what it started."""
        assert self.process is not None
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def _forget(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
        self.process = None


class Supervisor:
    """Keeps the children running until it is told to stop."""

    def __init__(self, children: Sequence[Child]) -> None:
        """Build it; nothing is started before `run`."""
        self._children = children
        self._stopping = threading.Event()

    def living(self, name: str) -> tuple[int, float] | None:
        """Return a running child's process number and how many seconds it has lived; None while it does not run."""
        child = next((child for child in self._children if child.name == name), None)
        process = None if child is None else child.process
        if child is None or process is None or process.poll() is not None:
            return None
        return process.pid, time.monotonic() - child.started_s

    def run(self) -> None:
        """Run the tree until SIGTERM, Ctrl-C or `stop`, then end it."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        try:
            while not self._stopping.is_set():
                self._look_after()
                self._stopping.wait(GLANCE_S)
        finally:
            self._end_all()

    def stop(self) -> None:
        """Let `run` end the tree and return."""
        self._stopping.set()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stop()

    def _look_after(self) -> None:
        for child in self._children:
            if child.process is not None and not child.is_running():
                child.note_death()
            if child.process is None and time.monotonic() >= child.due_s:
                child.start()

    def _end_all(self) -> None:
        until_s = time.monotonic() + GRACE_S
        for child in self._children:
            child.ask_to_end()
        for child in self._children:
            child.end(until_s=until_s)


def process_command(name: str, *arguments: str) -> list[str]:
    """Return the command that runs one of `tocsin.runtime.process`'s processes with this very Python."""
    return [sys.executable, "-m", "tocsin.runtime.process", name, *arguments]
