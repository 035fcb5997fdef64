"""Plays a recording to a running Tocsin: through its HTTP intake, as machines, members and partners would.

It waits for the shared clock to reach each moment, then sends what was seen until then. Where this machine, or the
engine on it, cannot keep up with the speed that was asked for, the clock is held until it has: late telemetry would
look like an outage, and telemetry that is far too late is refused, rightly. A batch that is refused for the moment (no
answer, 5xx) is sent again under the same idempotency key, so nothing is lost and nothing doubled.
"""

import io
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import httpx
import pyarrow as pa
import pyarrow.parquet as pq

from tocsin.kernel.clock import Clock, format_moment
from tocsin.observations.rules.model import Transactions
from tocsin.plugins.sources.recording.model import Recording

STEP = timedelta(seconds=10)
TRIES = 5
HOLDS_THE_CLOCK_AT = timedelta(seconds=25)
"""How far what was sent may be behind the clock: two batches and a little, well below what counts as silence."""

ENGINE_MAY_LAG = timedelta(seconds=60)
"""How far the engine's last tick may be behind: half of what makes the console call a judgement old."""

type Told = Callable[[str, Sequence[Mapping[str, Any]]], object]
_OUTCOMES = ("ok", "rejected", "error", "timeout")


@dataclass(slots=True)
class Sent:
    """What was sent so far, and what was refused for good."""

    transactions: int = 0
    records: int = 0
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Api:
    """Where to send to (an address ending in `/api/v1/`), and the API key that lets one."""

    url: str
    secret: str


class HeldClock(Clock, Protocol):
    """A clock that can be held and let go."""

    def hold(self) -> None:
        """Let it stand still."""
        ...

    def let_go(self) -> None:
        """Let it run on from where it stands."""
        ...

    def engine_at(self) -> datetime | None:
        """Return the clock's time of the engine's last tick; None before the first."""
        ...


class Sender:
    """Sends a recording in step with the clock, until its end or until told to stop."""

    def __init__(self, recording: Recording, *, api: Api, clock: HeldClock, told: Told) -> None:
        """Send to `api`; the clock stands still. `told` hears which records were sent where."""
        self._recording = recording
        self._clock = clock
        self._told = told
        self._is_held = True
        self._client = httpx.Client(base_url=api.url, headers={"Authorization": f"Bearer {api.secret}"}, timeout=10)
        self.sent = Sent()

    def run(self, *, should_stop: Callable[[], bool]) -> Sent:
        """Send everything; returns what was sent when the recording ends or `should_stop` says so."""
        with self._client:
            self._send_before_the_start()
            for until, batch in self._recording.chunks(STEP):
                if not self._waited_for(until, should_stop):
                    break
                self._send_batch(batch, until)
                self._send_records(until - STEP, until)
        if self._is_held:
            # It was held for the last batches: nobody else would let it go, and what waits would wait for ever.
            self._clock.let_go()
            self._is_held = False
        return self.sent

    def _waited_for(self, moment: datetime, should_stop: Callable[[], bool]) -> bool:
        while not should_stop():
            self._keep_in_step(moment)
            if self._clock.now() >= moment:
                return True
            time.sleep(0.01)
        return False

    def _keep_in_step(self, moment: datetime) -> None:
        now = self._clock.now()
        engine_behind = now - (self._clock.engine_at() or now)
        if self._is_held and now <= moment and engine_behind <= STEP * 2:
            self._clock.let_go()
            self._is_held = False
        elif not self._is_held and (now - moment > HOLDS_THE_CLOCK_AT or engine_behind > ENGINE_MAY_LAG):
            self._clock.hold()
            self._is_held = True

    def _send_before_the_start(self) -> None:
        early = [change for change in self._recording.changes if change.at < self._recording.start]
        for number in range(0, len(early), 100):
            self._post_json("changes", [_change(change) for change in early[number : number + 100]], f"early-{number}")

    def _send_batch(self, batch: Transactions, until: datetime) -> None:
        if len(batch) == 0:
            return
        headers = {"Content-Type": "application/vnd.apache.parquet"}
        self._post("observations", _parquet(batch), headers, f"demo-transactions-{until:%H%M%S}")
        self.sent.transactions += len(batch)

    def _send_records(self, since: datetime, until: datetime) -> None:
        recording = self._recording
        for path, items, shape in (
            ("probe-results", recording.probes, _probe),
            ("reports", recording.reports, _report),
            ("notices", recording.notices, _notice),
            ("changes", recording.changes, _change),
        ):
            due = [shape(item) for item in _between(items, since, until)]
            if due:
                self._post_json(path, due, f"{until:%H%M%S}")
                self._told(path, due)

    def _post_json(self, path: str, rows: list[dict[str, Any]], key: str) -> None:
        self._post(path, rows, {}, f"demo-{path}-{key}")
        self.sent.records += len(rows)

    def _post(self, path: str, body: bytes | list[dict[str, Any]], headers: dict[str, str], key: str) -> None:
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        problem = ""
        for attempt in range(1, TRIES + 1):
            try:
                answer = self._client.post(path, headers=headers | {"Idempotency-Key": key}, **content)
            except httpx.TransportError as error:
                problem = str(error)
            else:
                if answer.status_code < httpx.codes.BAD_REQUEST:
                    return
                problem = f"{answer.status_code} {answer.text[:200]}"
                if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                    break
            time.sleep(0.1 * attempt)
        self.sent.refused.append(f"{path}: {problem}")


def _between[T](items: Sequence[T], since: datetime, until: datetime) -> list[T]:
    return [item for item in items if since <= item.at < until]  # type: ignore[attr-defined]  # every record has `at`


def _parquet(batch: Transactions) -> bytes:
    table = pa.table(
        {
            "time": pa.array(batch.time_us, type=pa.timestamp("us", tz="UTC")),
            "vantage": [batch.vantages[code] for code in batch.vantage],
            "service": [batch.services[code] for code in batch.service],
            "package": [batch.packages[code] for code in batch.package],
            "region": [batch.regions[code] for code in batch.region],
            "outcome": [_OUTCOMES[code] for code in batch.outcome],
            "duration_ms": pa.array(batch.duration_ms, type=pa.float32()),
            "count": pa.array(batch.count, type=pa.uint32()),
        }
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def _probe(item: Any) -> dict[str, Any]:
    return {
        "time": format_moment(item.at),
        "probe": item.probe,
        "service": item.service,
        "function": item.function,
        "ok": item.is_ok,
        "duration_ms": item.duration_ms,
        "detail": item.detail,
    }


def _report(item: Any) -> dict[str, Any]:
    names = ("member", "audience", "package", "region", "function", "works", "text")
    return {"time": format_moment(item.at)} | {name: getattr(item, name) for name in names}


def _notice(item: Any) -> dict[str, Any]:
    return {
        "time": format_moment(item.at),
        "partner": item.partner,
        "services": list(item.services),
        "state": item.state,
        "text": item.text,
        "until": format_moment(item.until) if item.until else None,
    }


def _change(item: Any) -> dict[str, Any]:
    names = ("kind", "change", "summary", "running", "persisted", "approved")
    return {"time": format_moment(item.at), "services": list(item.services)} | {
        name: getattr(item, name) for name in names
    }
