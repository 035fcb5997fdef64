"""The audit log in the database, with the heads noted beside it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from typer.testing import CliRunner

from announcements import at
from tocsin.audit import queries
from tocsin.audit.models import AuditEntry
from tocsin.audit.queries import last_seq, newest, verify
from tocsin.audit.services import record
from tocsin.cli.audit import app

pytestmark = pytest.mark.django_db


def three_acts() -> None:
    for number, actor in enumerate(("engine", "ann", "policy")):
        record(at=at(number), actor=actor, action="incident.noted", subject="2026-03-02-1", facts={"n": number})


@pytest.fixture
def heads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Note heads in a file, as with a database that is not in memory."""
    path = tmp_path / "audit-heads.log"
    monkeypatch.setattr("tocsin.audit.queries.head_log", lambda: path)
    monkeypatch.setattr("tocsin.audit.services.head_log", lambda: path)
    return path


def test_what_was_recorded_is_read_back_intact() -> None:
    three_acts()
    assert [(row.seq, row.actor, row.facts) for row in newest()] == [
        (1, "engine", {"n": 0}),
        (2, "ann", {"n": 1}),
        (3, "policy", {"n": 2}),
    ]
    assert last_seq() == 3
    assert verify() == []


def test_an_empty_log_is_intact() -> None:
    assert last_seq() == 0
    assert verify() == []


def test_a_row_changed_behind_tocsins_back_is_found() -> None:
    three_acts()
    AuditEntry.objects.filter(seq=2).update(actor="eve")
    assert [(fault.seq, fault.kind) for fault in verify()] == [(2, "changed")]


def test_a_row_removed_is_found() -> None:
    three_acts()
    AuditEntry.objects.filter(seq=2).delete()
    assert [(fault.seq, fault.kind) for fault in verify()] == [(2, "removed")]


def test_rows_that_changed_places_are_found() -> None:
    three_acts()
    AuditEntry.objects.filter(seq=1).update(seq=10)
    AuditEntry.objects.filter(seq=2).update(seq=1)
    AuditEntry.objects.filter(seq=10).update(seq=2)
    assert [(fault.seq, fault.kind) for fault in verify()] == [(1, "reordered"), (2, "reordered")]


def test_heads_are_noted_only_once_the_act_is_committed(heads: Path, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        three_acts()
    assert not heads.exists()
    for callback in callbacks:
        callback()
    assert [line.split()[0] for line in heads.read_text().splitlines()] == ["1", "2", "3"]
    assert verify() == []


def test_newest_rows_cut_off_are_found_by_the_noted_heads(heads: Path, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        three_acts()
    AuditEntry.objects.filter(seq=3).delete()
    assert [(fault.seq, fault.kind) for fault in verify()] == [(3, "cut")]
    assert heads.exists()


def test_a_head_line_that_a_crash_cut_short_is_passed_over(heads: Path) -> None:
    three_acts()
    heads.write_text(f"1 {newest()[0].hash}\n2 abc")
    assert [head.seq for head in queries.noted_heads()] == [1]
    assert verify() == []


def test_a_database_in_memory_has_no_file_of_heads() -> None:
    assert queries.head_log() is None


def test_an_act_that_is_undone_leaves_no_entry() -> None:
    with transaction.atomic():
        record(at=at(0), actor="ann", action="policy.held", subject="policy")
        transaction.set_rollback(True)
    assert last_seq() == 0


def test_a_head_kept_elsewhere_is_looked_for() -> None:
    three_acts()
    kept = newest(1)[0].hash
    assert verify(known_head=kept) == []
    AuditEntry.objects.filter(seq=3).delete()
    assert [(fault.seq, fault.kind) for fault in verify(known_head=kept)] == [(2, "unknown_head")]


def test_the_command_says_what_is_intact_and_which_hash_to_keep() -> None:
    three_acts()
    result = CliRunner().invoke(app, ["verify"])
    assert result.exit_code == 0
    assert "intact: 3 entries" in result.stdout
    assert newest(1)[0].hash in result.stdout


def test_the_command_ends_with_status_1_and_names_the_fault() -> None:
    three_acts()
    AuditEntry.objects.filter(seq=2).update(subject="other")
    result = CliRunner().invoke(app, ["verify"])
    assert result.exit_code == 1
    assert "changed: Entry 2 (incident.noted) is not what was written: it was changed." in result.stdout


def test_the_command_says_so_when_nothing_was_recorded() -> None:
    assert "is empty" in CliRunner().invoke(app, ["verify"]).stdout


def test_showing_prints_who_did_what() -> None:
    three_acts()
    shown = CliRunner().invoke(app, ["show", "--limit", "2"]).stdout.splitlines()
    assert [re.split(" {2,}", line.strip())[2] for line in shown] == ["ann", "Tocsin itself"]
    as_json = CliRunner().invoke(app, ["show", "--json", "--limit", "1"]).stdout
    assert json.loads(as_json)["facts"] == {"n": 2}
