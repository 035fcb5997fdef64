"""A real Tocsin web process on loopback, over a data folder of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from listening import free_port
from tocsin.observations.intake_log import IntakeReader
from tocsin.observations.rules.model import Transactions
from tocsin.observations.rules.records import decoded


class IntakeServer:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("TOCSIN_", "DJANGO_"))},
            "TOCSIN_DATA_FOLDER": str(folder),
            "DJANGO_SETTINGS_MODULE": "tocsin.runtime.settings",
        }
        self.tocsin("migrate")
        self.secret = self.tocsin("key", "create", "--name", "test", "--scope", "telemetry").strip()
        self.process: subprocess.Popen[bytes] | None = None

    def tocsin(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "tocsin.cli.main", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    def start(self) -> None:
        command = [sys.executable, "-m", "tocsin.runtime.process", "web", "127.0.0.1", str(self.port)]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env=self.environment,
                stdin=subprocess.PIPE,  # it ends by itself when nobody holds the other end
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None, (self.folder / "server.log").read_text()
            time.sleep(0.02)
        raise AssertionError((self.folder / "server.log").read_text())

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, how)  # granian's workers too
            self.process.wait(timeout=20)
            assert self.process.stdin is not None
            self.process.stdin.close()
            self.process = None

    def taken(self) -> list[Transactions]:
        """Return what lies in the intake log and mark it as stored."""
        reader = IntakeReader(self.folder / "intake")
        found = []
        while (pending := reader.pending()) is not None:
            found += [decoded(content).transactions for _, content in pending.records]
            reader.mark_stored(pending)
        return found
