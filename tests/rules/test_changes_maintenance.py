"""Planned maintenance: what it is at a moment, whom it hits, and what is to be told of it next."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulletin_cases import NOW, belgium, templates
from rich_facts import maintenance
from tocsin.bulletins.rules.lengths import fits_push, fits_sms
from tocsin.bulletins.rules.maintenance import due_news, maintenance_news
from tocsin.changes.rules import Maintenance, at_moment, maintenance_hits
from tocsin.kernel.language import LANGUAGES, missing_languages

ONE = maintenance()
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("stored", "after", "seen"),
    [
        ("announced", -MINUTE, "announced"),
        ("changed", -MINUTE, "changed"),
        ("announced", timedelta(0), "running"),
        ("changed", 29 * MINUTE, "running"),
        ("announced", 30 * MINUTE, "overrun"),
        ("announced", timedelta(days=3), "overrun"),
        ("over", 10 * MINUTE, "over"),
        ("cancelled", 10 * MINUTE, "cancelled"),
    ],
)
def test_the_clock_starts_it_and_only_a_person_ends_it(stored: str, after: timedelta, seen: str) -> None:
    known: Maintenance = replace(ONE, state=stored)  # type: ignore[arg-type]  # each is a state
    assert at_moment(known, ONE.start + after).state == seen


def test_it_is_under_way_or_closed_or_neither() -> None:
    states = {state: replace(ONE, state=state) for state in ("announced", "changed", "running", "overrun")}
    assert [name for name, one in states.items() if one.is_under_way] == ["running", "overrun"]
    assert not any(one.is_closed for one in states.values())
    assert replace(ONE, state="cancelled").is_closed


def test_it_hits_whom_it_names_in_what_they_do() -> None:
    functions = ("prescribe", "bill", "open_session")
    assert maintenance_hits(ONE, audience="doctor", functions=functions) == ("prescribe", "open_session")
    assert maintenance_hits(replace(ONE, audiences=("nurse",)), audience="doctor", functions=functions) == ()
    assert maintenance_hits(replace(ONE, audiences=("doctor",)), audience="doctor", functions=("bill",)) == ()


@pytest.mark.parametrize(
    ("fields", "told", "news"),
    [
        ({}, (), "announced"),
        ({}, ("announced",), ""),
        ({"is_public": False}, (), ""),
        ({"state": "changed", "revision": 1}, (), "announced"),
        ({"state": "changed", "revision": 1}, ("announced",), "changed-1"),
        ({"state": "changed", "revision": 1}, ("announced", "changed-1"), ""),
        ({"state": "changed", "revision": 3}, ("announced", "changed-1"), "changed-3"),
        ({"state": "running"}, ("announced",), "begins"),
        ({"state": "running"}, (), "begins"),
        ({"state": "running"}, ("announced", "begins"), ""),
        ({"state": "running", "revision": 2}, ("announced", "begins", "changed-1"), "changed-2"),
        ({"state": "overrun"}, ("announced", "begins"), "overrun"),
        ({"state": "overrun"}, ("announced", "begins", "overrun"), ""),
        ({"state": "over"}, ("announced", "begins"), "over"),
        ({"state": "over"}, ("announced", "begins", "over"), ""),
        ({"state": "over", "revision": 1}, ("announced",), "over"),
        ({"state": "over"}, (), ""),
        ({"state": "cancelled"}, ("announced",), "cancelled"),
        ({"state": "cancelled"}, (), ""),
    ],
)
def test_what_is_told_next(fields: dict[str, object], told: tuple[str, ...], news: str) -> None:
    assert due_news(replace(ONE, **fields), told=told) == news  # type: ignore[arg-type]  # the fields are named above


@given(
    moves=st.lists(st.sampled_from(["tick", "change", "start", "late"]), max_size=12),
    ending=st.sampled_from(["over", "cancelled"]),
)
def test_nothing_is_told_twice_and_the_end_always_follows_a_beginning(moves: list[str], ending: str) -> None:
    one, told = ONE, list[str]()
    for move in [*moves, "end", "tick"]:
        if move == "change":
            one = replace(one, revision=one.revision + 1, state="changed" if one.state == "announced" else one.state)
        elif move in {"start", "late"}:
            one = replace(one, state="running" if move == "start" else "overrun")
        elif move == "end":
            one = replace(one, state=ending)  # type: ignore[arg-type]  # one of the two
        while news := due_news(one, told=told):
            assert news not in told
            told.append(news)
    assert not told or told[-1] == ending


@pytest.mark.parametrize("state", ["announced", "changed", "running", "overrun", "over", "cancelled"])
def test_each_news_is_whole_in_every_language_and_length(state: str) -> None:
    names = {"running": "begins", "changed": "changed-1"}
    one: Maintenance = replace(ONE, state=state)  # type: ignore[arg-type]  # each is a state
    news = maintenance_news(one, names.get(state, state), pack=belgium(), templates=templates(), now=NOW)

    assert (news.incident, news.id) == (ONE.id, f"{ONE.id}-{names.get(state, state)}")
    assert set(news.texts) == {
        audience for function in ("open_session", "prescribe") for audience in belgium().functions[function].audiences
    }
    for text in news.texts.values():
        for part in (text.headline, text.subject, text.sms, text.push):
            assert missing_languages(dict(part.items())) == []
        for language in LANGUAGES:
            assert fits_sms(text.sms[language]), text.sms[language]
            assert fits_push(text.push[language])
            assert re.search(r"offici|offiziell", text.sms[language])
        assert (text.next_update is None) == one.is_closed
    assert news.kind == {"over": "end", "cancelled": "end"}.get(state, "update")


def test_a_reader_is_told_of_the_functions_they_use_only_and_when() -> None:
    news = maintenance_news(ONE, "announced", pack=belgium(), templates=templates(), now=NOW)

    assert news.texts["nurse"].headline["en"] == "Planned maintenance: Logging in."
    assert news.texts["doctor"].headline["fr"] == "Intervention planifiée : Se connecter, Prescrire."
    assert news.texts["doctor"].scope["nl"] == (
        "Begin: 29 januari, 10.00 uur. Einde gepland: 10.30 uur. U moet misschien opnieuw aanmelden."
    )
    assert "29 January, 10:00" in news.texts["doctor"].sms["en"]


def test_those_who_want_only_what_does_not_work_hear_nothing_of_it() -> None:
    assert maintenance_news(ONE, "announced", pack=belgium(), templates=templates(), now=NOW).state == "degraded"
