"""A real Prometheus and a real Alertmanager that see what a recording's front and clients saw.

The recording becomes counters (OpenMetrics, by `promtool tsdb create-blocks-from`), the burn-rate rules are evaluated
by that Prometheus at each step, and what fires is handed to that Alertmanager, whose clock runs `SPEED` times as fast.
Both listen on this machine alone and are stopped at the end.
"""

import json
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.rules.burn_rate import PAIRS, Pair
from tocsin.observations.rules.model import Outcome, Rollups

SCRAPE_S = 15
"""How often Prometheus reads the counters and evaluates the rules: four times as often as its default."""
BACK = timedelta(days=3)
OBJECTIVES = (0.999, 0.995, 0.99, 0.98, 0.97, 0.95, 0.9)
LEAST_CALLS = 100
"""In the long window; fewer calls make one failure an alarm (the workbook's advice for low traffic)."""
INDICATORS = {
    "errors": (Outcome.ERROR, Outcome.TIMEOUT),
    "asked": (Outcome.ERROR, Outcome.TIMEOUT),
    "all": (Outcome.REJECTED, Outcome.ERROR, Outcome.TIMEOUT),
}
"""What counts as failed: as official availability has it (against an objective that was kept, or the 99.9 % that was
asked for), or everything that is not `ok`."""

SPEED = 600.0
GROUP_WAIT, GROUP_INTERVAL = timedelta(seconds=30), timedelta(minutes=5)
"""Alertmanager's own defaults."""
SETTLES = timedelta(minutes=6)

type Sent = tuple[float, frozenset[str]]
type Firing = dict[str, list[tuple[float, float]]]
"""For each alert (its labels), when it fired, from and until, in seconds."""


@dataclass(frozen=True, slots=True)
class Counters:
    """Running totals `[moment, series, outcome]` at moments in seconds; a series is a vantage and a service."""

    at_s: NDArray[np.int64]
    series: tuple[tuple[str, str], ...]
    totals: NDArray[np.int64]
    allowance: dict[str, list[float]]
    start_s: int


def counters(history: Rollups, live: Rollups, *, start: datetime, end: datetime) -> Counters:
    """Add up three days of five-minute sums and the recording; each service's objective is one that its past kept."""
    names = sorted({(eye, name) for part in (history, live) for eye in part.vantages for name in part.services})
    place = {name: index for index, name in enumerate(names)}
    past_s, past = _steps(history, place, start - BACK, start, every_s=300)
    live_s, now = _steps(live, place, start, end, every_s=SCRAPE_S)
    _, month = _steps(history, place, start - timedelta(days=28), start, every_s=86_400)
    seen = month.sum(axis=0)
    totals = np.concatenate([np.zeros((1, *past.shape[1:]), np.int64), past, now]).cumsum(axis=0)
    at_s = np.concatenate([[past_s[0]], past_s + 300, live_s + SCRAPE_S])
    allowance = {name: [_allowed(row, failed) for row in seen] for name, failed in INDICATORS.items()}
    allowance["asked"] = [round(1 - OBJECTIVES[0], 6)] * len(names)
    return Counters(at_s, tuple(names), totals, allowance, int(start.timestamp()))


def _allowed(seen: NDArray[np.int64], failed: Sequence[Outcome]) -> float:
    calls = int(seen.sum())
    share = float(seen[list(failed)].sum()) / calls if calls else 0.0
    return next((round(1 - each, 6) for each in OBJECTIVES if share <= 1 - each), 1 - OBJECTIVES[-1])


def _steps(
    rollups: Rollups, place: dict[tuple[str, str], int], start: datetime, end: datetime, *, every_s: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    first, last = int(start.timestamp()), int(end.timestamp())
    begins = np.arange(first, last, every_s)
    counts = np.zeros((begins.size, len(place), len(Outcome)), np.int64)
    rows = np.flatnonzero((rollups.bucket_s >= first) & (rollups.bucket_s < first + begins.size * every_s))
    code = np.array([[place.get((eye, name), -1) for name in rollups.services] for eye in rollups.vantages], np.int64)
    step = (rollups.bucket_s[rows] - first) // every_s
    np.add.at(counts, (step, code[rollups.vantage[rows], rollups.service[rows]]), rollups.outcomes[rows])
    return begins, counts


def open_metrics(given: Counters) -> Iterator[str]:
    """Yield the counters in OpenMetrics, each series in the order of time."""
    failed = {f"failed_{name}": given.totals[:, :, list(codes)].sum(axis=2) for name, codes in INDICATORS.items()}
    for name, totals in {"calls": given.totals.sum(axis=2), **failed}.items():
        yield f"# TYPE {name} counter\n"
        for index, (eye, service) in enumerate(given.series):
            head = f'{name}_total{{vantage="{eye}",service="{service}"}}'
            pairs = zip(totals[:, index].tolist(), given.at_s.tolist(), strict=True)
            yield "".join(f"{head} {total} {at}\n" for total, at in pairs)
    moments = [at for at in given.at_s.tolist() if at >= given.start_s - 300]
    for name, allowed in given.allowance.items():
        yield f"# TYPE allowed_{name} gauge\n"
        for (eye, service), value in zip(given.series, allowed, strict=True):
            head = f'allowed_{name}{{vantage="{eye}",service="{service}"}}'
            yield "".join(f"{head} {value} {at}\n" for at in moments)
    yield "# EOF\n"


def expression(pair: Pair, indicator: str) -> str:
    """Return the alert expression of a pair of windows, as the workbook writes it."""

    def burns(window: timedelta) -> str:
        span = f"[{int(window.total_seconds())}s]"
        rate = f"rate(failed_{indicator}_total{span}) / rate(calls_total{span})"
        return f"({rate}) > {pair.limit} * allowed_{indicator}"

    enough = f"increase(calls_total[{int(pair.long.total_seconds())}s]) >= {LEAST_CALLS}"
    return f"({burns(pair.long)}) and ({burns(pair.short)}) and ({enough})"


@contextmanager
def prometheus(given: Counters, folder: Path) -> Iterator[str]:
    """Run a Prometheus over the counters; yield its address."""
    (folder / "data").mkdir(parents=True)
    with (folder / "counters.txt").open("w") as file:
        file.writelines(open_metrics(given))
    make: list[str | Path] = [
        "promtool",
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        "-q",
        folder / "counters.txt",
        folder / "data",
    ]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  our own command
    (folder / "prometheus.yml").write_text("global: {}\n")
    port = _free_port()
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    with _running(command, f"http://127.0.0.1:{port}/-/ready"):
        yield f"http://127.0.0.1:{port}"


def firing(address: str, pairs: Sequence[Pair], indicator: str, *, start: datetime, end: datetime) -> Firing:
    """Return when each service's alert fired at a vantage: Prometheus evaluates the pairs at every step."""
    found: Firing = {}
    for pair in pairs:
        step_s = SCRAPE_S if pair.limit > 1 else 300
        asked = {
            "query": expression(pair, indicator),
            "start": f"{start.timestamp():.0f}",
            "end": f"{end.timestamp():.0f}",
            "step": str(step_s),
        }
        reply = _json(f"{address}/api/v1/query_range", urllib.parse.urlencode(asked).encode())
        for each in reply["data"]["result"]:
            label = f"{each['metric']['service']}@{each['metric']['vantage']}"
            spans = _spans([float(at) for at, _ in each["values"]], step_s)
            found[label] = _joined(sorted([*found.get(label, []), *spans]))
    return found


def _spans(moments: Sequence[float], step_s: int) -> list[tuple[float, float]]:
    return _joined([(at, at + step_s) for at in moments])


def _joined(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    joined: list[tuple[float, float]] = []
    for begin, end in spans:
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


@contextmanager
def alertmanager(folder: Path, received: list[Sent]) -> Iterator[str]:
    """Run an Alertmanager that groups all of a severity and tells `received`; yield its address."""
    folder.mkdir(parents=True)
    with _listener(received) as hook:
        (folder / "alertmanager.yml").write_text(
            "route:\n  receiver: us\n  group_by: [alertname]\n"
            f"  group_wait: {_fast_ms(GROUP_WAIT)}ms\n  group_interval: {_fast_ms(GROUP_INTERVAL)}ms\n"
            "  repeat_interval: 24h\n"
            f"receivers:\n- name: us\n  webhook_configs:\n  - url: {hook}\n    send_resolved: false\n"
        )
        port = _free_port()
        command = [
            "prometheus-alertmanager",
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
            "--log.level=error",
        ]
        with _running(command, f"http://127.0.0.1:{port}/-/ready"):
            yield f"http://127.0.0.1:{port}"


def notifications(address: str, alerts: Firing, received: list[Sent]) -> int:
    """Hand the alerts over as they change, on the fast clock; return how many messages Alertmanager sent."""
    before = len(received)
    moments = sorted({moment for spans in alerts.values() for span in spans for moment in span})
    for moment, after in zip(moments, [*moments[1:], float("inf")][: len(moments)], strict=True):
        active = [name for name, spans in alerts.items() if any(begin <= moment < end for begin, end in spans)]
        over = [name for name, spans in alerts.items() if any(end == moment for _, end in spans)]
        _post(address, [name for name in over if name not in active], is_over=True)
        _post(address, active, is_over=False)
        time.sleep(min(after - moment, SETTLES.total_seconds()) / SPEED)
    _post(address, list(alerts), is_over=True)
    time.sleep(SETTLES.total_seconds() / SPEED)
    return len(received) - before


def _post(address: str, names: Sequence[str], *, is_over: bool) -> None:
    now = datetime.now(UTC)
    ends = now if is_over else now + timedelta(hours=1)
    alerts = [
        {"labels": {"alertname": "ErrorBudgetBurn", "service": name}, "endsAt": ends.isoformat()} for name in names
    ]
    if alerts:
        _json(f"{address}/api/v2/alerts", json.dumps(alerts).encode(), kind="application/json")


def _fast_ms(span: timedelta) -> int:
    return round(span.total_seconds() * 1000 / SPEED)


@contextmanager
def _listener(received: list[Sent]) -> Iterator[str]:
    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.append((time.monotonic(), frozenset(each["labels"]["service"] for each in body["alerts"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()


@contextmanager
def _running(command: Sequence[str], ready: str) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603  our own command
    try:
        _wait_for(ready, process)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):  # noqa: S310  our own server
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    msg = f"{process.args!r} is not ready"
    raise TimeoutError(msg)


def _json(address: str, body: bytes, kind: str = "application/x-www-form-urlencoded") -> Any:
    asked = urllib.request.Request(address, body, {"Content-Type": kind})  # noqa: S310  our own server
    with urllib.request.urlopen(asked, timeout=300) as reply:  # noqa: S310  our own server
        text = reply.read()
    return json.loads(text) if text else None


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


PAGES = PAIRS[:2]
TICKET = PAIRS[2:]
"""Whom the workbook pages, and for what it only opens a ticket."""
