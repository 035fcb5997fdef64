"""The engine over the database, in this very process: a whole small outage, a restart, a hold, and what goes wrong.

Detection is given its judgements by hand; everything after it (diagnosis, incidents, procedures, bulletins, policy,
the transaction that keeps them, notifications) is the real thing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test.utils import override_settings

from situations import NOW, belgium, calm, evidence, judgement, signal
from tocsin.audit.queries import last_seq, newest, verify
from tocsin.bulletins import governing, mending
from tocsin.bulletins import queries as bulletins
from tocsin.bulletins import services as say
from tocsin.bulletins.models import PageRecord
from tocsin.bulletins.queries import load_templates
from tocsin.continuity.queries import current, load_procedures
from tocsin.detection.models import VerdictChange
from tocsin.detection.queries import last_judgement
from tocsin.detection.rules.model import Judgement, State
from tocsin.detection.rules.profile import learn
from tocsin.diagnosis.queries import snapshot
from tocsin.engine.tick import Federation
from tocsin.incidents import services as incidents
from tocsin.incidents.queries import recent, timeline
from tocsin.incidents.rules.model import Phase
from tocsin.notifications.fanout import write_out
from tocsin.notifications.models import OutboxMessage, Subscriber
from tocsin.observations.rules.rollup import empty
from tocsin.plugins.stores.memory.store import MemoryStore
from tocsin.runtime.configuration import Configuration
from tocsin.runtime.engine_loop import STEP, EngineLoop, Stages
from tocsin.runtime.live import LiveFederation, SituationChangedError

pytestmark = pytest.mark.django_db
BROKEN_AT = NOW - timedelta(minutes=5)


@dataclass
class Hand:
    """A clock and a judge, both set by hand."""

    at: datetime = NOW
    judged: Callable[[datetime], Judgement] = field(default=lambda now: calm(at=now))
    speed: float = 1.0

    def now(self) -> datetime:
        return self.at

    def judge(self, *_: Any, now: datetime, **__: Any) -> Judgement:
        return self.judged(now)


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hand]:
    hand = Hand()
    monkeypatch.setattr("tocsin.engine.tick.judge", hand.judge)
    monkeypatch.setattr("tocsin.runtime.live.evidence", lambda now, *_, **__: evidence(now=now))
    with override_settings(CONFIGURATION=Configuration(data_folder=tmp_path), CLOCK=hand):
        yield hand


@pytest.fixture(scope="session")
def federation() -> Federation:
    folder = Path(__file__).resolve().parents[2] / "packs" / "belgium"
    pack = belgium()
    return Federation(pack, load_procedures(folder, pack), load_templates(folder), learn(empty(), pack=pack))


@pytest.fixture
def published() -> list[datetime]:
    return []


@pytest.fixture
def loop(hand: Hand, federation: Federation, published: list[datetime]) -> EngineLoop:
    return engine(hand, federation, published)


def engine(hand: Hand, federation: Federation, published: list[datetime], **changes: Any) -> EngineLoop:
    plain: dict[str, Any] = {
        "intake": lambda _now: None,
        "federation": lambda _now: federation,
        "follow": lambda *_: None,
        "publish": published.append,
        "acts": last_seq,
        "tidy": lambda _now: None,
    }
    return EngineLoop(hand, LiveFederation(MemoryStore()), Stages(**plain | changes))


def broken(now: datetime) -> Judgement:
    return judgement([signal("sts", since=BROKEN_AT)], at=now, since=BROKEN_AT)


def eased(now: datetime) -> Judgement:
    return judgement(
        [signal("sts", since=BROKEN_AT)], at=now, since=BROKEN_AT, failing={"open_session": State.DEGRADED}
    )


def tick_until(loop: EngineLoop, hand: Hand, is_so: Callable[[], bool], *, at_most: timedelta) -> None:
    end = hand.at + at_most
    while not is_so():
        assert hand.at < end, "it did not come to that"
        assert loop.step()
        assert loop.pulse.failures == 0, loop.pulse.last_failure
        hand.at += STEP


def a_subscriber() -> None:
    Subscriber.objects.create(
        address="doctor@example.org",
        language="fr",
        audience="doctor",
        requested_at=NOW,
        confirmed_at=NOW,
        handle="0123456789",
    )


def written_out(hand: Hand) -> list[OutboxMessage]:
    """What was put out, as messages to people; pages to duty officers are none of it."""
    while write_out(hand, machine=hand):
        pass
    return list(OutboxMessage.objects.filter(announcement__isnull=False))


def test_a_quiet_tick_leaves_a_snapshot_and_nothing_else(loop: EngineLoop, hand: Hand) -> None:
    assert loop.step()
    assert last_judgement() == calm(at=hand.at)
    seen = snapshot()
    assert seen is not None
    assert (seen[0], seen[2]) == (NOW, ())
    assert recent(NOW) == ()
    assert last_seq() == 0
    assert loop.pulse.last_tick_at == NOW


def test_a_whole_outage_from_the_first_sign_to_the_end(loop: EngineLoop, hand: Hand) -> None:
    a_subscriber()
    hand.judged = broken
    tick_until(loop, hand, lambda: bool(bulletins.drafts()), at_most=timedelta(minutes=3))
    (incident,) = recent(hand.at)
    assert incident.is_open
    assert incident.suspects[0].id == "sts"
    assert VerdictChange.objects.filter(state="down").exists()

    # As shipped, nothing is told without a click; procedures are proposed.
    assert bulletins.published_since(NOW) == ()
    assert OutboxMessage.objects.count() == 0
    assert {activation.state for activation in current(hand.at)} == {"proposed"}

    draft = bulletins.drafts()[0]
    say.publish_draft(draft.id, by="ann", now=hand.at)
    (message,) = written_out(hand)
    assert message.announcement is not None
    assert message.subscriber is not None
    assert (message.announcement.bulletin, message.subscriber.address) == (draft.id, "doctor@example.org")

    hand.judged = lambda now: calm(at=now, since=hand.at)
    tick_until(loop, hand, lambda: not recent(hand.at)[0].is_open, at_most=timedelta(minutes=40))
    (closed,) = recent(hand.at)
    assert (closed.id, closed.phase) == (incident.id, Phase.RESOLVED)
    assert [waiting.kind for waiting in bulletins.drafts()] == ["end"]

    kinds = [entry.kind for entry in timeline(incident.id)]
    assert kinds[0] == "opened"
    assert {"bulletin_drafted", "bulletin_published", "closed", "activation_proposed"} <= set(kinds)
    assert {row.actor for row in newest(200)} == {"engine", "policy", "ann"}
    assert verify() == []


def test_unlocked_the_first_word_goes_out_by_itself_and_procedures_are_in_force(loop: EngineLoop, hand: Hand) -> None:
    governing.unlock_automation(by="ann", now=NOW, demonstration=True)
    a_subscriber()
    hand.judged = broken
    tick_until(loop, hand, lambda: bool(bulletins.published_since(NOW)), at_most=timedelta(minutes=3))
    row = bulletins.bulletin(bulletins.published_since(NOW)[0].id)
    assert row is not None
    assert row.approved_by == "policy"
    assert [reason["code"] for reason in row.reasons] == ["policy.first"]
    assert len(written_out(hand)) == 1
    assert {activation.state for activation in current(hand.at)} == {"active"}


def test_held_nothing_goes_out_by_itself_until_released(loop: EngineLoop, hand: Hand) -> None:
    governing.unlock_automation(by="ann", now=NOW, demonstration=True)
    governing.hold(by="ann", reason="a load test", now=NOW)
    hand.judged = broken
    tick_until(loop, hand, lambda: bool(bulletins.drafts()), at_most=timedelta(minutes=3))
    row = bulletins.bulletin(bulletins.drafts()[0].id)
    assert row is not None
    assert "policy.held" in [reason["code"] for reason in row.reasons]
    assert {activation.state for activation in current(hand.at)} == {"proposed"}
    governing.release(by="ann", now=hand.at)
    tick_until(loop, hand, lambda: bool(bulletins.published_since(NOW)), at_most=timedelta(minutes=1))
    assert bulletins.drafts() == ()


def test_a_hold_during_a_tick_stops_what_that_tick_decided(
    loop: EngineLoop, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    governing.unlock_automation(by="ann", now=NOW, demonstration=True)
    loop.step()
    hand.judged = broken
    from tocsin.engine import tick as module

    real = module.tick
    held: list[str] = []

    def interrupted(*arguments: Any, **named: Any) -> Any:
        outcome = real(*arguments, **named)
        if outcome.published and not held:
            held.append(outcome.published[0].id)
            governing.hold(by="ann", now=named["now"])
        return outcome

    monkeypatch.setattr("tocsin.runtime.engine_loop.tick", interrupted)
    hand.at += STEP
    tick_until(loop, hand, lambda: bool(bulletins.drafts()), at_most=timedelta(minutes=3))
    assert [draft.id for draft in bulletins.drafts()] == held
    assert bulletins.published_since(NOW) == ()


def test_what_a_duty_officer_did_meanwhile_is_not_overwritten(loop: EngineLoop, hand: Hand) -> None:
    hand.judged = broken
    tick_until(loop, hand, lambda: bool(recent(hand.at)), at_most=timedelta(minutes=3))
    live = loop._live
    situation = live.situation(hand.at)
    incidents.take(recent(hand.at)[0].id, by="ann", now=hand.at)
    from tocsin.engine.tick import tick

    outcome = tick(situation, federation=loop._stages.federation(hand.at), now=hand.at)
    with pytest.raises(SituationChangedError):
        live.save(outcome)
    assert loop.step()
    assert recent(hand.at)[0].owner == "ann"


def test_an_engine_started_anew_goes_on_where_the_other_stood(
    loop: EngineLoop, hand: Hand, federation: Federation
) -> None:
    hand.judged = broken
    tick_until(loop, hand, lambda: bool(bulletins.drafts()), at_most=timedelta(minutes=3))
    before = recent(hand.at)
    other = engine(hand, federation, [])
    tick_until(other, hand, lambda: other.pulse.ticks == 6, at_most=timedelta(minutes=2))
    assert [incident.id for incident in recent(hand.at)] == [incident.id for incident in before]
    assert len(bulletins.of_incident(before[0].id)) == 1


def test_the_end_is_told_when_a_duty_officer_closes(loop: EngineLoop, hand: Hand) -> None:
    governing.unlock_automation(by="ann", now=NOW, demonstration=True)
    hand.judged = broken
    tick_until(loop, hand, lambda: bool(bulletins.published_since(NOW)), at_most=timedelta(minutes=3))
    hand.judged = lambda now: calm(at=now, since=now)
    incidents.close(recent(hand.at)[0].id, reason="The partner is back.", by="ann", now=hand.at - timedelta(seconds=3))
    for _ in range(3):
        loop.step()
        hand.at += STEP
    assert [bulletin.kind for bulletin in bulletins.published_since(NOW)] == ["first", "end"]
    assert {activation.state for activation in current(hand.at)} == {"ended"}


def test_ticks_are_aligned_and_none_is_done_twice(loop: EngineLoop, hand: Hand) -> None:
    hand.at = NOW + timedelta(seconds=3)
    assert loop.step()
    assert loop.pulse.last_tick_at == NOW
    hand.at = NOW + timedelta(seconds=9.9)
    assert not loop.step()
    hand.at = NOW + timedelta(seconds=10)
    assert loop.step()
    assert loop.pulse.ticks == 2


def test_what_comes_too_late_is_left_out_and_counted(loop: EngineLoop, hand: Hand) -> None:
    loop.step()
    hand.at += timedelta(seconds=40)
    loop.step()
    assert (loop.pulse.ticks, loop.pulse.skipped, loop.pulse.last_tick_at) == (2, 3, hand.at)


def test_a_clock_that_was_wrong_and_is_put_back_stops_neither_ticks_nor_pages(
    loop: EngineLoop, hand: Hand, published: list[datetime]
) -> None:
    hand.at = NOW + timedelta(hours=1)
    loop.step()
    hand.at -= timedelta(seconds=40)
    assert not loop.step(), "so little is waited for"
    hand.at = NOW
    assert loop.step()
    assert (loop.pulse.ticks, loop.pulse.skipped, loop.pulse.failures, loop.pulse.last_tick_at) == (2, 0, 0, NOW)
    assert published == [NOW + timedelta(hours=1), NOW]
    assert last_judgement() == calm(at=NOW)
    hand.at += STEP
    assert loop.step()


def test_an_error_in_a_tick_is_counted_shown_and_outlived(
    loop: EngineLoop, hand: Hand, published: list[datetime], caplog: pytest.LogCaptureFixture
) -> None:
    from tocsin.detection.queries import pulse

    def fail(_now: datetime) -> Judgement:
        message = "no such column"
        raise RuntimeError(message)

    hand.judged = fail
    assert loop.step()
    assert (loop.pulse.failures, loop.pulse.last_failure) == (1, "RuntimeError: no such column")
    assert pulse() == loop.pulse
    assert "no such column" in caplog.text
    assert published == [NOW]
    hand.judged = lambda now: calm(at=now)
    hand.at += STEP
    assert loop.step()
    assert (loop.pulse.ticks, loop.pulse.last_tick_at) == (1, hand.at)


def test_an_error_of_intake_does_not_keep_the_tick_from_seeing_what_is_there(
    hand: Hand, federation: Federation, published: list[datetime]
) -> None:
    def fail(_now: datetime) -> None:
        raise OSError

    loop = engine(hand, federation, published, intake=fail)
    loop.step()
    assert (loop.pulse.failures, loop.pulse.ticks) == (1, 1)


def test_pages_are_renewed_every_minute_and_at_once_when_something_happened(
    loop: EngineLoop, hand: Hand, published: list[datetime]
) -> None:
    for _ in range(7):
        loop.step()
        hand.at += STEP
    assert published == [NOW, NOW + timedelta(minutes=1)]
    governing.hold(by="ann", now=hand.at)
    loop.step()
    assert published[2:] == [hand.at]


def test_pages_that_could_not_be_written_are_tried_again_at_the_next_tick(hand: Hand, federation: Federation) -> None:
    tried: list[datetime] = []

    def fail_once(now: datetime) -> None:
        tried.append(now)
        if len(tried) == 1:
            raise OSError

    loop = engine(hand, federation, [], publish=fail_once)
    loop.step()
    loop._republish(hand.at, is_tick=False)
    hand.at += STEP
    loop.step()
    assert tried == [NOW, NOW + STEP]


def test_what_has_served_its_time_is_forgotten_every_hour(hand: Hand, federation: Federation) -> None:
    tidied: list[datetime] = []
    loop = engine(hand, federation, [], tidy=tidied.append)
    for minutes in (0, 1, 60, 61):
        hand.at = NOW + timedelta(minutes=minutes)
        loop.step()
    assert tidied == [NOW, NOW + timedelta(hours=1)]


def test_every_saved_tick_is_followed(hand: Hand, federation: Federation) -> None:
    followed: list[tuple[datetime, datetime]] = []
    loop = engine(hand, federation, [], follow=lambda seen, out, _fed: followed.append((seen.evidence.now, out.at)))
    loop.step()
    assert followed == [(NOW, NOW)]


def test_the_public_pages_say_what_was_published(hand: Hand, federation: Federation, tmp_path: Path) -> None:
    from tocsin.status_site import services as status_site

    status_site.configured_site.cache_clear()
    try:
        loop = engine(hand, federation, [], publish=lambda now: status_site.publish(now=now))
        governing.unlock_automation(by="ann", now=NOW, demonstration=True)
        loop.step()
        hand.judged = broken
        hand.at += STEP
        tick_until(loop, hand, lambda: bool(bulletins.published_since(NOW)), at_most=timedelta(minutes=3))
    finally:
        status_site.configured_site.cache_clear()
    last = PageRecord.objects.order_by("id").last()
    assert last is not None
    assert last.incidents == [recent(hand.at)[0].id]
    assert PageRecord.objects.count() == 2
    assert (tmp_path / "site" / "fr").is_dir()


def test_the_loop_runs_until_it_is_stopped(hand: Hand, federation: Federation) -> None:
    endless: EngineLoop = engine(hand, federation, [], follow=lambda *_: endless.stop())
    endless.run()
    assert endless.pulse.ticks == 1


def pass_time(loop: EngineLoop, hand: Hand, *, until: datetime) -> None:
    """Tick once a minute: what is late is left out, so that half an hour costs little."""
    while hand.at < until:
        assert loop.step()
        assert loop.pulse.failures == 0, loop.pulse.last_failure
        hand.at = min(until, hand.at + timedelta(minutes=1))


def first_out(loop: EngineLoop, hand: Hand) -> str:
    """Let the first draft come and publish it by a click; return the incident."""
    hand.judged = broken
    tick_until(loop, hand, lambda: bool(bulletins.drafts()), at_most=timedelta(minutes=3))
    draft = bulletins.drafts()[0]
    say.approve(draft.id, by="ann", now=hand.at)
    return draft.incident


def test_at_the_promised_minute_a_holding_message_goes_out_though_nobody_clicked_and_the_miss_is_recorded(
    loop: EngineLoop, hand: Hand
) -> None:
    about = first_out(loop, hand)
    promised = bulletins.published_since(NOW)[0].next_update_at
    assert promised is not None
    pass_time(loop, hand, until=promised - timedelta(minutes=1))
    tick_until(loop, hand, lambda: len(bulletins.published_since(NOW)) == 2, at_most=timedelta(minutes=2))
    held = bulletins.published_since(NOW)[1]
    row = bulletins.bulletin(held.id)
    assert row is not None
    assert (held.kind, row.approved_by, row.published_at) == ("holding", "policy", promised)
    assert [reason["code"] for reason in row.reasons] == ["policy.holding"]
    assert held.next_update_at is not None
    assert held.next_update_at > promised
    assert "promise_broken" in [entry.kind for entry in timeline(about)]


def test_news_that_waits_for_a_click_does_not_break_the_promise_and_goes_on_waiting(
    loop: EngineLoop, hand: Hand
) -> None:
    first_out(loop, hand)
    promised = bulletins.published_since(NOW)[0].next_update_at
    assert promised is not None
    hand.judged = eased
    tick_until(loop, hand, lambda: bool(bulletins.drafts()), at_most=timedelta(minutes=20))
    pass_time(loop, hand, until=promised - timedelta(minutes=1))
    (news,) = bulletins.drafts()
    assert news.kind == "update"
    tick_until(loop, hand, lambda: len(bulletins.published_since(NOW)) == 2, at_most=timedelta(minutes=2))

    told, held = bulletins.published_since(NOW)
    row = bulletins.bulletin(held.id)
    assert row is not None
    assert (held.kind, held.state, row.published_at) == ("holding", told.state, promised)
    assert [draft.id for draft in bulletins.drafts()] == [news.id]


def test_where_the_policy_asks_a_broken_promise_waits_for_a_person(loop: EngineLoop, hand: Hand) -> None:
    governing.set_holding("ask", by="ann", now=NOW)
    first_out(loop, hand)
    promised = bulletins.published_since(NOW)[0].next_update_at
    assert promised is not None
    pass_time(loop, hand, until=promised + timedelta(minutes=2))
    assert len(bulletins.published_since(NOW)) == 1
    assert [draft.kind for draft in bulletins.drafts()] == ["holding"]


def test_what_a_person_edits_outlives_every_tick_and_is_left_to_them_even_unlocked(
    loop: EngineLoop, hand: Hand
) -> None:
    governing.hold(by="ann", now=NOW)
    governing.unlock_automation(by="ann", now=NOW, demonstration=True)
    hand.judged = broken
    tick_until(loop, hand, lambda: bool(bulletins.drafts()), at_most=timedelta(minutes=3))
    draft = bulletins.drafts()[0]
    audience, text = next(iter(draft.texts.items()))
    mine = replace(text, headline={language: f"{said} !" for language, said in text.headline.items()})
    say.edit_draft(draft.id, {audience: mine}, by="ann", now=hand.at)
    governing.release(by="ann", now=hand.at)
    pass_time(loop, hand, until=hand.at + timedelta(minutes=25))
    row = bulletins.bulletin(draft.id)
    assert row is not None
    assert (row.status, row.moved is not None) == ("draft", True), "the promised time in it came too near"
    assert bulletins.read_bulletin(row).texts[audience] == mine
    found = say.carry_edit_over(draft.id, by="ann", now=hand.at)
    assert found.bulletin.texts[audience].headline == mine.headline
    assert say.approve(draft.id, by="ann", now=hand.at).is_out


def test_while_locked_automations_shadow_is_kept_once_with_its_day(loop: EngineLoop, hand: Hand) -> None:
    about = first_out(loop, hand)
    pass_time(loop, hand, until=NOW + timedelta(minutes=5))
    record = bulletins.shadow_record()
    assert [str(day) for day in record.days] == ["2020-01-27"]
    assert [(draft.incident, draft.kind, draft.fate) for draft in record.drafts] == [(about, "first", "published")]
    assert record.drafts[0].human_after is not None


def test_after_a_false_alarm_the_same_trouble_is_not_announced_again_by_itself(loop: EngineLoop, hand: Hand) -> None:
    governing.unlock_automation(by="ann", now=NOW, demonstration=True)
    hand.judged = broken
    tick_until(loop, hand, lambda: bool(bulletins.published_since(NOW)), at_most=timedelta(minutes=3))
    mending.retract(bulletins.published_since(NOW)[0].incident, by="ann", reason="a probe lied", now=hand.at)
    pass_time(loop, hand, until=hand.at + timedelta(minutes=20))
    assert [each.kind for each in bulletins.published_since(NOW)] == ["first", "retraction"]
