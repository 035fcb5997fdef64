"""Writing, approving and mending a message's words on the console; everything without JavaScript."""

import re
from dataclasses import replace

import pytest
from django.http import HttpResponse, HttpResponseBase
from django.test import Client
from pytest_django import Settings

from factories import console as make
from tocsin.bulletins import governing, services
from tocsin.bulletins.models import BulletinRow
from tocsin.bulletins.queries import read_bulletin, version
from tocsin.bulletins.rules.model import Bulletin
from tocsin.bulletins.rules.revisions import to_fields
from tocsin.continuity.models import ActivationRow
from tocsin.incidents.queries import incident, timeline
from tocsin.kernel.clock import FixedClock
from tocsin.web import present

pytestmark = pytest.mark.django_db

ID = "2020-01-27-1"
DRAFT = f"{ID}-b3"
EDIT = f"/console/bulletins/{DRAFT}/edit/"


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> None:
    settings.CLOCK = FixedClock(make.NOW)


@pytest.fixture
def console(client: Client) -> Client:
    client.force_login(make.operator())
    make.morning(present.pack())
    return client


def stored(bulletin_id: str = DRAFT) -> Bulletin:
    return read_bulletin(BulletinRow.objects.get(pk=bulletin_id))


def form(act: str, *, of: str = DRAFT, audience: str = "doctor", **fields: str) -> dict[str, str]:
    """What a browser sends: every field as it stands, the changed ones changed."""
    bulletin = stored(of)
    given = to_fields(bulletin.texts[audience]) | {name.replace("__", "."): text for name, text in fields.items()}
    return given | {"act": act, "audience": audience, "version": version(bulletin)}


def body(response: HttpResponseBase) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def said(html: str) -> str:
    found = re.search(r'<ul class="messages".*?</ul>', html, flags=re.DOTALL)
    return found.group() if found else ""


def test_the_words_stand_in_fields_with_their_check_and_every_profession_is_a_tab(console: Client) -> None:
    html = body(console.get(EDIT))
    assert 'name="headline.fr"' in html
    assert html.count("<textarea") == 41
    assert html.count("?audience=") == len(stored().texts)
    assert "How plain it is" in html
    assert "/160" in html
    assert "<script>" not in html


def test_another_profession_has_its_own_words_and_an_unknown_one_none(console: Client) -> None:
    assert 'name="audience" value="pharmacist"' in body(console.get(f"{EDIT}?audience=pharmacist"))
    assert console.get(f"{EDIT}?audience=plumber").status_code == 404
    assert console.get("/console/bulletins/none/edit/").status_code == 404


def test_the_score_follows_what_is_typed_and_keeps_nothing(console: Client) -> None:
    typed = form("", headline__fr="", sms__en="x" * 161)
    html = body(console.post(f"/console/bulletins/{DRAFT}/check/", typed, headers={"HX-Request": "true"}))
    assert html.lstrip().startswith('<section id="checked"')
    assert "Keeps it in" in html
    assert "too long" in html
    assert stored().texts["doctor"].headline["fr"] != ""


def test_the_preview_is_in_the_language_asked_for(console: Client) -> None:
    html = body(console.post(EDIT, form("check", headline__nl="Alles ligt stil.") | {"preview": "nl"}))
    assert "<strong>Alles ligt stil.</strong>" in html
    assert '<option value="nl" selected>' in html


def test_saving_keeps_the_words_and_one_goes_on_writing(console: Client) -> None:
    response = console.post(EDIT, form("save", headline__en="You cannot log in at all."))
    assert response["Location"] == f"{EDIT}?audience=doctor"
    assert stored().texts["doctor"].headline["en"] == "You cannot log in at all."
    assert BulletinRow.objects.get(pk=DRAFT).edited_by == "ann"
    html = body(console.get(response["Location"]))
    assert "Saved. Nothing has gone out yet." in said(html)
    assert "<ins>" in html, "what reads otherwise than before"


def test_saving_and_publishing_is_one_click(console: Client) -> None:
    response = console.post(EDIT, form("publish", headline__en="You cannot log in at all."))
    assert response["Location"] == f"/console/incidents/{ID}/"
    assert (BulletinRow.objects.get(pk=DRAFT).status, stored().texts["doctor"].headline["en"]) == (
        "published",
        "You cannot log in at all.",
    )


def test_a_blocking_finding_keeps_it_in_until_somebody_writes_why(console: Client) -> None:
    answer = console.post(EDIT, form("publish", headline__fr=""))
    assert answer.status_code == 409
    assert "bulletin.blocked" in said(body(answer))
    assert BulletinRow.objects.get(pk=DRAFT).status == "draft"
    console.post(EDIT, form("publish", headline__fr="") | {"override": "Nobody speaks French tonight."})
    assert BulletinRow.objects.get(pk=DRAFT).override == "Nobody speaks French tonight."
    html = body(console.get(f"/console/incidents/{ID}/"))
    assert "ann let it out against a finding: Nobody speaks French tonight." in html


def test_two_people_each_under_their_own_name(console: Client) -> None:
    governing.set_approvals({"grave": "two_people", "serious": "two_people"}, by="ann", now=make.NOW)
    assert "Approve, 1 of 2" in body(console.get("/console/"))
    console.post(f"/console/bulletins/{DRAFT}/publish/")
    assert BulletinRow.objects.get(pk=DRAFT).status == "draft"
    assert "ann agreed; one more must" in body(console.get("/console/"))
    again = console.post(f"/console/bulletins/{DRAFT}/publish/", follow=True)
    assert "must be another person" in said(body(again))
    other = Client()
    other.force_login(make.operator("bob"))
    other.post(f"/console/bulletins/{DRAFT}/publish/")
    row = BulletinRow.objects.get(pk=DRAFT)
    assert (row.status, row.approved_by) == ("published", "ann, bob")


def moved(bulletin: Bulletin) -> Bulletin:
    texts = {audience: replace(text, scope=make.four("Since 8:20.")) for audience, text in bulletin.texts.items()}
    return replace(bulletin, texts=texts)


def test_when_facts_move_under_edited_words_one_compares_and_chooses(console: Client) -> None:
    engine = stored()
    console.post(EDIT, form("save", headline__en="Mine."))
    services.save_draft(moved(engine), now=make.NOW)
    card = body(console.get("/console/"))
    assert "Facts have moved: compare" in card
    assert f"/console/bulletins/{DRAFT}/publish/" not in card
    html = body(console.get(EDIT))
    assert "The facts have moved since these words were written" in html
    assert 'value="publish"' not in html
    console.post(EDIT, form("carry"))
    text = stored().texts["doctor"]
    assert (text.headline["en"], text.scope["en"]) == ("Mine.", "Since 8:20. (en)")


def test_or_takes_the_newer_wording(console: Client) -> None:
    newer = moved(stored())
    console.post(EDIT, form("save", headline__en="Mine."))
    services.save_draft(newer, now=make.NOW)
    console.post(EDIT, form("new"))
    assert stored() == newer
    assert BulletinRow.objects.get(pk=DRAFT).edited_by == ""


def test_what_both_changed_is_named(console: Client) -> None:
    newer = moved(stored())
    console.post(EDIT, form("save", scope__en="Since this morning."))
    services.save_draft(newer, now=make.NOW)
    html = body(console.post(EDIT, form("carry"), follow=True))
    assert "doctor.scope" in said(html)


def test_what_one_typed_is_not_lost_to_somebody_elses_change(console: Client) -> None:
    typed = form("save", headline__en="Mine.")
    services.save_draft(moved(stored()), now=make.NOW)
    answer = console.post(EDIT, typed)
    assert answer.status_code == 409
    assert "Yours still stand in the form" in said(body(answer))
    assert "Mine." in body(answer)
    assert stored().texts["doctor"].headline["en"] != "Mine."


def test_hostile_words_are_refused_and_shown_as_they_were_typed(console: Client) -> None:
    answer = console.post(EDIT, form("save", headline__en="<script>alert(1)</script>"))
    assert answer.status_code == 400
    assert "bulletin.unsafe_text" in said(body(answer))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body(answer)
    assert "<script>alert" not in body(answer)


OUT = f"{ID}-b2"


@pytest.mark.parametrize(("act", "silent"), [("silent", True), ("notify", False)])
def test_a_correction_goes_out_silently_or_told_with_what_changed(console: Client, act: str, silent: bool) -> None:  # noqa: FBT001 the two ways
    page = f"/console/bulletins/{OUT}/edit/"
    assert "Correct, and tell who was told" in body(console.get(page))
    before = stored(OUT)
    answer = console.post(page, form(act, of=OUT, headline__en="You can log in by telephone only."))
    assert answer["Location"] == f"/console/incidents/{ID}/"
    correction = stored(f"{OUT}-c1")
    assert (correction.is_silent, correction.corrects, stored(OUT)) == (silent, OUT, before)
    html = body(console.get(f"/console/bulletins/{OUT}-c1/edit/"))
    assert "telephone" in html[html.index("<ins>") :]
    assert ("pages only" in body(console.get(f"/console/incidents/{ID}/"))) is silent


def test_a_correction_of_nothing_is_said_to_be_one(console: Client) -> None:
    answer = console.post(f"/console/bulletins/{OUT}/edit/", form("silent", of=OUT))
    assert "You have changed nothing yet, so there is nothing to send." in said(body(answer))


def test_a_false_alarm_is_taken_back_only_with_a_reason_and_a_tick(console: Client) -> None:
    path = f"/console/incidents/{ID}/retract/"
    assert "Tick the box as well" in said(body(console.post(path, {"text": "a probe lied"}, follow=True)))
    console.post(path, {"text": " ", "sure": "yes"})
    found = incident(ID)
    assert found is not None
    assert found.is_open
    console.post(path, {"text": "a probe lied", "sure": "yes"})
    found = incident(ID)
    assert found is not None
    assert found.retracted_at == make.NOW
    assert "retraction" in set(BulletinRow.objects.values_list("kind", flat=True))
    assert "retracted" in [entry.kind for entry in timeline(ID)]


def test_all_that_is_proposed_comes_into_force_by_one_click(console: Client) -> None:
    make.activate("dispense-paper", state="proposed")
    make.activate("prescribe-paper", state="proposed")
    html = body(console.get("/console/"))
    assert 'hx-confirm="All proposed procedures come into force now. Sure?"' in html
    console.post(f"/console/incidents/{ID}/force/")
    assert "proposed" not in set(ActivationRow.objects.values_list("state", flat=True))


def test_reasons_say_as_of_when(console: Client) -> None:
    assert "as of" in body(console.get("/console/"))
    assert "as of" in body(console.get(f"/console/incidents/{ID}/"))


@pytest.mark.parametrize("path", [EDIT, f"/console/bulletins/{DRAFT}/check/", "/console/policy/set/holding/"])
def test_nothing_is_written_without_a_login_and_a_token(console: Client, path: str) -> None:
    del console
    assert Client().post(path).status_code == 302
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make.operator("bob"))
    assert strict.post(path, {"act": "save"}).status_code == 403
