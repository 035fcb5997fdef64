"""A second factor before words go out: asked for in place, once in a while, and nothing typed is lost."""

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from html import unescape

import pyotp
import pytest
from django.http import HttpResponse, HttpResponseBase
from django.test import Client
from pytest_django import Settings
from typer.testing import CliRunner

from factories import console as make
from factories import factors as proofs
from passkey_device import Device
from tocsin.accounts import factors
from tocsin.accounts.models import Operator
from tocsin.audit.queries import newest
from tocsin.bulletins import governing, queries
from tocsin.bulletins.models import BulletinRow
from tocsin.bulletins.rules.approval import SEVERITIES
from tocsin.bulletins.rules.revisions import to_fields
from tocsin.catalog.rules.model import Authority
from tocsin.cli import policy
from tocsin.kernel.clock import FixedClock, SystemClock
from tocsin.kernel.errors import TocsinError
from tocsin.runtime import startup
from tocsin.web import presence, present

pytestmark = pytest.mark.django_db

DRAFT = "2020-01-27-1-b3"
PUBLISH = f"/console/bulletins/{DRAFT}/publish/"
SET = "/console/policy/set/second-factor/"


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> None:
    settings.CLOCK = FixedClock(make.NOW)


@pytest.fixture
def ann() -> Operator:
    return make.operator()


@pytest.fixture
def console(client: Client, ann: Operator) -> Client:
    governing.set_second_factor("on", by="test", now=make.NOW)
    client.force_login(ann)
    make.morning(present.pack())
    return client


@pytest.fixture
def app(ann: Operator) -> pyotp.TOTP:
    return proofs.app(ann)


def body(response: HttpResponseBase) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def carried(html: str) -> dict[str, str]:
    """The fields of the form for a code, as a browser sends them: hidden ones, and its first button."""
    form = html[html.rindex("<form", 0, html.index('id="id_code"')) :]
    form = form[: form.index("</form>")]
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    button = re.findall(r'<button name="act" value="([^"]*)"', form)
    return {name: unescape(value) for name, value in hidden} | {"act": button[0]}


def status() -> str:
    return BulletinRow.objects.get(pk=DRAFT).status


def test_publishing_asks_first_and_goes_on_by_itself(console: Client, app: pyotp.TOTP) -> None:
    asked = console.post(PUBLISH, {"next": "/console/audit/"})
    assert "What you were about to do waits." in body(asked)
    assert status() == "draft"
    assert f'action="{PUBLISH}"' in body(asked)
    done = console.post(PUBLISH, carried(body(asked)) | {"code": app.now()})
    assert done["Location"] == "/console/audit/"
    assert status() == "published"
    proven = next(entry for entry in newest() if entry.action == "factor.proven")
    assert (proven.actor, proven.facts["purpose"]) == ("ann", "publication")


def test_a_passkey_does_as_well(console: Client, ann: Operator, settings: Settings) -> None:
    settings.CONFIGURATION = replace(settings.CONFIGURATION, base_url="https://tocsin.example.org")
    device, made = Device("https://tocsin.example.org"), factors.ask_to_make_passkey(ann)
    factors.enrol_passkey(ann, state=made.state, answer=device.make(made.options), name="", now=make.NOW)
    html = body(console.post(PUBLISH))
    question = json.loads(unescape(re.findall(r'data-question="([^"]*)"', html)[0]))
    console.post(PUBLISH, {"proving": "1", "answer": device.prove(question)})
    assert status() == "published"


def test_a_wrong_code_publishes_nothing_and_is_audited(console: Client, app: pyotp.TOTP) -> None:
    refused = console.post(PUBLISH, {"proving": "1", "code": "000000"})
    assert refused.status_code == 403
    assert "That proves nothing" in body(refused)
    assert status() == "draft"
    assert "factor.refused" in [entry.action for entry in newest()]
    assert app.now()


def test_many_wrong_codes_make_one_wait(console: Client, app: pyotp.TOTP) -> None:
    for _ in range(5):
        console.post(PUBLISH, {"proving": "1", "code": "000000"})
    turned_away = console.post(PUBLISH, {"proving": "1", "code": app.now()})
    assert turned_away.status_code == 429
    assert int(turned_away["Retry-After"]) > 0
    assert status() == "draft"


def test_who_has_no_factor_is_led_to_set_one_up(console: Client) -> None:
    refused = console.post(PUBLISH)
    assert refused.status_code == 403
    assert 'href="/account/"' in body(refused)
    assert console.post(PUBLISH, {"proving": "1", "code": "000000"}).status_code == 403
    assert status() == "draft"


def test_within_the_quarter_of_an_hour_nobody_is_asked_twice_and_after_it_again(
    console: Client, app: pyotp.TOTP, monkeypatch: pytest.MonkeyPatch
) -> None:
    console.post(PUBLISH, {"proving": "1", "code": app.now()})
    retract = {"text": "probes were wrong", "sure": "yes"}
    path = "/console/incidents/2020-01-27-1/retract/"

    class Later(SystemClock):
        def now(self) -> datetime:
            return super().now() + presence.FRESH_FOR

    with monkeypatch.context() as later:
        later.setattr(presence, "SystemClock", Later)
        assert "What you were about to do waits." in body(console.post(path, retract))
    assert console.post(path, retract)["Location"] == "/console/"
    assert BulletinRow.objects.filter(kind="retraction").exists()


def test_a_proof_is_its_operators_own(console: Client, app: pyotp.TOTP) -> None:
    console.post(PUBLISH, {"proving": "1", "code": "000000"})
    session = console.session
    session["factor_proven"] = {"operator": 0, "at": SystemClock().now().isoformat()}
    session.save()
    assert "What you were about to do waits." in body(console.post(PUBLISH))
    assert app.now()


def test_a_login_by_second_factor_counts(client: Client, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    bea = make.operator("bea", password="a long enough secret")
    app = proofs.app(bea)
    make.morning(present.pack())
    governing.set_second_factor("on", by="test", now=make.NOW)
    client.post("/login/", {"username": "bea", "password": "a long enough secret"})
    client.post("/login/factor/", {"code": app.now()})
    client.post(PUBLISH)
    assert status() == "published"


def test_nothing_that_was_written_is_lost(console: Client, app: pyotp.TOTP) -> None:
    edit = f"/console/bulletins/{DRAFT}/edit/"
    written = 'You cannot log in at all. Say "paper" & go on.'
    bulletin = queries.read_bulletin(BulletinRow.objects.get(pk=DRAFT))
    given = to_fields(bulletin.texts["doctor"]) | {"headline.en": written}
    given |= {"act": "publish", "audience": "doctor", "version": queries.version(bulletin)}
    asked = console.post(edit, given)
    assert "What you were about to do waits." in body(asked)
    sent = carried(body(asked))
    assert sent["act"] == "publish"
    console.post(edit, sent | {"code": app.now()})
    assert status() == "published"
    assert written in str(BulletinRow.objects.get(pk=DRAFT).content)


def test_saving_a_draft_asks_for_nothing(console: Client, app: pyotp.TOTP) -> None:
    answer = console.post(f"/console/bulletins/{DRAFT}/edit/", {"act": "save"})
    assert "What you were about to do waits." not in body(answer)
    assert app.now()


def test_on_the_board_it_is_asked_in_place(console: Client, app: pyotp.TOTP) -> None:
    part = console.post(PUBLISH, {"next": "/console/"}, headers={"HX-Request": "true"})
    assert (part["HX-Retarget"], part["HX-Reswap"], part.status_code) == ("#main", "innerHTML", 200)
    assert "<html" not in body(part)
    console.post(PUBLISH, carried(body(part)) | {"code": app.now()})
    assert status() == "published"


def test_on_the_board_who_has_none_is_told_so(console: Client) -> None:
    part = console.post(PUBLISH, headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert "you have none yet" in body(part)


def test_two_people_still_have_to_agree(console: Client, app: pyotp.TOTP) -> None:
    governing.set_approvals(dict.fromkeys(SEVERITIES, "two_people"), by="test", now=make.NOW)
    console.post(PUBLISH, {"proving": "1", "code": app.now()})
    assert status() == "draft"
    assert [row.by for row in queries.approvals([DRAFT])] == ["ann"]


def test_where_no_authority_speaks_nothing_is_asked_until_somebody_decides(client: Client, ann: Operator) -> None:
    client.force_login(ann)
    make.morning(present.pack())
    assert not queries.approvals_need_second_factor()
    client.post(PUBLISH)
    assert status() == "published"


def test_where_an_authority_speaks_it_is_asked_unless_somebody_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    official = replace(present.pack(), authority=Authority(make.four("Us"), make.four("Call us")))
    monkeypatch.setattr(queries, "configured_pack", lambda: official)
    assert queries.approvals_need_second_factor()
    governing.set_second_factor("off", by="ann", reason="keys are on their way", now=make.NOW)
    assert not queries.approvals_need_second_factor()
    entry = newest()[-1]
    assert (entry.action, entry.facts) == (
        "policy.second_factor_set",
        {"needed": False, "reason": "keys are on their way"},
    )


def test_switching_it_off_takes_one(console: Client, app: pyotp.TOTP) -> None:
    asked = console.post(SET, {"second_factor": "off", "reason": "x"})
    assert "What you were about to do waits." in body(asked)
    assert queries.approvals_need_second_factor()
    console.post(SET, carried(body(asked)) | {"code": app.now()})
    assert not queries.approvals_need_second_factor()
    console.post(SET, {"second_factor": "on"})
    assert queries.approvals_need_second_factor()


def test_anything_else_is_no_answer() -> None:
    with pytest.raises(TocsinError):
        governing.set_second_factor("perhaps", by="ann", now=make.NOW)


def test_the_terminal_sets_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "start", lambda **_: None)
    shown = CliRunner().invoke(policy.app, ["second-factor", "on", "--by", "ann"])
    assert "factor      on" in shown.output
    assert queries.approvals_need_second_factor()


@pytest.mark.parametrize(("language", "said"), [("fr", "attend"), ("nl", "wacht"), ("de", "wartet")])
def test_it_is_asked_in_every_language(language: str, said: str, console: Client, app: pyotp.TOTP) -> None:
    console.cookies["django_language"] = language
    html = body(console.post(PUBLISH))
    assert said in html
    assert "Is it you?" not in html
    assert app.now()


def test_a_session_lasts_a_shift(client: Client, ann: Operator) -> None:
    client.force_login(ann)
    assert timedelta(seconds=client.session.get_expiry_age()) == timedelta(hours=12)
