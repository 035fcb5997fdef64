"""The console names a crowd that no eye bears out as worth a look, and only there."""

import pytest
from django.test import Client
from pytest_django import Settings

from factories import console as make
from tocsin.detection.rules.doubts import CROWD_ASKS
from tocsin.kernel.clock import FixedClock
from tocsin.observations.crowd import note_problem
from tocsin.observations.queries import configured_pack

pytestmark = pytest.mark.django_db


@pytest.fixture
def console(client: Client, settings: Settings) -> Client:
    settings.CLOCK = FixedClock(make.NOW)
    client.force_login(make.operator())
    return client


def crowded(visitors: int) -> None:
    for number in range(visitors):
        note_problem(function="dispense", audience="pharmacist", sender=f"192.0.2.{number}", now=make.NOW)


def test_a_crowd_that_no_eye_bears_out_is_worth_a_look(console: Client) -> None:
    make.store_judgement(make.judgement(configured_pack()))
    crowded(CROWD_ASKS - 1)
    assert b'id="worries-title"' not in console.get("/console/board/").content
    crowded(CROWD_ASKS)
    page = console.get("/console/board/").content.decode()
    assert "suspected, and nothing of it public" in page
    assert f"{CROWD_ASKS} visitors say that it fails for them, and no eye sees it." in page


def test_what_the_eyes_see_too_is_no_worry_beside_it(console: Client) -> None:
    make.store_judgement(make.judgement(configured_pack(), down=("dispense",)))
    crowded(CROWD_ASKS)
    assert b'id="worries-title"' not in console.get("/console/board/").content
