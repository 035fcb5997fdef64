"""The look back on a function's page, and how severe each incident is on the first screen."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from factories import console as make
from situations import belgium
from tocsin.detection.queries import last_lookback, lookback_file
from tocsin.detection.rules.lookback import Account, Lookback, Unusual
from tocsin.detection.services import leave_lookback
from tocsin.kernel.clock import FixedClock

pytestmark = pytest.mark.django_db

NOW = make.NOW
FOUND = Lookback(
    at=NOW - timedelta(hours=3),
    accounts={"dispense": Account("recipe_executor", 0.999, 120_000, 240, 120, 2.0, is_burning=True)},
    unusual=(
        Unusual("recipe_executor", "failing", NOW - timedelta(hours=30), 0.4, 0.012, 0.031, 4.1),
        Unusual("recipe_executor", "latency", NOW - timedelta(hours=50), 900.0, 90.0, 120.0, 5.0),
        Unusual("ehbox", "failing", NOW - timedelta(hours=30), 0.9, 0.051, 0.052, 4.1),
    ),
)


@pytest.fixture
def console(client: Client, settings: Settings, tmp_path: Path) -> Client:
    """An operator's browser, on a data folder of its own."""
    settings.CLOCK = FixedClock(NOW)
    settings.CONFIGURATION = replace(settings.CONFIGURATION, data_folder=tmp_path)
    client.force_login(make.operator())
    return client


def _said(console: Client, path: str) -> str:
    return " ".join(console.get(path).content.decode().split())


@pytest.mark.usefixtures("console")
def test_what_was_looked_back_on_is_read_back_as_it_was_written() -> None:
    assert last_lookback() is None
    leave_lookback(FOUND)
    assert last_lookback() == FOUND


@pytest.mark.usefixtures("console")
def test_what_another_version_left_says_nothing() -> None:
    lookback_file().write_text('{"at": "some day"}')
    assert last_lookback() is None


def test_a_function_shows_its_budget_and_the_unusual_times_of_its_own_services(console: Client) -> None:
    leave_lookback(FOUND)
    said = _said(console, "/console/functions/dispense/")
    assert "The error budget is being spent too fast." in said
    assert "200% spent. Of 120000 calls to" in said
    assert "240 failed; 120 may." in said
    assert "40% of calls failed, usually 1.2% to 3.1%" in said
    assert "typical answer after 900 ms, usually 90 to 120" in said
    assert "5.1% to 5.2%" not in said


def test_a_function_of_which_nothing_stands_there_says_so(console: Client) -> None:
    leave_lookback(FOUND)
    said = _said(console, "/console/functions/bill/")
    assert "Nothing in the last seven days was unlike the weeks before." in said
    assert "Error budget" not in said


def test_before_the_first_look_nothing_is_shown(console: Client) -> None:
    assert "Looking back" not in _said(console, "/console/functions/dispense/")


def test_the_gravest_open_incident_stands_first_with_its_severity(console: Client) -> None:
    make.store_judgement(make.judgement(belgium()))
    make.store_incident(make.incident(id_="2020-01-27-1", functions=("dispense",)))
    make.store_incident(make.incident(id_="2020-01-27-2", functions=("bill",)))
    said = _said(console, "/console/")
    assert said.index("card-2020-01-27-1") < said.index("card-2020-01-27-2")
    assert said.index("Severity: critical") < said.index("Severity: moderate")


def test_an_open_incident_says_why_it_weighs_what_it_does(console: Client) -> None:
    make.store_incident(make.incident(functions=("dispense",)))
    said = _said(console, "/console/incidents/2020-01-27-1/")
    assert "The weightiest function hit: Dispensing (vital)." in said
    assert "about 100% of them" in said
    assert "The hour: working hours, or nearly." in said
