"""The audit page says its facts in words: no empty ones, no lists of Python, one name for Tocsin itself."""

import re
from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client
from pytest_django import Settings
from typer.testing import CliRunner

from factories import console as make
from tocsin.audit.services import record
from tocsin.cli.audit import app
from tocsin.kernel.clock import FixedClock
from tocsin.web import ledger


def said(facts: dict[str, Any]) -> list[tuple[str, str]]:
    return list(ledger.facts(facts, now=make.NOW))


@pytest.mark.parametrize("empty", [None, "", [], {}])
def test_what_is_empty_says_nothing(empty: object) -> None:
    assert said({"until": empty, "characters": 0}) == [("characters", "0")]


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("audiences", ["doctor", "pharmacist"], ("for", "Doctors, Pharmacists")),
        ("functions", ["open_session"], ("functions", "Logging in")),
        ("suspects", ["sts", "ehealth"], ("suspects", "Secure Token Service, eHealth platform")),
        ("phase", "monitoring", ("phase", "Recovering, being watched")),
        ("confidence", 0.97, ("how sure", "97%")),
        ("kind", "holding", ("kind", "Holding message")),
        ("until", "2020-01-27T09:00:00+00:00", ("until", "10:00")),
        ("until", "some day", ("until", "some day")),
        ("reasons", ["policy.manual"], ("reasons", "policy.manual")),
        (
            "reasons",
            [{"code": "policy.manual", "facts": {}}],
            ("reasons", "Automation is locked: somebody has to click."),
        ),
        ("unheard_of", "x", ("unheard_of", "x")),
    ],
)
def test_facts_are_written_as_words(key: str, value: object, words: tuple[str, str]) -> None:
    assert said({key: value}) == [words]


@pytest.mark.django_db
def test_the_audit_page_has_no_empty_facts_and_each_time_once(client: Client, settings: Settings) -> None:
    settings.CLOCK = FixedClock(make.NOW)
    record(at=make.BEGAN, actor="engine", action="procedure.active", subject="1", facts={"until": None, "reason": ""})
    record(at=make.NOW, actor="policy", action="bulletin.published", subject="2", facts={"audiences": ["doctor"]})
    client.force_login(make.operator())
    html = client.get("/console/audit/").content.decode()
    table = " ".join(re.sub(r"<[^>]+>", " ", html[html.index("<tbody>") :]).split())
    assert "None" not in table
    assert "reason" not in table
    assert "09:22:10 Tocsin itself bulletin.published 2 for: Doctors" in table
    assert "08:30:10 Tocsin itself procedure.active 1" in table
    assert table.count("09:22") == 1


def test_a_time_of_another_day_carries_its_date() -> None:
    template = Template("{% load tocsin %}{{ moment|at_second:now }}")
    yesterday = make.NOW.replace(day=26)
    assert template.render(Context({"moment": yesterday, "now": make.NOW})) == "26 January 2020, 09:22:10"


@pytest.mark.django_db
def test_the_command_names_tocsin_itself_as_the_page_does() -> None:
    record(at=make.NOW, actor="engine", action="incident.opened", subject="1")
    record(at=make.NOW, actor="ann", action="policy.held", subject="policy")
    shown = CliRunner().invoke(app, ["show"]).output.splitlines()
    assert ["Tocsin itself" in line for line in shown] == [True, False]
    assert '"actor": "engine"' in CliRunner().invoke(app, ["show", "--json"]).output
