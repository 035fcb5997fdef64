"""Intake as use cases: keys, counts, draining into the store, evidence for a tick."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.observations import services
from tocsin.observations.errors import KeyReusedError, NothingUsableError
from tocsin.observations.intake_log import IntakeReader, IntakeWriter, Pending
from tocsin.observations.models import IntakeBatch, IntakeCount, ProbeRow, ReportRow, SeriesState
from tocsin.observations.queries import configured_pack, evidence, intake_counts, last_signs
from tocsin.observations.rules.cumulative import Increase, Level
from tocsin.observations.rules.model import Eye, Notice, ProbeResult, Report, Rollups, Transactions
from tocsin.observations.rules.records import Record, encoded
from tocsin.observations.services import (
    Tally,
    accept_growing,
    accept_notices,
    accept_probe_results,
    accept_reports,
    accept_transactions,
    count,
    drain,
    prune,
    sign_of_life,
)
from tocsin.plugins.stores.duckdb.store import DuckDBStore
from tocsin.plugins.stores.memory.store import MemoryStore

pytestmark = pytest.mark.django_db

NOW = datetime(2024, 3, 4, 8, 0, tzinfo=UTC)


class Cut(BaseException):
    """The process ends here."""


@pytest.fixture(autouse=True)
def writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[IntakeWriter]:
    writer = IntakeWriter(tmp_path)
    monkeypatch.setattr(services, "intake_writer", lambda: writer)
    yield writer
    writer.close()


def batch(rows: int = 1, *, service: str = "sts", at_s: float = -20.0, vantage: int = 0) -> Transactions:
    return Transactions(
        time_us=np.full(rows, round((NOW.timestamp() + at_s) * 1e6), np.int64),
        vantage=np.full(rows, vantage, np.int16),
        service=np.zeros(rows, np.int16),
        package=np.zeros(rows, np.int16),
        region=np.zeros(rows, np.int16),
        outcome=np.zeros(rows, np.int8),
        duration_ms=np.full(rows, 20.0, np.float32),
        count=np.ones(rows, np.int64),
        services=(service,),
        packages=("gp-a",),
        regions=("BE-WLG",),
    )


def total(rollups: Rollups) -> int:
    return int(rollups.outcomes.sum())


def counts(source: str = "test") -> dict[str, int]:
    return dict(IntakeCount.objects.filter(source=source).values_list("code", "count"))


def stored(store: MemoryStore | DuckDBStore) -> int:
    return total(store.window(NOW - timedelta(hours=1), NOW + timedelta(hours=1)))


# --- draining ----------------------------------------------------------------------------------------------------


def test_what_was_accepted_is_drained_into_the_store(tmp_path: Path) -> None:
    store, reader = MemoryStore(), IntakeReader(tmp_path)
    accept_transactions(batch(3), source="test", now=NOW)
    accept_transactions(batch(2), source="test", now=NOW, batch_key="k")
    assert drain(store, now=NOW, reader=reader) == 5
    assert drain(store, now=NOW, reader=reader) == 0
    assert stored(store) == 5


def test_senders_that_never_pause_do_not_keep_the_engine_from_its_tick(tmp_path: Path) -> None:
    class Busy(MemoryStore):
        def append(self, batch_id: str, rollups: Rollups) -> bool:
            accept_transactions(batch(), source="test", now=NOW)
            return super().append(batch_id, rollups)

    accept_transactions(batch(), source="test", now=NOW)
    store = Busy()
    assert [drain(store, now=NOW, reader=IntakeReader(tmp_path)) for _ in range(3)] == [2, 2, 2]


@pytest.mark.parametrize("cut_at", ["before storing", "after storing", "after noting"])
def test_an_engine_cut_off_anywhere_stores_everything_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut_at: str
) -> None:
    store = DuckDBStore(tmp_path / "telemetry.duckdb")
    accept_transactions(batch(3), source="test", now=NOW, batch_key="k")
    append, mark_stored = DuckDBStore.append, IntakeReader.mark_stored

    def cut_append(self: DuckDBStore, batch_id: str, rollups: Rollups) -> bool:
        if cut_at == "before storing":
            raise Cut
        append(self, batch_id, rollups)
        if cut_at == "after storing":
            raise Cut
        return True

    def cut_mark(self: IntakeReader, pending: Pending) -> None:
        mark_stored(self, pending)
        raise Cut

    monkeypatch.setattr(DuckDBStore, "append", cut_append)
    monkeypatch.setattr(IntakeReader, "mark_stored", cut_mark)
    with pytest.raises(Cut):
        drain(store, now=NOW, reader=IntakeReader(tmp_path))
    monkeypatch.setattr(DuckDBStore, "append", append)
    monkeypatch.setattr(IntakeReader, "mark_stored", mark_stored)
    accept_transactions(batch(2), source="test", now=NOW)
    drain(store, now=NOW, reader=IntakeReader(tmp_path))
    assert stored(store) == 5
    store.close()


def test_a_sender_cut_off_before_its_key_was_noted_may_repeat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, reader = MemoryStore(), IntakeReader(tmp_path)

    def cut(*_: object, **__: object) -> bool:
        raise Cut

    with monkeypatch.context() as patched:
        patched.setattr(services, "_claimed", cut)
        with pytest.raises(Cut):
            accept_transactions(batch(3), source="test", now=NOW, batch_key="k")
    # Repeated before the engine looks: two records, one counts.
    assert accept_transactions(batch(3), source="test", now=NOW, batch_key="k").accepted == 3
    drain(store, now=NOW, reader=reader)
    assert stored(store) == 3


def test_a_sender_that_repeats_after_the_engine_looked_is_told_so(tmp_path: Path, writer: IntakeWriter) -> None:
    store, reader = MemoryStore(), IntakeReader(tmp_path)
    writer.append(encoded(Record(key="test:k", transactions=batch(3))))
    drain(store, now=NOW, reader=reader)
    assert accept_transactions(batch(3), source="test", now=NOW, batch_key="k").is_repeated
    drain(store, now=NOW, reader=reader)
    assert stored(store) == 3


def test_of_two_that_accept_the_same_batch_at_once_one_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, reader = MemoryStore(), IntakeReader(tmp_path)
    accept_transactions(batch(3), source="test", now=NOW, batch_key="k")
    monkeypatch.setattr(services, "_is_repeated", lambda *_, **__: False)
    assert accept_transactions(batch(3), source="test", now=NOW, batch_key="k").is_repeated
    drain(store, now=NOW, reader=reader)
    assert stored(store) == 3


def test_a_record_that_cannot_be_read_is_counted_and_stops_nothing(tmp_path: Path, writer: IntakeWriter) -> None:
    store = MemoryStore()
    writer.append(b"not a record")
    accept_transactions(batch(), source="test", now=NOW)
    drain(store, now=NOW, reader=IntakeReader(tmp_path))
    assert stored(store) == 1
    assert counts("intake-log") == {"error.unreadable_record": 1}


# --- accepting ---------------------------------------------------------------------------------------------------


def test_an_empty_batch_is_accepted_and_changes_nothing() -> None:
    assert accept_transactions(batch(0), source="test", now=NOW).accepted == 0
    assert counts() == {}


def test_rows_that_could_not_be_read_are_refused_by_count() -> None:
    receipt = accept_transactions(batch(), source="test", now=NOW, unreadable=4)
    assert (receipt.accepted, receipt.refused) == (1, {"unreadable": 4})
    assert counts() == {"accepted": 1, "refused.unreadable": 4}
    with pytest.raises(NothingUsableError):
        accept_transactions(batch(0), source="test", now=NOW, unreadable=4)


def test_signs_of_life_never_go_back_nor_beyond_now() -> None:
    accept_transactions(batch(at_s=-20), source="test", now=NOW)
    accept_transactions(batch(at_s=-60), source="test", now=NOW)
    accept_transactions(batch(at_s=+60, vantage=1), source="test", now=NOW)
    assert last_signs() == {Eye.FRONT: NOW - timedelta(seconds=20), Eye.CLIENT: NOW}


def growing(time_s: int, *counted: int, service: str = "sts") -> int:
    now = NOW + timedelta(seconds=time_s)
    level = Level(start_us=round((NOW.timestamp() - 60) * 1e6), time_us=round(now.timestamp() * 1e6), counts=counted)

    def rows(increases: object) -> Transactions:
        assert isinstance(increases, dict)
        grown: Increase | None = increases.get("s")
        return batch(sum(grown.counts) if grown else 0, at_s=time_s, service=service)

    signs = [(Eye.FRONT, service, level.time_us)]
    return accept_growing({"s": level}, rows, signs=signs, source="test", now=now).accepted


def test_a_cumulative_series_counts_what_it_grew_by() -> None:
    assert [growing(0, 3), growing(60, 3), growing(120, 5)] == [3, 0, 2]
    # Nothing happened in the second minute, yet the eye saw.
    assert last_signs() == {Eye.FRONT: NOW + timedelta(seconds=120)}
    assert SeriesState.objects.get().counts == [5]


def test_a_series_that_is_refused_is_not_taken_for_known() -> None:
    with pytest.raises(NothingUsableError):
        growing(0, 3, service="nonesuch")
    assert not SeriesState.objects.exists()
    assert last_signs() == {}


# --- one by one --------------------------------------------------------------------------------------------------


def probe(**changed: object) -> ProbeResult:
    values: dict[str, object] = {
        "at": NOW,
        "probe": "p",
        "service": "sts",
        "function": None,
        "is_ok": True,
        "duration_ms": 1.0,
        "detail": "200 OK",
    }
    return ProbeResult(**(values | changed))  # type: ignore[arg-type]  # built from a table


def test_long_texts_are_cut_after_redaction() -> None:
    report = Report(
        NOW, "m1", "doctor", "gp-a", "BE-WLG", "prescribe", works=False, text="x " * 249 + "NN 85.07.30-033.28"
    )
    accept_reports([report], source="test", now=NOW)
    text = ReportRow.objects.get().text
    assert len(text) == 500
    assert "85" not in text


def test_a_repeated_list_counts_once_and_a_changed_one_is_a_conflict() -> None:
    accept_probe_results([probe()], source="test", now=NOW, batch_key="k")
    assert accept_probe_results([probe()], source="test", now=NOW, batch_key="k").is_repeated
    with pytest.raises(KeyReusedError):
        accept_probe_results([probe(is_ok=False)], source="test", now=NOW, batch_key="k")
    assert ProbeRow.objects.count() == 1


def test_a_notice_keeps_the_services_that_are_known() -> None:
    notice = Notice(NOW, "recipe", ("recipe_executor", "x"), "down", "panne - Bart", until=None)
    accept_notices([notice], source="test", now=NOW)
    (seen,) = evidence(NOW, MemoryStore()).notices
    assert (seen.services, seen.text) == (("recipe_executor",), "panne - [name]")


# --- evidence ----------------------------------------------------------------------------------------------------


def test_evidence_holds_what_the_eyes_saw_and_nothing_later(tmp_path: Path) -> None:
    store = MemoryStore()
    accept_transactions(batch(3), source="test", now=NOW)
    accept_transactions(batch(2, vantage=1), source="test", now=NOW)
    later = NOW + timedelta(seconds=30)
    accept_probe_results([probe(), probe(at=later)], source="test", now=later)
    drain(store, now=NOW, reader=IntakeReader(tmp_path))

    seen = evidence(NOW, store)
    assert total(seen.rollups) == 5
    assert len(seen.probes) == 1
    assert seen.last_seen == {
        Eye.FRONT: NOW - timedelta(seconds=20),
        Eye.CLIENT: NOW - timedelta(seconds=20),
        Eye.PROBES: NOW,
    }
    without = evidence(NOW, store, eyes=(Eye.FRONT,))
    assert (total(without.rollups), without.probes, set(without.last_seen)) == (3, (), {Eye.FRONT})


# --- counting and cleaning ---------------------------------------------------------------------------------------


def test_counts_are_of_the_local_day_and_their_words_are_redacted() -> None:
    late = datetime(2024, 3, 4, 23, 30, tzinfo=UTC)  # already the fifth in Brussels
    count("test", [Tally("x", 2, "patient Jean Dupont")], now=late)
    count("test", [Tally("x", 3)], now=late)
    assert intake_counts(NOW.date()) == ()
    (found,) = intake_counts(datetime(2024, 3, 5, tzinfo=UTC).date())
    assert (found.count, found.last_message) == (5, "patient [name]")


def test_what_served_its_time_is_forgotten() -> None:
    accept_probe_results([probe()], source="test", now=NOW, batch_key="k")
    growing(0, 3)
    prune(now=NOW + timedelta(days=3))
    assert (IntakeBatch.objects.count(), SeriesState.objects.count(), ProbeRow.objects.count()) == (0, 0, 1)
    prune(now=NOW + timedelta(days=500))
    assert ProbeRow.objects.count() == 0


def test_a_sign_of_life_is_noted_once() -> None:
    sign_of_life(Eye.PANEL, at=NOW + timedelta(hours=1), now=NOW)
    sign_of_life(Eye.PANEL, at=NOW - timedelta(hours=1), now=NOW)
    assert last_signs() == {Eye.PANEL: NOW}


def test_the_configured_pack_is_read_once() -> None:
    assert configured_pack() is configured_pack()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=300))
def test_no_words_break_the_counting(words: str) -> None:
    count("test", [Tally("x", 1, words)], now=NOW)
