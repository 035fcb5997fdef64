"""The intake API: what is taken, what is refused, and that every refusal is a counted problem document."""

import gzip
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.test import Client
from pytest_django import Settings

from tocsin.accounts.services import create_key
from tocsin.api import body as bodies
from tocsin.changes.models import ChangeRow
from tocsin.kernel.clock import FixedClock
from tocsin.observations import services
from tocsin.observations.intake_log import IntakeReader, IntakeWriter
from tocsin.observations.models import IntakeCount, NoticeRow, ProbeRow, ReportRow
from tocsin.observations.queries import last_signs
from tocsin.observations.rules.model import Eye
from tocsin.observations.rules.records import decoded

pytestmark = pytest.mark.django_db

NOW = datetime(2024, 3, 4, 8, 0, tzinfo=UTC)
PROBE = {"time": "2024-03-04T07:59:00Z", "probe": "p", "service": "sts", "ok": True, "duration_ms": 1}
NOTICE = {"time": "2024-03-04T07:59:00Z", "partner": "recipe", "services": [], "state": "down"}
CHANGE = {"time": "2024-03-04T07:59:00Z", "kind": "started", "services": ["sts"]}
type Post = Callable[..., Any]


@pytest.fixture(autouse=True)
def intake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[IntakeReader]:
    writer = IntakeWriter(tmp_path)
    monkeypatch.setattr(services, "intake_writer", lambda: writer)
    settings.CLOCK = FixedClock(NOW)
    yield IntakeReader(tmp_path)
    writer.close()


@pytest.fixture
def secret() -> str:
    scopes = ("telemetry", "reports", "probes", "notices", "changes", "read")
    return create_key(name="test", scopes=scopes, by="test", now=NOW).secret


@pytest.fixture
def post(secret: str) -> Post:
    def send(path: str, content: Any, *, kind: str = "application/json", **headers: str) -> Any:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        return Client().post(
            f"/api/v1/{path}",
            data,
            content_type=kind,
            headers={"authorization": f"Bearer {secret}", "content-type": kind, **headers},
        )

    return send


def parquet(*rows: dict[str, Any]) -> bytes:
    filled = [
        {
            "time": NOW - timedelta(seconds=5),
            "vantage": "front",
            "service": "sts",
            "package": "gp-a",
            "region": "BE-WLG",
            "outcome": "ok",
            "duration_ms": 120.0,
            "count": 1,
        }
        | row
        for row in rows
    ]
    table = pa.Table.from_pylist(filled)
    table = table.set_column(0, "time", table.column("time").cast(pa.timestamp("us", tz="UTC")))
    table = table.set_column(6, "duration_ms", table.column("duration_ms").cast(pa.float32()))
    table = table.set_column(7, "count", table.column("count").cast(pa.uint32()))
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def send_parquet(post: Post, content: bytes, **headers: str) -> Any:
    return post("observations", content, kind="application/vnd.apache.parquet", **headers)


def kept(intake: IntakeReader) -> int:
    pending = intake.pending()
    return 0 if pending is None else sum(len(decoded(content).transactions) for _, content in pending.records)


def counts(source: str) -> dict[str, int]:
    return dict(IntakeCount.objects.filter(source=source).values_list("code", "count"))


def check_problem(answer: Any, *, status: int, code: str, naming: str = "") -> dict[str, Any]:
    document: dict[str, Any] = json.loads(answer.content)
    assert (answer.status_code, document["code"]) == (status, code), document
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert document["status"] == status
    assert document["title"]
    assert naming in document["detail"], document["detail"]
    assert IntakeCount.objects.filter(code=f"error.{code}").exists()
    return document


def report(**changed: Any) -> dict[str, Any]:
    return {
        "time": "2024-03-04T07:59:00Z",
        "member": "m040-ac92ef",
        "audience": "doctor",
        "package": "gp-c",
        "region": "BE-VOV",
        "function": "open_session",
        "works": False,
        "text": "eHealth-sessie openen werkt niet",
    } | changed


# --- telemetry in columns ----------------------------------------------------------------------------------------


def test_a_batch_is_on_disk_when_it_is_acknowledged(post: Post, intake: IntakeReader) -> None:
    answer = send_parquet(post, parquet({}, {"vantage": "client", "count": 3}))

    assert answer.status_code == 200, answer.content
    assert answer.json() == {"accepted": 4, "refused": {}, "words": "", "redacted": 0, "repeated": False}
    assert kept(intake) == 2
    assert counts("observations") == {"accepted": 4}
    assert last_signs() == {Eye.FRONT: NOW - timedelta(seconds=5), Eye.CLIENT: NOW - timedelta(seconds=5)}


def test_a_batch_sent_twice_counts_once(post: Post, intake: IntakeReader) -> None:
    content = parquet({})
    first = send_parquet(post, content, **{"idempotency-key": "k1"})
    second = send_parquet(post, content, **{"idempotency-key": "k1"})

    assert (first.json()["accepted"], second.json()["accepted"], second.json()["repeated"]) == (1, 0, True)
    assert kept(intake) == 1


def test_a_key_used_for_another_batch_is_a_conflict(post: Post) -> None:
    send_parquet(post, parquet({}), **{"idempotency-key": "k1"})
    answer = send_parquet(post, parquet({}, {}), **{"idempotency-key": "k1"})
    check_problem(answer, status=409, code="intake.key_reused")


def test_a_key_of_unreasonable_length_is_refused(post: Post) -> None:
    answer = send_parquet(post, parquet({}), **{"idempotency-key": "k" * 200})
    check_problem(answer, status=400, code="intake.bad_key")


def test_an_unknown_service_is_named_and_the_good_rows_are_kept(post: Post, intake: IntakeReader) -> None:
    answer = send_parquet(post, parquet({}, {"service": "nonesuch", "count": 7}))

    assert answer.json() | {"redacted": 0} == {
        "accepted": 1,
        "refused": {"unknown_service": 7},
        "words": "unknown service: nonesuch",
        "redacted": 0,
        "repeated": False,
    }
    assert kept(intake) == 1
    assert counts("observations") == {"accepted": 1, "refused.unknown_service": 7}


def test_a_batch_of_unknown_services_only_is_a_problem(post: Post, intake: IntakeReader) -> None:
    answer = send_parquet(post, parquet({"service": "nonesuch"}))
    document = check_problem(answer, status=422, code="intake.unknown_service", naming="nonesuch")
    assert document["refused"] == {"unknown_service": 1}
    assert kept(intake) == 0


@pytest.mark.parametrize(
    ("off", "code", "naming"),
    [(timedelta(hours=1), "too_new", "ahead of ours"), (timedelta(hours=-1), "too_old", "behind ours")],
)
def test_a_clock_far_off_is_named(post: Post, off: timedelta, code: str, naming: str) -> None:
    answer = send_parquet(post, parquet({"time": NOW + off}))
    check_problem(answer, status=422, code=f"intake.{code}", naming=naming)


def test_unknown_packages_are_kept_as_not_known(post: Post, intake: IntakeReader) -> None:
    assert send_parquet(post, parquet({"package": "brand-new"}, {})).json()["accepted"] == 2
    pending = intake.pending()
    assert pending is not None
    assert set(decoded(pending.records[0][1]).transactions.packages) == {"*", "gp-a"}
    assert counts("observations")["remark.unknown_package"] == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "parquet.empty"),
        (b"PAR1 but no more", "parquet.unreadable"),
        (parquet({})[:-40], "parquet.unreadable"),
        (parquet({})[:200], "parquet.unreadable"),
    ],
    ids=["empty", "no Parquet", "truncated", "cut short"],
)
def test_a_broken_file_is_refused(post: Post, content: bytes, code: str) -> None:
    check_problem(send_parquet(post, content), status=400, code=code)


def test_a_gzip_bomb_is_not_unpacked(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_UNPACKED", 1024 * 1024)
    answer = send_parquet(post, gzip.compress(bytes(2_000_000)), **{"content-encoding": "gzip"})
    check_problem(answer, status=413, code="body.too_large", naming="decompressed")


def test_an_oversized_body_is_refused(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_SENT", 1000)
    check_problem(send_parquet(post, bytes(2000)), status=413, code="body.too_large")


@pytest.mark.parametrize(
    ("content", "encoding", "status", "code"),
    [
        (b"no gzip", "gzip", 400, "body.bad_gzip"),
        (gzip.compress(b"x" * 500)[:-12], "gzip", 400, "body.truncated"),
        (b"x", "br", 415, "body.content_encoding"),
    ],
    # Named, since gzip writes the time into its header: two workers would collect differently named tests.
    ids=["not gzip", "truncated", "another encoding"],
)
def test_broken_compression_is_named(post: Post, *, content: bytes, encoding: str, status: int, code: str) -> None:
    check_problem(send_parquet(post, content, **{"content-encoding": encoding}), status=status, code=code)


def test_gzip_of_several_members_is_read_whole(post: Post) -> None:
    content = parquet({})
    answer = send_parquet(
        post, gzip.compress(content[:100]) + gzip.compress(content[100:]), **{"content-encoding": "gzip"}
    )
    assert answer.json()["accepted"] == 1


def test_another_content_type_is_refused(post: Post) -> None:
    check_problem(post("observations", b"a,b", kind="text/csv"), status=415, code="body.content_type", naming="csv")


# --- keys --------------------------------------------------------------------------------------------------------


def test_without_a_key_nobody_gets_in() -> None:
    answer = Client().post("/api/v1/reports", b"[]", content_type="application/json")
    check_problem(answer, status=401, code="key.missing")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_unknown_key_is_refused() -> None:
    answer = Client().post(
        "/api/v1/reports", b"[]", content_type="application/json", headers={"authorization": "Bearer tocsin_abcdefgh_x"}
    )
    check_problem(answer, status=401, code="key.unknown")


def test_a_key_is_good_for_its_scopes_only() -> None:
    secret = create_key(name="reader", scopes=("read",), by="test", now=NOW).secret
    answer = Client().post(
        "/api/v1/reports", b"[]", content_type="application/json", headers={"authorization": f"Bearer {secret}"}
    )
    check_problem(answer, status=403, code="key.scope", naming="reports")


# --- one by one --------------------------------------------------------------------------------------------------


def test_reports_are_redacted_before_they_are_stored(post: Post) -> None:
    answer = post("reports", [report(text="patiënt Els Lambert, RRN 68.01.22-996.70, lukt niet - Bart")])

    assert answer.json()["accepted"] == 1, answer.content
    assert answer.json()["redacted"] == 3
    row = ReportRow.objects.get()
    assert row.text == "patiënt [name], RRN [national number], lukt niet - [name]"
    assert row.redactions == 3
    assert counts("reports") == {"accepted": 1, "redacted.name": 2, "redacted.national_number": 1}
    assert last_signs() == {Eye.PANEL: NOW - timedelta(minutes=1)}


def test_a_bad_report_harms_no_good_one(post: Post) -> None:
    answer = post("reports", [report(), report(time="yesterday"), report(function="nonesuch"), {"works": True}])

    assert answer.json()["accepted"] == 1
    assert answer.json()["refused"] == {"unknown_function": 1, "malformed": 2}
    assert "nonesuch" in answer.json()["words"]
    assert ReportRow.objects.count() == 1


@pytest.mark.parametrize("item", [5, None, "x", ["x"], True])
def test_an_item_that_is_no_object_harms_no_good_one(post: Post, item: object) -> None:
    answer = post("reports", [report(), item])
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 1
    assert answer.json()["refused"] == {"malformed": 1}
    assert answer.json()["words"].startswith("item 1, whole: ")


@pytest.mark.parametrize("member", ["Jan Peeters", "jan.peeters@example.be", "85073003328", "bart", "", "x" * 80])
def test_a_member_is_known_by_a_pseudonym_only(post: Post, member: str) -> None:
    answer = post("reports", [report(member=member)])
    assert answer.status_code == 422
    assert ReportRow.objects.count() == 0
    assert not IntakeCount.objects.filter(last_message__contains="Peeters").exists()


def test_reports_sent_twice_count_once(post: Post) -> None:
    for _ in range(2):
        assert post("reports", [report()], **{"idempotency-key": "r1"}).status_code == 200
    assert ReportRow.objects.count() == 1
    check_problem(
        post("reports", [report(works=True)], **{"idempotency-key": "r1"}), status=409, code="intake.key_reused"
    )


def test_probe_results_notices_and_changes_are_taken(post: Post) -> None:
    time = "2024-03-04T07:59:00+01:00"
    early = "2024-03-04T07:55:00Z"
    probe = {"time": early, "probe": "p-sts", "service": "sts", "ok": False, "duration_ms": 5000, "detail": "timeout"}
    notice = {"time": time, "partner": "recipe", "services": ["recipe_executor"], "state": "down", "text": "panne"}
    change = {"time": time, "kind": "started", "change": "CHG-1", "services": ["sts"], "summary": "update - Bart"}

    assert post("probe-results", [probe]).json()["accepted"] == 1
    assert post("notices", [notice]).json()["accepted"] == 1
    assert post("changes", [change]).json()["accepted"] == 1
    assert post("changes", [change]).json()["accepted"] == 0
    assert ProbeRow.objects.get().is_ok is False
    assert NoticeRow.objects.get().at == datetime(2024, 3, 4, 6, 59, tzinfo=UTC)
    assert ChangeRow.objects.get().summary == "update - [name]"
    assert set(last_signs()) == {Eye.PROBES, Eye.PARTNER}


@pytest.mark.parametrize(
    ("path", "item", "code"),
    [
        ("probe-results", PROBE | {"service": "x"}, "intake.unknown_service"),
        ("probe-results", PROBE | {"function": "x"}, "intake.unknown_function"),
        ("probe-results", PROBE | {"time": "2024-03-04T05:00:00Z"}, "intake.too_old"),
        ("probe-results", PROBE | {"time": "2024-03-04T08:05:00Z"}, "intake.too_new"),
        ("probe-results", PROBE | {"duration_ms": "NaN"}, "intake.malformed"),
        ("probe-results", PROBE | {"duration_ms": float("nan")}, "intake.malformed"),
        ("probe-results", PROBE | {"duration_ms": float("inf")}, "intake.malformed"),
        ("probe-results", PROBE | {"duration_ms": -1}, "intake.malformed"),
        ("probe-results", PROBE | {"ok": float("nan")}, "intake.malformed"),
        ("probe-results", PROBE | {"time": float("nan")}, "intake.malformed"),
        ("probe-results", PROBE | {"probe": "\ud800"}, "intake.malformed"),
        ("notices", NOTICE | {"until": float("inf")}, "intake.malformed"),
        ("notices", NOTICE | {"partner": "x"}, "intake.unknown_partner"),
        ("notices", NOTICE | {"services": ["x"]}, "intake.unknown_service"),
        ("notices", NOTICE | {"state": "melting"}, "intake.malformed"),
        ("changes", CHANGE | {"services": ["x"]}, "intake.unknown_service"),
        ("changes", CHANGE | {"time": "9999-12-31T23:59:59-12:00"}, "intake.malformed"),
        ("reports", {"time": "2024-03-04T07:59:00", "works": True}, "intake.malformed"),
        ("reports", report() | {"works": float("nan")}, "intake.malformed"),
        ("reports", report() | {"time": float("nan")}, "intake.malformed"),
        ("reports", report() | {"text": float("inf")}, "intake.malformed"),
        ("reports", report() | {"practice": "p0479123456"}, "intake.bad_practice"),
        ("reports", report() | {"sender": "d85073003328"}, "intake.bad_sender"),
        ("reports", report() | {"member": "m85073003328"}, "intake.bad_member"),
    ],
)
def test_what_cannot_be_used_is_named(post: Post, path: str, item: dict[str, Any], code: str) -> None:
    check_problem(post(path, [item]), status=422, code=code)


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, "body.bad_json"),
        (b"[" * 100_000, 400, "body.bad_json"),
        (b"\xff\xfe", 400, "body.bad_json"),
        (b'{"works": true}', 422, "body.invalid"),
        (b"[1]", 422, "intake.malformed"),
    ],
)
def test_json_that_is_none_is_refused(post: Post, content: bytes, status: int, code: str) -> None:
    check_problem(post("reports", content), status=status, code=code)


def test_too_many_items_are_refused(post: Post) -> None:
    check_problem(post("reports", [report()] * 5001), status=400, code="body.too_many")


def test_an_empty_list_is_no_error(post: Post) -> None:
    assert post("reports", []).json()["accepted"] == 0


# --- around it ---------------------------------------------------------------------------------------------------


def test_an_unknown_address_is_a_problem_too() -> None:
    check_problem(Client().post("/api/v1/nonesuch"), status=404, code="address.unknown", naming="nonesuch")


def test_a_method_that_is_not_taken_is_a_problem_too() -> None:
    answer = Client().get("/api/v1/reports")
    check_problem(answer, status=405, code="method.not_allowed", naming="GET is not taken at /api/v1/reports")
    assert answer.headers["Allow"] == "POST"


def test_an_unforeseen_error_acknowledges_nothing(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        message = "disk full"
        raise OSError(message)

    monkeypatch.setattr(services, "accept_transactions", broken)
    document = check_problem(send_parquet(post, parquet({})), status=500, code="internal")
    assert "disk" not in json.dumps(document)


def test_the_api_describes_itself() -> None:
    document = Client().get("/api/v1/openapi.json").json()
    assert sorted(document["paths"]) == [
        "/api/v1/changes",
        "/api/v1/incidents",
        "/api/v1/maintenance",
        "/api/v1/maintenance/{maintenance_id}/cancel",
        "/api/v1/maintenance/{maintenance_id}/end",
        "/api/v1/notices",
        "/api/v1/observations",
        "/api/v1/otlp/v1/metrics",
        "/api/v1/otlp/v1/traces",
        "/api/v1/probe-results",
        "/api/v1/reports",
        "/api/v1/status",
    ]
