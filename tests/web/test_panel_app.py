"""A panel member's page as an app: what it sends, what it is told, what it may be asked."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from factories import console as make
from tocsin.accounts.models import PanelContact, PanelMember
from tocsin.accounts.panel import Invitation, contacts_of, invite_member
from tocsin.incidents.rules.model import Phase
from tocsin.kernel.clock import FixedClock
from tocsin.kernel.reasons import Reason
from tocsin.observations.models import PollQuestion, ReportRow
from tocsin.observations.panel import Tap, take_tap
from tocsin.observations.polls import question_token, save_polls
from tocsin.observations.rules.polling import Poll
from tocsin.web import panel
from tocsin.web.views import panel_app

pytestmark = pytest.mark.django_db

NOW = make.NOW
MINUTE = timedelta(minutes=1)
PHONE_MS = 915_148_800_000
"""New Year 1999, as a telephone without a battery believes."""


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> None:
    settings.CLOCK = FixedClock(NOW)


@pytest.fixture
def one() -> Invitation:
    return invited("en")


def invited(language: str = "en") -> Invitation:
    return invite_member(
        audience="pharmacist", package="pharmacy-a", region="BE-WLG", language=language, by="ann", now=NOW - MINUTE
    )


def tap(**given: Any) -> dict[str, Any]:
    return {"key": "k1", "function": "dispense", "works": False, "text": "", "tapped_at": PHONE_MS} | given


def sent(client: Client, token: str, *taps: Any, sent_at: Any = PHONE_MS) -> Any:
    body = json.dumps({"sent_at": sent_at, "taps": list(taps)})
    return client.post(f"/panel/{token}/send/", body, content_type="application/json")


def question_for(member: PanelMember) -> PollQuestion:
    asked = Poll("dispense", "pharmacist", (member.pseudonym,), Reason("poll.one_eye"), NOW, NOW + 10 * MINUTE)
    return save_polls([asked], now=NOW)[0]


# --- sending -----------------------------------------------------------------------------------------------------


def test_taps_arrive_with_their_true_time_and_count_once(one: Invitation) -> None:
    client = Client(enforce_csrf_checks=True)
    later = PHONE_MS + 40 * 60_000
    taps = (tap(text=" nothing "), tap(key="k2", function="check_insurability", works=True, tapped_at=later))
    answer = sent(client, one.token, *taps, sent_at=later)
    assert answer.status_code == 200
    assert [each["status"] for each in answer.json()["taps"]] == ["accepted", "accepted"]
    assert answer.json()["taps"][0]["noted"] == "8:42"
    first, second = ReportRow.objects.order_by("at")
    assert (first.function, first.works, first.text, first.at) == ("dispense", False, "nothing", NOW - 40 * MINUTE)
    assert (second.function, second.works, second.at, second.received_at) == ("check_insurability", True, NOW, NOW)
    again = sent(client, one.token, *taps, sent_at=later + 1)
    assert [each["status"] for each in again.json()["taps"]] == ["repeated", "repeated"]
    assert ReportRow.objects.count() == 2


@pytest.mark.parametrize(
    ("given", "sent_after_ms", "code"),
    [
        ({}, 25 * 3_600_000, "too_old"),
        ({}, -10 * 60_000, "too_new"),
        ({"function": "prescribe"}, 0, "unknown_function"),
        ({"function": "made-up"}, 0, "unknown_function"),
    ],
)
def test_a_tap_that_cannot_count_is_refused_with_words_and_the_others_are_not(
    client: Client, one: Invitation, *, given: dict[str, Any], sent_after_ms: int, code: str
) -> None:
    sent_at = PHONE_MS + sent_after_ms
    answer = sent(client, one.token, tap(**given), tap(key="k2", tapped_at=sent_at), sent_at=sent_at)
    refused, accepted = answer.json()["taps"]
    assert (refused["status"], refused["code"], accepted["status"]) == ("refused", code, "accepted")
    assert refused["words"]


def test_another_word_under_the_same_key_is_refused(client: Client, one: Invitation) -> None:
    answer = sent(client, one.token, tap(), tap(works=True))
    assert [each["status"] for each in answer.json()["taps"]] == ["accepted", "refused"]
    assert answer.json()["taps"][1]["code"] == "intake.key_reused"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        "{'",
        json.dumps({"sent_at": "now", "taps": []}),
        json.dumps({"sent_at": True, "taps": []}),
        json.dumps({"sent_at": -1, "taps": []}),
        json.dumps({"sent_at": 1e300, "taps": []}),
        json.dumps({"sent_at": 0, "taps": 3}),
        json.dumps({"sent_at": 0, "taps": [None]}),
        json.dumps({"sent_at": 0, "taps": [{"key": "k"}]}),
        json.dumps({"sent_at": 0, "taps": [tap(works="no")]}),
        json.dumps({"sent_at": 0, "taps": [tap(text=3)]}),
        '{"sent_at": NaN, "taps": []}',
    ],
)
def test_what_cannot_be_read_is_refused_as_a_whole(client: Client, one: Invitation, body: str) -> None:
    answer = client.post(f"/panel/{one.token}/send/", body, content_type="application/json")
    assert (answer.status_code, answer.json()) == (400, {"code": "panel.unreadable"})


def test_too_much_at_once_is_refused_and_more_than_fifty_wait_for_the_next(client: Client, one: Invitation) -> None:
    many = [tap(key=f"k{number}") for number in range(panel_app.MOST_TAPS + 1)]
    assert len(sent(client, one.token, *many).json()["taps"]) == panel_app.MOST_TAPS
    assert sent(client, one.token, tap(text="x" * panel_app.LARGEST_BODY)).status_code == 413


def test_nobodys_link_sends_nothing(client: Client, one: Invitation) -> None:
    assert sent(client, "wrong", tap()).status_code == 404
    PanelMember.objects.update(expires_at=NOW)
    assert sent(client, one.token, tap()).status_code == 404
    assert client.get(f"/panel/{one.token}/send/").status_code == 405


# --- the app -----------------------------------------------------------------------------------------------------


def test_the_manifest_begins_at_the_members_own_page(client: Client) -> None:
    token = invited("fr").token
    answer = client.get(f"/panel/{token}/app.webmanifest")
    said = json.loads(answer.content)
    assert answer["Content-Type"] == "application/manifest+json"
    assert (said["start_url"], said["display"], said["lang"]) == (f"/panel/{token}/", "standalone", "fr")
    assert {icon["sizes"] for icon in said["icons"]} == {"192x192", "512x512"}
    for icon in said["icons"]:
        assert client.get(icon["src"]).status_code == 200


def test_the_worker_is_served_above_the_pages_it_keeps(client: Client) -> None:
    answer = client.get("/panel/worker.js")
    assert answer["Content-Type"] == "text/javascript"
    assert b"panel-queue.js" in answer.content


def test_no_script_stands_in_the_page(client: Client, one: Invitation) -> None:
    answer = client.get(f"/panel/{one.token}/")
    html = answer.content.decode()
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert html.count("<script") == html.count('<script src="/static/web/') == 2
    assert "style=" not in html
    assert " onclick" not in html


# --- what became of it -------------------------------------------------------------------------------------------


def told(client: Client, token: str) -> str:
    return " ".join(client.get(f"/panel/{token}/told/").content.decode().split())


def say(made: Invitation, *, works: bool = False, minutes_ago: int = 40, function: str = "dispense") -> None:
    take_tap(made.member, Tap(function, works=works, at=NOW - minutes_ago * MINUTE), now=NOW)


def test_who_said_nothing_is_told_so(client: Client, one: Invitation) -> None:
    assert "Nothing from you in the last 24 hours." in told(client, one.token)


def test_a_member_hears_how_many_others_said_the_same(client: Client, one: Invitation) -> None:
    say(one)
    assert "Nobody else has said so yet" in told(client, one.token)
    say(invited(), minutes_ago=35)
    assert "You and 1 other said that it does not work." in told(client, one.token)
    say(invited(), minutes_ago=50)
    say(invited(), minutes_ago=50, works=True)
    say(invited(), minutes_ago=61)
    assert "You and 2 others said that it does not work." in told(client, one.token)
    say(one, works=True, minutes_ago=39)
    assert "You and 1 other said that it works." in told(client, one.token)


@pytest.mark.parametrize(
    ("changes", "said", "unsaid"),
    [
        ({"phase": Phase.SUSPECTED}, "We are looking into it.", "We saw an outage"),
        ({}, "8:32</time> We saw an outage", "Over."),
        ({"phase": Phase.RESOLVED, "closed_at": NOW - MINUTE}, "9:21</time> Over.", "Nobody else"),
        (
            {"phase": Phase.RESOLVED, "closed_at": NOW, "retracted_at": NOW},
            "9:22</time> It turned out to be a false alarm",
            "Over.",
        ),
        ({"is_drill": True}, "Nobody else has said so yet", "outage"),
        ({"audiences": ("doctor",)}, "Nobody else has said so yet", "outage"),
        ({"hit_since": NOW - 10 * MINUTE}, "Nobody else has said so yet", "outage"),
    ],
)
def test_a_member_hears_what_became_of_it(
    client: Client, one: Invitation, *, changes: dict[str, Any], said: str, unsaid: str
) -> None:
    say(one)
    make.store_incident(replace(make.incident(functions=("dispense",)), **changes))
    html = told(client, one.token)
    assert said in html
    assert unsaid not in html


def test_saying_the_same_again_within_minutes_is_one_story(one: Invitation) -> None:
    for minutes_ago in (40, 35, 10):
        say(one, minutes_ago=minutes_ago)
    assert [story.report.at for story in panel.stories(one.member, now=NOW)] == [NOW - 10 * MINUTE, NOW - 40 * MINUTE]


# --- questions ---------------------------------------------------------------------------------------------------


def test_what_is_asked_comes_first_on_the_members_page(client: Client, one: Invitation) -> None:
    question_for(one.member)
    html = client.get(f"/panel/{one.token}/").content.decode()
    assert html.index("We would like to know from you now") < html.index("open_session:no")


def test_an_answer_needs_one_tap_and_counts_once(client: Client, one: Invitation) -> None:
    path = f"/panel/asked/{question_token(question_for(one.member))}/"
    assert "One more tap" in client.get(f"{path}?say=yes").content.decode()
    assert not ReportRow.objects.exists()
    answer = client.post(path, {"answer": "yes"}, follow=True)
    assert "that it works for you" in answer.content.decode()
    client.post(path, {"answer": "no"})
    assert [row.works for row in ReportRow.objects.all()] == [True]


def test_an_answer_that_was_not_offered_is_asked_again(client: Client, one: Invitation) -> None:
    path = f"/panel/asked/{question_token(question_for(one.member))}/"
    answer = client.post(path, {"answer": "perhaps"})
    assert answer.status_code == 400
    assert "Please tap one of the buttons below" in answer.content.decode()


def test_a_late_answer_is_led_to_the_members_page(client: Client, one: Invitation, settings: Settings) -> None:
    path = f"/panel/asked/{question_token(question_for(one.member))}/"
    settings.CLOCK = FixedClock(NOW + timedelta(hours=3))
    html = client.post(path, {"answer": "no"}).content.decode()
    assert "This question is over." in html
    assert f"/panel/{one.token}/" in html
    assert not ReportRow.objects.exists()


def test_a_question_of_nobody_is_met_kindly(client: Client, one: Invitation) -> None:
    question = question_for(one.member)
    assert client.get("/panel/asked/1.wrong/").status_code == 404
    PanelMember.objects.update(left_at=NOW)
    assert client.get(f"/panel/asked/{question_token(question)}/").status_code == 404


def test_the_console_shows_questions_and_answers(client: Client, one: Invitation) -> None:
    question_for(one.member)
    client.force_login(make.operator())
    html = " ".join(client.get("/console/").content.decode().split())
    assert "works: 0 · does not work: 0 · no answer yet: 1" in html
    say(one, minutes_ago=0)
    html = " ".join(client.get("/console/").content.decode().split())
    assert "works: 0 · does not work: 1 · no answer yet: 0" in html


# --- what a member wants -----------------------------------------------------------------------------------------


def test_a_member_says_where_and_when_they_may_be_asked(client: Client, one: Invitation) -> None:
    path, pseudonym = f"/panel/{one.token}/wishes/", one.member.pseudonym
    answer = client.post(path, {"email": "A@Example.org", "wants_end": "on"}, follow=True)
    assert "You can change it here at any time." in answer.content.decode()
    assert list(contacts_of([pseudonym])[pseudonym]) == ["email"]
    member = PanelMember.objects.get()
    assert (member.wants_end, member.is_on_duty) == (True, False)
    assert "Forget my e-mail address" in client.get(f"/panel/{one.token}/").content.decode()
    client.post(path, {"on_duty": "on"})
    assert PanelContact.objects.count() == 1
    client.post(path, {"forget_email": "on"})
    assert PanelContact.objects.count() == 0


def test_an_address_that_is_none_is_said(client: Client, one: Invitation) -> None:
    answer = client.post(f"/panel/{one.token}/wishes/", {"email": "nonsense"}, follow=True)
    assert "Please look at it again." in answer.content.decode()
    assert not PanelContact.objects.exists()


def test_a_member_leaves_after_a_question(client: Client, one: Invitation) -> None:
    path = f"/panel/{one.token}/leave/"
    assert "Do you want to leave the panel?" in client.get(path).content.decode()
    assert "You have left the panel" in client.post(path).content.decode()
    assert client.get(path).status_code == 404
