"""OTLP requests built by hand: what the SDK never sends, and what senders get wrong."""

from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tocsin.kernel.errors import ConfigurationError, InputError
from tocsin.observations.rules.model import Eye, Outcome
from tocsin.plugins.sources.otlp.decoding import Decoded, decode_metrics, decode_traces, response
from tocsin.plugins.sources.otlp.meaning import Names, caller, outcome
from tocsin.plugins.sources.otlp.names import read_names
from tocsin.plugins.sources.otlp.rows import middles_ms

S_NS = 1_000_000_000
START, END = 1_000 * S_NS, 1_060 * S_NS


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"http.response.status_code": 200}, Outcome.OK),
        ({"http.response.status_code": 304}, Outcome.OK),
        ({"http.status_code": 204}, Outcome.OK),
        ({"http.response.status_code": "200"}, Outcome.OK),
        ({"http.response.status_code": 404}, Outcome.REJECTED),
        ({"http.response.status_code": 403, "error.type": "403"}, Outcome.REJECTED),
        ({"http.response.status_code": 408}, Outcome.TIMEOUT),
        ({"http.response.status_code": 429}, Outcome.ERROR),
        ({"http.response.status_code": 500}, Outcome.ERROR),
        ({"error.type": "ConnectionRefused"}, Outcome.ERROR),
        ({"error.type": "timeout"}, Outcome.TIMEOUT),
        ({"error.type": "java.net.SocketTimeoutException"}, Outcome.TIMEOUT),
        ({"error.type": "timed_out"}, Outcome.TIMEOUT),
        ({"error.type": "DeadlineExceeded"}, Outcome.TIMEOUT),
        ({"http.response.status_code": True}, None),
        ({"http.response.status_code": 20000}, None),
        ({}, None),
    ],
)
def test_how_a_call_ended(attributes: dict[str, Any], expected: Outcome | None) -> None:
    assert outcome(attributes) == expected


@pytest.mark.parametrize(
    ("vantage", "attributes", "resource", "expected"),
    [
        (Eye.FRONT, {}, {"service.name": "sts"}, "sts"),
        (Eye.FRONT, {"tocsin.service": "a"}, {"tocsin.service": "b", "service.name": "c"}, "a"),
        (Eye.FRONT, {"server.address": "x"}, {"tocsin.service": "b"}, "b"),
        (Eye.CLIENT, {"server.address": "sts.example"}, {"service.name": "practice software"}, "sts"),
        (Eye.CLIENT, {"peer.service": "kgss", "server.address": "x"}, {}, "kgss"),
        (Eye.CLIENT, {}, {"service.name": "practice software"}, "(no service named)"),
    ],
)
def test_which_service_was_called(
    vantage: Eye, attributes: dict[str, Any], resource: dict[str, Any], expected: str
) -> None:
    names = Names(services={"sts.example": "sts"}, packages={"Suite 12": "gp-a"})
    found = caller(
        {"http.response.status_code": 200, "tocsin.package": "Suite 12", **attributes},
        resource,
        vantage=vantage,
        names=names,
    )
    assert found is not None
    assert (found.service, found.package, found.region) == (expected, "gp-a", "*")


def point(**changed: Any) -> dict[str, Any]:
    return {
        "start_time_unix_nano": START,
        "time_unix_nano": END,
        "count": 3,
        "sum": 0.3,
        "bucket_counts": [1, 2, 0],
        "explicit_bounds": [0.1, 1.0],
    } | changed


def metrics(
    *points: dict[str, Any],
    name: str = "http.server.request.duration",
    unit: str = "s",
    temporality: int = 1,
    kind: str = "histogram",
) -> Decoded:
    request = ExportMetricsServiceRequest()
    group = request.resource_metrics.add()
    service = group.resource.attributes.add(key="service.name")
    service.value.string_value = "sts"
    metric = group.scope_metrics.add().metrics.add(name=name, unit=unit)
    data = getattr(metric, kind)
    data.aggregation_temporality = temporality
    for values in points:
        added = data.data_points.add(**values)
        status = added.attributes.add(key="http.response.status_code")
        status.value.int_value = 200
    return decode_metrics(request.SerializeToString(), encoding="protobuf", names=Names())


def rows(decoded: Decoded) -> list[tuple[float, float, int]]:
    batch = decoded.transactions({})
    return [
        (time_us / 1e6, ms, count)
        for time_us, ms, count in zip(
            batch.time_us.tolist(), batch.duration_ms.tolist(), batch.count.tolist(), strict=True
        )
    ]


def test_a_minute_of_counts_is_spread_over_its_buckets() -> None:
    decoded = metrics(point(count=12, bucket_counts=[12, 0, 0]))
    assert [(time // 10 * 10, ms, count) for time, ms, count in rows(decoded)] == [
        (at, 50.0, 2) for at in (1000, 1010, 1020, 1030, 1040, 1050)
    ]


def test_few_counts_keep_their_number() -> None:
    assert sum(count for _, _, count in rows(metrics(point()))) == 3


def test_without_a_start_all_counts_at_the_end() -> None:
    assert [(round(time), count) for time, _, count in rows(metrics(point(start_time_unix_nano=0)))] == [
        (1060, 1),
        (1060, 2),
    ]


@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        ("http.server.request.duration", "s", 50.0),
        ("http.server.request.duration", "", 50.0),
        ("http.server.duration", "ms", 0.05),
        ("http.server.duration", "", 0.05),
    ],
)
def test_durations_are_milliseconds_whatever_the_unit(name: str, unit: str, expected: float) -> None:
    found = rows(metrics(point(count=1, bucket_counts=[1, 0, 0]), name=name, unit=unit))
    assert [round(ms, 4) for _, ms, _ in found] == [expected]


def test_a_histogram_without_buckets_gives_its_mean() -> None:
    assert {round(ms) for _, ms, _ in rows(metrics(point(bucket_counts=[], explicit_bounds=[])))} == {100}


def test_exponential_buckets_come_into_our_own_bins() -> None:
    exponential = {
        "start_time_unix_nano": START,
        "time_unix_nano": END,
        "count": 4,
        "scale": 0,
        "zero_count": 1,
        "positive": {"offset": -4, "bucket_counts": [2, 0, 0, 0, 1]},
    }
    found = rows(metrics(exponential, kind="exponential_histogram"))
    assert sum(count for _, _, count in found) == 4
    assert {round(ms, -1) for _, ms, _ in found} == {0, 90, 1320}


@pytest.mark.parametrize(
    "broken",
    [
        point(time_unix_nano=0),
        point(bucket_counts=[1, 2]),
        point(count=9),
        point(explicit_bounds=[1.0, 0.1]),
        point(explicit_bounds=[0.1, float("nan")]),
        point(sum=float("inf"), bucket_counts=[]),
        point(count=10**12, bucket_counts=[10**12, 0, 0]),
    ],
)
def test_a_point_that_contradicts_itself_is_counted_and_harms_no_other(broken: dict[str, Any]) -> None:
    decoded = metrics(broken, point())
    assert (decoded.items, decoded.unreadable) == (2, 1)
    assert sum(count for _, _, count in rows(decoded)) == 3


@pytest.mark.parametrize(
    "broken",
    [
        {"scale": 99, "count": 0},
        {"scale": 0, "count": 5, "zero_count": 1},
        {"scale": -10, "count": 1, "positive": {"offset": 2000, "bucket_counts": [1]}},
    ],
)
def test_an_exponential_point_that_contradicts_itself_is_counted(broken: dict[str, Any]) -> None:
    decoded = metrics({"time_unix_nano": END, **broken}, kind="exponential_histogram")
    assert (decoded.items, decoded.unreadable) == (1, 1)


def test_a_cumulative_series_is_a_level_the_newest_one() -> None:
    decoded = metrics(point(), point(time_unix_nano=END + S_NS, count=4, bucket_counts=[2, 2, 0]), temporality=2)
    (level,) = decoded.levels.values()
    assert (level.counts, level.time_us) == ((2, 2, 0), (END + S_NS) // 1000)
    assert rows(decoded) == []
    assert list(decoded.signs()) == [(Eye.FRONT, "sts", level.time_us)]


def test_a_temporality_that_says_nothing_is_counted() -> None:
    assert metrics(point(), temporality=0).unreadable == 1


def test_other_metrics_are_passed_over() -> None:
    assert metrics(point(), name="db.client.operation.duration").items == 0


def test_too_many_names_are_refused() -> None:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for number in range(2001):
        span = scope.spans.add(kind=3, start_time_unix_nano=START, end_time_unix_nano=END)
        span.attributes.add(key="http.response.status_code").value.int_value = 200
        span.attributes.add(key="tocsin.package").value.string_value = f"p{number}"
    with pytest.raises(InputError, match="2001 different packages"):
        decode_traces(request.SerializeToString(), encoding="protobuf", names=Names()).transactions({})


@pytest.mark.parametrize(("start", "end"), [(0, END), (END, START)])
def test_a_span_without_sensible_times_is_counted(start: int, end: int) -> None:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(kind=2)
    span.start_time_unix_nano, span.end_time_unix_nano = start, end
    span.attributes.add(key="http.response.status_code").value.int_value = 200
    decoded = decode_traces(request.SerializeToString(), encoding="protobuf", names=Names())
    assert (decoded.items, decoded.unreadable) == (1, 1)


def test_spans_that_are_not_http_are_passed_over() -> None:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(kind=3)
    span.attributes.add(key="db.system").value.string_value = "postgresql"
    assert decode_traces(request.SerializeToString(), encoding="protobuf", names=Names()).items == 0


def test_a_partial_success_names_what_was_rejected() -> None:
    body = response("metrics", encoding="protobuf", rejected=2, words="unknown service: x")
    partial = ExportMetricsServiceResponse.FromString(body).partial_success
    assert (partial.rejected_data_points, partial.error_message) == (2, "unknown service: x")
    body = response("traces", encoding="protobuf", rejected=3, words="w")
    assert ExportTraceServiceResponse.FromString(body).partial_success.rejected_spans == 3
    assert response("traces", encoding="json", rejected=0, words="") == b"{}"
    assert b'"rejectedSpans": "3"' in response("traces", encoding="json", rejected=3, words="w")


def test_each_bucket_has_a_duration_that_stands_for_it() -> None:
    assert middles_ms([100.0, 300.0]) == (50.0, 200.0, 450.0)
    assert middles_ms([]) == (0.0,)


@pytest.mark.parametrize("content", [b"{", b'{"resourceSpans": [{"scopeSpans": 1}]}', b"[" * 5000, b"\xff"])
def test_json_that_is_no_request_is_refused(content: bytes) -> None:
    with pytest.raises(InputError, match="no OTLP request in json"):
        decode_traces(content, encoding="json", names=Names())


def test_the_intake_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "intake.toml"
    path.write_text('[services]\n"sts.example" = "sts"\n')
    assert read_names(path) == Names(services={"sts.example": "sts"})


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("[services", "intake_file.unreadable"),
        ("[partners]\n", "intake_file.unknown"),
        ("[services]\na = 3\n", "intake_file.kind"),
    ],
)
def test_a_bad_intake_file_says_what_to_mend(tmp_path: Path, content: str, code: str) -> None:
    path = tmp_path / "intake.toml"
    path.write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        read_names(path)
    assert caught.value.code == code
