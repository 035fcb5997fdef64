"""A data folder with sinks beside it and the processes that run on them, for `fanout.py` and `webhooks.py`."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
WAITS_S = 60


class Stage:
    """A data folder with sinks beside it, and the processes that run on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "received.log"
        self.log.touch()
        sinks = [sys.executable, str(HERE / "sinks.py"), str(folder)]
        self.sinks = subprocess.Popen(sinks)  # noqa: S603  our own file
        ports = _ports(folder)
        self.http = f"http://127.0.0.1:{ports['http']}"
        (folder / "sms.toml").write_text(SMS.format(url=f"{self.http}/sms"))
        self.env = os.environ | {
            "TOCSIN_DATA_FOLDER": str(folder / "data"),
            "TOCSIN_SECRET_KEY": "only-for-this-measurement",
            "TOCSIN_SMTP_URL": f"smtp://127.0.0.1:{ports['smtp']}",
            "TOCSIN_MAIL_FROM": "alarm@tocsin.example",
            "TOCSIN_SMS_FILE": str(folder / "sms.toml"),
            "TOCSIN_CHANNELS_MAY_REACH_PRIVATE": "true",
            "TOCSIN_APPRISE_SERVICES": "",
            "BENCH_HTTP": self.http,
            "BENCH_EXPECTED": str(folder / "expected"),
        }
        self.workers: list[subprocess.Popen[bytes]] = []

    def run(self, *step: str, script: str = "fanout_stage.py") -> None:
        """Do a step in a process of its own."""
        subprocess.run([sys.executable, str(HERE / script), *step], env=self.env, check=True)  # noqa: S603  our own

    def migrate(self) -> None:
        """Make the database."""
        command = [sys.executable, "-m", "tocsin.cli.main", "migrate"]
        subprocess.run(command, env=self.env, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  our own

    def start_worker(self) -> None:
        """Start a worker as the supervisor does."""
        command = [sys.executable, "-m", "tocsin.runtime.process", "notifications"]
        with (self.folder / "workers.log").open("ab") as log:
            worker = subprocess.Popen(command, env=self.env, stdin=subprocess.PIPE, stderr=log)  # noqa: S603  our own
        self.workers.append(worker)

    def wait_for_workers(self, count: int) -> None:
        """Wait until so many workers listen."""
        folder, deadline_s = self.folder / "data" / "wake", time.monotonic() + WAITS_S
        while not folder.is_dir() or len(list(folder.iterdir())) < count:
            if time.monotonic() > deadline_s:
                sys.exit("the workers did not start: " + (self.folder / "workers.log").read_text()[-2000:])
            time.sleep(0.05)

    def wait_for(self, count: int) -> None:
        """Wait until so many messages arrived, or a minute without any."""
        deadline_s, before = time.monotonic() + WAITS_S, -1
        while (now := self.received()) < count and time.monotonic() < deadline_s:
            if now > before:
                before, deadline_s = now, time.monotonic() + WAITS_S
            time.sleep(0.05)

    def received(self) -> int:
        """Return how many messages arrived so far."""
        return self.log.read_bytes().count(b"\n")

    def end(self) -> None:
        """End what runs."""
        for process in (*self.workers, self.sinks):
            if process.poll() is None:
                process.terminate()
        for process in (*self.workers, self.sinks):
            process.wait(20)


SMS = """\
[[providers]]
name = "sink"
kind = "http"
url = "{url}"
[providers.body]
to = "{{to}}"
text = "{{text}}"
reference = "{{reference}}"
"""


@contextmanager
def stage() -> Iterator[Stage]:
    """Give a stage in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        made = Stage(Path(folder))
        try:
            yield made
        finally:
            made.end()


def _ports(folder: Path) -> dict[str, int]:
    deadline_s = time.monotonic() + 20
    while not (folder / "ports.json").exists():
        if time.monotonic() > deadline_s:
            sys.exit("the sinks did not start")
        time.sleep(0.02)
    return dict(json.loads((folder / "ports.json").read_text()))


def rss_mb(pid: int) -> float:
    """Return the memory that a process holds at this moment; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def cpu_s(pid: int) -> float:
    """Return the processor time that a process has used."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """Return a port of loopback that nobody uses at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])
