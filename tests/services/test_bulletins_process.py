"""Two people, edits that outlive news, guards, corrections, false alarms, and automation that is earned."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings

from announcements import at, audience_text, bulletin, incident, words
from tocsin.audit.queries import newest, verify
from tocsin.bulletins import governing, mending, queries, services
from tocsin.bulletins.errors import (
    AutomationLockedError,
    BlockedTextError,
    BulletinStatusError,
    BulletinTextError,
    FactsMovedError,
    NewerBulletinError,
    PolicyValueError,
    SameApproverError,
    SecondApprovalError,
    UnchangedTextError,
    UnknownBulletinError,
)
from tocsin.bulletins.models import ApprovalRow, BulletinRow, ShadowDay, ShadowDraftRow
from tocsin.bulletins.rules.clock_words import clock_time
from tocsin.bulletins.rules.hygiene import UnsafeTextError
from tocsin.bulletins.rules.model import AudienceText, Bulletin
from tocsin.continuity.models import ActivationRow
from tocsin.continuity.rules.model import Activation
from tocsin.continuity.services import sync
from tocsin.incidents.errors import IncidentPhaseError
from tocsin.incidents.queries import incident as stored_incident
from tocsin.incidents.queries import timeline
from tocsin.incidents.rules.model import IncidentEvent, Phase
from tocsin.incidents.services import apply
from tocsin.kernel.errors import InputError
from tocsin.kernel.reasons import Reason

pytestmark = pytest.mark.django_db
ID = "2026-03-02-1"
PLAIN = replace(audience_text(), now=(words("Ask for the paper proof."),))
FIRST = bulletin(1, texts={"pharmacist": PLAIN})
MINE = replace(PLAIN, headline=words("My own words."))


@pytest.fixture(autouse=True)
def _an_incident(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("db")
    apply(
        [IncidentEvent("opened", at(0), replace(incident(closed_at=None), phase=Phase.CONFIRMED))],
        actor="engine",
        now=at(0),
    )


@pytest.fixture
def announced() -> Iterator[list[Bulletin]]:
    heard: list[Bulletin] = []

    def hear(*, bulletin: Bulletin, **_: Any) -> None:
        heard.append(bulletin)

    services.bulletin_published.connect(hear)
    yield heard
    services.bulletin_published.disconnect(hear)


def row(bulletin_id: str = FIRST.id) -> BulletinRow:
    return BulletinRow.objects.get(pk=bulletin_id)


def kinds() -> list[str]:
    return [entry.kind for entry in timeline(ID)]


def two_people() -> None:
    governing.set_approvals({"grave": "two_people", "serious": "two_people"}, by="ann", now=at(0))


def one_audience() -> str:
    return next(iter(FIRST.texts))


def edit(*, by: str = "ann", text: AudienceText = MINE, minute: float = 2) -> Bulletin:
    return services.edit_draft(FIRST.id, {one_audience(): text}, by=by, now=at(minute))


# --- two people


def test_where_two_must_agree_the_first_word_is_kept_and_the_second_publishes(announced: list[Bulletin]) -> None:
    two_people()
    services.save_draft(FIRST, now=at(1))
    with pytest.raises(SecondApprovalError) as caught:
        services.publish_draft(FIRST.id, by="ann", now=at(2))
    assert caught.value.facts == {"missing": 1}
    assert (row().status, announced) == ("draft", [])
    assert kinds()[-1] == "bulletin_approved"
    services.publish_draft(FIRST.id, by="bob", now=at(3))
    assert (row().status, row().approved_by) == ("published", "ann, bob")
    assert announced == [FIRST]


def test_the_second_must_be_another_person() -> None:
    two_people()
    services.save_draft(FIRST, now=at(1))
    services.approve(FIRST.id, by="ann", now=at(2))
    with pytest.raises(SameApproverError):
        services.approve(FIRST.id, by="ann", now=at(3))
    assert row().status == "draft"


def test_a_redraft_voids_what_was_agreed_and_an_equal_one_does_not() -> None:
    two_people()
    services.save_draft(FIRST, now=at(1))
    services.approve(FIRST.id, by="ann", now=at(2))
    services.save_draft(replace(FIRST, drafted_at=at(3)), now=at(3))
    assert [each.by for each in queries.approvals([FIRST.id])] == ["ann"]
    services.save_draft(replace(FIRST, next_update_at=at(90)), now=at(4))
    assert queries.approvals([FIRST.id]) == []
    assert kinds()[-1] == "bulletin_approvals_void"
    assert not services.approve(FIRST.id, by="bob", now=at(5)).is_out
    assert services.approve(FIRST.id, by="ann", now=at(6)).is_out
    assert ApprovalRow.objects.filter(voided_at=at(4)).count() == 1, "kept, as what it was"


def test_an_edit_voids_what_was_agreed() -> None:
    two_people()
    services.save_draft(FIRST, now=at(1))
    services.approve(FIRST.id, by="bob", now=at(2))
    edit(minute=3)
    assert queries.approvals([FIRST.id]) == []


def test_no_late_click_says_that_something_fails_once_it_is_over(announced: list[Bulletin]) -> None:
    services.save_draft(FIRST, now=at(1))
    over = incident(closed_at=at(3))
    apply([IncidentEvent("closed", at(3), over)], actor="engine", now=at(3))
    with pytest.raises(BulletinStatusError):
        services.approve(FIRST.id, by="ann", now=at(4))
    assert announced == []
    services.supersede_what_is_over([ID])
    assert row().status == "superseded"


def test_the_end_may_still_be_told_once_it_is_over(announced: list[Bulletin]) -> None:
    services.publish(FIRST, now=at(1))
    apply([IncidentEvent("closed", at(3), incident(closed_at=at(3)))], actor="engine", now=at(3))
    end = replace(FIRST, id=f"{ID}-b2", kind="end", number=2, drafted_at=at(3), next_update_at=None)
    services.save_draft(end, now=at(3))
    services.supersede_what_is_over([ID])
    services.approve(end.id, by="ann", now=at(4))
    assert [each.kind for each in announced] == ["first", "end"]


def test_a_discarded_draft_keeps_no_approval() -> None:
    two_people()
    services.save_draft(FIRST, now=at(1))
    services.approve(FIRST.id, by="bob", now=at(2))
    services.discard_draft(FIRST.id, by="ann", now=at(3))
    services.save_draft(FIRST, now=at(4))
    assert not services.approve(FIRST.id, by="ann", now=at(5)).is_out


# --- guards

BAD = replace(audience_text(), headline={"fr": "", "nl": "Werkt niet.", "de": "Geht nicht.", "en": "No."})


def test_no_text_with_a_language_missing_goes_out_without_a_written_reason(announced: list[Bulletin]) -> None:
    services.save_draft(replace(FIRST, texts={"pharmacist": BAD}), now=at(1))
    for reason in ("", "  \n"):
        with pytest.raises(BlockedTextError) as caught:
            services.publish_draft(FIRST.id, by="ann", now=at(2), override=reason)
        assert caught.value.facts["findings"][0]["code"] == "plain.language_missing"
    assert announced == []
    services.publish_draft(FIRST.id, by="ann", now=at(3), override=" The French desk is asleep. ")
    assert row().override == "The French desk is asleep."
    last = timeline(ID).last()
    assert last is not None
    assert last.reasons[0] == {
        "code": "operator.override",
        "facts": {"by": "ann", "reason": "The French desk is asleep."},
    }
    assert last.reasons[1]["code"] == "plain.language_missing"
    assert "operator.override" in newest()[-1].facts["reasons"]


def test_policy_never_lets_such_a_text_out_and_keeps_it_as_a_draft(announced: list[Bulletin]) -> None:
    assert not services.publish(replace(FIRST, texts={"pharmacist": BAD}), now=at(1))
    assert (row().status, row().reasons[0]["code"], announced) == ("draft", "plain.language_missing", [])
    assert services.publish(FIRST, now=at(2))
    assert services.publish(FIRST, now=at(3)), "out already"
    assert len(announced) == 1


def test_a_good_text_keeps_no_reason_that_nobody_needed() -> None:
    services.save_draft(FIRST, now=at(1))
    services.publish_draft(FIRST.id, by="ann", now=at(2), override="just in case")
    assert row().override == ""


# --- edits


def test_the_engine_never_overwrites_a_persons_words() -> None:
    services.save_draft(FIRST, now=at(1))
    assert edit().texts[one_audience()] == MINE
    assert queries.edited_drafts() == {FIRST.id}
    newer = replace(FIRST, functions=("dispense", "prescribe"), drafted_at=at(5))
    services.save_draft(newer, now=at(5))
    assert queries.read_bulletin(row()).texts[one_audience()] == MINE
    assert queries.drafts() == (newer,), "the engine goes on from its own"
    with pytest.raises(FactsMovedError):
        services.approve(FIRST.id, by="ann", now=at(6))
    services.save_draft(replace(newer, drafted_at=at(7)), now=at(7))
    assert kinds().count("bulletin_moved") == 1


def test_ones_words_are_carried_over_to_the_newer_facts() -> None:
    services.save_draft(FIRST, now=at(1))
    edit()
    services.save_draft(replace(FIRST, next_update_at=at(90)), now=at(5))
    services.save_draft(replace(FIRST, next_update_at=at(95)), now=at(6))
    found = services.carry_edit_over(FIRST.id, by="ann", now=at(7))
    assert found.conflicts == ()
    stored = queries.read_bulletin(row())
    assert (stored.next_update_at, stored.texts[one_audience()].headline) == (at(95), MINE.headline)
    assert services.approve(FIRST.id, by="ann", now=at(8)).is_out


def test_or_one_takes_the_newer_wording() -> None:
    services.save_draft(FIRST, now=at(1))
    edit()
    newer = replace(FIRST, next_update_at=at(90))
    services.save_draft(newer, now=at(5))
    assert services.drop_edit(FIRST.id, by="ann", now=at(6)) == newer
    assert queries.edited_drafts() == frozenset()
    assert kinds()[-1] == "bulletin_edit_dropped"


def test_taking_the_drafted_wording_again_needs_no_news() -> None:
    services.save_draft(FIRST, now=at(1))
    edit()
    assert services.drop_edit(FIRST.id, by="ann", now=at(3)) == FIRST
    with pytest.raises(BulletinStatusError):
        services.carry_edit_over(FIRST.id, by="ann", now=at(4))


def test_an_edit_that_changes_nothing_leaves_no_trace() -> None:
    services.save_draft(FIRST, now=at(1))
    edit(text=FIRST.texts[one_audience()])
    assert (row().edited_by, kinds()[-1]) == ("", "bulletin_drafted")


def test_a_second_edit_keeps_the_wording_that_the_first_began_with() -> None:
    services.save_draft(FIRST, now=at(1))
    edit()
    edit(by="bob", text=replace(MINE, scope=words("Here.")), minute=3)
    assert row().edited_by == "bob"
    assert queries.adapter().validate_python(row().drafted) == FIRST


@pytest.mark.parametrize("hostile", ["<script>", "a\u202eb", "x" * 2001], ids=["markup", "reversed", "long"])
def test_hostile_text_is_refused_with_its_place(hostile: str) -> None:
    services.save_draft(FIRST, now=at(1))
    with pytest.raises(UnsafeTextError) as caught:
        edit(text=replace(MINE, headline={**words("x"), "nl": hostile}))
    assert caught.value.where == "pharmacist / nl / headline"


def test_an_edit_for_somebody_else_is_refused() -> None:
    services.save_draft(FIRST, now=at(1))
    with pytest.raises(BulletinTextError):
        services.edit_draft(FIRST.id, {"plumber": MINE}, by="ann", now=at(2))
    with pytest.raises(UnknownBulletinError):
        services.edit_draft("none", {}, by="ann", now=at(2))


# --- corrections


def correct(*, notify: bool, by: str = "ann", minute: float = 5, of: str = FIRST.id, **given: Any) -> services.Given:
    return mending.correct(of, {one_audience(): MINE}, notify=notify, by=by, now=at(minute), **given)


@pytest.mark.parametrize("notify", [True, False])
def test_a_correction_is_an_entry_of_its_own_told_or_silent(announced: list[Bulletin], notify: bool) -> None:  # noqa: FBT001 the two ways
    services.publish(FIRST, now=at(1))
    given = correct(notify=notify)
    assert given.is_out
    assert (given.bulletin.kind, given.bulletin.corrects, given.bulletin.is_silent) == (
        "correction",
        FIRST.id,
        not notify,
    )
    assert given.bulletin.next_update_at == FIRST.next_update_at, "what was promised stays promised"
    assert queries.read_bulletin(row()) == FIRST, "history is never rewritten"
    assert announced == [FIRST, given.bulletin]
    assert row(given.bulletin.id).approved_by == "ann"


def test_corrections_of_one_bulletin_have_ids_of_their_own() -> None:
    services.publish(FIRST, now=at(1))
    first = correct(notify=False).bulletin
    again = mending.correct(
        first.id, {one_audience(): replace(MINE, scope=words("Here."))}, notify=False, by="ann", now=at(6)
    ).bulletin
    assert (first.id, again.id) == (f"{FIRST.id}-c1", f"{FIRST.id}-c2")
    assert again.number > first.number > FIRST.number


def test_a_correction_names_the_message_that_its_readers_got() -> None:
    services.publish(FIRST, now=at(1))
    silent = correct(notify=False, minute=5).bulletin

    other = {one_audience(): replace(MINE, headline=words("Other words."))}
    told = mending.correct(silent.id, other, notify=True, by="ann", now=at(9)).bulletin

    assert clock_time(at(1), "en") in told.texts[one_audience()].scope["en"]
    assert clock_time(at(5), "en") not in told.texts[one_audience()].scope["en"]


def test_a_correction_leaves_a_waiting_draft_waiting() -> None:
    services.publish(FIRST, now=at(1))
    services.save_draft(bulletin(2, kind="update"), now=at(2))
    correct(notify=True)
    assert row(f"{ID}-b2").status == "draft"


def test_where_two_must_agree_a_correction_waits_for_the_second_apart_from_the_engine() -> None:
    services.publish(FIRST, now=at(1))
    two_people()
    given = correct(notify=True)
    assert not given.is_out
    assert queries.drafts() == ()
    services.save_draft(bulletin(2, kind="update"), now=at(6))
    assert row(given.bulletin.id).status == "draft"
    assert services.approve(given.bulletin.id, by="bob", now=at(7)).is_out


def test_what_cannot_be_corrected_is_said() -> None:
    services.publish(FIRST, now=at(1))
    with pytest.raises(UnchangedTextError):
        mending.correct(FIRST.id, dict(FIRST.texts), notify=True, by="ann", now=at(2))
    services.publish(bulletin(2, kind="update"), now=at(3))
    with pytest.raises(NewerBulletinError) as caught:
        correct(notify=True)
    assert caught.value.facts == {"newer": f"{ID}-b2"}
    services.save_draft(bulletin(3, kind="update"), now=at(4))
    with pytest.raises(BulletinStatusError, match="is not out"):
        correct(notify=True, of=f"{ID}-b3")
    with pytest.raises(UnknownBulletinError):
        correct(notify=True, of="none")


# --- false alarms


def test_a_false_alarm_is_taken_back_to_who_was_told_and_its_procedures_end(announced: list[Bulletin]) -> None:
    services.publish(FIRST, now=at(1))
    services.save_draft(bulletin(2, kind="update"), now=at(2))
    active = Activation("active_one", "1", ID, "active", at(1), None, "policy", None, None, None)
    sync([active, replace(active, procedure="proposed_one", state="proposed")], now=at(1))
    out = mending.retract(ID, by="ann", reason="The probe was misconfigured.", now=at(9))
    assert out is not None
    assert (out.kind, list(out.texts), announced[-1]) == ("retraction", list(FIRST.texts), out)
    found = stored_incident(ID)
    assert found is not None
    assert (found.is_open, found.retracted_at, found.closed_at) == (False, at(9), at(9))
    assert row(f"{ID}-b2").status == "superseded"
    assert {each.state for each in ActivationRow.objects.all()} == {"ended"}
    assert {"retracted", "bulletin_published"} <= set(kinds())
    assert verify() == []
    with pytest.raises(IncidentPhaseError):
        mending.retract(ID, by="ann", reason="again", now=at(10))


def test_who_was_never_told_is_not_told_that_we_were_wrong(announced: list[Bulletin]) -> None:
    services.save_draft(FIRST, now=at(1))
    assert mending.retract(ID, by="ann", reason="nothing there", now=at(2)) is None
    assert announced == []


def test_nobody_is_told_twice_that_it_is_over(announced: list[Bulletin]) -> None:
    over = {one_audience(): replace(audience_text(), next_update=None)}
    services.publish(FIRST, now=at(1))
    services.publish(bulletin(2, kind="update", texts=over), now=at(2))
    assert mending.retract(ID, by="ann", reason="nothing there", now=at(3)) is None
    assert len(announced) == 2


def test_a_false_alarm_needs_a_reason() -> None:
    with pytest.raises(InputError):
        mending.retract(ID, by="ann", reason=" ", now=at(2))


# --- policy and shadow


def test_the_policy_is_set_piece_by_piece_and_audited() -> None:
    governing.set_approvals({"grave": "two_people"}, by="ann", reason="the board", now=at(1))
    governing.set_approvals({"unsure": "two_people"}, by="ann", now=at(2))
    governing.set_holding("ask", by="bob", now=at(3))
    governing.set_quiet_hours({"start": "21:00"}, by="bob", now=at(4))
    policy = queries.policy()
    assert (policy.approvals, policy.holding) == ({"grave": "two_people", "unsure": "two_people"}, "ask")
    assert queries.quiet_hours() == {"start": "21:00"}
    assert [entry.action for entry in newest()[-4:]] == [
        "policy.approvals_set",
        "policy.approvals_set",
        "policy.holding_set",
        "policy.quiet_set",
    ]
    assert newest()[-4].facts == {"levels": {"grave": "two_people"}, "reason": "the board"}


@pytest.mark.parametrize("levels", [{"awful": "two_people"}, {"grave": "three_people"}])
def test_a_level_that_there_is_not_is_refused(levels: dict[str, str]) -> None:
    with pytest.raises(PolicyValueError):
        governing.set_approvals(levels, by="ann", now=at(1))
    with pytest.raises(PolicyValueError):
        governing.set_holding("perhaps", by="ann", now=at(1))


def shadowed(days: int, *, verdict: str = "agree") -> None:
    for back in range(days):
        ShadowDay.objects.create(day=(at(0) - timedelta(days=back)).date())
    governing.note_shadow({FIRST.id: (FIRST, [Reason("policy.first")])}, now=at(1))
    if verdict:
        governing.review_shadow(FIRST.id, verdict, by="ann", remark=" good ", now=at(2))


def test_automation_stays_locked_until_four_weeks_are_reviewed() -> None:
    for days, verdict, code in ((27, "agree", "shadow.too_short"), (28, "", "shadow.unreviewed")):
        ShadowDay.objects.all().delete()
        shadowed(days, verdict="")
        if verdict:
            governing.review_shadow(FIRST.id, verdict, by="ann", now=at(2))
        else:
            queries.shadow_record()
        with pytest.raises(AutomationLockedError) as caught:
            governing.unlock_automation(by="ann", now=at(3))
        assert code in [each["code"] for each in caught.value.facts["missing"]]
        ShadowDraftRow.objects.all().delete()
    assert queries.policy().automation == "manual"


def test_reviewed_it_is_unlocked_with_what_it_earned_in_the_audit_log() -> None:
    shadowed(28, verdict="agree")
    governing.unlock_automation(by="ann", reason="earned", now=at(3))
    assert queries.policy().automation == "automatic"
    assert newest()[-1].facts == {"reason": "earned", "days": 28, "drafts": 1, "right_share": 1.0}


def test_four_weeks_of_mistakes_earn_nothing() -> None:
    shadowed(28, verdict="disagree")
    with pytest.raises(AutomationLockedError, match=r"shadow\.too_often_wrong"):
        governing.unlock_automation(by="ann", now=at(3))


def test_a_demonstration_is_unlocked_as_such_on_the_record() -> None:
    governing.unlock_automation(by="demo", demonstration=True, now=at(3))
    assert newest()[-1].facts["demonstration"] is True
    assert newest()[-1].facts["missing"] == ["shadow.too_short", "shadow.nothing_drafted"]


def test_an_official_tocsin_is_no_demonstration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "is_demonstration", lambda: False)
    with pytest.raises(AutomationLockedError):
        governing.unlock_automation(by="ann", demonstration=True, now=at(3))


def test_a_pack_without_authority_is_a_demonstration_and_so_is_a_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    assert queries.is_demonstration()
    official = replace(queries.configured_pack(), authority=object())  # type: ignore[arg-type]  # any authority will do
    monkeypatch.setattr(queries, "configured_pack", lambda: official)
    assert not queries.is_demonstration()

    class Played:
        is_replay = True

    with override_settings(CLOCK=Played()):
        assert queries.is_demonstration()


def test_a_shadow_draft_is_kept_once_scored_and_judged_on_the_record() -> None:
    shadowed(0)
    governing.note_shadow({FIRST.id: (replace(FIRST, drafted_at=at(9)), [])}, now=at(9))
    drill = replace(bulletin(2), is_drill=True)
    governing.note_shadow({drill.id: (drill, [])}, now=at(9))
    (kept,) = queries.shadow_record().drafts
    assert (kept.bulletin, kept.at, kept.verdict, kept.remark, kept.reviewed_by) == (
        FIRST.id,
        at(1),
        "agree",
        "good",
        "ann",
    )
    assert kept.score is not None
    assert 0 <= kept.score <= 100
    assert queries.shadow_bulletin(FIRST.id) == FIRST
    assert queries.shadow_bulletin("none") is None
    assert newest()[-1].action == "shadow.reviewed"
    with pytest.raises(UnknownBulletinError):
        governing.review_shadow("none", "agree", by="ann", now=at(3))
    with pytest.raises(PolicyValueError):
        governing.review_shadow(FIRST.id, "perhaps", by="ann", now=at(3))


def test_what_people_did_with_it_is_told_beside_it() -> None:
    def fate() -> tuple[str, timedelta | None]:
        (kept,) = queries.shadow_record().drafts
        return kept.fate, kept.human_after

    shadowed(0, verdict="")
    assert fate() == ("waits", None)
    services.save_draft(FIRST, now=at(1))
    assert fate() == ("waits", None)
    services.discard_draft(FIRST.id, by="ann", now=at(2))
    assert fate() == ("discarded", None)
    services.save_draft(FIRST, now=at(3))
    services.approve(FIRST.id, by="ann", now=at(4))
    assert fate() == ("published", timedelta(minutes=3))
    BulletinRow.objects.update(edited_by="ann")
    assert fate()[0] == "edited"
    BulletinRow.objects.update(status="superseded", published_at=None)
    assert fate()[0] == "superseded"
