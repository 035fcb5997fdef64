"""What a duty officer does by a click: through the services, audited, by POST with a token, for those logged in."""

import pytest
from django.test import Client
from pytest_django import Settings

from factories import console as make
from tocsin.audit.models import AuditEntry
from tocsin.bulletins.models import BulletinRow
from tocsin.bulletins.queries import policy
from tocsin.continuity.models import ActivationRow
from tocsin.incidents.queries import incident, timeline
from tocsin.kernel.clock import FixedClock
from tocsin.web import present

pytestmark = pytest.mark.django_db

ID = "2020-01-27-1"
ACTS = (
    "/console/policy/hold/",
    f"/console/bulletins/{ID}-b3/publish/",
    f"/console/incidents/{ID}/take/",
    f"/console/incidents/{ID}/note/",
    "/console/activations/1/confirm/",
)


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> None:
    settings.CLOCK = FixedClock(make.NOW)


@pytest.fixture
def console(client: Client) -> Client:
    client.force_login(make.operator())
    make.morning(present.pack())
    return client


def last_act() -> tuple[str, str]:
    entry = AuditEntry.objects.order_by("-seq").first()
    assert entry is not None
    return entry.actor, entry.subject


@pytest.mark.parametrize("path", ACTS)
def test_an_act_needs_a_login(client: Client, path: str) -> None:
    response = client.post(path)
    assert (response.status_code, response["Location"]) == (302, f"/login/?next={path}")


@pytest.mark.parametrize("path", ACTS)
def test_an_act_is_never_a_get(console: Client, path: str) -> None:
    assert console.get(path).status_code == 405


@pytest.mark.parametrize("path", ACTS)
def test_an_act_needs_the_token_of_a_page_of_ours(path: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make.operator())
    response = strict.post(path)
    assert response.status_code == 403
    assert "Nothing was done: the page was too old" in response.content.decode()


def test_hold_and_release_are_one_click_each(console: Client) -> None:
    assert console.post("/console/policy/hold/")["Location"] == "/console/"
    assert policy().is_held
    assert last_act()[0] == "ann"
    console.post("/console/policy/release/")
    assert not policy().is_held


def test_automation_is_unlocked_and_locked(console: Client) -> None:
    console.post("/console/policy/set/demonstration/")
    assert policy().automation == "automatic"
    console.post("/console/policy/lock/")
    assert policy().automation == "manual"


def test_publishing_a_draft_puts_it_out_under_ones_name(console: Client) -> None:
    console.post(f"/console/bulletins/{ID}-b3/publish/")
    row = BulletinRow.objects.get(pk=f"{ID}-b3")
    assert (row.status, row.approved_by, row.published_at) == ("published", "ann", make.NOW)


def test_a_draft_is_set_aside(console: Client) -> None:
    console.post(f"/console/bulletins/{ID}-b3/discard/")
    assert BulletinRow.objects.get(pk=f"{ID}-b3").status == "discarded"


def test_a_second_click_on_the_same_draft_says_so_and_changes_nothing(console: Client) -> None:
    console.post(f"/console/bulletins/{ID}-b3/publish/")
    acts = AuditEntry.objects.count()
    response = console.post(f"/console/bulletins/{ID}-b3/publish/", follow=True)
    assert 'class="messages"' in response.content.decode()
    assert AuditEntry.objects.count() == acts


def test_with_htmx_the_answer_is_the_board_itself(console: Client) -> None:
    response = console.post("/console/policy/hold/", headers={"HX-Request": "true"})
    html = response.content.decode()
    assert response.status_code == 200
    assert html.lstrip().startswith('<div id="board"')
    assert "HELD" in html


def test_an_incident_is_taken_mitigated_and_closed_with_a_reason(console: Client) -> None:
    console.post(f"/console/incidents/{ID}/take/")
    console.post(f"/console/incidents/{ID}/mitigated/")
    console.post(f"/console/incidents/{ID}/close/", {"text": "false alarm, probes misconfigured"})
    found = incident(ID)
    assert found is not None
    assert (found.owner, found.is_open) == ("ann", False)
    assert [entry.kind for entry in timeline(ID)][-3:] == ["taken", "mitigated", "closed"]


def test_closing_without_a_reason_is_refused_kindly(console: Client) -> None:
    response = console.post(f"/console/incidents/{ID}/close/", {"text": " "}, follow=True)
    assert "Say in a few words why it can be closed" in response.content.decode()
    found = incident(ID)
    assert found is not None
    assert found.is_open


def test_an_act_that_no_longer_makes_sense_says_so_in_the_readers_language(console: Client) -> None:
    console.cookies["django_language"] = "nl"
    response = console.post(f"/console/incidents/{ID}/confirm/", follow=True)
    assert "Het incident is verder gegaan sinds u deze pagina opende." in response.content.decode()


def test_an_error_without_words_of_ours_keeps_its_own_and_its_code(console: Client) -> None:
    row = ActivationRow.objects.get(state="active")
    response = console.post(f"/console/activations/{row.pk}/confirm/", follow=True)
    assert 'class="messages"' in response.content.decode()


def test_a_note_goes_on_the_timeline(console: Client) -> None:
    console.post(f"/console/incidents/{ID}/note/", {"text": "called the access team"})
    last = timeline(ID).last()
    assert last is not None
    assert (last.kind, last.actor, last.facts["text"]) == ("note", "ann", "called the access team")


def test_a_procedure_is_put_in_force_prolonged_and_ended(console: Client) -> None:
    row = ActivationRow.objects.get(state="proposed")
    console.post(f"/console/activations/{row.pk}/confirm/")
    console.post(f"/console/activations/{row.pk}/extend/")
    row.refresh_from_db()
    assert (row.state, row.by) == ("active", "ann")
    assert row.until is not None
    console.post(f"/console/activations/{row.pk}/end/")
    row.refresh_from_db()
    assert row.state == "ended"


@pytest.mark.parametrize(
    "path",
    [
        "/console/policy/explode/",
        f"/console/bulletins/{ID}-b3/explode/",
        f"/console/incidents/{ID}/explode/",
        "/console/incidents/none/take/",
        "/console/bulletins/none/publish/",
        "/console/activations/1/explode/",
        "/console/activations/999/end/",
    ],
)
def test_an_act_or_a_thing_that_is_not_there_is_a_404(console: Client, path: str) -> None:
    assert console.post(path).status_code == 404


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        (f"/console/incidents/{ID}/", f"/console/incidents/{ID}/"),
        ("https://elsewhere.example/", "/console/"),
        ("//elsewhere.example/", "/console/"),
        ("", "/console/"),
    ],
)
def test_one_is_led_back_to_where_one_was_and_nowhere_else(console: Client, wanted: str, led_to: str) -> None:
    assert console.post("/console/policy/hold/", {"next": wanted})["Location"] == led_to
