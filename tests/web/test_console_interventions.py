"""The board shows what somebody suspects first, with its number."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import Settings

from factories import console as make
from tocsin.accounts.models import PanelMember
from tocsin.changes.models import ChangeRow
from tocsin.detection.queries import last_judgement
from tocsin.incidents.rules.model import Phase
from tocsin.kernel.clock import FixedClock
from tocsin.observations.models import EyeSign
from tocsin.observations.rules.model import Eye
from tocsin.web import present, queries
from tocsin.web.interventions import arranged, suspected_by


def row(number: str | None, *, hours: float, kind: str = "finished") -> ChangeRow:
    return ChangeRow(at=make.NOW - timedelta(hours=hours), kind=kind, change=number, services=["sts"], summary="work")


def test_open_incidents_name_their_changes_the_likeliest_first_and_once() -> None:
    found = make.incident()
    first, second, third = found.suspects
    named = replace(found, change=None, suspects=(first, replace(second, change="CHG-1"), third))
    hidden = replace(first, change="CHG-9")
    assert suspected_by([named, make.incident(id_="2020-01-27-2")]) == ("CHG-2041", "CHG-1")
    assert suspected_by([replace(found, change=None, suspects=(third, third, third, hidden))]) == ()
    assert suspected_by([replace(found, phase=Phase.RESOLVED)]) == ()


def test_a_suspected_intervention_stands_first_as_it_stands_now() -> None:
    rows = [row(f"CHG-{number}", hours=number) for number in range(1, 6)]
    late, started = row("CHG-2041", hours=11), row("CHG-2041", hours=12, kind="started")
    found = arranged([*rows, late, started], suspected=["CHG-2041", "CHG-gone"])
    assert found.suspected == (late,)
    assert found.latest == tuple(rows[:3])
    assert found.folded == (*rows[3:], started)


def test_many_suspected_ones_leave_no_room_but_all_are_shown() -> None:
    rows = [row(f"CHG-{number}", hours=number) for number in range(1, 7)]
    found = arranged(rows, suspected=[f"CHG-{number}" for number in range(1, 6)])
    assert (len(found.suspected), found.latest, found.folded) == (5, (), (rows[5],))


@pytest.fixture
def console(client: Client, settings: Settings) -> Client:
    settings.CLOCK = FixedClock(make.NOW)
    client.force_login(make.operator())
    return client


@pytest.mark.django_db
def test_the_board_prints_the_numbers_and_folds_the_rest(console: Client) -> None:
    make.morning(present.pack())
    for number in range(6):
        row(f"CHG-{number}", hours=number / 10).save()
    row("CHG-OLD", hours=30).save()
    html = console.get("/console/board/").content.decode()
    part = html[html.index('class="changes"') :]
    shown, folded = part.split('id="more-changes"')
    assert "Interventions: those suspected, then the last 24 hours" in shown
    assert shown.index("<strong>CHG-2041</strong>") < shown.index("CHG-0 ·") < shown.index("CHG-2 ·")
    assert "4 more interventions" in folded
    assert "CHG-5" in folded
    assert "CHG-OLD" not in part


@pytest.mark.django_db
def test_an_intervention_of_days_ago_is_shown_while_it_is_suspected(console: Client) -> None:
    make.store_incident(make.incident())
    row("CHG-2041", hours=70).save()
    html = console.get("/console/board/").content.decode()
    assert "<strong>CHG-2041</strong>" in html[html.index('class="changes"') :]


@pytest.mark.django_db
def test_nothing_suspected_is_just_the_last_day(console: Client) -> None:
    row(None, hours=1).save()
    assert "Interventions, last 24 hours" in console.get("/console/board/").content.decode()


@pytest.mark.django_db
def test_a_panel_that_was_invited_waits_for_its_first_report(console: Client) -> None:
    def mood() -> str:
        return next(seen.mood for seen in queries.eyes(last_judgement()) if seen.eye is Eye.PANEL)

    assert mood() == "unused"
    member = PanelMember.objects.create(
        pseudonym="m040-ac92ef", audience="doctor", package="gp-a", region="BE-VAN", link_hash="x", invited_at=make.NOW
    )
    assert mood() == "waiting"
    assert "Panel of professionals: no report yet" in console.get("/console/board/").content.decode()
    EyeSign.objects.create(eye="panel", last_seen=make.NOW)
    assert mood() == "sees"
    EyeSign.objects.all().delete()
    member.left_at = make.NOW
    member.save()
    assert mood() == "unused"
