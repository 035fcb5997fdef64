"""Taps and questions: one tap counts once, at its true time; questions are stored, found by their links, answered."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st
from pytest_django import Settings

from factories import console as make
from tocsin.accounts.models import PanelMember
from tocsin.accounts.panel import invite_member, note_use, practice_pseudonym, set_contact
from tocsin.audit.models import AuditEntry
from tocsin.kernel.reasons import Reason
from tocsin.observations.crowd import note_problem
from tocsin.observations.errors import KeyReusedError, NothingUsableError
from tocsin.observations.models import PollQuestion, PollRow, ReportRow
from tocsin.observations.panel import Tap, line_pseudonym, take_tap
from tocsin.observations.polls import (
    KEPT,
    asked_lately,
    forget_polls,
    open_questions,
    question_by_token,
    question_token,
    save_polls,
    standing,
)
from tocsin.observations.queries import _reports
from tocsin.observations.rules.model import Report
from tocsin.observations.rules.polling import Poll
from tocsin.observations.rules.pseudonyms import is_fit
from tocsin.observations.services import accept_reports, prune

pytestmark = pytest.mark.django_db

NOW = make.NOW
MINUTE = timedelta(minutes=1)


def member(*, package: str = "pharmacy-a", contact: bool = True, joined: bool = True) -> PanelMember:
    made = invite_member(
        audience="pharmacist", package=package, region="BE-WLG", practice="a street", by="ann", now=NOW - 60 * MINUTE
    ).member
    if joined:
        note_use(made, now=NOW - 50 * MINUTE)
    if contact:
        set_contact(made, channel="email", address="a@example.org", now=NOW)
    return made


def asked(*members: PanelMember, function: str = "dispense") -> tuple[PollQuestion, ...]:
    names = tuple(each.pseudonym for each in members)
    reason = Reason("poll.one_eye", {"eye": "front", "state": "down"})
    return save_polls(
        [Poll(function, "pharmacist", names, reason, NOW, NOW + 10 * MINUTE, ("pharmacy-a",), None)], now=NOW
    )


def test_a_tap_is_a_report_with_its_true_time_its_practice_and_its_line() -> None:
    one = member()
    line = line_pseudonym("8.8.4.4", now=NOW)
    take_tap(one, Tap("dispense", works=False, at=NOW - 30 * MINUTE, text="no", key="k1", sender=line), now=NOW)
    (seen,) = _reports(NOW)
    assert (seen.at, seen.received_at) == (NOW - 30 * MINUTE, NOW)
    assert (seen.practice, seen.sender) == (practice_pseudonym("a street"), line)
    assert PanelMember.objects.get().joined_at is not None


def test_the_same_tap_counts_once_even_timed_a_little_differently() -> None:
    one, other = member(), member()
    assert take_tap(one, Tap("dispense", works=False, at=NOW - MINUTE, key="k1"), now=NOW).accepted == 1
    again = take_tap(one, Tap("dispense", works=False, at=NOW - MINUTE * 1.1, key="k1"), now=NOW + MINUTE)
    assert again.is_repeated
    assert take_tap(other, Tap("dispense", works=False, at=NOW, key="k1"), now=NOW).accepted == 1
    assert ReportRow.objects.count() == 2
    with pytest.raises(KeyReusedError):
        take_tap(one, Tap("dispense", works=True, at=NOW, key="k1"), now=NOW)


@pytest.mark.parametrize(
    ("at", "code"), [(NOW - timedelta(hours=25), "intake.too_old"), (NOW + 5 * MINUTE, "intake.too_new")]
)
def test_what_is_too_late_or_from_the_future_is_refused(at: object, code: str) -> None:
    with pytest.raises(NothingUsableError) as caught:
        take_tap(member(), Tap("dispense", works=False, at=at), now=NOW)  # type: ignore[arg-type]  # from a table
    assert caught.value.code == code


def test_a_clock_a_little_ahead_says_now() -> None:
    take_tap(member(), Tap("dispense", works=False, at=NOW + MINUTE), now=NOW)
    assert ReportRow.objects.get().at == NOW


def test_a_line_is_known_for_a_day_and_only_on_the_public_internet() -> None:
    line = line_pseudonym("2a02:1811::1", now=NOW)
    assert line == line_pseudonym("2a02:1811::2", now=NOW) != line_pseudonym("8.8.4.4", now=NOW)
    assert line != line_pseudonym("2a02:1811::1", now=NOW + timedelta(days=1))
    assert [line_pseudonym(each, now=NOW) for each in ("", "127.0.0.1", "10.0.0.8", "100.64.0.1", "no")] == [""] * 5


def test_members_who_joined_and_gave_a_contact_may_be_asked() -> None:
    one = member()
    member(contact=False)
    member(joined=False)
    note_problem(function="dispense", audience="pharmacist", sender="8.8.4.4", now=NOW)
    asked(one)
    found = standing(NOW + MINUTE)
    assert [each.member for each in found.members] == [one.pseudonym]
    assert found.members[0].asked_at == (NOW,)
    assert [(poll.function, poll.audience) for poll in found.asked] == [("dispense", "pharmacist")]
    assert found.crowd == {("dispense", "pharmacist"): 1}
    take_tap(one, Tap("dispense", works=True, at=NOW), now=NOW + MINUTE)
    assert standing(NOW + 11 * MINUTE).members[0].answered == 1
    assert standing(NOW + 11 * MINUTE).asked == ()


def test_an_answer_is_a_report_and_closes_the_question() -> None:
    one, other = member(), member()
    asked(one, other)
    asked(one, function="insurability")
    assert [each.poll.function for each in open_questions(one.pseudonym, now=NOW)] == ["dispense", "insurability"]
    take_tap(one, Tap("dispense", works=False, at=NOW + MINUTE), now=NOW + 2 * MINUTE)
    assert [each.poll.function for each in open_questions(one.pseudonym, now=NOW)] == ["insurability"]
    told = {each.function: each for each in asked_lately(NOW + 2 * MINUTE)}
    assert (told["dispense"].members, told["dispense"].working, told["dispense"].failing) == (2, 0, 1)
    assert told["dispense"].waiting == 1
    assert AuditEntry.objects.filter(action="panel.asked").count() == 2


def test_a_question_is_found_by_its_link_alone(settings: Settings) -> None:
    (question,) = asked(member())
    token = question_token(question)
    assert question_by_token(token) == question
    for wrong in ("", "x", f"{question.pk}.", f"{question.pk + 1}.{token.partition('.')[2]}", "²." + token[2:]):
        assert question_by_token(wrong) is None
    settings.SECRET_KEY = "another"
    assert question_by_token(token) is None


def test_questions_are_forgotten_in_their_time() -> None:
    asked(member())
    forget_polls(now=NOW + KEPT)
    assert PollRow.objects.count() == 1
    prune(now=NOW + KEPT + MINUTE)
    assert PollRow.objects.count() == 0


@pytest.mark.parametrize(
    ("field", "code"),
    [("practice", "intake.bad_practice"), ("sender", "intake.bad_sender"), ("member", "intake.bad_member")],
)
@pytest.mark.parametrize(
    "name", ["Pharmacie Dupont", "0479123456", "85.07.30-033.28", "p0479123456", "m8507-3003328", "d2-1-2"]
)
def test_a_place_or_a_sender_under_its_own_name_is_refused(field: str, code: str, name: str) -> None:
    good = Report(NOW, "m1", "pharmacist", "pharmacy-a", "BE-WLG", "dispense", works=False, text="")
    named: dict[str, Any] = {field: name}
    with pytest.raises(NothingUsableError) as caught:
        accept_reports([replace(good, **named)], source="reports", now=NOW)
    assert caught.value.code == code


def test_a_member_whose_pseudonym_of_old_has_digits_in_a_row_is_still_heard() -> None:
    old = member(contact=False)
    PanelMember.objects.filter(pk=old.pk).update(pseudonym="m4123456a")
    receipt = take_tap(PanelMember.objects.get(pseudonym="m4123456a"), Tap("dispense", works=False, at=NOW), now=NOW)
    assert receipt.accepted == 1


def test_a_recordings_members_are_fit_whatever_was_drawn() -> None:
    good = Report(NOW, "m000-181685", "pharmacist", "pharmacy-a", "BE-WLG", "dispense", works=False, text="")
    assert accept_reports([good], source="reports", now=NOW).accepted == 1


@given(st.text(max_size=30))
@tries(max_examples=100, deadline=None)
def test_our_own_pseudonyms_are_never_taken_for_numbers(name: str) -> None:
    made = [practice_pseudonym(name), line_pseudonym("8.8.4.4", now=NOW + timedelta(days=len(name)))]
    assert all(is_fit(each) for each in made if each)
