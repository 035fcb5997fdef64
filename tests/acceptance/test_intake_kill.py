"""`kill -9` during intake loses nothing that was acknowledged."""

import io
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from acceptance.intake_server import IntakeServer
from tocsin.observations.intake_log import IntakeReader

WRITER = Path(__file__).with_name("intake_writer.py")
ROUNDS = 6
STARTED_AT = datetime.now(UTC) - timedelta(seconds=1)


def kept(folder: Path) -> set[str]:
    """Drain the log as the engine does and return which records were in it."""
    reader = IntakeReader(folder)
    found = set()
    while (pending := reader.pending()) is not None:
        found |= {content.decode().rpartition(":")[0] for _, content in pending.records}
        reader.mark_stored(pending)
        if pending.is_last:
            break
    reader.tidy()
    return found


def test_every_acknowledged_record_outlives_its_writer(tmp_path: Path) -> None:
    chance = random.Random(27)  # noqa: S311  so that a failure can be repeated
    acknowledged, found = set(), set()
    for turn in range(ROUNDS):
        command = [sys.executable, str(WRITER), str(tmp_path), str(turn)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for _ in range(chance.randint(1, 120)):
                acknowledged.add(f"{turn}:{writer.stdout.readline().strip()}")
            if turn % 2:
                found |= kept(tmp_path)  # the engine reads while the writer writes
            writer.send_signal(signal.SIGKILL)
            acknowledged |= {f"{turn}:{line.strip()}" for line in writer.stdout}
    found |= kept(tmp_path)
    assert len(acknowledged) > ROUNDS
    assert acknowledged - found == set()
    assert not list(tmp_path.glob("*.log"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[IntakeServer]:
    server = IntakeServer(tmp_path)
    server.start()
    yield server
    server.kill()


def batch(number: int) -> bytes:
    """One transaction whose count is its number, so that it can be told from the others."""
    columns = {
        "time": pa.array([STARTED_AT], pa.timestamp("us", tz="UTC")),
        "duration_ms": pa.array([20.0], pa.float32()),
        "count": pa.array([number], pa.uint32()),
    }
    words = {"vantage": "front", "service": "sts", "package": "gp-a", "region": "BE-WLG", "outcome": "ok"}
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns | {name: pa.array([word]) for name, word in words.items()}), buffer)
    return buffer.getvalue()


def send(server: IntakeServer, client: httpx.Client, number: int) -> bool:
    try:
        answer = client.post(
            f"{server.address}/observations",
            content=batch(number),
            headers={
                "Authorization": f"Bearer {server.secret}",
                "Content-Type": "application/vnd.apache.parquet",
                "Idempotency-Key": f"batch-{number}",
            },
        )
    except httpx.HTTPError:
        return False
    assert answer.status_code == 200, answer.text
    return True


def test_a_web_server_killed_during_intake_loses_nothing_and_repeats_nothing(server: IntakeServer) -> None:
    acknowledged: set[int] = set()
    sent: list[int] = []
    enough = threading.Event()

    def keep_sending() -> None:
        with httpx.Client(timeout=5) as client:
            for number in range(1, 2000):
                sent.append(number)
                if not send(server, client, number):
                    return
                acknowledged.add(number)
                if len(acknowledged) >= 25:
                    enough.set()

    sender = threading.Thread(target=keep_sending)
    sender.start()
    assert enough.wait(30)
    server.kill()
    sender.join()
    server.start()
    with httpx.Client(timeout=5) as client:
        # The sender repeats what it had no answer for, and to be sure the last answered one too.
        for number in (max(acknowledged), sent[-1]):
            assert any(send(server, client, number) for _ in range(20)), number

    numbers = [int(count) for taken in server.taken() for count in taken.count]
    assert acknowledged - set(numbers) == set()
    assert len(numbers) - len(set(numbers)) <= 1  # a record written, unanswered and repeated: `drain` counts it once
