"""Changes, restarts and fingerprints as clues."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.changes.rules import ChangeEvent, ChangeKind, clues, drifts, mitigations

ONSET = datetime(2020, 1, 27, 7, 10, tzinfo=UTC)
NOW = ONSET + timedelta(minutes=3)
APPROVED, OTHER = "97027c75ea7f", "85cbafa0e1fc"


def event(
    kind: ChangeKind, *, before: timedelta, change: str | None = None, service: str = "access", **hashes: str
) -> ChangeEvent:
    return ChangeEvent(ONSET - before, kind, change, (service,), "", **hashes)


def fingerprint(before: timedelta, running: str, persisted: str, approved: str = APPROVED) -> ChangeEvent:
    return event("fingerprint", before=before, running=running, persisted=persisted, approved=approved)


HOUR = timedelta(hours=1)
EVENING_CHANGE = (
    event("started", before=13 * HOUR, change="CHG-20126"),
    event("finished", before=12.5 * HOUR, change="CHG-20126"),
)
RESTARTED_INTO_DRIFT = (
    *EVENING_CHANGE,
    fingerprint(12 * HOUR, APPROVED, OTHER),
    fingerprint(3 * HOUR, APPROVED, OTHER),
    event("restarted", before=2 * HOUR, running=OTHER, persisted=OTHER, approved=APPROVED),
    fingerprint(HOUR, OTHER, OTHER),
)


def test_a_restart_into_an_unapproved_configuration_names_the_change_that_wrote_it() -> None:
    (drift,) = drifts(RESTARTED_INTO_DRIFT, now=NOW)
    assert (drift.service, drift.kind, drift.change) == ("access", "running_not_approved", "CHG-20126")
    assert drift.since == ONSET - 2 * HOUR


def test_before_the_restart_the_change_only_waits() -> None:
    (drift,) = drifts(RESTARTED_INTO_DRIFT[:4], now=NOW)
    assert (drift.kind, drift.since, drift.change) == ("persisted_not_running", ONSET - 12 * HOUR, "CHG-20126")


def test_a_configuration_put_right_is_no_drift_any_more() -> None:
    assert drifts((*RESTARTED_INTO_DRIFT, fingerprint(timedelta(minutes=5), APPROVED, APPROVED)), now=NOW) == ()


def test_a_fingerprint_that_comes_later_is_not_known_yet() -> None:
    assert drifts(RESTARTED_INTO_DRIFT, now=ONSET - 13 * HOUR) == ()


def test_hashes_that_are_not_there_disagree_with_nothing() -> None:
    bare = ChangeEvent(ONSET - HOUR, "fingerprint", None, ("sts",), "", running=APPROVED)
    assert drifts((bare,), now=NOW) == ()


def test_a_drift_without_any_change_names_none() -> None:
    (drift,) = drifts((fingerprint(HOUR, OTHER, OTHER),), now=NOW)
    assert drift.change is None


def test_the_drift_is_the_strongest_clue() -> None:
    found = clues(RESTARTED_INTO_DRIFT, onset=ONSET, now=NOW)
    codes = ["drift.running_not_approved", "change.finished", "drift.restart_loaded"]
    assert [clue.reason.code for clue in found] == codes
    assert max(found, key=lambda clue: clue.weight).change == "CHG-20126"
    assert found[0].reason.facts == {"service": "access", "change": "CHG-20126", "minutes_before": 120}


def test_a_restart_that_brought_in_what_was_waiting_is_as_telling_as_the_change_that_wrote_it_is_old() -> None:
    approved_but_new = (
        *EVENING_CHANGE,
        fingerprint(12 * HOUR, OTHER, APPROVED),
        event("restarted", before=HOUR / 4),
    )
    found = {clue.reason.code: clue for clue in clues(approved_but_new, onset=ONSET, now=NOW)}
    loaded = found["drift.restart_loaded"]
    assert loaded.change == "CHG-20126"
    assert loaded.weight > found["change.finished"].weight
    assert loaded.reason.facts["minutes_before"] == 15


def test_a_restart_of_what_ran_already_loaded_nothing_new() -> None:
    same = (fingerprint(12 * HOUR, APPROVED, APPROVED), event("restarted", before=HOUR))
    assert [clue.reason.code for clue in clues(same, onset=ONSET, now=NOW)] == ["change.restarted"]


def test_a_waiting_configuration_is_a_weak_clue() -> None:
    waiting = clues(RESTARTED_INTO_DRIFT[:4], onset=ONSET, now=NOW)
    drift = next(clue for clue in waiting if clue.reason.code == "drift.persisted_not_running")
    assert drift.weight == 0.3


def test_an_emergency_change_after_the_onset_is_a_repair_and_no_clue() -> None:
    emergency = ChangeEvent(ONSET + 2 * HOUR, "started", "EMG-1", ("access",), "")
    assert clues((emergency,), onset=ONSET, now=ONSET + 3 * HOUR) == ()
    assert mitigations((emergency,), services=frozenset({"access"}), onset=ONSET, now=ONSET + 3 * HOUR) == (emergency,)


def test_an_onset_that_is_a_minute_off_still_finds_its_change() -> None:
    release = ChangeEvent(ONSET + timedelta(minutes=1), "started", "CHG-1", ("sts",), "")
    (clue,) = clues((release,), onset=ONSET, now=NOW)
    assert (clue.change, clue.reason.facts["minutes_before"]) == ("CHG-1", 0)


def test_repairs_of_other_services_are_no_repairs() -> None:
    emergency = ChangeEvent(ONSET + HOUR, "restarted", "EMG-1", ("tsa",), "")
    assert mitigations((emergency,), services=frozenset({"access"}), onset=ONSET, now=ONSET + 2 * HOUR) == ()


def test_what_is_planned_has_not_happened() -> None:
    assert clues((event("planned", before=HOUR, change="CHG-1"),), onset=ONSET, now=NOW) == ()


def test_a_change_under_way_weighs_as_if_it_had_just_ended() -> None:
    (running,) = clues((event("started", before=3 * HOUR, change="CHG-1"),), onset=ONSET, now=NOW)
    (fresh,) = clues((event("finished", before=timedelta(0), change="CHG-1"),), onset=ONSET, now=NOW)
    assert running.weight == fresh.weight
    assert running.reason.code == "change.running"


def test_a_change_of_the_day_before_yesterday_is_forgotten() -> None:
    assert clues((event("finished", before=25 * HOUR, change="CHG-1"),), onset=ONSET, now=NOW) == ()


@given(st.floats(0, 23), st.floats(0, 23))
def test_the_nearer_a_change_the_heavier(first_h: float, second_h: float) -> None:
    weights = [
        clues((event("finished", before=hours * HOUR, change="CHG-1"),), onset=ONSET, now=NOW)[0].weight
        for hours in sorted((first_h, second_h))
    ]
    assert weights[0] >= weights[1]
    assert all(0 < weight <= 1 for weight in weights)


@pytest.mark.parametrize("kind", ["started", "finished", "restarted"])
def test_a_clue_is_laid_to_each_service_of_a_change(kind: ChangeKind) -> None:
    wide = ChangeEvent(ONSET - HOUR, kind, "CHG-1", ("esb", "sts"), "")
    assert [clue.service for clue in clues((wide,), onset=ONSET, now=NOW)] == ["esb", "sts"]
