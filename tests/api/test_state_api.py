"""What machines may read: the state of functions and the incidents."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from tocsin.accounts.services import create_key
from tocsin.detection.rules.model import Judgement, Posterior, State, Subject, Verdict
from tocsin.detection.services import save_judgement
from tocsin.incidents.rules.model import Incident, IncidentEvent, Phase
from tocsin.incidents.services import apply
from tocsin.kernel.clock import FixedClock
from tocsin.kernel.reasons import Reason
from tocsin.observations.rules.model import Eye

pytestmark = pytest.mark.django_db

NOW = datetime(2024, 3, 4, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> None:
    settings.CLOCK = FixedClock(NOW)


def read(path: str) -> tuple[int, Any]:
    secret = create_key(name="reader", scopes=("read",), by="test", now=NOW).secret
    answer = Client().get(f"/api/v1/{path}", headers={"authorization": f"Bearer {secret}"})
    return answer.status_code, json.loads(answer.content)


def test_before_the_first_tick_there_is_no_state() -> None:
    status, document = read("status")
    assert (status, document["code"]) == (409, "status.none_yet")


def test_the_state_says_what_works_for_whom_and_why() -> None:
    subject = Subject("dispense", "pharmacist")
    verdict = Verdict(
        subject=subject,
        state=State.DOWN,
        confidence=0.9,
        since=NOW - timedelta(minutes=5),
        eyes=frozenset({Eye.FRONT, Eye.CLIENT}),
        reasons=(Reason("errors.above_usual", {"observed_share": 0.4}),),
        packages=("pharmacy-a",),
        posterior=Posterior(0.05, 0.15, 0.75, 0.05),
    )
    judgement = Judgement(at=NOW, verdicts={subject: verdict}, signals=(), blind={Eye.PANEL: NOW})
    save_judgement(judgement, explanations=[])

    status, document = read("status")
    assert status == 200
    assert document["blind"] == {"panel": "2024-03-04T08:00:00Z"}
    assert document["functions"] == [
        {
            "function": "dispense",
            "audience": "pharmacist",
            "state": "down",
            "since": "2024-03-04T07:55:00Z",
            "confidence": 0.9,
            "eyes": ["client", "front"],
            "packages": ["pharmacy-a"],
            "regions": None,
            "belief": {"ok": 0.05, "degraded": 0.15, "down": 0.75, "unknown": 0.05},
            "is_minor": False,
            "flaps_an_hour": 0.0,
            "reasons": [{"code": "errors.above_usual", "facts": {"observed_share": 0.4}}],
        }
    ]


def test_incidents_are_given_as_they_stand() -> None:
    assert read("incidents") == (200, [])
    incident = Incident(
        id="2024-03-04-1",
        opened_at=NOW,
        hit_since=NOW - timedelta(minutes=3),
        phase=Phase.CONFIRMED,
        phase_since=NOW,
        state=State.DOWN,
        confidence=0.9,
        eyes=frozenset({Eye.FRONT}),
        functions=("dispense",),
        audiences=("pharmacist",),
        packages=None,
        regions=None,
    )
    apply((IncidentEvent("opened", NOW, incident),), actor="engine", now=NOW)
    status, (document,) = read("incidents")
    assert status == 200
    assert (document["id"], document["phase"], document["functions"]) == ("2024-03-04-1", "confirmed", ["dispense"])
    assert document["packages"] is None


def test_the_state_is_for_keys_that_may_read() -> None:
    assert Client().get("/api/v1/status").status_code == 401
