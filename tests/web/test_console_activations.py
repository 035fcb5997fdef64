"""Procedures in the console: until when they are in force, what comes back, what their end leaves to be done."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import Settings

from factories import console as make
from tocsin.continuity.models import ActivationRow
from tocsin.continuity.services import confirm_activation, end_activation
from tocsin.kernel.clock import FixedClock

pytestmark = pytest.mark.django_db
PAGE = "/console/incidents/2020-01-27-1/"


@pytest.fixture
def console(client: Client, settings: Settings) -> Client:
    settings.CLOCK = FixedClock(make.NOW)
    make.store_incident(make.incident(functions=("dispense",)))
    make.activate("dispense-on-paper-proof", state="proposed")
    client.force_login(make.operator())
    return client


def html(client: Client) -> str:
    return client.get(PAGE).content.decode().replace("\u00a0", " ")


def test_in_force_it_says_when_it_ends(console: Client) -> None:
    confirm_activation(ActivationRow.objects.get().pk, by="ann", now=make.NOW)

    assert "The first ends at 13:22 unless kept longer." in html(console)


def test_ended_it_says_what_is_left_to_do_and_may_come_back_while_the_incident_lasts(console: Client) -> None:
    number = ActivationRow.objects.get().pk
    confirm_activation(number, by="ann", now=make.NOW - timedelta(minutes=20))
    end_activation(number, by="ann", now=make.NOW - timedelta(minutes=1))
    page = html(console)

    assert "What their end leaves to be done" in page
    assert "Put in force again for an hour" in page
    console.post(f"/console/activations/{number}/extend/")
    assert ActivationRow.objects.get().state == "active"
    assert "What their end leaves to be done" not in html(console)


def test_what_was_set_aside_does_not_come_back(console: Client) -> None:
    end_activation(ActivationRow.objects.get().pk, by="ann", now=make.NOW)

    assert "Put in force again for an hour" not in html(console)
