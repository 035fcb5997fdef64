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
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import webhooks  # noqa: E402  this folder is no package
from bench.fanout_world import HERE, Stage, cpu_s, rss_mb, stage  # noqa: E402  this folder is no package
from bench.webhooks import Webhooks  # noqa: E402  this folder is no package

RESULTS = ROOT / "bench" / "results" / "fanout.md"
WORKERS = 2
KILLS_AT = (0.25, 0.6)
"""Shares of the messages received when a worker is killed."""

RESTARTED_AFTER_S = 0.5
"""What the supervisor waits before it starts a dead child again."""

GIVES_UP_S = 300
SETTLES_S = 1.5


@dataclass(frozen=True, slots=True)
class Told:
    """What the run showed.

    `copies` are second arrivals under the same id (Message-ID, topic, reference), which the receiving side can drop:
    what was in doubt when a worker was killed is sent again. `doubled` are people reached twice under different ids.
    """

    subscribers: int
    publish_s: float
    first_s: float
    last_s: float
    missed: int
    doubled: int
    copies: int
    peak_rss_mb: int
    kills: int
    by_channel: dict[str, int]
    cpu_s: float


def tell(subscribers: int) -> Told:
    """Do the whole run."""
    with stage() as given:
        given.migrate()
        given.run("people", str(subscribers))
        for _ in range(WORKERS):
            given.start_worker()
        given.wait_for_workers(WORKERS)
        used = {worker.pid: cpu_s(worker.pid) for worker in given.workers}
        publishing = given.folder / "published.json"
        command = [sys.executable, str(HERE / "fanout_stage.py"), "publish", str(publishing)]
        publisher = subprocess.Popen(command, env=given.env)  # noqa: S603  our own
        peak, kills = _watch(given, publisher, used)
        published = json.loads(publishing.read_text())
        return _counted(given, published, used, (peak, kills, subscribers))


def _watch(given: Stage, publisher: subprocess.Popen[bytes], used: dict[int, float]) -> tuple[float, int]:
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
        if count >= expected and time.monotonic() - quiet_s > SETTLES_S:
            break
    publisher.wait(30)
    return peak, kills


def _expected(given: Stage) -> int:
    return int((given.folder / "expected").read_text())


def _counted(given: Stage, published: dict[str, float], used: dict[int, float], seen: tuple[float, int, int]) -> Told:
    peak, kills, subscribers = seen
    moments, keys = [], Counter[tuple[str, str, str]]()
    for line in given.log.read_text().splitlines():
        at, channel, recipient, identity = line.split(" ")
        moments.append(float(at))
        keys[channel, recipient, identity] += 1
    people = Counter((channel, recipient) for channel, recipient, _ in keys)
    return Told(
        subscribers=subscribers,
        publish_s=round(published["took_s"], 3),
        first_s=round(min(moments) - published["began"], 3),
        last_s=round(max(moments) - published["began"], 2),
        missed=_expected(given) - len(people),
        doubled=sum(count - 1 for count in people.values()),
        copies=sum(count - 1 for count in keys.values()),
        peak_rss_mb=round(peak),
        kills=kills,
        by_channel=dict(Counter(channel for channel, _ in people)),
        cpu_s=round(sum(cpu_s(pid) or last for pid, last in used.items()), 1),
    )


COLUMNS = {
    "subscribers": "subscribers",
    "publish_s": "publication took (s)",
    "first_s": "first message (s)",
    "last_s": "last message (s)",
    "missed": "missed",
    "doubled": "told twice",
    "copies": "second copies, same id",
    "kills": "workers killed",
    "peak_rss_mb": "peak memory (MB)",
    "cpu_s": "workers' processor time (s)",
}


PAGE = """\
# Telling a hundred thousand

Written by `python bench/fanout.py --write`. Real channels to sinks on the same machine, which share its cores; two
workers. One is killed with SIGKILL when a quarter is told and one at 60 %, and started again half a second later.

Machine: {machine}; load average at the end {load:.1f}.

{told}

Reached: {channels}. *Second copies* carry the id of the first (Message-ID, Topic, reference), so that the receiving
side can drop them: they were in doubt when their worker was killed, at most one for each of its lanes. *Told twice*
counts people reached under two different ids. Memory is that of the workers and the publishing process together.

## From an alert to a webhook

| | idle p50 (ms) | p99 (ms) | whole publication, p50 (ms) | per CPU-second, 1 webhook | {hooks} webhooks | missed |
|---|---|---|---|---|---|---|
{ours}
{theirs}

CPU of Tocsin: the process that announces and the worker; of Alertmanager: its process. The work is not equal: Tocsin
renders every announcement in four languages and puts it on the disk in a transaction of its own before anybody hears
of it, keeps every message in a database, notes durably what was sent, and signs the webhook; Alertmanager keeps alerts
in memory. With one webhook an outage nearly all of the work is the outage's own; with {hooks} it is the webhooks'.
*Idle* has 50 ms between two outages; in the bursts what waits together is written out and taken in one transaction.
*Whole publication* adds the plain-language check, timeline and audit.
"""


def page(told: Told, ours: Webhooks, theirs: Webhooks) -> str:
    """Return the results page."""
    given = asdict(told)
    table = [COLUMNS.values(), ["---"] * len(COLUMNS), [str(given[name]) for name in COLUMNS]]
    return PAGE.format(
        machine=f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        load=os.getloadavg()[0],
        told="\n".join(f"| {' | '.join(row)} |" for row in table),
        channels=", ".join(f"{count} {name}" for name, count in sorted(told.by_channel.items())),
        hooks=webhooks.HOOKS,
        ours=_row("Tocsin (outbox, durable → webhook)", ours),
        theirs=_row("Alertmanager (POST /api/v2/alerts → webhook)", theirs),
    )


def _row(name: str, figures: Webhooks) -> str:
    values = ["–" if value is None else f"{value:g}" for value in asdict(figures).values()]
    return f"| {' | '.join([name, *values])} |"


def compared(*, is_quick: bool) -> tuple[Webhooks, Webhooks]:
    """Measure both systems' webhooks in one run."""
    idle, burst = (40, 200) if is_quick else (200, 2000)
    with stage() as given:
        ours = webhooks.tocsin(given, idle=idle, burst=burst)
        return ours, webhooks.alertmanager(given, idle=idle, burst=burst)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--quick", action="store_true", help="ten thousand subscribers, under a minute")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.relative_to(ROOT)}")
    parser.add_argument("--subscribers", type=int, help="how many, instead of 100,000")
    arguments = parser.parse_args()
    told = tell(arguments.subscribers or (10_000 if arguments.quick else 100_000))
    ours, theirs = compared(is_quick=arguments.quick)
    text = page(told, ours, theirs)
    if arguments.json:
        both = {"webhook": ours, "alertmanager": theirs}
        flat = {f"{who}_{name}": value for who, each in both.items() for name, value in asdict(each).items()}
        print(json.dumps(asdict(told) | flat))
    else:
        print(text)
    if arguments.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
