"""A process instrumented with the OpenTelemetry SDK, as a service or a vendor's client would be.

Called with: endpoint, API key, what to send (metrics-cumulative, metrics-delta, metrics-exponential, traces, and the
-json forms, which put the SDK's own request into OTLP's JSON encoding).
"""

import base64
import gzip
import json
import sys
import time
import urllib.request
from collections.abc import Iterable
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

ENDPOINT, KEY, WHAT = sys.argv[1:]
HEADERS = {"Authorization": f"Bearer {KEY}"}
SERVER = Resource.create({"service.name": "sts", "tocsin.region": "BE-WLG"})
CLIENT = Resource.create({"service.name": "practice software", "tocsin.package": "gp-a", "tocsin.region": "BE-VAN"})
BOUNDS_S = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]  # as the conventions advise
CALLS: list[tuple[float, dict[str, Any]]] = [
    (0.05, {"http.response.status_code": 200}),
    (0.06, {"http.response.status_code": 200}),
    (0.9, {"http.response.status_code": 403}),
    (2.0, {"http.response.status_code": 503, "error.type": "503"}),
    (30.0, {"error.type": "timeout"}),
]


def record(histogram: Any, times: int = 1) -> None:
    for _ in range(times):
        for seconds, attributes in CALLS:
            histogram.record(seconds, {"http.request.method": "POST", **attributes})


def metrics(temporality: AggregationTemporality, *, is_exponential: bool = False) -> None:
    exporter = OTLPMetricExporter(
        f"{ENDPOINT}/v1/metrics",
        headers=HEADERS,
        compression=Compression.Gzip,
        preferred_temporality={Histogram: temporality},
    )
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=60_000)
    views = [View(instrument_name="*", aggregation=ExponentialBucketHistogramAggregation())] if is_exponential else []
    provider = MeterProvider([reader], resource=SERVER, views=views)
    histogram = provider.get_meter("test").create_histogram(
        "http.server.request.duration", unit="s", explicit_bucket_boundaries_advisory=BOUNDS_S
    )
    provider.get_meter("test").create_counter("unrelated").add(1)
    record(histogram)
    provider.force_flush()
    # What a cumulative series says again must not count again.
    provider.force_flush()
    record(histogram, times=2)
    provider.force_flush()
    provider.shutdown()


def metrics_json() -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], resource=SERVER)
    record(
        provider.get_meter("test").create_histogram(
            "http.server.request.duration", unit="s", explicit_bucket_boundaries_advisory=BOUNDS_S
        )
    )
    data = reader.get_metrics_data()
    assert data is not None
    post("metrics", encode_metrics(data))
    provider.shutdown()


def spans(provider: TracerProvider) -> None:
    tracer = provider.get_tracer("test")
    now_ns = time.time_ns()
    for seconds, attributes in CALLS:
        kind = SpanKind.CLIENT
        call = {
            "http.request.method": "GET",
            "server.address": "sts.example.org",
            "tocsin.service": "sts",
            **attributes,
        }
        span = tracer.start_span("GET", kind=kind, attributes=call, start_time=now_ns - round(seconds * 1e9))
        span.end(end_time=now_ns)
    tracer.start_span("work inside", kind=SpanKind.INTERNAL).end()


def traces() -> None:
    provider = TracerProvider(resource=CLIENT)
    exporter = OTLPSpanExporter(f"{ENDPOINT}/v1/traces", headers=HEADERS, compression=Compression.Gzip)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    spans(provider)
    provider.shutdown()


def traces_json() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=CLIENT)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    spans(provider)
    post("traces", encode_spans(exporter.get_finished_spans()))
    provider.shutdown()


def post(kind: str, message: Any) -> None:
    document = MessageToDict(message)
    for span in _spans(document):
        for name in ("traceId", "spanId", "parentSpanId"):
            if name in span:
                # OTLP's JSON writes ids in hexadecimal where protobuf's own mapping would use base64.
                span[name] = base64.b64decode(span[name]).hex()
    request = urllib.request.Request(  # noqa: S310  loopback
        f"{ENDPOINT}/v1/{kind}",
        gzip.compress(json.dumps(document).encode()),
        {"Content-Type": "application/json", "Content-Encoding": "gzip", **HEADERS},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  loopback
        assert json.loads(answer.read()) == {}


def _spans(document: dict[str, Any]) -> Iterable[dict[str, Any]]:
    for resource in document.get("resourceSpans", []):
        for scope in resource["scopeSpans"]:
            yield from scope["spans"]


SENDERS = {
    "metrics-cumulative": lambda: metrics(AggregationTemporality.CUMULATIVE),
    "metrics-delta": lambda: metrics(AggregationTemporality.DELTA),
    "metrics-exponential": lambda: metrics(AggregationTemporality.CUMULATIVE, is_exponential=True),
    "metrics-json": metrics_json,
    "traces": traces,
    "traces-json": traces_json,
}
SENDERS[WHAT]()
