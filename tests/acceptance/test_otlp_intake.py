"""OTLP from a process instrumented with the real SDK, to a real running server; and what is no OTLP at all."""

import gzip
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from acceptance.intake_server import IntakeServer
from tocsin.observations.rules.model import Outcome, Transactions

SENDER = Path(__file__).with_name("otlp_sender.py")
ONCE = {"ok": 2, "rejected": 1, "error": 1, "timeout": 1}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IntakeServer]:
    server = IntakeServer(tmp_path_factory.mktemp("data"))
    server.start()
    yield server
    server.kill()


def send(server: IntakeServer, what: str) -> list[Transactions]:
    server.taken()
    command = [sys.executable, str(SENDER), f"{server.address}/otlp", server.secret, what]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Failed to export" not in done.stderr, done.stderr
    return server.taken()


def outcomes(batches: Sequence[Transactions]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for batch in batches:
        for code, count in zip(batch.outcome.tolist(), batch.count.tolist(), strict=True):
            found[Outcome(code).name.lower()] += count
    return dict(found)


def callers(batches: Sequence[Transactions]) -> set[tuple[str, str, str, str]]:
    return {
        (batch.vantages[vantage], batch.services[service], batch.packages[package], batch.regions[region])
        for batch in batches
        for vantage, service, package, region in zip(
            batch.vantage.tolist(), batch.service.tolist(), batch.package.tolist(), batch.region.tolist(), strict=True
        )
    }


@pytest.mark.parametrize("what", ["metrics-cumulative", "metrics-delta", "metrics-exponential"])
def test_server_durations_become_observations(server: IntakeServer, what: str) -> None:
    batches = send(server, what)

    assert outcomes(batches) == {outcome: 3 * count for outcome, count in ONCE.items()}
    assert callers(batches) == {("front", "sts", "*", "BE-WLG")}
    durations = sorted({float(ms) for batch in batches for ms in batch.duration_ms})
    assert 10 <= durations[0] <= 100
    assert 5_000 <= durations[-1] <= 120_000


def test_metrics_in_json_become_observations(server: IntakeServer) -> None:
    batches = send(server, "metrics-json")
    assert outcomes(batches) == ONCE
    assert callers(batches) == {("front", "sts", "*", "BE-WLG")}


@pytest.mark.parametrize("what", ["traces", "traces-json"])
def test_client_spans_become_observations(server: IntakeServer, what: str) -> None:
    batches = send(server, what)
    assert outcomes(batches) == ONCE
    assert callers(batches) == {("client", "sts", "gp-a", "BE-VAN")}
    assert sorted(round(float(ms)) for batch in batches for ms in batch.duration_ms) == [50, 60, 900, 2000, 30000]


def post(
    server: IntakeServer, content: bytes, *, kind: str = "application/x-protobuf", **headers: str
) -> httpx.Response:
    return httpx.post(
        f"{server.address}/otlp/v1/metrics",
        content=content,
        headers={"Authorization": f"Bearer {server.secret}", "Content-Type": kind, **headers},
    )


@pytest.mark.parametrize(
    ("content", "kind", "encoding", "status", "code"),
    [
        (b"\xff\xff\xff no protobuf", "application/x-protobuf", "identity", 400, "otlp.malformed"),
        (b'{"resourceMetrics": 3}', "application/json", "identity", 400, "otlp.malformed"),
        (b"{", "application/json", "identity", 400, "otlp.malformed"),
        (b"x", "text/plain", "identity", 415, "body.content_type"),
        (gzip.compress(b"\xff\xff\xff"), "application/x-protobuf", "gzip", 400, "otlp.malformed"),
        (b"not gzip", "application/x-protobuf", "gzip", 400, "body.bad_gzip"),
        (gzip.compress(bytes(70 * 1024 * 1024)), "application/x-protobuf", "gzip", 413, "body.too_large"),
    ],
    ids=["protobuf", "json of another shape", "no json", "text", "gzip of rubbish", "no gzip", "bomb"],
)
def test_what_is_no_otlp_is_a_problem(
    server: IntakeServer, *, content: bytes, kind: str, encoding: str, status: int, code: str
) -> None:
    answer = post(server, content, kind=kind, **{"Content-Encoding": encoding})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_an_endless_body_is_stopped_while_it_arrives(server: IntakeServer) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 200 * 1024 * 1024:
            sent += 1024 * 1024
            yield bytes(1024 * 1024)

    try:
        headers = {"Authorization": f"Bearer {server.secret}", "Content-Type": "application/x-protobuf"}
        answer = httpx.post(f"{server.address}/otlp/v1/metrics", content=endless(), headers=headers, timeout=20)
    except httpx.TransportError:
        pass  # the connection was closed while we were still sending
    else:
        assert answer.status_code == 413
    assert sent < 100 * 1024 * 1024


def test_a_body_without_a_length_is_read_all_the_same(server: IntakeServer) -> None:
    answer = httpx.post(
        f"{server.address}/otlp/v1/metrics",
        content=iter([b"\xff\xff", b"\xff no protobuf"]),
        headers={"Authorization": f"Bearer {server.secret}", "Content-Type": "application/x-protobuf"},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "otlp.malformed")


def test_an_oversized_body_is_a_problem(server: IntakeServer) -> None:
    answer = post(server, bytes(17 * 1024 * 1024))
    assert (answer.status_code, answer.json()["code"]) == (413, "body.too_large")


def test_without_a_key_nothing_is_taken(server: IntakeServer) -> None:
    answer = httpx.post(f"{server.address}/otlp/v1/traces", content=b"")
    assert (answer.status_code, answer.json()["code"]) == (401, "key.missing")


def test_an_empty_request_is_answered_as_the_protocol_asks(server: IntakeServer) -> None:
    answer = post(server, ExportMetricsServiceRequest().SerializeToString())
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/x-protobuf"
    assert not ExportMetricsServiceResponse.FromString(answer.content).HasField("partial_success")
