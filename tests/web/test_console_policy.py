"""The policy and automation's shadow on the console, and the same from a terminal."""

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse, HttpResponseBase
from django.test import Client
from pytest_django import Settings
from typer.testing import CliRunner

from factories import console as make
from tocsin.audit.queries import newest
from tocsin.bulletins import governing, queries
from tocsin.bulletins.models import ShadowDay
from tocsin.cli import automation, policy
from tocsin.kernel.clock import FixedClock
from tocsin.kernel.errors import TocsinError
from tocsin.kernel.reasons import Reason
from tocsin.notifications.rules.quiet import read
from tocsin.runtime import startup
from tocsin.web import present

pytestmark = pytest.mark.django_db
DRAFT = "2020-01-27-1-b3"


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> None:
    settings.CLOCK = FixedClock(make.NOW)


@pytest.fixture
def console(client: Client) -> Client:
    client.force_login(make.operator())
    make.morning(present.pack())
    return client


def body(response: HttpResponseBase) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def shadowed(days: int = 28) -> None:
    for back in range(days):
        ShadowDay.objects.create(day=(make.NOW - timedelta(days=back)).date())
    bulletin = make.bulletin(present.pack(), number=3)
    governing.note_shadow({bulletin.id: (bulletin, [Reason("policy.first")])}, now=make.NOW - timedelta(minutes=9))


def test_the_policy_page_says_what_holds_and_what_automation_lacks(console: Client) -> None:
    html = body(console.get("/console/policy/"))
    assert "Automation: locked" in html
    assert "Days on which its shadow was seen: 0 of 28." in html
    assert "Unlock for this demonstration" in html
    assert 'action="/console/policy/unlock/"' not in html


def test_an_official_tocsin_offers_no_short_cut(console: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "is_demonstration", lambda: False)
    assert "Unlock for this demonstration" not in body(console.get("/console/policy/"))
    console.post("/console/policy/set/demonstration/")
    assert queries.policy().automation == "manual"


def test_a_demonstration_is_unlocked_and_locked_again(console: Client) -> None:
    console.post("/console/policy/set/demonstration/")
    assert queries.policy().automation == "automatic"
    assert newest()[-1].facts["demonstration"] is True
    assert 'action="/console/policy/lock/"' in body(console.get("/console/policy/"))
    console.post("/console/policy/lock/")
    assert queries.policy().automation == "manual"


def test_unlocking_unearned_is_refused_in_the_readers_language(console: Client) -> None:
    console.cookies["django_language"] = "de"
    answer = console.post("/console/policy/unlock/", follow=True)
    assert "Die Automatik bleibt gesperrt" in body(answer)
    assert queries.policy().automation == "manual"


def test_a_shadow_draft_is_judged_and_then_automation_may_be_unlocked(console: Client) -> None:
    shadowed()
    html = body(console.get("/console/shadow/"))
    assert "would have gone out" in html
    assert "It still waits" in html
    answer = console.post(f"/console/shadow/{DRAFT}/", {"verdict": "agree", "remark": "clear", "page": "1"})
    assert answer["Location"] == "/console/shadow/?page=1"
    html = body(console.get("/console/shadow/"))
    assert "judged by ann" in html
    assert "Judged right: 100%." in html
    assert 'action="/console/policy/unlock/"' in body(console.get("/console/policy/"))
    console.post("/console/policy/unlock/")
    assert queries.policy().automation == "automatic"


def test_a_judgement_that_is_none_is_refused_and_of_what_is_not_there_a_404(console: Client) -> None:
    shadowed(1)
    html = body(console.post(f"/console/shadow/{DRAFT}/", {"verdict": "perhaps"}, follow=True))
    assert "policy.value" in html
    assert console.post("/console/shadow/none/", {"verdict": "agree"}).status_code == 404


def test_levels_holding_and_quiet_hours_are_changed_with_a_reason(console: Client) -> None:
    console.post("/console/policy/set/approvals/", {"grave": "two_people", "limited": "one_click", "reason": "board"})
    console.post("/console/policy/set/holding/", {"holding": "ask"})
    console.post("/console/policy/set/quiet/", {"start": "21:30", "end": "06:00", "audiences": ["dentist", "hospital"]})
    in_force = queries.policy()
    assert (in_force.approvals, in_force.holding) == ({"grave": "two_people", "limited": "one_click"}, "ask")
    hours = read(queries.quiet_hours())
    assert (f"{hours.start:%H:%M}", hours.audiences) == ("21:30", ("dentist",))
    assert newest()[-3].facts["reason"] == "board"
    assert 'value="21:30"' in body(console.get("/console/policy/"))


@pytest.mark.parametrize(
    ("what", "given", "code"),
    [
        ("approvals", {"grave": "ten_people"}, "policy.value"),
        ("holding", {"holding": ""}, "policy.value"),
        ("quiet", {"start": "late", "end": "06:00"}, "policy.quiet_hours"),
        ("quiet", {"start": "22:00", "end": "22:00"}, "policy.quiet_hours"),
    ],
)
def test_what_makes_no_sense_is_refused_kindly(console: Client, what: str, given: dict[str, Any], code: str) -> None:
    assert code in body(console.post(f"/console/policy/set/{what}/", given, follow=True))


def test_an_unknown_part_of_the_policy_is_a_404(console: Client) -> None:
    assert console.post("/console/policy/set/everything/").status_code == 404


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setattr(startup, "start", lambda **_: None)
    return CliRunner()


def test_the_terminal_shows_and_changes_the_same(terminal: CliRunner) -> None:
    shown = terminal.invoke(policy.app, ["show"]).stdout
    assert "locked; still missing: shadow.too_short days=0 needed=28, shadow.nothing_drafted" in shown
    changed = terminal.invoke(policy.app, ["approval", "grave", "two_people", "--by", "ann"]).stdout
    assert "grave    two_people" in changed
    assert "holding     ask" in terminal.invoke(policy.app, ["holding", "ask", "--by", "ann"]).stdout
    hours = terminal.invoke(policy.app, ["quiet", "--from", "21:00", "--audience", "dentist", "--by", "ann"]).stdout
    assert "quiet       21:00-07:00 dentist" in hours
    assert "22:00-07:00 dentist" in terminal.invoke(policy.app, ["quiet", "--by", "ann"]).stdout
    assert "(nobody)" in terminal.invoke(policy.app, ["quiet", "--nobody", "--by", "ann"]).stdout
    assert newest()[-1].actor == "ann"


def test_the_terminal_refuses_what_is_not_earned(terminal: CliRunner) -> None:
    refused = terminal.invoke(automation.app, ["unlock", "--by", "ann"]).exception
    assert isinstance(refused, TocsinError)
    assert refused.code == "policy.not_earned"
    told = terminal.invoke(automation.app, ["unlock", "--demonstration", "--by", "ann"]).stdout
    assert told == "Automation is unlocked and not held.\n"
    assert terminal.invoke(automation.app, ["lock", "--by", "ann"]).stdout == "Automation is locked and not held.\n"
