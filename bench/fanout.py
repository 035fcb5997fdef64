"""Tells 100,000 subscribers of an outage, kills two workers on the way, and counts who was told and who was told twice.

    python bench/fanout.py [--quick] [--json] [--write] [--subscribers N]

60 % by e-mail, 30 % by web push (encrypted for each, RFC 8291), 10 % by text message, through the real channels to
local sinks (`sinks.py`) that log every message they accept. The clock starts when publication is called. Sinks share
the machine but are not counted among Tocsin's memory. Beside it: from an alert to a webhook, idle and in a burst, with
Debian's Alertmanager in the same run (`webhooks.py`).
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results" / "fanout.md"
HERE = Path(__file__).resolve().parent

WORKERS = 2
KILLS_AT = (0.25, 0.6)
"""Shares of the messages received when a worker is killed."""

RESTARTED_AFTER_S = 0.5
"""What the supervisor waits before it starts a dead child again."""

GIVES_UP_S = 300


@dataclass(frozen=True, slots=True)
class Told:
    """What the run showed. `copies` are raw second arrivals; `doubled` those whose receiver would show them twice."""

    subscribers: int
    publish_s: float
    first_s: float
    last_s: float
    missed: int
    doubled: int
    peak_rss_mb: int
    kills: int
    by_channel: dict[str, int]
    cpu_s: float


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
        subprocess.run([sys.executable, "-m", "tocsin.cli.main", "migrate"], env=self.env, check=True)  # noqa: S603  our own

    def start_worker(self) -> None:
        """Start a worker as the supervisor does."""
        command = [sys.executable, "-m", "tocsin.runtime.process", "notifications"]
        with (self.folder / "workers.log").open("ab") as log:
            worker = subprocess.Popen(command, env=self.env, stdin=subprocess.PIPE, stderr=log)  # noqa: S603  our own
        self.workers.append(worker)

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


def tell(subscribers: int) -> Told:
    """Do the whole run."""
    with stage() as given:
        given.migrate()
        given.run("people", str(subscribers))
        for _ in range(WORKERS):
            given.start_worker()
        _wait_until_listening(given)
        used = {worker.pid: cpu_s(worker.pid) for worker in given.workers}
        publishing = given.folder / "published.json"
        command = [sys.executable, str(HERE / "fanout_stage.py"), "publish", str(publishing)]
        publisher = subprocess.Popen(command, env=given.env)  # noqa: S603  our own
        peak, kills = _watch(given, publisher, used, subscribers)
        published = json.loads(publishing.read_text())
        return _counted(given, published, used, (peak, kills, subscribers))


def _wait_until_listening(given: Stage) -> None:
    folder, deadline_s = given.folder / "data" / "wake", time.monotonic() + 30
    while not folder.is_dir() or len(list(folder.iterdir())) < WORKERS:
        if time.monotonic() > deadline_s:
            sys.exit("the workers did not start: " + (given.folder / "workers.log").read_text()[-2000:])
        time.sleep(0.05)


def _watch(
    given: Stage, publisher: subprocess.Popen[bytes], used: dict[int, float], subscribers: int
) -> tuple[float, int]:
    """Kill workers on the way, start them again, and look at the memory; return its peak and how many were killed."""
    peak, kills, restart_s = 0.0, 0, 0.0
    deadline_s, quiet_s, before = time.monotonic() + GIVES_UP_S, time.monotonic(), 0
    expected = _expected(given)
    while time.monotonic() < deadline_s:
        time.sleep(0.1)
        alive = [worker.pid for worker in given.workers if worker.poll() is None]
        for pid in alive:
            used[pid] = cpu_s(pid)
        peak = max(peak, sum(rss_mb(pid) for pid in [*alive, publisher.pid]))
        count = given.received()
        if count != before:
            before, quiet_s = count, time.monotonic()
        if kills < len(KILLS_AT) and count >= KILLS_AT[kills] * expected:
            os.kill(next(worker.pid for worker in given.workers if worker.poll() is None), signal.SIGKILL)
            kills, restart_s = kills + 1, time.monotonic() + RESTARTED_AFTER_S
        if restart_s and time.monotonic() >= restart_s:
            given.start_worker()
            restart_s = 0.0
        if count >= expected and time.monotonic() - quiet_s > 1.5:
            break
    publisher.wait(30)
    return peak, kills


def _expected(given: Stage) -> int:
    return int((given.folder / "expected").read_text())


def _counted(given: Stage, published: dict[str, float], used: dict[int, float], seen: tuple[float, int, int]) -> Told:
    peak, kills, subscribers = seen
    if os.environ.get("BENCH_KEEP"):
        import shutil

        shutil.copy(given.log, os.environ["BENCH_KEEP"])
        shutil.copy(given.folder / "workers.log", os.environ["BENCH_KEEP"] + ".w")
    moments, keys = [], Counter[str]()
    for line in given.log.read_text().splitlines():
        at, _, key = line.partition(" ")
        moments.append(float(at))
        keys[key] += 1
    return Told(
        subscribers=subscribers,
        publish_s=round(published["took_s"], 3),
        first_s=round(min(moments) - published["began"], 3),
        last_s=round(max(moments) - published["began"], 2),
        missed=_expected(given) - len(keys),
        doubled=sum(count - 1 for count in keys.values()),
        peak_rss_mb=round(peak),
        kills=kills,
        by_channel=dict(Counter(key.partition(" ")[0] for key in keys)),
        cpu_s=round(sum(cpu_s(pid) or last for pid, last in used.items()), 1),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--quick", action="store_true", help="ten thousand subscribers, under a minute")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.relative_to(ROOT)}")
    parser.add_argument("--subscribers", type=int)
    arguments = parser.parse_args()
    told = tell(arguments.subscribers or (10_000 if arguments.quick else 100_000))
    print(json.dumps(asdict(told)) if arguments.json else told)
    print(platform.python_version(), file=sys.stderr)


if __name__ == "__main__":
    main()
