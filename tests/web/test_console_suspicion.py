"""What an incident's page says beyond its suspects: what tells them apart, whom to call, how the suspicion moved."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import Settings

from factories import console as make
from situations import belgium
from tocsin.diagnosis.rules.model import Call, Place, Question, Ranking
from tocsin.incidents.rules.model import Incident, Phase
from tocsin.kernel.clock import FixedClock
from tocsin.kernel.reasons import Reason
from tocsin.web.suspicion import name_of, suspicion

pytestmark = pytest.mark.django_db


def wondered() -> Incident:
    ask = Reason("ask.partner", {"partner": "ehealth", "suspect": "access", "other": "sts"})
    crowd = {"function": "dispense", "audience": "pharmacist", "package": "pharmacy-b"}
    with_others = Reason("ask.panel_with", {**crowd, "suspect": "sts", "other": "pharmacy-a"})
    runs = Reason("call.partner", {"partner": "ehealth", "suspect": "access", "belief_share": 0.71})
    makes = Reason("call.maker", {"suspect": "pharmacy-a", "belief_share": 0.16})
    places = (Place("access", 0.71), Place("sts", 0.2))
    moved = Reason("ranking.lead", {"suspect": "access", "other": "sts"})
    return replace(
        make.incident(),
        elsewhere=0.13,
        questions=(
            Question("partner", "access", "sts", ask, partner="ehealth"),
            Question("panel", "sts", "pharmacy-a", with_others),
        ),
        calls=(Call("ehealth", 0.71, (runs,)), Call(None, 0.16, (makes,))),
        rankings=(
            Ranking(make.BEGAN, (Place("sts", 0.5), Place("access", 0.4)), 0.1, (Reason("ranking.first"),)),
            Ranking(make.BEGAN + timedelta(minutes=2), places, 0.13, (moved,)),
        ),
    )


@pytest.fixture
def page(client: Client, settings: Settings) -> Client:
    settings.CLOCK = FixedClock(make.NOW)
    make.store_judgement(make.judgement(belgium()))
    client.force_login(make.operator())
    return client


def read(page: Client, found: Incident, *, language: str = "en") -> str:
    make.store_incident(found)
    page.cookies["django_language"] = language
    return page.get(f"/console/incidents/{found.id}/").content.decode()


def test_the_page_says_what_would_tell_the_suspects_apart_and_whom_to_call(page: Client) -> None:
    html = read(page, wondered())
    assert "Ask eHealth platform whether Fine-grained access works as it should" in html
    assert "who work with" in html
    assert "eHealth platform runs Fine-grained access (71% of the suspicion)" in html
    assert f"the maker of {belgium().packages['pharmacy-a'].name}" in html
    assert "eHealth contact centre" in html[html.index("Call first") :]
    assert "None of these, or nothing on our map: 13%" in html


def test_the_history_of_the_ranking_comes_latest_first(page: Client) -> None:
    html = read(page, wondered())
    history = html[html.index("How the suspicion moved") :]
    assert history.index("Fine-grained access has overtaken Secure Token Service") < history.index("First view")


@pytest.mark.parametrize("language", ["fr", "nl", "de"])
def test_it_stands_in_every_language(page: Client, language: str) -> None:
    html = read(page, wondered(), language=language)
    for english in ("Call first", "How the suspicion moved", "What would tell", "of the suspicion", "First view"):
        assert english not in html


def test_once_it_is_over_nobody_need_be_called(page: Client) -> None:
    over = replace(wondered(), phase=Phase.RESOLVED, closed_at=make.NOW)
    html = read(page, over)
    assert "Call first" not in html
    assert "How the suspicion moved" in html


def test_an_incident_of_before_there_were_questions_shows_none(page: Client) -> None:
    html = read(page, replace(make.incident(), suspects=()))
    assert "Call first" not in html
    assert "None of these" not in html


def test_what_the_pack_no_longer_knows_keeps_its_id() -> None:
    pack = belgium()
    assert name_of("renamed", pack) == "renamed"
    found = suspicion(
        replace(wondered(), calls=(Call("gone", 0.5, (Reason("call.maker", {"suspect": "gp-a"}),)),)), pack=pack
    )
    assert found.calls[0].maker_of == pack.packages["gp-a"].name
    assert suspicion(replace(wondered(), suspects=()), pack=pack).elsewhere is None
