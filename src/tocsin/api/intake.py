"""Where machines send what they see: telemetry, reports, probe results, notices, changes."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field, JsonValue, ValidationError

from tocsin.api.body import content_type, read_body
from tocsin.api.clock import now
from tocsin.api.keys import Bearer, batch_key
from tocsin.api.schemas import ChangeIn, NoticeIn, ProbeResultIn, ReceiptOut, ReportIn
from tocsin.changes.services import accept_changes
from tocsin.kernel.errors import InputError
from tocsin.observations import services
from tocsin.observations.errors import NothingUsableError
from tocsin.observations.queries import configured_pack
from tocsin.observations.rules.redaction import redact
from tocsin.observations.services import Receipt, Tally
from tocsin.plugins.sources.otlp import decoding as otlp
from tocsin.plugins.sources.otlp.meaning import Names
from tocsin.plugins.sources.otlp.names import read_names
from tocsin.plugins.sources.parquet import reader as parquet

router = Router(tags=["intake"])

MAX_ITEMS: Final = 5_000
type Item[Schema] = Annotated[Schema | JsonValue, Field(union_mode="left_to_right")]
"""An item, or whatever was sent instead of one: a bad item is counted and harms no good one."""

_OTLP_TYPES: Final = ("application/x-protobuf", "application/json")
_PARQUET_TYPES: Final = ("application/vnd.apache.parquet", "application/x-parquet", "application/octet-stream")


@router.post("otlp/v1/metrics", auth=Bearer("telemetry"), summary="OTLP metrics (protobuf or JSON, gzip)")
def otlp_metrics(request: HttpRequest) -> HttpResponse:
    """Take the histograms of HTTP server and client durations; everything else is passed over."""
    return _otlp(request, "metrics")


@router.post("otlp/v1/traces", auth=Bearer("telemetry"), summary="OTLP traces (protobuf or JSON, gzip)")
def otlp_traces(request: HttpRequest) -> HttpResponse:
    """Take HTTP spans of kind server and client. Send traces or metrics of the same calls, not both."""
    return _otlp(request, "traces")


@router.post(
    "observations",
    auth=Bearer("telemetry"),
    response=ReceiptOut,
    summary="A batch of transactions (Parquet)",
    openapi_extra={"requestBody": {"content": {_PARQUET_TYPES[0]: {"schema": {"type": "string", "format": "binary"}}}}},
)
def observations(request: HttpRequest) -> ReceiptOut:
    """Take transactions in columns: time, vantage, service, package, region, outcome, duration_ms, count."""
    content_type(request, allowed=_PARQUET_TYPES)
    transactions, unreadable = parquet.read(read_body(request))
    receipt = services.accept_transactions(
        transactions, source="observations", now=now(), batch_key=batch_key(request), unreadable=unreadable
    )
    return _out(receipt)


@router.post("reports", auth=Bearer("reports"), response=ReceiptOut, summary="Reports of panel members")
def reports(request: HttpRequest, items: list[Item[ReportIn]]) -> ReceiptOut:
    """Take reports; names, numbers and addresses are removed from their text before anything is stored."""
    return _one_by_one(request, items, ReportIn, services.accept_reports)


@router.post("probe-results", auth=Bearer("probes"), response=ReceiptOut, summary="Results of synthetic checks")
def probe_results(request: HttpRequest, items: list[Item[ProbeResultIn]]) -> ReceiptOut:
    """Take results of probes that run elsewhere."""
    return _one_by_one(request, items, ProbeResultIn, services.accept_probe_results)


@router.post("notices", auth=Bearer("notices"), response=ReceiptOut, summary="Statements of partners")
def notices(request: HttpRequest, items: list[Item[NoticeIn]]) -> ReceiptOut:
    """Take what partners say of their own services."""
    return _one_by_one(request, items, NoticeIn, services.accept_notices)


@router.post("changes", auth=Bearer("changes"), response=ReceiptOut, summary="Interventions and fingerprints")
def changes(request: HttpRequest, items: list[Item[ChangeIn]]) -> ReceiptOut:
    """Take interventions, planned or under way, and fingerprints of configurations."""
    return _one_by_one(request, items, ChangeIn, _accept_changes)


def _otlp(request: HttpRequest, kind: Any) -> HttpResponse:
    given = content_type(request, allowed=_OTLP_TYPES)
    encoding: Any = "json" if given == "application/json" else "protobuf"
    decode = otlp.decode_metrics if kind == "metrics" else otlp.decode_traces
    decoded = decode(read_body(request), encoding=encoding, names=_names())
    receipt = services.accept_growing(
        decoded.levels,
        decoded.transactions,
        signs=decoded.signs(),
        source=f"otlp/{kind}",
        now=now(),
        unreadable=decoded.unreadable,
    )
    # The protocol counts points; a refused point may have stood for many transactions.
    rejected = min(decoded.items, sum(receipt.refused.values()))
    body = otlp.response(kind, encoding=encoding, rejected=rejected, words=receipt.words)
    return HttpResponse(body, content_type=given)


@cache
def _names() -> Names:
    path: str = settings.CONFIGURATION.intake_file
    return read_names(Path(path).expanduser()) if path else Names()


def _one_by_one(
    request: HttpRequest,
    items: Sequence[Any],
    schema: type[Any],
    accept: Callable[..., Receipt],
) -> ReceiptOut:
    """Accept the items that can be read; the others are counted and named, and harm nobody."""
    if len(items) > MAX_ITEMS:
        raise InputError("body.too_many", f"At most {MAX_ITEMS} items make a batch; these are {len(items)}.")
    source = request.path.rsplit("/", maxsplit=1)[-1]
    moment = now()
    good = [item.meant() for item in items if isinstance(item, schema)]
    words = [_fault(schema, place, item) for place, item in enumerate(items) if not isinstance(item, schema)]
    if words and not good:
        raise NothingUsableError("; ".join(words[:3]), refused={"malformed": len(words)})
    receipt = accept(good, source=source, now=moment, batch_key=batch_key(request))
    if words and not receipt.is_repeated:
        services.count(source, [Tally("refused.malformed", len(words), words[0])], now=moment)
        refused = {**receipt.refused, "malformed": len(words)}
        receipt = replace(receipt, refused=refused, words="; ".join(filter(None, [receipt.words, *words[:3]])))
    return _out(receipt)


def _fault(schema: type[Any], place: int, item: Any) -> str:
    try:
        schema.model_validate(item)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        return f"item {place}, {'.'.join(map(str, first['loc'])) or 'whole'}: {first['msg']}"
    return f"item {place}: not understood"


def _accept_changes(events: Sequence[Any], *, source: str, now: Any, batch_key: str | None) -> Receipt:
    """Take changes in; known ones count once by themselves, whatever the key, so the key is not needed."""
    del batch_key
    pack = configured_pack()
    good, words = [], []
    for event in events:
        unknown = [service for service in event.services if service not in pack.services]
        if unknown and len(unknown) == len(event.services):
            words.append(f"unknown service: {unknown[0]}")
        else:
            known = tuple(service for service in event.services if service in pack.services)
            good.append(replace(event, services=known, summary=redact(event.summary).text[:300]))
    if words and not good:
        raise NothingUsableError("; ".join(words[:3]), refused={"unknown_service": len(words)})
    accepted = accept_changes(good, by=source, now=now)
    refused = {"unknown_service": len(words)} if words else {}
    tallies = [Tally("accepted", accepted)] if accepted else []
    services.count(source, tallies + [Tally("refused.unknown_service", 1, word) for word in words], now=now)
    return Receipt(accepted=accepted, refused=refused, words="; ".join(words[:3]))


def _out(receipt: Receipt) -> ReceiptOut:
    fields = asdict(receipt)
    return ReceiptOut(repeated=fields.pop("is_repeated"), **fields)
