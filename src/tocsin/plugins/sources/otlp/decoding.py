"""Reads OTLP requests (protobuf or JSON) and writes the responses that the protocol asks for.

Histograms with delta temporality and spans are transactions at once; cumulative histograms are handed on as levels,
since only somebody who remembers where they stood knows what happened since.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, Literal

import numpy as np
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tocsin.kernel.errors import InputError
from tocsin.observations.rules.cumulative import Increase, Level
from tocsin.observations.rules.model import DURATION_BINS, DURATION_EDGES_MS, Eye, Transactions
from tocsin.plugins.sources.otlp.meaning import Attributes, Caller, Names, caller, plain
from tocsin.plugins.sources.otlp.rows import Rows, middles_ms

type Encoding = Literal["protobuf", "json"]

_NS_IN_US: Final = 1000
_MAX_COUNT: Final = 100_000_000
_DELTA: Final = 1
_CUMULATIVE: Final = 2
_HISTOGRAMS: Final = {
    "http.server.request.duration": Eye.FRONT,
    "http.client.request.duration": Eye.CLIENT,
    "http.server.duration": Eye.FRONT,
    "http.client.duration": Eye.CLIENT,
}
_SPAN_KINDS: Final = {2: Eye.FRONT, 3: Eye.CLIENT}
_OUR_MIDDLES_MS: Final = tuple(float(edge) for edge in np.sqrt(DURATION_EDGES_MS[:-1] * DURATION_EDGES_MS[1:]))


@dataclass(frozen=True, slots=True)
class Series:
    """What a cumulative series is about, and the duration that stands for each of its buckets."""

    caller: Caller
    durations_ms: tuple[float, ...]


@dataclass(slots=True)
class Decoded:
    """What a request held: transactions, levels of cumulative series, and how many items could not be read.

    `items` counts data points or spans about HTTP; what is about anything else is passed over in silence, since a
    process sends all its telemetry to the one address it knows.
    """

    rows: Rows = field(default_factory=Rows)
    levels: dict[str, Level] = field(default_factory=dict)
    series: dict[str, Series] = field(default_factory=dict)
    items: int = 0
    unreadable: int = 0

    def transactions(self, increases: Mapping[str, Increase]) -> Transactions:
        """Return all transactions, those by which the cumulative series grew included. Ask once."""
        for name, grown in increases.items():
            series = self.series[name]
            for duration_ms, number in zip(series.durations_ms, grown.counts, strict=True):
                if number:
                    span = (grown.start_us, grown.end_us)
                    self.rows.add_spread(series.caller, span_us=span, duration_ms=duration_ms, count=number)
        return self.rows.transactions()

    def signs(self) -> Iterator[tuple[Eye, str, int]]:
        """Yield who was seen alive when (eye, service, microseconds), though nothing may have happened."""
        for name, level in self.levels.items():
            yield self.series[name].caller.vantage, self.series[name].caller.service, level.time_us


def decode_metrics(body: bytes, *, encoding: Encoding, names: Names) -> Decoded:
    """Read an `ExportMetricsServiceRequest`; raises `InputError` when it is none."""
    request = _parsed(body, ExportMetricsServiceRequest(), encoding)
    decoded = Decoded()
    for group in request.resource_metrics:
        resource = plain(group.resource.attributes)
        for metric in (metric for scope in group.scope_metrics for metric in scope.metrics):
            if metric.name in _HISTOGRAMS:
                _read_metric(metric, resource, names=names, into=decoded)
    return decoded


def decode_traces(body: bytes, *, encoding: Encoding, names: Names) -> Decoded:
    """Read an `ExportTraceServiceRequest`; raises `InputError` when it is none."""
    request = _parsed(body, ExportTraceServiceRequest(), encoding)
    decoded = Decoded()
    for group in request.resource_spans:
        resource = plain(group.resource.attributes)
        for span in (span for scope in group.scope_spans for span in scope.spans):
            if span.kind in _SPAN_KINDS:
                _read_span(span, resource, names=names, into=decoded)
    return decoded


def response(kind: Literal["metrics", "traces"], *, encoding: Encoding, rejected: int, words: str) -> bytes:
    """Return the body of a success, which names what was rejected when not everything was taken."""
    answer: Any
    if kind == "metrics":
        answer = ExportMetricsServiceResponse()
        if rejected or words:
            answer.partial_success.rejected_data_points = rejected
            answer.partial_success.error_message = words
    else:
        answer = ExportTraceServiceResponse()
        if rejected or words:
            answer.partial_success.rejected_spans = rejected
            answer.partial_success.error_message = words
    if encoding == "json":
        return json.dumps(json_format.MessageToDict(answer)).encode()
    encoded: bytes = answer.SerializeToString()
    return encoded


def _parsed[M: Message](body: bytes, message: M, encoding: Encoding) -> M:
    try:
        if encoding == "json":
            json_format.Parse(body, message, ignore_unknown_fields=True)
        else:
            message.ParseFromString(body)
    except (DecodeError, json_format.ParseError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise InputError(
            "otlp.malformed",
            f"This is no OTLP request in {encoding} ({str(error).splitlines()[0][:160] or type(error).__name__}).",
            hint="Check the exporter's protocol, and that Content-Type says which it is.",
        ) from error
    return message


def _read_metric(metric: Any, resource: Attributes, *, names: Names, into: Decoded) -> None:
    kind = metric.WhichOneof("data")
    readers: dict[str, Callable[[Any, float], tuple[tuple[int, ...], tuple[float, ...]] | None]] = {
        "histogram": _explicit,
        "exponential_histogram": _exponential,
    }
    if kind not in readers:
        return
    data = getattr(metric, kind)
    is_ms = metric.unit == "ms" or (not metric.unit and not metric.name.endswith(".request.duration"))
    for point in data.data_points:
        attributes = plain(point.attributes)
        about = caller(attributes, resource, vantage=_HISTOGRAMS[metric.name], names=names)
        if about is None:
            continue
        into.items += 1
        read = readers[kind](point, 1.0 if is_ms else 1000.0)
        if read is None or not point.time_unix_nano or data.aggregation_temporality not in {_DELTA, _CUMULATIVE}:
            into.unreadable += 1
            continue
        counts, durations_ms = read
        span_us = (point.start_time_unix_nano // _NS_IN_US, point.time_unix_nano // _NS_IN_US)
        if data.aggregation_temporality == _DELTA:
            for duration_ms, number in zip(durations_ms, counts, strict=True):
                into.rows.add_spread(about, span_us=span_us, duration_ms=duration_ms, count=number)
        else:
            name = _series_name(metric.name, attributes, resource)
            _keep_level(into, name, Level(*span_us, counts), Series(about, durations_ms))


def _keep_level(into: Decoded, name: str, level: Level, series: Series) -> None:
    if name not in into.levels or level.time_us > into.levels[name].time_us:
        into.levels[name] = level
        into.series[name] = series


def _series_name(metric: str, attributes: Attributes, resource: Attributes) -> str:
    whole = json.dumps([metric, sorted(attributes.items()), sorted(resource.items())], default=str)
    return hashlib.sha256(whole.encode()).hexdigest()


def _explicit(point: Any, to_ms: float) -> tuple[tuple[int, ...], tuple[float, ...]] | None:
    """Return the counts of a histogram and the duration of each bucket; None when it contradicts itself."""
    counts, bounds = tuple(point.bucket_counts), tuple(point.explicit_bounds)
    if point.count > _MAX_COUNT or not math.isfinite(point.sum):
        return None
    if not counts:
        mean = point.sum / point.count if point.count else 0.0
        return (point.count,), (max(0.0, mean * to_ms),)
    is_sound = len(counts) == len(bounds) + 1 and sum(counts) == point.count and _is_rising(bounds)
    return (counts, middles_ms([bound * to_ms for bound in bounds])) if is_sound else None


def _exponential(point: Any, to_ms: float) -> tuple[tuple[int, ...], tuple[float, ...]] | None:
    """Return an exponential histogram in our own bins, so that a change of its scale leaves the bins alone."""
    counts = [0] * DURATION_BINS
    counts[0] = point.zero_count
    if point.count > _MAX_COUNT or not -10 <= point.scale <= 20:  # noqa: PLR2004  the range that the protocol names
        return None
    for place, number in enumerate(point.positive.bucket_counts):
        exponent = (point.positive.offset + place + 0.5) / 2.0**point.scale
        if number and not abs(exponent) < 64:  # noqa: PLR2004  beyond any duration
            return None
        if number:
            middle_ms = 2.0**exponent * to_ms
            counts[int(np.searchsorted(DURATION_EDGES_MS[1:-1], middle_ms, side="right"))] += number
    return (tuple(counts), _OUR_MIDDLES_MS) if sum(counts) == point.count else None


def _is_rising(bounds: Sequence[float]) -> bool:
    return all(math.isfinite(bound) for bound in bounds) and all(low < high for low, high in pairwise(bounds))


def _read_span(span: Any, resource: Attributes, *, names: Names, into: Decoded) -> None:
    attributes = plain(span.attributes)
    if not any(key.startswith("http.") for key in attributes):
        return
    about = caller(attributes, resource, vantage=_SPAN_KINDS[span.kind], names=names)
    into.items += 1
    start_us, end_us = span.start_time_unix_nano // _NS_IN_US, span.end_time_unix_nano // _NS_IN_US
    if about is None or not 0 < start_us <= end_us:
        into.unreadable += 1
        return
    into.rows.add(about, time_us=end_us, duration_ms=(end_us - start_us) / 1000)
