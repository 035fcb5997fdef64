"""A place that is not renewed calls whoever is on duty, once for each trouble; robots are told what is for them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client

from tocsin.catalog.queries import load_pack
from tocsin.catalog.rules.model import Authority
from tocsin.kernel.language import LANGUAGES
from tocsin.notifications.models import PageRow
from tocsin.plugins.targets.states import TargetBoard, TargetState
from tocsin.runtime.configuration import Configuration
from tocsin.runtime.target_alarm import TargetAlarm, page_duty
from tocsin.runtime.views import robots_text

WELL = TargetState("far", "s3", shown_version=7, shown_at=datetime(2026, 3, 2, 8, 0, tzinfo=UTC))
FAILS = replace(WELL, failures=3, fault="Nobody is there.")
WRONG = replace(WELL, failures=1, fault="Reading back gave something else.", is_wrong=True)


@pytest.mark.parametrize(
    ("states", "called"),
    [
        ([WELL], 0),
        ([replace(FAILS, failures=2)], 0),
        ([FAILS], 1),
        ([WRONG], 1),
        ([FAILS, replace(FAILS, failures=4), WRONG, replace(FAILS, failures=5)], 1),
        ([FAILS, WELL, FAILS], 2),
    ],
    ids=["well", "hiccup", "fails", "shows-another", "goes-on", "comes-again"],
)
def test_each_trouble_calls_once(tmp_path: Path, states: Sequence[TargetState], called: int) -> None:
    board = TargetBoard(tmp_path)
    calls: list[TargetState] = []
    configuration = Configuration(data_folder=tmp_path, targets=({"name": "far", "kind": "s3"},))
    alarm = TargetAlarm(configuration, calls.append)
    for state in states:
        board.report(state)
        alarm.look()
        alarm.look()
    assert len(calls) == called


@pytest.mark.django_db
def test_a_watch_that_starts_anew_pages_nobody_again() -> None:
    page_duty(FAILS)
    page_duty(replace(WRONG, failures=9))
    page_duty(replace(FAILS, shown_at=None))
    page_duty(replace(FAILS, shown_at=None))
    assert WELL.shown_at is not None
    page_duty(replace(FAILS, shown_at=WELL.shown_at + timedelta(hours=1)))
    rows = PageRow.objects.all()
    assert len(rows) == 3
    assert {row.kind for row in rows} == {"tocsin_ails"}


def test_robots_are_led_to_the_public_pages_alone(client: Client, belgium: Path) -> None:
    answer = client.get("/robots.txt")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    pack = load_pack(belgium)
    unofficial = replace(pack, authority=None)
    assert robots_text(unofficial) == "User-agent: *\nDisallow: /\n"
    words = dict.fromkeys(LANGUAGES, "somebody")
    official = replace(pack, authority=Authority(name=words, help_desk=words))
    assert robots_text(official) == "User-agent: *\nAllow: /site/\nDisallow: /\n"
