"""From an alert to a webhook: Tocsin's publication call and Debian's Alertmanager, side by side on the same sink.

"Alert in" is, for Tocsin, the call that hands an announcement to the outbox in a durable transaction of its own
(`notifications.services.enqueue`), and beside it the whole publication of a bulletin (`bulletins.services.publish`:
plain-language check, timeline, audit, outbox); for Alertmanager, `POST /api/v2/alerts`, which keeps it in memory.
"Webhook out" is the moment at which the receiving HTTP server has the whole request.
"""

import json
import math
import shutil
import statistics
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.fanout_world import Stage, cpu_s, free_port

ALERTMANAGER = "prometheus-alertmanager"
CONFIGURATION = """\
route:
  receiver: sink
  group_by: [incident]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 4h
receivers:
  - name: sink
    webhook_configs:
"""
RECEIVER = """\
      - url: {http}/alertmanager
        send_resolved: false
"""


HOOKS = 50
"""Integrators that are told of each outage in the second burst."""


@dataclass(frozen=True, slots=True)
class Webhooks:
    """One system's figures; None where it was not there, or where there is nothing like it.

    `per_cpu_s` are notifications in a CPU-second where each outage goes to `HOOKS` webhooks, `single_per_cpu_s` where
    it goes to one.
    """

    idle_p50_ms: float | None = None
    idle_p99_ms: float | None = None
    whole_p50_ms: float | None = None
    single_per_cpu_s: float | None = None
    per_cpu_s: float | None = None
    missed: int | None = None


class Tocsin:
    """One worker, and a process that hands announcements to the outbox."""

    def __init__(self, given: Stage) -> None:
        given.migrate()
        given.start_worker()
        given.wait_for_workers(1)
        (self._worker,) = given.workers
        self._given, self._number, self.expected = given, 1, 0

    def waits(self, count: int, *, is_whole: bool) -> list[float]:
        """Return how long each of some outages took that were announced with time between them."""
        began, _ = self._tell(count, hooks=1, pause_s=0.05, is_whole=is_whole)
        arrived = _arrivals(self._given, "webhook")
        return [_ms(arrived, name, at) for name, at in began.items()]

    def per_cpu_s(self, count: int, *, hooks: int) -> float:
        """Return the notifications in a CPU-second of both processes when outages are announced without a pause."""
        before_s = cpu_s(self._worker.pid)
        _, used_s = self._tell(count, hooks=hooks, pause_s=0, is_whole=False)
        return round(count * hooks / (used_s + cpu_s(self._worker.pid) - before_s))

    def _tell(self, count: int, *, hooks: int, pause_s: float, is_whole: bool) -> tuple[Mapping[str, float], float]:
        out = self._given.folder / "alerts.json"
        asked = {"first": self._number, "count": count, "hooks": hooks, "pause_s": pause_s, "is_whole": is_whole}
        self._given.run("alerts", str(out), json.dumps(asked))
        self._number += count + 1
        self.expected += (count + 1) * hooks
        self._given.wait_for(self.expected)
        told = json.loads(out.read_text())
        return told["began"], told["cpu_s"]


def tocsin(given: Stage, *, idle: int, burst: int) -> Webhooks:
    """Measure Tocsin."""
    ours = Tocsin(given)
    ours.waits(5, is_whole=False)
    waits, whole = ours.waits(idle, is_whole=False), ours.waits(idle // 2, is_whole=True)
    single = ours.per_cpu_s(burst, hooks=1)
    many = ours.per_cpu_s(max(10, burst // 20), hooks=HOOKS)
    return Webhooks(*_quantiles(waits), _quantiles(whole)[0], single, many, ours.expected - given.received())


def alertmanager(given: Stage, *, idle: int, burst: int) -> Webhooks:
    """Measure Alertmanager, where it is installed."""
    program = shutil.which(ALERTMANAGER)
    if program is None:
        return Webhooks()
    waits, single, missed = _alertmanager(program, given, idle=idle, burst=burst, hooks=1)
    _, many, also_missed = _alertmanager(program, given, idle=5, burst=max(10, burst // 20), hooks=HOOKS)
    return Webhooks(*_quantiles(waits), None, single, many, missed + also_missed)


def _alertmanager(program: str, given: Stage, *, idle: int, burst: int, hooks: int) -> tuple[list[float], float, int]:
    with _running(program, given, hooks=hooks) as (pid, port):
        before, began = given.received(), dict[str, float]()
        for number in range(idle):
            time.sleep(0.05)
            began[f"{hooks}-idle-{number}"] = time.time()
            _post(port, f"{hooks}-idle-{number}")
        given.wait_for(before + idle * hooks)
        start_s = cpu_s(pid)
        for number in range(burst):
            _post(port, f"{hooks}-burst-{number}")
        expected = before + (idle + burst) * hooks
        given.wait_for(expected)
        used_s = cpu_s(pid) - start_s
        arrived = _arrivals(given, "alertmanager")
        waits = [_ms(arrived, name, at) for name, at in began.items()]
        return waits, round(burst * hooks / used_s), expected - given.received()


@contextmanager
def _running(program: str, given: Stage, *, hooks: int) -> Iterator[tuple[int, int]]:
    folder, port = given.folder / f"alertmanager-{hooks}", free_port()
    folder.mkdir()
    receivers = RECEIVER.format(http=given.http) * hooks
    (folder / "alertmanager.yml").write_text(CONFIGURATION + receivers)
    options = [f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/data", "--cluster.listen-address="]
    with (folder / "log").open("wb") as log:
        command = [program, *options, f"--web.listen-address=127.0.0.1:{port}"]
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603  Debian's program
    try:
        _until_ready(port)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(20)


def _until_ready(port: int) -> None:
    deadline_s = time.monotonic() + 20
    while time.monotonic() < deadline_s:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=2):
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("Alertmanager did not start")


def _post(port: int, incident: str) -> None:
    body = json.dumps([{"labels": {"alertname": "outage", "incident": incident}}]).encode()
    address = f"http://127.0.0.1:{port}/api/v2/alerts"
    request = urllib.request.Request(address, data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  as above
        answer.read()


def _arrivals(given: Stage, channel: str) -> dict[str, float]:
    lines = (line.split(" ") for line in Path(given.log).read_text().splitlines())
    found: dict[str, float] = {}
    for at, through, _, identity in lines:
        if through == channel:
            found.setdefault(identity, float(at))
    return found


def _ms(arrived: Mapping[str, float], name: str, at: float) -> float:
    return (arrived.get(name, math.inf) - at) * 1000


def _quantiles(waits: list[float]) -> tuple[float, float]:
    return round(statistics.median(waits), 1), round(statistics.quantiles(waits, n=100)[98], 1)
