"""What others embed: badges that need no colour, banners that grow old, and `status.json` by its own schema."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from bulletin_cases import NOW, belgium, closed, facts, first, said
from exported_site import DOWN, SLOW, exported, maintenance, mixed, official
from tocsin.detection.rules.model import State
from tocsin.kernel.language import LANGUAGES
from tocsin.status_site.rules.badges import Badge, width_px
from tocsin.status_site.rules.facts import Chapter, Facts

SVG = "{http://www.w3.org/2000/svg}"


def picture(given: Facts, name: str) -> ET.Element:
    return ET.fromstring(exported(given)[name])  # noqa: S314  our own document


def shown(element: ET.Element) -> list[str]:
    return [found.text or "" for found in element.iter(f"{SVG}tspan")]


def banner(given: Facts, audience: str = "pharmacist", language: str = "en") -> Any:
    return json.loads(exported(given)[f"{language}/{audience}/banner.json"])


class TestBadge:
    """Shape, word and time for eyes; title and description for ears."""

    @pytest.mark.parametrize(
        ("audience", "said_so"),
        [("pharmacist", "■ Does not work"), ("laboratory", "▲ Disrupted"), ("nurse", "? Not clear yet")],
    )
    def test_shape_and_word(self, audience: str, said_so: str) -> None:
        verdict = {"check_insurability": State.DOWN}
        given = mixed() if audience != "nurse" else replace(facts(), verdicts=unclear(verdict))
        assert shown(picture(given, f"en/{audience}/badge.svg"))[1] == said_so

    def test_green_says_when_it_was_checked(self) -> None:
        assert shown(picture(facts(), "en/pharmacist/badge.svg")) == [
            "Pharmacists (Unofficial demonstration)",
            "● No problem seen",
            "checked: 8:42",
        ]

    def test_it_says_the_day_where_that_is_another(self) -> None:
        at = NOW.replace(hour=22, minute=58)
        given = facts(checked_at=at, now=at + timedelta(minutes=4))
        assert shown(picture(given, "en/pharmacist/badge.svg"))[2] == "checked: 28 January, 23:58"

    def test_what_nobody_checked_is_not_known(self) -> None:
        given = facts(now=NOW + timedelta(minutes=6))
        assert shown(picture(given, "en/pharmacist/badge.svg"))[1:] == ["? Not known"]

    def test_maintenance_has_a_shape_of_its_own(self) -> None:
        given = facts(maintenance=(maintenance(state="running"),))
        assert shown(picture(given, "en/doctor/badge.svg"))[1] == "◆ Planned maintenance"

    def test_it_is_read_aloud_in_full(self) -> None:
        svg = picture(mixed(), "nl/pharmacist/badge.svg")

        assert svg.get("role") == "img"
        assert svg.get("aria-labelledby") == "t d"
        assert svg.get("lang") == "nl"
        assert svg.findtext(f"{SVG}title") == "Apothekers (Niet-officiële demonstratie): Werkt niet"
        assert "geldig tot 8.47\u00a0uur" in (svg.findtext(f"{SVG}desc") or "")

    def test_more_text_takes_more_room(self) -> None:
        short = Badge(language="en", who="Nurses", state="ok", word="No problem seen", when="", full="")
        assert width_px(replace(short, when="checked: 8:42")) > width_px(short) + 50
        assert width_px(replace(short, who="NURSES")) > width_px(short) > width_px(replace(short, who="Nil"))

    def test_it_brings_nothing_along(self) -> None:
        content = exported(mixed())["de/doctor/badge.svg"].decode()
        assert "http" not in content.replace("http://www.w3.org/2000/svg", "")
        assert len(content) < 1600


def unclear(bad: Mapping[str, State]) -> Any:
    given = facts().verdicts
    return {subject: verdict for subject, verdict in given.items() if subject.function not in bad}


class TestBanner:
    """The worst for this audience, in its language, and until when it may be shown."""

    def test_trouble_is_shown(self) -> None:
        one = banner(mixed())

        assert one["is_shown"] is True
        assert (one["state"], one["shape"], one["word"]) == ("down", "■", "Does not work")
        assert one["text"] == "Electronic prescriptions cannot be retrieved."
        assert one["url"] == "https://status.example.org/en/pharmacist/index.html"
        assert one["valid_until"] == "2020-01-28T07:47:00Z"
        assert one["marks"] == ["Unofficial demonstration"]
        assert one["format"] == "tocsin-banner/1"

    def test_it_is_small(self) -> None:
        assert max(len(content) for name, content in exported(mixed()).items() if name.endswith("banner.json")) < 1000

    def test_nothing_is_shown_of_a_quiet_morning(self) -> None:
        one = banner(facts(), "doctor", "fr")
        assert (one["is_shown"], one["text"], one["state"], one["word"]) == (
            False,
            "",
            "ok",
            "Aucun problème constaté",
        )

    def test_running_maintenance_is_shown(self) -> None:
        one = banner(facts(maintenance=(maintenance(state="running"),)), "doctor")
        assert (one["state"], one["text"]) == ("maintenance", "Planned maintenance: Prescribing")
        assert banner(facts(maintenance=(maintenance(),)), "doctor")["is_shown"] is False

    def test_what_is_too_old_is_not_known(self) -> None:
        one = banner(mixed(now=NOW + timedelta(minutes=6)))
        assert (one["is_shown"], one["state"]) == (True, "unknown")
        assert one["text"] == one["unknown"] == "We cannot say at the moment what works."

    def test_a_drill_never_stands_before_what_is_real(self) -> None:
        drill = replace(DOWN, id="2020-01-28-8", is_drill=True)
        real = replace(SLOW, regions=None)
        both = mixed(incidents=(drill, real), said=(said(first(drill)), said(first(real))))
        alone = mixed(incidents=(drill,), said=(said(first(drill)),))

        assert (banner(both)["is_drill"], banner(both)["state"]) == (False, "degraded")
        assert banner(alone)["is_drill"] is True
        assert "Exercise" in banner(alone)["marks"]
        assert banner(alone)["text"].startswith("EXERCISE")

    def test_an_end_is_no_banner(self) -> None:
        over = closed(DOWN, at=NOW)
        assert banner(mixed(incidents=(over,), said=(said(first(DOWN)),)))["is_shown"] is False


def test_the_script_is_small_and_asks_nobody_else() -> None:
    script = exported(facts())["assets/banner.js"]

    assert len(script) <= 2048
    for unwanted in (b"cookie", b"localStorage", b"http://", b"https://", b"innerHTML", b"eval", b".style"):
        assert unwanted not in script.replace(b"No cookies", b"")


class TestStatusDocument:
    """`status.json` against the schema that is published beside it."""

    def schema(self) -> Any:
        return json.loads(exported(facts())["schema/status-1.json"])

    @pytest.mark.parametrize("case", ["quiet", "mixed", "official", "never"])
    def test_it_is_what_its_schema_says(self, case: str) -> None:
        given = {
            "quiet": facts(),
            "mixed": mixed(),
            "official": mixed(pack=official(belgium())),
            "never": facts(checked_at=None),
        }[case]
        document = json.loads(exported(given)["status.json"])
        Draft202012Validator(self.schema(), format_checker=Draft202012Validator.FORMAT_CHECKER).validate(document)

    def test_the_schema_can_say_no(self) -> None:
        document = json.loads(exported(mixed())["status.json"])
        document["functions"][0]["states"]["doctor"] = "splendid"
        with pytest.raises(ValidationError):
            Draft202012Validator(self.schema()).validate(document)

    def test_the_schema_knows_every_member(self) -> None:
        document = json.loads(exported(mixed())["status.json"])
        schema = self.schema()
        assert set(document) == set(schema["properties"])
        for name, one in (("message", document["messages"][0]), ("maintenance", document["maintenance"][0])):
            assert set(one) == set(schema["$defs"][name]["properties"])

    def test_the_documentation_holds_the_same_schema(self, root: Path) -> None:
        assert (root / "docs/reference/status-1.schema.json").read_bytes() == exported(facts())["schema/status-1.json"]

    def test_everybody_is_not_nobody(self) -> None:
        messages = json.loads(exported(mixed())["status.json"])["messages"]
        by_id = {one["incident"]: one for one in messages}
        assert by_id["2020-01-28-1"]["regions"] is None
        assert by_id["2020-01-28-2"]["regions"] == ["BE-WLG"]


def test_an_exercise_changes_no_bare_state_for_that_cannot_say_what_it_is() -> None:
    drill = replace(DOWN, is_drill=True)
    site = exported(facts(incidents=(drill,), said=(said(first(drill)),)))
    document = json.loads(site["status.json"])

    assert {state for each in document["functions"] for state in each["states"].values()} == {"ok"}
    assert [message["is_drill"] for message in document["messages"]] == [True]
    assert "● No problem seen" in site["en/pharmacist/badge.svg"].decode()
    assert b"<t:state>ok</t:state>" in site["en/pharmacist/dispense/feed.xml"]
    assert b"<t:state>ok</t:state>" in site["en/feed.xml"]
    assert json.loads(site["en/pharmacist/feed.json"])["_tocsin"]["state"] == "ok"


class TestApi:
    """The Statuspage API as files."""

    def test_every_document_is_there_in_every_language_and_in_english_at_the_root(self) -> None:
        site = exported(mixed())
        documents = {name for name in site if name.startswith("api/v2/")}

        assert documents == {
            f"api/v2/{name}.json"
            for name in (
                "summary",
                "status",
                "components",
                "incidents",
                "incidents/unresolved",
                "scheduled-maintenances",
                "scheduled-maintenances/upcoming",
                "scheduled-maintenances/active",
            )
        }
        for name in documents:
            assert site[name] == site[f"en/{name}"]
            for language in LANGUAGES:
                assert json.loads(site[f"{language}/{name}"])["page"]["id"] == "belgium"

    def test_texts_are_in_the_language_and_marked(self) -> None:
        summary = json.loads(exported(mixed())["de/api/v2/summary.json"])
        (_, down) = summary["incidents"]

        assert (
            down["name"] == "Elektronische Verschreibungen können nicht abgerufen werden (Inoffizielle Demonstration)"
        )
        body = down["incident_updates"][0]["body"]
        assert body.startswith("Inoffizielle Demonstration\n\nApotheker und Apothekerinnen\n")
        assert summary["page"]["name"].endswith("(Inoffizielle Demonstration)")
        assert summary["status"]["description"] == "Funktioniert nicht"
        assert summary["scheduled_maintenances"][0]["incident_updates"][0]["body"] == "Prescriptions pause de."

    def test_an_incident_with_a_page_of_its_own_leads_there(self) -> None:
        chapters = (Chapter(DOWN, (said(first(DOWN)),), ()), Chapter(SLOW, (), ()))
        links = {
            one["id"]: one["shortlink"]
            for one in json.loads(exported(mixed(chapters=chapters))["fr/api/v2/summary.json"])["incidents"]
        }
        assert links == {
            "2020-01-28-1": "https://status.example.org/fr/incidents/2020-01-28-1.html",
            "2020-01-28-2": "https://status.example.org/fr/index.html",
        }

    def test_an_official_text_has_no_mark_and_a_cancelled_plan_says_so(self) -> None:
        given = mixed(pack=official(belgium()), maintenance=(maintenance(state="cancelled"),))
        site = exported(given)
        (one,) = json.loads(site["fr/api/v2/scheduled-maintenances.json"])["scheduled_maintenances"]
        (_, down) = json.loads(site["fr/api/v2/summary.json"])["incidents"]

        assert one["incident_updates"][0]["body"] == "Annulée\nPrescriptions pause fr."
        assert not down["name"].endswith(")")
        assert down["incident_updates"][0]["body"].startswith("Pharmaciens\n")

    @pytest.mark.parametrize(
        ("given", "said_so"),
        [
            (facts(), "No problem seen (checked 8:42)"),
            (facts(maintenance=(maintenance(state="running"),)), "Planned maintenance"),
            (facts(verdicts={}), "Disrupted or not clear yet"),
            (facts(checked_at=None), "Not checked yet: treat everything here as not known."),
        ],
        ids=["quiet", "maintained", "unclear", "never"],
    )
    def test_the_description_says_it_in_words(self, given: Facts, said_so: str) -> None:
        assert json.loads(exported(given)["api/v2/status.json"])["status"]["description"] == said_so

    def test_a_part_that_is_down_is_down_for_some(self) -> None:
        part = replace(SLOW, state=State.DOWN)
        given = mixed(incidents=(part,), said=(said(first(part)),))
        assert json.loads(exported(given)["api/v2/status.json"])["status"]["description"] == "Does not work for some"
