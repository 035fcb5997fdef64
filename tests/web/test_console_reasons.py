"""Reasons in sentences: every documented code has one, in four languages, and a forgotten fact breaks no screen."""

import re
from pathlib import Path

import pytest
from django.utils import translation

from tocsin.catalog.queries import load_pack
from tocsin.catalog.rules.model import Pack
from tocsin.kernel.reasons import Fact, Reason
from tocsin.web.reasons import sentence
from tocsin.web.sentences import SENTENCES

_ROW = re.compile(r"^\|((?: *`[a-z_.]+`,?)+) *\|", re.MULTILINE)


@pytest.fixture
def pack(belgium: Path) -> Pack:
    return load_pack(belgium)


def documented(root: Path) -> list[str]:
    rows = _ROW.findall((root / "docs" / "reference" / "reasons.md").read_text())
    return [code for row in rows for code in re.findall(r"`([a-z_.]+)`", row)]


def say(pack: Pack, code: str, language: str = "en", **facts: Fact) -> str:
    return said(pack, Reason(code, facts), language)


def said(pack: Pack, reason: Reason, language: str = "en") -> str:
    with translation.override(language):
        return sentence(reason, pack=pack, procedures={})


def test_every_documented_code_has_a_sentence(root: Path) -> None:
    codes = documented(root)
    assert len(codes) > 30
    assert [code for code in codes if code not in SENTENCES] == []


def test_an_unknown_code_shows_itself_and_its_facts(pack: Pack) -> None:
    assert (
        say(pack, "made.up", observed_share=0.5, service="sts")
        == "made.up (observed_share = 50%, service = Secure Token Service)"
    )
    assert say(pack, "made.up") == "made.up"


def test_a_missing_fact_leaves_a_gap_and_no_error(pack: Pack) -> None:
    assert say(pack, "incident.lead") == "The first suspect is now …."


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "Secure Token Service turns away 62% of callers, usually 3.1% (Professionals’ software)."),
        (
            "fr",
            "Secure Token Service refuse 62\u00a0% des appels, d’habitude 3,1\u00a0% (Logiciels des professionnels).",
        ),
        ("nl", "Secure Token Service wijst 62% van de oproepen af, gewoonlijk 3,1% (Software van zorgverleners)."),
        ("de", "Secure Token Service weist 62\u00a0% der Aufrufe ab, sonst 3,1\u00a0% (Software der Fachleute)."),
    ],
)
def test_numbers_and_names_are_written_as_the_language_does(pack: Pack, language: str, expected: str) -> None:
    words = say(pack, "rejected.above_usual", language, service="sts", eye="client", observed=0.62, expected=0.031)
    assert words == expected


def test_the_eye_decides_whether_slowness_is_a_share_or_a_time(pack: Pack) -> None:
    front = say(pack, "latency.above_usual", service="esb", eye="front", observed=0.6, expected=0.05)
    probe = say(pack, "latency.above_usual", service="esb", eye="probes", observed=4300.0, expected=310.0)
    assert "60%" in front
    assert "took 4.3 s" in probe
    assert "310 ms" in probe


@pytest.mark.parametrize(
    ("key", "value", "written"),
    [
        ("minutes_before", 75, "1 hour and 15 minutes"),
        ("lasted_s", 120, "2 minutes"),
        ("seen_at", "2020-01-27T07:40:00Z", "8:40"),
        ("confidence", 0.97, "97%"),
        ("observed_share", 0, "0%"),
        ("observed", 3.25, "3.2"),
        ("observed", 32.5, "32"),
        ("observed", 4, "4"),
        ("services", "sts, esb", "Secure Token Service, Integration service (routes to partners)"),
        ("region", "BE-WLG", "Liège"),
        ("is_held", True, "yes"),
        ("is_held", False, "no"),
        ("change", None, "not known"),
        ("by", "engine", "Tocsin itself"),
    ],
)
def test_a_fact_is_written_as_its_key_says(pack: Pack, key: str, value: Fact, written: str) -> None:
    kind: dict[str, Fact] = {"kind": "volume"} if key == "observed" else {}
    assert f"{key} = {written}" in said(pack, Reason("made.up", kind | {key: value}))


def test_placeholders_are_the_same_in_every_language() -> None:
    for code, words in SENTENCES.items():
        with translation.override("en"):
            wanted = sorted(re.findall(r"%\((\w+)\)s", str(words)))
        for language in ("fr", "nl", "de"):
            with translation.override(language):
                assert sorted(re.findall(r"%\((\w+)\)s", str(words))) == wanted, (code, language)
