"""The console's page of planned maintenance: announce by a form, end or call off by a click."""

import pytest
from django.test import Client
from pytest_django import Settings

from factories import console as make
from rich_facts import EFFECT
from tocsin.changes.models import MaintenanceRow
from tocsin.kernel.clock import FixedClock

pytestmark = pytest.mark.django_db

FORM = {
    "start": "2020-01-28 10:00",
    "end": "2020-01-28 10:30",
    "services": ["sts"],
    **{f"effect_{language}": text for language, text in EFFECT.items()},
}


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> None:
    settings.CLOCK = FixedClock(make.NOW)


@pytest.fixture
def console(client: Client) -> Client:
    client.force_login(make.operator())
    return client


@pytest.mark.parametrize("path", ["/console/maintenance/", "/console/maintenance/m/end/"])
def test_it_needs_a_login(client: Client, path: str) -> None:
    assert client.post(path)["Location"] == f"/login/?next={path}"


def test_a_form_announces_and_a_click_calls_off(console: Client) -> None:
    assert "Nothing is announced." in console.get("/console/maintenance/").content.decode()
    answer = console.post("/console/maintenance/", FORM)
    assert (answer.status_code, answer["Location"]) == (302, "/console/maintenance/")
    row = MaintenanceRow.objects.get()
    page = console.get("/console/maintenance/").content.decode()
    assert row.id in page
    assert EFFECT["en"] in page
    assert console.post(f"/console/maintenance/{row.id}/cancel/").status_code == 302
    assert MaintenanceRow.objects.get().state == "cancelled"
    again = console.post(f"/console/maintenance/{row.id}/cancel/", follow=True).content.decode()
    assert "[maintenance.closed]" in again


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(console: Client) -> None:
    page = console.post("/console/maintenance/", {**FORM, "end": "2020-01-28 09:00"}).content.decode()
    assert "[maintenance.order]" in page
    assert EFFECT["nl"] in page
    assert 'value="2020-01-28 10:00"' in page
    assert '<option value="sts" selected>' in page
    assert "[maintenance.time]" in console.post("/console/maintenance/", {}).content.decode()
    assert not MaintenanceRow.objects.exists()


def test_what_runs_can_be_said_to_be_over(console: Client, settings: Settings) -> None:
    console.post("/console/maintenance/", {**FORM, "internal": "on"})
    row = MaintenanceRow.objects.get()
    assert not row.is_public
    settings.CLOCK = FixedClock(row.start)
    assert "goes on" in console.get("/console/maintenance/").content.decode()
    console.post(f"/console/maintenance/{row.id}/end/")
    assert MaintenanceRow.objects.get().state == "over"
    assert console.post(f"/console/maintenance/{row.id}/forget/").status_code == 404
