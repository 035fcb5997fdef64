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
      - url: {http}/alertmanager
        send_resolved: false
"""


@dataclass(frozen=True, slots=True)
class Webhooks:
    """One system's figures; None where it was not there."""

    idle_p50_ms: float | None = None
    idle_p99_ms: float | None = None
    per_cpu_s: float | None = None
    missed: int | None = None
    whole_p50_ms: float | None = None


def tocsin(given: Stage, *, idle: int, burst: int) -> Webhooks:
    """Publish to one webhook through one worker."""
    given.migrate()
    given.start_worker()
    given.wait_for_workers(1)
    (worker,) = given.workers
    out = given.folder / "hooks.json"
    before_s = cpu_s(worker.pid)
    given.run("hooks", str(out), str(idle), str(burst))
    given.wait_for(idle + burst)
    published = json.loads(out.read_text())
    arrived = _arrivals(given, "webhook")
    first = list(published["began"].items())[:idle]
    waits = [_ms(arrived, name, at) for name, at in first if name not in published["whole"]]
    whole = [_ms(arrived, name, at) for name, at in first if name in published["whole"]]
    used_s = cpu_s(worker.pid) - before_s
    # The worker's time for the idle part is in it too: it counts against us.
    per_cpu_s = (idle + burst) / (used_s + published["burst_cpu_s"] * (idle + burst) / burst)
    return Webhooks(*_quantiles(waits), round(per_cpu_s), idle + burst - len(arrived), _quantiles(whole)[0])


def alertmanager(given: Stage, *, idle: int, burst: int) -> Webhooks:
    """Do the same with Alertmanager, where it is installed."""
    program = shutil.which(ALERTMANAGER)
    if program is None:
        return Webhooks()
    with _running(program, given) as (pid, port):
        before, began = given.received(), dict[str, float]()
        for number in range(idle):
            time.sleep(0.05)
            began[f"am-{number}"] = time.time()
            _post(port, [f"am-{number}"])
        given.wait_for(before + idle)
        start_s = cpu_s(pid)
        for number in range(burst):
            _post(port, [f"burst-{number}"])
        given.wait_for(before + idle + burst)
        used_s = cpu_s(pid) - start_s
        arrived = _arrivals(given, "alertmanager")
        waits = [_ms(arrived, name, at) for name, at in began.items()]
        return Webhooks(*_quantiles(waits), round(burst / used_s), idle + burst - len(arrived))


@contextmanager
def _running(program: str, given: Stage) -> Iterator[tuple[int, int]]:
    folder, port = given.folder / "alertmanager", free_port()
    folder.mkdir()
    (folder / "alertmanager.yml").write_text(CONFIGURATION.format(http=given.http))
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


def _post(port: int, incidents: list[str]) -> None:
    body = json.dumps([{"labels": {"alertname": "outage", "incident": name}} for name in incidents]).encode()
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
