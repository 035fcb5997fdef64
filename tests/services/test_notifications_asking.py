"""Letters to members of the panel: a question with two answers, the end of what they reported, the invitation."""

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from factories import console as make
from tocsin.accounts.models import PanelMember
from tocsin.accounts.panel import Invitation, Stratum, invite_member, note_use, set_contact, set_quota, set_wishes
from tocsin.detection.rules.model import Judgement, State, Subject
from tocsin.detection.rules.profile import learn
from tocsin.engine import tick as engine
from tocsin.engine.ports import Outcome
from tocsin.incidents.rules.model import IncidentEvent, Phase
from tocsin.kernel.clock import FixedClock
from tocsin.kernel.reasons import Reason
from tocsin.notifications import asking
from tocsin.notifications.models import OutboxMessage
from tocsin.notifications.queries import letter_from_json
from tocsin.notifications.rules.model import Letter
from tocsin.observations.models import PollRow, ReportRow
from tocsin.observations.panel import Tap, take_tap
from tocsin.observations.rules.model import Eye
from tocsin.observations.rules.polling import Poll
from tocsin.observations.rules.rollup import empty
from tocsin.plugins.channels.email.mime import as_html, as_text
from tocsin.plugins.stores.memory.store import MemoryStore
from tocsin.runtime import asking as speaking
from tocsin.runtime.asking import speak_with_panel, witnesses
from tocsin.runtime.live import LiveFederation
from tocsin.web import present

pytestmark = pytest.mark.django_db

NOW = make.NOW
MINUTE = timedelta(minutes=1)
FRONT_ALONE = Reason("poll.one_eye", {"eye": "front", "state": "down"})


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> None:
    settings.CLOCK = FixedClock(NOW)


def invited(*, language: str = "nl", address: str = "a@example.org", **given: Any) -> Invitation:
    fields: dict[str, Any] = {
        "audience": "pharmacist",
        "package": "pharmacy-a",
        "region": "BE-WLG",
        "by": "ann",
        "now": NOW,
    }
    made = invite_member(language=language, **fields | given)
    note_use(made.member, now=NOW - 60 * MINUTE)
    if address:
        set_contact(made.member, channel="email", address=address, now=NOW)
    return made


def outcome(*, polls: tuple[Poll, ...] = (), events: tuple[IncidentEvent, ...] = ()) -> Outcome:
    judged = make.judgement(present.pack(), now=NOW)
    return Outcome(NOW, judged, (), events, (), drafted=(), published=(), polls=polls)


def poll(*members: PanelMember) -> Poll:
    names = tuple(member.pseudonym for member in members)
    return Poll("dispense", "pharmacist", names, FRONT_ALONE, NOW, NOW + 10 * MINUTE)


def letters() -> list[Letter]:
    rows = OutboxMessage.objects.order_by("pk")
    return [letter_from_json(row.payload["letter"]) for row in rows if row.payload is not None]


def test_a_question_goes_to_the_members_own_contacts_in_their_language() -> None:
    one, silent = invited(), invited(address="")
    speak_with_panel(outcome(polls=(poll(one.member, silent.member),)))
    (letter,) = letters()
    assert letter.subject == "Afleveren: werkt het nu bij u?"
    assert [link.label for link in letter.choices] == ["Ja, het werkt bij mij", "Nee, het werkt niet"]
    assert [link.address.rpartition("?")[2] for link in letter.choices] == ["say=yes", "say=no"]
    assert letter.manage is not None
    assert letter.manage.address.endswith(f"/panel/{one.token}/")
    assert "9:32" in letter.sections[1].lines[0].replace("09:32", "9:32")
    for text in (as_text(letter), as_html(letter)):
        assert all(link.label in text and link.address.split("?")[0] in text for link in letter.choices)


def test_a_link_in_a_letter_leads_to_a_page_where_one_tap_answers(client: Client) -> None:
    speak_with_panel(outcome(polls=(poll(invited().member),)))
    (letter,) = letters()
    paths = [link.address.partition("8000")[2] for link in letter.choices]
    for path in paths:
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
    assert not ReportRow.objects.exists()
    assert client.post(paths[-1], {"answer": "no"}).status_code == 302
    assert [(row.function, row.works) for row in ReportRow.objects.all()] == [("dispense", False)]


def test_a_channel_with_room_for_one_link_gets_the_page_with_both_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    one = invited(address="").member
    set_contact(one, channel="webpush", address='{"endpoint": "x"}', now=NOW)
    set_contact(one, channel="sms", address="+32470000000", now=NOW)
    monkeypatch.setattr(asking, "channels", lambda: {"webpush": object(), "sms": object()})
    speak_with_panel(outcome(polls=(poll(one),)))
    push, text = OutboxMessage.objects.order_by("pk")
    assert (push.channel, text.channel) == ("webpush", "sms")
    assert push.payload is not None
    assert text.payload is not None
    letter = letter_from_json(push.payload["letter"])
    assert letter.action is not None
    assert "/panel/asked/" in letter.action.address
    assert letter.choices == ()
    assert "/panel/asked/" in text.payload["sms"]
    monkeypatch.setattr(asking, "channels", dict)
    speak_with_panel(outcome(polls=(poll(one),)))
    assert OutboxMessage.objects.count() == 2, "a channel that is not set up is not written to"


def ended() -> IncidentEvent:
    over = replace(
        make.incident(functions=("dispense",)),
        phase=Phase.RESOLVED,
        hit_since=NOW - 40 * MINUTE,
        closed_at=NOW,
        audiences=("pharmacist",),
    )
    return IncidentEvent("closed", NOW, over)


def test_who_reported_it_and_wants_to_know_is_told_the_end_once() -> None:
    wanting, indifferent, content = (invited(address=f"{name}@example.org") for name in "abc")
    for each in (wanting, content):
        set_wishes(each.member, language="fr", is_on_duty=False, wants_end=True, now=NOW)
    for each, works in ((wanting, False), (indifferent, False), (content, True)):
        take_tap(each.member, Tap("dispense", works=works, at=NOW - 30 * MINUTE), now=NOW)
    event = ended()
    assert [member.pseudonym for member in witnesses(event.incident)] == [wanting.member.pseudonym]
    speak_with_panel(outcome(events=(event,)))
    speak_with_panel(outcome(events=(event,)))
    (letter,) = letters()
    assert letter.language == "fr"
    assert letter.headline == present.pack().functions["dispense"].back["fr"]
    assert "09:22" in letter.sections[0].lines[0]


def test_a_function_of_others_is_not_told_of() -> None:
    member = invited().member
    event = replace(ended(), incident=replace(ended().incident, functions=("prescribe", "unheard-of"), audiences=None))
    asking.tell_end(event.incident, [member], now=NOW)
    assert letters() == []
    assert witnesses(event.incident) == ()


def test_an_invitation_names_who_invites_and_says_that_it_ends() -> None:
    set_quota("nurses", name="Nurses together", stratum=Stratum("nurse", "", ""), seats=3, by="ann", now=NOW)
    made = invited(audience="nurse", package="nurse-a", association="nurses", language="en", address="")
    asking.invite(made.member, made.token, channel="email", address="n@example.org", now=NOW)
    asking.invite(made.member, made.token, channel="email", address="n@example.org", now=NOW)
    (letter,) = letters()
    assert letter.sections[0].lines == ("Nurses together invites you to the panel.",)
    assert letter.action is not None
    assert letter.action.address.endswith(f"/panel/{made.token}/")
    assert OutboxMessage.objects.get().recipient == "n@example.org"


def test_a_link_that_we_cannot_write_again_is_left_out() -> None:
    speak_with_panel(outcome(polls=(poll(invited().member),)))
    PanelMember.objects.update(link_hash="of an older version")
    speak_with_panel(outcome(polls=(poll(PanelMember.objects.get()),)))
    assert [letter.manage is None for letter in letters()] == [False, True]


def test_what_cannot_be_said_undoes_nothing_and_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(speaking, "ask", failing)
    with caplog.at_level(logging.ERROR):
        speak_with_panel(outcome(polls=(poll(invited().member),)))
    assert "the panel could not be asked" in caplog.text
    assert not PollRow.objects.exists()


def test_the_engine_asks_where_one_eye_alone_is_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    member = invited().member
    subject = Subject("dispense", "pharmacist")
    plain = make.judgement(present.pack(), now=NOW)
    one_eye = replace(make.verdict(subject, state=State.DOWN, now=NOW), eyes=frozenset({Eye.FRONT}))
    judged = Judgement(NOW, {**plain.verdicts, subject: one_eye}, (), {})
    monkeypatch.setattr(engine, "judge", lambda *_args, **_given: judged)
    live = LiveFederation(MemoryStore())
    situation = live.situation(NOW)
    held = replace(situation, policy=replace(situation.policy, is_held=True))
    profile = learn(empty(), pack=present.pack())
    federation = engine.Federation(present.pack(), present.procedures(), present.templates(), profile)
    found = engine.tick(situation, federation=federation, now=NOW)
    assert [(each.function, each.members) for each in found.polls] == [("dispense", (member.pseudonym,))]
    assert engine.tick(held, federation=federation, now=NOW).polls == ()
    live.save(found)
    assert [letter.language for letter in letters()] == ["nl"]
    assert engine.tick(live.situation(NOW), federation=federation, now=NOW).polls == ()
