"""`tocsin serve` as one starts it, on a data folder of its own: for the tests that need a whole tree of processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx

from listening import free_port

STARTS_WITHIN_S = 60.0
STOPS_WITHIN_S = 12.0


class Served:
    """A running `tocsin serve`."""

    program: Sequence[str] = ("-m", "tocsin.cli.main")

    def __init__(self, data_folder: Path, *options: str) -> None:
        self.data_folder = data_folder
        self.port = free_port()
        self.output = data_folder.parent / f"{data_folder.name}.out"
        self.environment = environment(data_folder)
        with self.output.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, *self.program, "serve", "--port", str(self.port), *options],
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=10)

    def is_ready(self) -> bool:
        try:
            return self.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def has_pages(self) -> bool:
        return self.get("/site/").status_code == 200

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tocsin.cli.main", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=60)

    def processes(self) -> list[tuple[int, str]]:
        """Every process below this one: number and command line."""
        return [(pid, words) for pid, words in commands() if self._is_below(pid)]

    def number_of(self, name: str) -> int | None:
        named = [pid for pid, words in self.processes() if f"tocsin.runtime.process {name}" in words]
        return named[0] if named else None

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(STOPS_WITHIN_S)

    def _is_below(self, pid: int) -> bool:
        while pid > 1:
            pid = parent_of(pid)
            if pid == self.process.pid:
                return True
        return False


def environment(data_folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    return kept | {"TOCSIN_DATA_FOLDER": str(data_folder)}


def commands() -> Iterator[tuple[int, str]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                yield int(folder.name), (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue


def parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def until(is_so: Callable[[], Any], *, within_s: float = STARTS_WITHIN_S) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.1)
