"""Announced maintenance: expected trouble opens nothing, work that goes wrong does."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from situations import NOW, ONSET, belgium, evidence, judgement, signal
from tocsin.changes.rules import Interventions, Maintenance
from tocsin.detection.rules.model import Judgement
from tocsin.diagnosis.rules.suspects import explain
from tocsin.incidents.rules.model import IncidentEvent
from tocsin.incidents.rules.steering import next_steps
from tocsin.observations.rules.model import Notice

MINUTE = timedelta(minutes=1)
EHBOX_FAILS = judgement([signal("ehbox")])
TOUCHED = tuple(dict.fromkeys(s.function for s, v in EHBOX_FAILS.verdicts.items() if v.state.value != "ok"))
WORK = Maintenance(
    id="M-1",
    services=("ehbox",),
    functions=TOUCHED,
    audiences=None,
    start=ONSET - MINUTE,
    end=NOW + timedelta(hours=1),
    effect={"en": "The mailbox does not answer."},
    announced_at=ONSET - timedelta(days=3),
)


def steps(
    said: Judgement,
    maintenance: Sequence[Maintenance] = (),
    *,
    notices: Sequence[Notice] = (),
    now: datetime = NOW,
) -> tuple[IncidentEvent, ...]:
    facts = evidence(now=now, notices=notices)
    found = explain(said, evidence=facts, changes=(), pack=belgium(), now=now)
    return next_steps(
        [],
        said,
        found,
        evidence=facts,
        pack=belgium(),
        now=now,
        interventions=Interventions(maintenance=tuple(maintenance)),
    )


def notice(*, at: datetime, until: datetime | None) -> Notice:
    return Notice(at, "ehealth", ("ehbox",), "maintenance", "", until)


def codes(events: Sequence[IncidentEvent]) -> set[str]:
    return {reason.code for event in events for reason in event.reasons}


def test_without_an_announcement_it_is_an_incident() -> None:
    assert [event.kind for event in steps(EHBOX_FAILS)] == ["opened"]


def test_announced_work_that_does_what_it_said_opens_nothing() -> None:
    assert steps(EHBOX_FAILS, [WORK]) == ()


def test_work_that_lasts_longer_than_announced_is_an_incident_that_says_so() -> None:
    late = replace(WORK, start=ONSET - 9 * MINUTE, end=NOW - timedelta(minutes=7))
    assert "maintenance.overrun" in codes(steps(EHBOX_FAILS, [late]))


def test_work_said_to_be_over_while_it_still_fails_is_an_incident() -> None:
    over = replace(WORK, start=ONSET - 9 * MINUTE, state="over", ended_at=NOW - timedelta(minutes=7))
    assert "maintenance.overrun" in codes(steps(EHBOX_FAILS, [over]))


def test_callers_have_some_minutes_to_get_through_again_after_the_end() -> None:
    over = replace(WORK, state="over", ended_at=NOW - 5 * MINUTE)
    assert steps(EHBOX_FAILS, [over]) == ()


def test_work_that_takes_down_more_than_announced_is_an_incident_that_says_so() -> None:
    said = judgement([signal("ehbox"), signal("sts")])
    assert "maintenance.wider" in codes(steps(said, [WORK]))


def test_work_announced_for_one_profession_does_not_excuse_others() -> None:
    events = steps(EHBOX_FAILS, [replace(WORK, audiences=("nurse",))])
    assert "maintenance.wider" in codes(events)


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(replace(WORK, state="cancelled"), id="cancelled"),
        pytest.param(
            replace(WORK, start=ONSET - timedelta(hours=3), state="over", ended_at=ONSET - timedelta(hours=2)),
            id="over before the trouble",
        ),
        pytest.param(replace(WORK, start=NOW + MINUTE), id="not begun"),
        pytest.param(replace(WORK, start=ONSET + timedelta(minutes=4)), id="begun after the trouble"),
        pytest.param(replace(WORK, announced_at=ONSET + timedelta(minutes=3)), id="announced after the trouble"),
    ],
)
def test_what_was_not_announced_in_time_excuses_nothing(work: Maintenance) -> None:
    events = steps(EHBOX_FAILS, [work])
    assert [event.kind for event in events] == ["opened"]
    assert not {code for code in codes(events) if code.startswith("maintenance.")}


def test_a_partner_may_announce_work_that_has_an_end() -> None:
    before = ONSET - timedelta(minutes=30)
    assert steps(EHBOX_FAILS, notices=[notice(at=before, until=NOW + MINUTE)]) == ()


def test_a_partner_that_says_maintenance_without_an_end_excuses_nothing() -> None:
    assert steps(EHBOX_FAILS, notices=[notice(at=ONSET - timedelta(minutes=30), until=None)])


def test_a_partner_that_finds_the_word_once_it_fails_excuses_nothing() -> None:
    assert steps(EHBOX_FAILS, notices=[notice(at=ONSET + timedelta(minutes=3), until=NOW + timedelta(hours=1))])
