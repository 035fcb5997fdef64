"""Machines announce maintenance, change it by its id, and read what is announced."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from bulletin_cases import NOW
from rich_facts import EFFECT
from tocsin.accounts.services import create_key
from tocsin.audit.models import AuditEntry
from tocsin.kernel.clock import FixedClock

pytestmark = pytest.mark.django_db

BODY = {
    "id": "chg-4711",
    "services": ["sts"],
    "start": "2020-01-29T09:00:00Z",
    "end": "2020-01-29T09:30:00Z",
    "effect": dict(EFFECT),
}


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> None:
    settings.CLOCK = FixedClock(NOW)


def call(path: str, body: object = None, *, scope: Any = "changes") -> tuple[int, Any]:
    secret = create_key(name="change management", scopes=(scope,), by="test", now=NOW).secret
    headers = {"authorization": f"Bearer {secret}"}
    url = f"/api/v1/maintenance{path}"
    if scope == "read":
        answer = Client().get(url, headers=headers)
    else:
        answer = Client().post(url, json.dumps(body), content_type="application/json", headers=headers)
    return answer.status_code, json.loads(answer.content)


def test_announcing_changing_and_reading() -> None:
    status, document = call("", BODY)
    assert (status, document["id"], document["state"], document["revision"]) == (200, "chg-4711", "announced", 0)
    assert "open_session" in document["functions"]
    assert call("", BODY)[1]["revision"] == 0, "the same again is no change"
    assert call("", {**BODY, "audiences": ["doctor"]})[1]["state"] == "changed"
    status, listed = call("", scope="read")
    assert (status, [each["audiences"] for each in listed]) == (200, [["doctor"]])
    actor = AuditEntry.objects.filter(action="maintenance.announced").values_list("actor", flat=True).get()
    assert actor.startswith("key:")


def test_ending_and_calling_off(settings: Settings) -> None:
    call("", BODY)
    assert call("/chg-4711/end")[1]["code"] == "maintenance.not_begun"
    settings.CLOCK = FixedClock(NOW + timedelta(days=1, hours=2))
    assert call("/chg-4711/end")[1]["state"] == "over"
    status, document = call("/chg-4711/cancel")
    assert (status, document["code"]) == (409, "maintenance.closed")
    assert call("/nope/cancel")[0] == 404


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"end": "2020-01-29T08:00:00Z"}, "maintenance.order"),
        ({"effect": {"en": "Only English."}}, "maintenance.language"),
        ({"services": ["nope"]}, "maintenance.unknown_id"),
        ({"start": "yesterday"}, "body.invalid"),
        ({"unknown": 1}, "body.invalid"),
    ],
)
def test_what_cannot_be_announced_is_refused(changes: dict[str, Any], code: str) -> None:
    status, document = call("", {**BODY, **changes})
    assert (status, document["code"]) == (422, code)


def test_reading_and_announcing_need_their_own_scopes() -> None:
    assert call("", BODY, scope="telemetry")[1]["code"] == "key.scope"
