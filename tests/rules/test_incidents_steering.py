"""The life of an incident, step by step, on hand-made judgements."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from situations import BOTH, NOW, ONSET, belgium, calm, evidence, judgement, minutes_of, probe, report, signal
from tocsin.changes.rules import ChangeEvent, Interventions
from tocsin.detection.rules.model import Judgement, State
from tocsin.diagnosis.rules.model import Suspect
from tocsin.diagnosis.rules.rankings import continued
from tocsin.diagnosis.rules.suspects import explain
from tocsin.incidents.rules.assembly import picture
from tocsin.incidents.rules.model import Incident, IncidentEvent, Phase
from tocsin.incidents.rules.promises import Word
from tocsin.incidents.rules.steering import QUIET, _is_believed, next_steps
from tocsin.kernel.reasons import Reason
from tocsin.observations.rules.model import Evidence, Eye

MINUTE = timedelta(minutes=1)
FRONT = frozenset({Eye.FRONT})
STS_FAILS = judgement([signal("sts")], failing={"open_session": State.DOWN})


def steps(
    incidents: Sequence[Incident],
    said: Judgement,
    *,
    now: datetime = NOW,
    seen: Evidence | None = None,
    changes: Sequence[ChangeEvent] = (),
    told: dict[str, Word] | None = None,
) -> tuple[IncidentEvent, ...]:
    """One tick of diagnosis and steering."""
    facts = seen or evidence(now=now)
    explanations = explain(said, evidence=facts, changes=changes, pack=belgium(), now=now)
    return next_steps(
        incidents,
        said,
        explanations,
        evidence=facts,
        pack=belgium(),
        now=now,
        interventions=Interventions(tuple(changes)),
        told=told,
    )


def opened(said: Judgement = STS_FAILS, *, now: datetime = NOW) -> Incident:
    (event,) = steps([], said, now=now)
    assert event.kind == "opened"
    return event.incident


def seen_wider(incident: Incident, *, now: datetime) -> Incident:
    """The incident as it is once it has looked wider, without a break, for a minute before `now`."""
    return replace(incident, wider_since=now - MINUTE)


def failing_at(now: datetime, *, services: tuple[str, ...] = ("sts",), since: datetime = ONSET) -> Judgement:
    return judgement([signal(service, since=since) for service in services], at=now, since=since)


# Opening


def test_two_eyes_that_agree_open_an_incident_at_once() -> None:
    incident = opened()
    assert (incident.id, incident.phase, incident.opened_at) == ("2020-01-27-1", Phase.IDENTIFIED, NOW)
    assert (incident.hit_since, incident.state) == (ONSET, State.DOWN)
    assert incident.functions == ("open_session",)
    assert incident.audiences is None
    assert incident.suspects[0].id == "sts"
    assert incident.next_update_at == NOW + 30 * MINUTE


def test_the_day_of_an_incidents_name_is_that_of_brussels() -> None:
    late = datetime.fromisoformat("2020-01-27T23:30:00Z")
    assert opened(failing_at(late, since=late - 5 * MINUTE), now=late).id == "2020-01-28-1"


def test_incidents_are_counted_within_the_day() -> None:
    closed = replace(opened(), phase=Phase.RESOLVED, closed_at=NOW - timedelta(hours=2))
    yesterday = replace(closed, id="2020-01-26-4")
    (event,) = steps([yesterday, closed], STS_FAILS)
    assert event.incident.id == "2020-01-27-2"


def test_two_eyes_that_are_not_sure_open_nothing() -> None:
    assert steps([], judgement([signal("sts")], confidence=0.7)) == ()


def test_one_eye_must_be_surer_and_stay_so() -> None:
    fresh = judgement([signal("sts", since=NOW)], since=NOW, eyes=FRONT)
    assert steps([], fresh) == ()
    assert steps([], judgement([signal("sts")], eyes=FRONT, confidence=0.7)) == ()
    lone = opened(judgement([signal("sts")], eyes=FRONT, confidence=0.85))
    assert lone.phase is Phase.SUSPECTED


def test_probes_alone_open_nothing() -> None:
    assert steps([], judgement([signal("sts", "probe", eye=Eye.PROBES)], eyes=frozenset({Eye.PROBES}))) == ()


def test_nothing_wrong_opens_nothing() -> None:
    assert steps([], calm()) == ()


def test_who_is_hit_is_narrowed_to_what_failed() -> None:
    narrow = judgement(
        [signal("etk_depot", packages=("gp-c", "nurse-a"))],
        failing={"open_session": State.DEGRADED},
        packages=("gp-c", "nurse-a"),
    )
    incident = opened(narrow)
    assert (incident.packages, incident.state) == (("gp-c", "nurse-a"), State.DEGRADED)


# One outage, one incident


def test_the_same_fault_stays_the_same_incident() -> None:
    assert steps([opened()], STS_FAILS) == ()


def test_later_symptoms_belong_to_the_open_incident() -> None:
    later = NOW + 2 * MINUTE
    (event,) = steps([seen_wider(opened(), now=later)], failing_at(later, services=("sts", "access")), now=later)
    assert event.incident.wider_since is None
    assert (event.kind, event.incident.id) == ("updated", "2020-01-27-1")
    assert len(event.incident.functions) == len(belgium().functions)
    assert [each.places[0].suspect for each in event.incident.rankings] == ["sts", "access"]
    assert event.incident.suspects[0].id == "sts", "who has just come to lead has yet to show that it lasts"
    after = later + QUIET
    (moved,) = steps([event.incident], failing_at(after, services=("sts", "access")), now=after)
    assert moved.incident.suspects[0].id == "access"
    assert Reason("incident.lead", {"suspect": "access"}) in moved.reasons


def test_who_was_identified_gives_way_to_who_clearly_leads_as_long_as_they_had() -> None:
    incident = opened()
    explanations = explain(STS_FAILS, evidence=evidence(now=NOW), changes=(), pack=belgium(), now=NOW)
    found = picture(explanations, STS_FAILS, pack=belgium(), incident=incident)

    def is_believed(*given: tuple[str, float], phase: Phase = Phase.IDENTIFIED, since: datetime = NOW) -> bool:
        suspects = tuple(Suspect(name, score, ()) for name, score in given)
        followed = continued(incident.rankings, suspects, elsewhere=0.0, now=since)
        known = replace(incident, phase=phase, rankings=followed)
        return _is_believed(known, replace(found, suspects=suspects), NOW + 5 * MINUTE)

    assert is_believed(("kgss", 0.57), ("sts", 0.38), since=NOW + 3 * MINUTE)
    assert not is_believed(("kgss", 0.57), ("sts", 0.38), since=NOW + 4 * MINUTE), "one surprise in a long fault"
    assert is_believed(("kgss", 0.57), ("sts", 0.38), since=NOW + timedelta(seconds=10)), "it led only so long itself"
    assert not is_believed(("nurse-a", 0.5), ("sts", 0.4))
    assert is_believed(("sts", 0.49)), "the same lead may grow weaker"
    assert is_believed(("nurse-a", 0.5), ("sts", 0.4), phase=Phase.CONFIRMED), "nobody was identified yet"
    assert not _is_believed(incident, replace(found, suspects=()), NOW)


def test_what_is_left_of_a_fading_trouble_does_not_name_another_cause() -> None:
    incident = replace(opened(), services=("sts", "access", "esb"))
    explanations = explain(STS_FAILS, evidence=evidence(now=NOW), changes=(), pack=belgium(), now=NOW)
    rest = replace(
        picture(explanations, STS_FAILS, pack=belgium(), incident=incident),
        suspects=(Suspect("mcn_eagreement", 0.94, ()),),
        services=("sts",),
    )
    assert _is_believed(incident, rest, NOW + 5 * MINUTE), "it is still unfolding: the first word may be wrong"
    assert not _is_believed(incident, rest, NOW + 11 * MINUTE)
    assert _is_believed(incident, replace(rest, services=("sts", "access")), NOW + 11 * MINUTE)


def test_one_ticks_noise_elsewhere_does_not_widen_an_incident() -> None:
    incident = replace(opened(), updated_at=NOW - 10 * MINUTE)
    wide = failing_at(NOW, services=("sts", "access"))
    (watched,) = steps([incident], wide)
    assert (watched.kind, watched.incident.wider_since) == ("watched", NOW)
    assert watched.incident.functions == incident.functions
    assert steps([watched.incident], wide, now=NOW + timedelta(seconds=50)) == ()
    (gone,) = steps([watched.incident], replace(STS_FAILS, at=NOW), now=NOW + timedelta(seconds=10))
    assert (gone.kind, gone.incident.wider_since) == ("watched", None)
    (told,) = steps([watched.incident], wide, now=NOW + MINUTE)
    assert (told.kind, len(told.incident.functions)) == ("updated", len(belgium().functions))


def test_a_second_fault_is_a_second_incident_once_it_lasts() -> None:
    both = judgement([signal("vaccinnet"), signal("ehbox", since=NOW - MINUTE)])
    first = opened(judgement([signal("vaccinnet")]))
    assert steps([first], both) == ()
    later = NOW + 3 * MINUTE
    lasting = judgement([signal("vaccinnet"), signal("ehbox", since=NOW - MINUTE)], at=later)
    (event,) = steps([first], lasting, now=later)
    assert (event.kind, event.incident.id) == ("opened", "2020-01-27-2")
    assert event.incident.functions == ("exchange_messages",)


def test_a_clearly_independent_fault_opens_at_once_when_the_first_has_unfolded() -> None:
    unfolded = replace(opened(judgement([signal("vaccinnet")])), opened_at=NOW - 3 * MINUTE)
    (event,) = steps([unfolded], judgement([signal("vaccinnet"), signal("ehbox", since=NOW - MINUTE)]))
    assert (event.kind, event.incident.suspects[0].id) == ("opened", "ehbox")


def test_two_faults_at_once_are_two_incidents() -> None:
    events = steps([], judgement([signal("vaccinnet"), signal("ehbox")]))
    assert [event.incident.id for event in events] == ["2020-01-27-1", "2020-01-27-2"]
    assert {event.incident.suspects[0].id for event in events} == {"vaccinnet", "ehbox"}


# Updates


def test_an_unchanged_incident_is_not_updated() -> None:
    incident = opened()
    for minutes in range(1, 20):
        now = NOW + minutes * MINUTE
        assert steps([incident], replace(STS_FAILS, at=now), now=now) == ()


def test_worse_waits_a_minute_and_milder_a_quarter_of_an_hour() -> None:
    incident = opened(judgement([signal("ehbox")], failing={"exchange_messages": State.DEGRADED}))
    down = judgement([signal("ehbox")], failing={"exchange_messages": State.DOWN})
    assert steps([incident], down, now=NOW + 0.5 * MINUTE) == ()
    (worse,) = steps([incident], down, now=NOW + MINUTE)
    assert worse.incident.state is State.DOWN
    eased = judgement([signal("ehbox")], failing={"exchange_messages": State.DEGRADED})
    assert steps([worse.incident], eased, now=NOW + 15 * MINUTE) == ()
    (better,) = steps([worse.incident], eased, now=NOW + 16 * MINUTE)
    assert [reason.code for reason in better.reasons] == ["incident.state"]


def test_other_news_waits_five_minutes() -> None:
    incident = opened()
    before = replace(incident, functions=(*incident.functions, "bill"))
    assert steps([before], STS_FAILS, now=NOW + 4 * MINUTE) == ()
    (event,) = steps([before], STS_FAILS, now=NOW + 5 * MINUTE)
    assert "incident.functions" in [reason.code for reason in event.reasons]


def test_an_update_corrects_the_onset_while_it_is_in_view() -> None:
    def worse(minutes: int) -> datetime:
        now = NOW + minutes * MINUTE
        incident = seen_wider(opened(), now=now)
        (event,) = steps([incident], failing_at(now, services=("sts", "access"), since=ONSET - MINUTE), now=now)
        return event.incident.hit_since

    assert worse(2) == ONSET - MINUTE
    assert worse(11) == ONSET


def test_a_suspected_incident_is_confirmed_by_a_second_eye_at_once() -> None:
    lone = opened(judgement([signal("sts")], eyes=FRONT, confidence=0.98, failing={"open_session": State.DOWN}))
    now = NOW + timedelta(seconds=10)
    (event,) = steps([lone], replace(STS_FAILS, at=now), now=now)
    assert event.incident.phase is Phase.IDENTIFIED
    assert event.incident.eyes == BOTH


def test_a_repair_that_is_done_while_the_trouble_shows_is_a_mitigation() -> None:
    repair = ChangeEvent(NOW + 5 * MINUTE, "finished", "EMG-1", ("sts",), "")
    now = NOW + 6 * MINUTE
    (event,) = steps([opened()], replace(STS_FAILS, at=now), now=now, changes=[repair])
    assert event.incident.phase is Phase.MITIGATED
    assert event.incident.change is None


# The end


def closing(incident: Incident, *, start: datetime, seen: Evidence | None = None) -> list[tuple[int, IncidentEvent]]:
    """Play calm ticks once a minute for 20 minutes; return what happened, with the minute."""
    happened = []
    for minute in range(21):
        now = start + minute * MINUTE
        facts = evidence(now=now) if seen is None else replace(seen, now=now)
        for event in steps([incident], calm(at=now, since=start), now=now, seen=facts):
            incident = event.incident
            happened.append((minute, event))
    return happened


def test_two_good_intervals_close_an_incident() -> None:
    events = [(minute, event.kind, event.incident.phase) for minute, event in closing(opened(), start=NOW + 5 * MINUTE)]
    assert events[0] == (0, "updated", Phase.MONITORING)
    assert events[-1] == (10, "closed", Phase.RESOLVED)


def test_a_good_run_is_read_back_from_what_the_services_showed() -> None:
    now = NOW + 20 * MINUTE
    ended = int((now - 4 * MINUTE).timestamp())
    rollups = minutes_of("sts", failing_before_s=ended, now=now)
    (event,) = steps([opened()], calm(at=now, since=now), now=now, seen=replace(evidence(now=now), rollups=rollups))
    assert event.incident.good_since == now - 4 * MINUTE


def test_a_false_alarm_goes_after_one_interval() -> None:
    lone = opened(judgement([signal("sts")], eyes=FRONT, confidence=0.98))
    last = closing(lone, start=NOW + MINUTE)[-1]
    assert (last[0], last[1].kind) == (5, "closed")


def test_members_who_say_that_it_still_fails_hold_the_end_back() -> None:
    start = NOW + 5 * MINUTE
    reports = [report(works=False, at=start + minute * MINUTE, member=f"m{minute}") for minute in (6, 7, 8)]
    happened = closing(opened(), start=start, seen=evidence(now=start, reports=reports))
    assert happened[-1][1].kind == "closed"
    assert happened[-1][0] == 12


def test_where_no_client_software_tells_the_members_word_counts_for_both_intervals() -> None:
    start = NOW + 5 * MINUTE
    reports = [report(works=False, at=start + minute * MINUTE, member=f"m{minute}") for minute in (2, 3)]
    seen = replace(evidence(now=start, reports=reports), last_seen={Eye.FRONT: start})
    assert closing(opened(), start=start, seen=seen)[-1][0] == 12


def test_calls_that_are_still_coming_back_put_the_good_run_off() -> None:
    now = NOW + 20 * MINUTE
    begun = replace(opened(), phase=Phase.MONITORING, good_since=now - 10 * MINUTE)
    rollups = minutes_of("sts", silent_before_s=int((now - 4 * MINUTE).timestamp()), now=now)
    assert steps([begun], calm(at=now), now=now, seen=replace(evidence(now=now), rollups=rollups)) == ()
    (closed,) = steps([begun], calm(at=now), now=now)
    assert closed.kind == "closed"


def test_one_bad_report_among_good_ones_does_not() -> None:
    start = NOW + 5 * MINUTE
    reports = [report(works=minute != 7, at=start + minute * MINUTE, member=f"m{minute}") for minute in (6, 7, 8)]
    happened = closing(opened(), start=start, seen=evidence(now=start, reports=reports))
    assert happened[-1][0] == 10


def test_probes_that_still_fail_hold_the_end_back() -> None:
    start = NOW + 5 * MINUTE
    probes = [probe("access", is_ok=False, at=start + minute * MINUTE) for minute in (7, 8)]
    happened = closing(opened(), start=start, seen=evidence(now=start, probes=probes))
    assert happened[-1][0] == 12


def test_when_nobody_sees_nothing_is_closed() -> None:
    unknown = calm(at=NOW + 30 * MINUTE)
    verdicts = {key: replace(value, state=State.UNKNOWN) for key, value in unknown.verdicts.items()}
    assert all(event.kind != "closed" for event in steps([opened()], replace(unknown, verdicts=verdicts)))


@pytest.mark.parametrize(("seen_good", "is_closed"), [(0, False), (1, False), (5, False), (6, True), (12, True)])
def test_an_incident_ends_only_when_half_of_it_is_seen_to_work(seen_good: int, *, is_closed: bool) -> None:
    wide = judgement([signal("sts")])
    incident = opened(wide)
    listed = [subject for subject in wide.verdicts if subject.function in incident.functions][:12]
    blind = {subject: State.OK if number < seen_good else State.UNKNOWN for number, subject in enumerate(listed)}
    narrow = replace(incident, good_since=None)
    for minute in range(21):
        now = NOW + (5 + minute) * MINUTE
        said = calm(at=now, since=NOW + 5 * MINUTE)
        verdicts = {subject: replace(said.verdicts[subject], state=state) for subject, state in blind.items()}
        for event in steps([narrow], replace(said, verdicts=verdicts), now=now):
            narrow = event.incident
    assert (narrow.phase is Phase.RESOLVED) is is_closed


def test_trouble_that_returns_while_watching_is_the_same_incident() -> None:
    (watched,) = steps([opened()], calm(at=NOW + 6 * MINUTE, since=NOW + 5 * MINUTE), now=NOW + 6 * MINUTE)
    assert watched.incident.phase is Phase.MONITORING
    again = NOW + 12 * MINUTE
    (event,) = steps([watched.incident], replace(STS_FAILS, at=again), now=again)
    assert event.kind == "updated"
    assert event.incident.phase in {Phase.CONFIRMED, Phase.IDENTIFIED}
    assert event.incident.good_since is None


def test_trouble_that_flickers_soon_after_the_good_run_began_breaks_it_without_news() -> None:
    (watched,) = steps([opened()], calm(at=NOW + 6 * MINUTE, since=NOW + 5 * MINUTE), now=NOW + 6 * MINUTE)
    again = NOW + 7 * MINUTE
    (event,) = steps([watched.incident], replace(STS_FAILS, at=again), now=again)
    assert (event.kind, event.incident.good_since) == ("watched", None)


def test_trouble_that_returns_soon_after_the_end_reopens_the_incident() -> None:
    closed = closing(opened(), start=NOW + 5 * MINUTE)[-1][1].incident
    again = NOW + 25 * MINUTE
    (event,) = steps([closed], failing_at(again, since=again - 2 * MINUTE), now=again)
    assert (event.kind, event.incident.id, event.incident.closed_at) == ("updated", "2020-01-27-1", None)
    assert [reason.code for reason in event.reasons] == ["incident.reopened"]


def test_what_an_operator_closed_does_not_reopen_by_itself() -> None:
    by_hand = replace(opened(), phase=Phase.RESOLVED, closed_at=NOW + MINUTE)
    assert steps([by_hand], replace(STS_FAILS, at=NOW + 2 * MINUTE), now=NOW + 2 * MINUTE) == ()


# Promises


def test_a_promise_falls_due_before_its_time_and_is_broken_at_it() -> None:
    incident = opened()
    told = {incident.id: Word(NOW, NOW + 30 * MINUTE)}
    due = NOW + 28 * MINUTE
    (asked,) = steps([incident], replace(STS_FAILS, at=due), now=due, told=told)
    assert (asked.kind, asked.incident.due_at) == ("promise_due", NOW + 30 * MINUTE)
    assert steps([asked.incident], STS_FAILS, now=due + MINUTE, told=told) == ()
    (broken,) = steps([asked.incident], STS_FAILS, now=NOW + 30 * MINUTE, told=told)
    assert (broken.kind, broken.incident.due_at) == ("promise_broken", None)
    assert broken.incident.next_update_at == NOW + 60 * MINUTE


@pytest.mark.parametrize("told", [{}, {"2020-01-27-1": Word(NOW - MINUTE, None)}], ids=["never", "only-an-end"])
def test_what_was_never_promised_cannot_be_broken(told: dict[str, Word]) -> None:
    incident, kinds = opened(), []
    for minute in range(1, 121):
        now = NOW + minute * MINUTE
        for event in steps([incident], replace(STS_FAILS, at=now), now=now, told=told):
            incident = event.incident
            kinds.append((minute, event.kind))
    assert "promise_broken" not in dict(kinds).values()
    assert [minute for minute, kind in kinds if kind == "watched"] == [30, 60, 90, 120]
    assert [minute for minute, kind in kinds if kind == "promise_due"] == [28, 58, 88, 118], "it is still asked for"
    assert (incident.next_update_at, incident.due_at) == (NOW + 150 * MINUTE, None)


def test_a_message_renews_the_promise() -> None:
    told = {"2020-01-27-1": Word(NOW + MINUTE, NOW + 31 * MINUTE)}
    (event,) = steps([opened()], STS_FAILS, now=NOW + 2 * MINUTE, told=told)
    assert (event.kind, event.incident.next_update_at) == ("watched", NOW + 31 * MINUTE)
    assert steps([event.incident], STS_FAILS, now=NOW + 3 * MINUTE, told=told) == ()


def test_without_a_promise_nothing_falls_due() -> None:
    silent = replace(opened(), next_update_at=None)
    assert steps([silent], STS_FAILS, now=NOW + timedelta(hours=1)) == ()


def test_another_scope_and_another_change_are_news() -> None:
    narrow = judgement([signal("ehbox", packages=("gp-a",))], packages=("gp-a",))
    incident = opened(narrow)
    change = ChangeEvent(ONSET - MINUTE, "finished", "CHG-1", ("ehbox",), "")
    now = NOW + 5 * MINUTE
    (event,) = steps([seen_wider(incident, now=now)], judgement([signal("ehbox")], at=now), now=now, changes=[change])
    assert {"incident.scope", "incident.change"} <= {reason.code for reason in event.reasons}
    assert (event.incident.packages, event.incident.change) == (None, "CHG-1")


def test_what_has_no_suspect_yet_may_still_be_the_same_outage() -> None:
    nameless = replace(opened(), suspects=(), services=())
    now = NOW + 5 * MINUTE
    (event,) = steps([nameless], replace(STS_FAILS, at=now), now=now)
    assert (event.kind, event.incident.id) == ("updated", nameless.id)
    assert "incident.lead" in {reason.code for reason in event.reasons}


# What hardly anybody notices


def minor(said: Judgement) -> Judgement:
    """The judgement with every trouble so rare that few notice."""
    few = {subject: replace(each, is_minor=each.state is not State.OK) for subject, each in said.verdicts.items()}
    return replace(said, verdicts=few)


def test_what_few_notice_must_last_before_it_is_an_incident_and_is_marked_as_such() -> None:
    early = NOW - 3 * MINUTE
    assert steps([], minor(judgement([signal("sts", since=early)], since=early))) == ()
    assert opened(minor(STS_FAILS)).is_minor


def test_it_is_minor_no_longer_once_people_notice() -> None:
    incident = opened(minor(STS_FAILS))
    (event,) = steps([incident], failing_at(NOW + 6 * MINUTE), now=NOW + 6 * MINUTE)
    assert event.kind == "updated"
    assert not event.incident.is_minor


def test_beside_what_people_notice_the_rest_is_not_listed() -> None:
    said = judgement([signal("sts")], failing={"open_session": State.DOWN, "bill": State.DEGRADED})
    few = {s: replace(v, is_minor=s.function == "bill") for s, v in said.verdicts.items()}
    assert opened(replace(said, verdicts=few)).functions == ("open_session",)
