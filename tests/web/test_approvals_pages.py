"""A draft approved from a telephone: the link shows, the second factor publishes, and an old link never does."""

import json
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from django.test import Client
from pytest_django import Settings

from factories import console as make
from factories import factors as proofs
from passkey_device import Device
from tocsin.accounts import factors, services
from tocsin.accounts.approvals import GOOD_FOR, approval_token
from tocsin.accounts.models import LoginAttempt, Operator
from tocsin.audit.models import AuditEntry
from tocsin.bulletins.governing import set_approvals
from tocsin.bulletins.models import BulletinRow
from tocsin.bulletins.queries import adapter, read_bulletin, version
from tocsin.bulletins.rules.model import Bulletin
from tocsin.incidents.queries import incident as stored_incident
from tocsin.kernel.clock import FixedClock, SystemClock
from tocsin.notifications.paging import page
from tocsin.notifications.rules.paging import Page
from tocsin.web import present

pytestmark = pytest.mark.django_db

ORIGIN = "https://tocsin.example.org"


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> None:
    settings.CLOCK = FixedClock(make.NOW)
    settings.CONFIGURATION = replace(settings.CONFIGURATION, base_url=ORIGIN)


@pytest.fixture
def ann() -> Operator:
    return make.operator(language="nl")


@pytest.fixture
def app(ann: Operator) -> pyotp.TOTP:
    return proofs.app(ann)


@pytest.fixture
def draft() -> Bulletin:
    make.store_incident(make.incident())
    found = make.bulletin(present.pack(), at=make.NOW - timedelta(minutes=1))
    make.draft(found)
    return found


def link(operator: Operator, bulletin: Bulletin, *, age: timedelta = timedelta()) -> str:
    made_at = SystemClock().now() - age
    token = approval_token(operator, bulletin=bulletin.id, version=version(bulletin), machine_now=made_at)
    return f"/approve/{token}/"


def status(bulletin: Bulletin) -> tuple[str, str]:
    return BulletinRow.objects.values_list("status", "approved_by").get(pk=bulletin.id)


def rewritten(bulletin: Bulletin) -> Bulletin:
    texts = {audience: replace(text, scope=make.four("Since 8:10.")) for audience, text in bulletin.texts.items()}
    found = replace(bulletin, texts=texts)
    make.draft(found)
    return found


def test_the_link_shows_the_draft_in_the_officers_language_and_offers_the_others(
    client: Client, ann: Operator, draft: Bulletin
) -> None:
    proofs.app(ann)
    response = client.get(link(ann, draft))
    html = response.content.decode()
    assert (response.status_code, response["Cache-Control"]) == (
        200,
        "max-age=0, no-cache, no-store, must-revalidate, private",
    )
    assert "In vier talen publiceren" in html
    assert "Work on paper. (nl)" in html
    assert "Work on paper. (fr)" in client.get(f"{link(ann, draft)}?language=fr").content.decode()
    for code in ("fr", "nl", "de", "en"):
        assert f'href="?language={code}"' in html


def test_the_link_alone_publishes_nothing(client: Client, ann: Operator, app: pyotp.TOTP, draft: Bulletin) -> None:
    client.get(link(ann, draft))
    client.head(link(ann, draft))
    for given in ({}, {"act": "publish"}, {"act": "publish", "code": "000000"}, {"act": "other", "code": app.now()}):
        assert client.post(link(ann, draft), given).status_code in {403, 409}
    assert status(draft) == ("draft", "")


def test_a_code_publishes_without_any_login(client: Client, ann: Operator, app: pyotp.TOTP, draft: Bulletin) -> None:
    path = link(ann, draft)
    response = client.post(path, {"act": "publish", "code": app.now()}, follow=True)
    assert response.redirect_chain == [(f"{path}?language=nl", 302)]
    assert "9.22 uur door ann" in response.content.decode()
    assert status(draft) == ("published", "ann")
    assert client.get("/console/").status_code == 302
    assert ("ann", "factor.proven") in AuditEntry.objects.values_list("actor", "action")
    assert LoginAttempt.objects.count() == 0


def test_a_passkey_publishes(client: Client, ann: Operator, draft: Bulletin) -> None:
    device = Device(ORIGIN)
    question = factors.ask_to_make_passkey(ann)
    factors.enrol_passkey(ann, state=question.state, answer=device.make(question.options), name="", now=make.NOW)
    asked = client.get(link(ann, draft)).context["question"]
    answer = device.prove(json.loads(asked))
    assert client.post(link(ann, draft), {"act": "publish", "answer": answer}).status_code == 302
    assert status(draft) == ("published", "ann")
    # The very same answer proves nothing a second time: its question was asked once.
    assert client.post(link(ann, draft), {"act": "publish", "answer": answer}).status_code == 409


def test_taking_it_is_an_answer_too(client: Client, ann: Operator, app: pyotp.TOTP, draft: Bulletin) -> None:
    assert client.post(link(ann, draft), {"act": "take", "code": app.now()}).status_code == 302
    found = stored_incident(draft.incident)
    assert found is not None
    assert (found.owner, status(draft)) == ("ann", ("draft", ""))
    assert "U hebt dit incident" in client.get(link(ann, draft)).content.decode()


def test_an_old_link_never_approves_a_text_that_was_rewritten(
    client: Client, ann: Operator, app: pyotp.TOTP, draft: Bulletin
) -> None:
    content = adapter().dump_python(draft, mode="json")
    told = Page("draft_waits", "k", incident=draft.incident, bulletin=draft.id, version=version(draft), content=content)
    page(told, now=make.NOW)
    old = link(ann, draft)
    newer = rewritten(draft)
    assert version(newer) != version(draft)
    assert client.post(old, {"act": "publish", "code": app.now()}).status_code == 409
    assert status(draft) == ("draft", "")
    response = client.get(old)
    html = response.content.decode()
    assert "<del>Since 8:30, everywhere. (nl)</del>" in html
    assert "<ins>Since 8:10. (nl)</ins>" in html
    assert 'name="code"' not in html
    new = response.context["new_link"]
    assert new in html
    assert client.post(new, {"act": "publish", "code": app.now()}).status_code == 302
    assert status(draft) == ("published", "ann")
    assert read_bulletin(BulletinRow.objects.get()) == newer


def test_a_rewritten_text_that_nobody_was_paged_about_is_read_from_the_beginning(
    client: Client, ann: Operator, draft: Bulletin
) -> None:
    old = link(ann, draft)
    rewritten(draft)
    assert "Lees het opnieuw van voren af aan." in client.get(old).content.decode()


def test_a_text_that_is_rewritten_while_the_code_is_checked_is_not_published(
    client: Client, ann: Operator, draft: Bulletin, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, forgive = proofs.app(ann), services.forgive
    monkeypatch.setattr(services, "forgive", lambda *args, **kwargs: (rewritten(draft), forgive(*args, **kwargs)))
    response = client.post(link(ann, draft), {"act": "publish", "code": app.now()}, follow=True)
    assert status(draft) == ("draft", "")
    assert "Lees het opnieuw van voren af aan." in response.content.decode()


def test_an_audience_that_is_no_longer_spoken_to_is_shown_as_gone(
    client: Client, ann: Operator, draft: Bulletin
) -> None:
    proofs.app(ann)
    content = adapter().dump_python(draft, mode="json")
    told = Page("draft_waits", "k", incident=draft.incident, bulletin=draft.id, version=version(draft), content=content)
    page(told, now=make.NOW)
    first, *others = draft.texts
    make.draft(replace(draft, texts={audience: draft.texts[audience] for audience in others}))
    found = client.get(link(ann, draft)).context["changes"]
    assert [(change.audience, change.new) for change in found] == [(first, ())]


def test_a_renewed_link_is_no_younger_than_the_old_one(client: Client, ann: Operator, draft: Bulletin) -> None:
    old = link(ann, draft, age=GOOD_FOR - timedelta(minutes=1))
    rewritten(draft)
    new = client.get(old).context["new_link"]
    assert new.rpartition(":")[0].rpartition(".")[2] == old.rpartition(":")[0].rpartition(".")[2]


@pytest.mark.parametrize("case", ["old", "forged", "gone", "left", "login-token"])
def test_a_link_that_is_not_good_leads_nowhere(client: Client, ann: Operator, draft: Bulletin, case: str) -> None:
    path = link(ann, draft, age=GOOD_FOR + timedelta(minutes=1) if case == "old" else timedelta())
    if case == "forged":
        path = path.replace(".", ".0", 1)
    if case == "gone":
        BulletinRow.objects.all().delete()
    if case == "left":
        Operator.objects.update(is_active=False)
    if case == "login-token":
        path = "/approve/abc:def/"
    assert client.get(path).status_code == 410
    assert client.post(path, {"act": "publish"}).status_code == 410


def test_what_somebody_else_published_meanwhile_is_told(
    client: Client, ann: Operator, app: pyotp.TOTP, draft: Bulletin
) -> None:
    make.publish(draft)
    response = client.post(link(ann, draft), {"act": "publish", "code": app.now()})
    assert response.status_code == 409
    assert "Gepubliceerd om" in response.content.decode()


def test_who_guesses_waits_and_the_right_code_waits_too(
    client: Client, ann: Operator, app: pyotp.TOTP, draft: Bulletin
) -> None:
    for _ in range(5):
        assert client.post(link(ann, draft), {"act": "publish", "code": "000000"}).status_code == 403
    response = client.post(link(ann, draft), {"act": "publish", "code": app.now()})
    assert (response.status_code, 800 < int(response["Retry-After"]) <= 900) == (429, True)
    assert status(draft) == ("draft", "")
    assert "login.refused" not in AuditEntry.objects.values_list("action", flat=True)


def test_guessing_at_a_link_does_not_lock_the_login(client: Client, draft: Bulletin) -> None:
    operator = make.operator("bob", password="a long enough secret")
    proofs.app(operator)
    for _ in range(6):
        client.post(link(operator, draft), {"act": "publish", "code": "000000"})
    given = {"username": "bob", "password": "a long enough secret"}
    assert client.post("/login/", given)["Location"] == "/login/factor/"


def test_who_has_no_second_factor_is_sent_to_the_console(client: Client, ann: Operator, draft: Bulletin) -> None:
    html = client.get(link(ann, draft)).content.decode()
    assert 'name="code"' not in html
    assert f"/console/incidents/{draft.incident}/" in html
    assert client.post(link(ann, draft), {"act": "publish", "code": ""}).status_code == 403


def test_where_two_must_agree_the_first_word_is_kept_and_the_second_publishes(
    client: Client, ann: Operator, app: pyotp.TOTP, draft: Bulletin
) -> None:
    levels = dict.fromkeys(("grave", "serious", "limited", "unsure"), "two_people")
    set_approvals(levels, by="ann", now=make.NOW)
    response = client.post(link(ann, draft), {"act": "publish", "code": app.now()}, follow=True)
    html = response.content.decode()
    assert "Goedgekeurd door ann." in html
    assert 'name="code"' not in html
    assert status(draft) == ("draft", "")
    bob = make.operator("bob")
    second = proofs.app(bob)
    assert client.post(link(bob, draft), {"act": "publish", "code": second.now()}).status_code == 302
    assert status(draft) == ("published", "ann, bob")


def test_a_text_with_a_blocking_finding_waits_for_a_desk(
    client: Client, ann: Operator, app: pyotp.TOTP, draft: Bulletin
) -> None:
    texts = {
        audience: replace(text, headline={"fr": "", "nl": "x", "de": "x", "en": "x"})
        for audience, text in draft.texts.items()
    }
    broken = replace(draft, texts=texts)
    make.draft(broken)
    html = client.get(link(ann, broken)).content.decode()
    assert "Zo kan het niet vertrekken" in html
    assert 'name="code"' not in html
    client.post(link(ann, broken), {"act": "publish", "code": app.now()})
    assert status(draft) == ("draft", "")
