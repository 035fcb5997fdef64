"""Interventions and fingerprints in the database."""

from datetime import timedelta

import pytest

from announcements import at
from tocsin.audit.queries import newest
from tocsin.changes.queries import LOOKS_BACK, recent
from tocsin.changes.rules import ChangeEvent, ChangeKind
from tocsin.changes.services import accept_changes

pytestmark = pytest.mark.django_db


def change(minute: float, kind: ChangeKind = "started", *, running: str | None = None) -> ChangeEvent:
    return ChangeEvent(at(minute), kind, "chg-1", ("sts", "iam"), "New release", running, "b", None)


def test_changes_come_back_as_they_were_oldest_first() -> None:
    late, early = change(5, "finished"), change(1)
    assert accept_changes([late, early], now=at(6)) == 2
    assert recent(at(6)) == (early, late)


def test_what_is_sent_twice_counts_once() -> None:
    assert accept_changes([change(1), change(1)], now=at(2)) == 1
    assert accept_changes([change(1), change(2)], now=at(3)) == 1
    assert recent(at(3)) == (change(1), change(2))


def test_nothing_is_known_before_it_happened_or_long_after() -> None:
    accept_changes([change(1)], now=at(2))
    assert recent(at(0)) == ()
    assert recent(at(1)) == (change(1),)
    assert recent(at(1) + LOOKS_BACK - timedelta(seconds=1)) == (change(1),)
    assert recent(at(1) + LOOKS_BACK) == ()


def test_interventions_are_audited_and_fingerprints_are_not() -> None:
    accept_changes([change(1), change(2, "fingerprint", running="a")], by="key:release-team", now=at(3))
    (row,) = newest()
    assert (row.action, row.actor, row.subject) == ("change.started", "key:release-team", "chg-1")
    assert row.facts["services"] == ["sts", "iam"]
