"""What every exporter holds to (subclass `ExporterContract` for yours), and the built-in one against OASIS's schema."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import feedparser
import pytest
from capvalidator.validate import Validator

from bulletin_cases import NOW, belgium, facts, first, said, templates
from exported_site import ADDRESSES, DOWN, SLOW, exported, mixed, official
from tocsin.catalog.rules.findings import errors_in
from tocsin.kernel import plugins
from tocsin.kernel.language import LANGUAGES
from tocsin.plugins.exporters.cap.exporter import CapExporter, build
from tocsin.runtime.checking import configuration_findings
from tocsin.runtime.configuration import Configuration
from tocsin.status_site import exports
from tocsin.status_site.exports import render_exports
from tocsin.status_site.ports import Exporter
from tocsin.status_site.rules.facts import Facts


class ExporterContract:
    """Subclass it, say how your exporter is built, and every test here holds for it."""

    @abstractmethod
    def exporter(self) -> Exporter:
        """Return a fresh exporter."""

    def export(self, given: Facts) -> Mapping[str, bytes]:
        return self.exporter().export(given, templates=templates(), addresses=ADDRESSES)

    def test_paths_lead_to_files_inside_the_site(self) -> None:
        for name in self.export(mixed()):
            assert not name.startswith("/")
            assert not {"", ".", ".."} & set(name.split("/"))

    def test_nothing_is_overwritten_that_the_site_has_of_its_own(self) -> None:
        own = set(exported(mixed())) - set(self.export(mixed()))
        assert "status.json" in own
        assert "en/feed.xml" in own

    def test_a_quiet_site_can_be_exported(self) -> None:
        assert all(isinstance(content, bytes) for content in self.export(facts(checked_at=None)).values())

    def test_the_same_facts_give_the_same_bytes_the_first_time_and_the_second(self) -> None:
        exporter = self.exporter()
        once, twice = (exporter.export(mixed(), templates=templates(), addresses=ADDRESSES) for _ in range(2))
        assert once == twice == self.export(mixed())


class TestCap(ExporterContract):
    """The built-in exporter."""

    def exporter(self) -> CapExporter:
        return build()


NAMESPACE = {"cap": "urn:oasis:names:tc:emergency:cap:1.2"}


@cache
def morning() -> Mapping[str, bytes]:
    return messages(mixed())


def messages(given: Facts) -> Mapping[str, bytes]:
    return build().export(given, templates=templates(), addresses=ADDRESSES)


def alert(files: Mapping[str, bytes], bulletin: str) -> ET.Element:
    return ET.fromstring(files[f"cap/{bulletin}.xml"])  # noqa: S314  our own document


def text(element: ET.Element, path: str) -> str | None:
    return element.findtext(path, namespaces=NAMESPACE)


def all_texts(element: ET.Element, path: str) -> list[str | None]:
    return [found.text for found in element.findall(path, NAMESPACE)]


def retracted() -> Facts:
    wrong, at = first(DOWN), NOW + timedelta(minutes=4)
    withdrawn = replace(wrong, id="2020-01-28-1-b2", number=2, kind="retraction", drafted_at=at, next_update_at=None)
    return mixed(said=(said(wrong), said(withdrawn)), now=at, checked_at=at)


VARIETY: dict[str, Any] = {
    "mixed": mixed,
    "official": lambda: mixed(pack=official(belgium())),
    "replay": lambda: mixed(is_replay=True),
    "retracted": retracted,
}


@pytest.mark.parametrize("case", VARIETY)
def test_every_message_follows_the_schema_of_oasis(case: str) -> None:
    files = messages(VARIETY[case]())
    alerts = {name: content for name, content in files.items() if name != "cap/index.xml"}

    assert alerts
    for name, content in alerts.items():
        assert Validator(content).schema() == (True, "CAP alert follows the CAP v1.2 schema."), name


def test_the_schema_is_one_that_can_say_no() -> None:
    content = morning()["cap/2020-01-28-1-b1.xml"].replace(b"<msgType>Alert", b"<msgType>Gossip")
    assert Validator(content).schema()[0] is False


def test_a_message_says_it_in_every_language() -> None:
    one = alert(morning(), "2020-01-28-1-b1")

    assert all_texts(one, "cap:info/cap:language") == ["fr-BE", "nl-BE", "de-BE", "en"]
    assert all_texts(one, "cap:info/cap:audience")[1] == "Apothekers"
    assert all_texts(one, "cap:info/cap:headline")[2] == "Elektronische Verschreibungen können nicht abgerufen werden."
    assert "Do paper en." in str(all_texts(one, "cap:info/cap:instruction")[3])
    assert set(all_texts(one, "cap:info/cap:web")) == {
        f"https://status.example.org/{language}/pharmacist/index.html" for language in LANGUAGES
    }


def test_what_follows_refers_to_what_went_before() -> None:
    begin, end = (alert(morning(), f"2020-01-28-0-b{number}") for number in (1, 2))

    assert (text(begin, "cap:msgType"), text(end, "cap:msgType")) == ("Alert", "Update")
    assert text(begin, "cap:references") is None
    assert text(end, "cap:references") == ",".join(
        str(text(begin, f"cap:{name}")) for name in ("sender", "identifier", "sent")
    )
    assert set(all_texts(end, "cap:info/cap:responseType")) == {"AllClear"}
    assert set(all_texts(end, "cap:info/cap:urgency")) == {"Past"}


def test_a_false_alarm_is_cancelled() -> None:
    one = alert(messages(retracted()), "2020-01-28-1-b2")

    assert text(one, "cap:msgType") == "Cancel"
    assert "False alarm" in str(text(one, "cap:note"))


@pytest.mark.parametrize(
    ("changes", "is_drill", "expected"),
    [
        ({"pack": official(belgium())}, False, "Actual"),
        ({"pack": official(belgium())}, True, "Exercise"),
        ({"pack": official(belgium()), "is_replay": True}, True, "Test"),
        ({}, False, "Test"),
        ({}, True, "Test"),
    ],
    ids=["official", "drill", "replay", "demonstration", "demonstration-drill"],
)
def test_a_message_says_how_it_is_meant(changes: dict[str, Any], is_drill: bool, expected: str) -> None:  # noqa: FBT001  a table of cases
    one = replace(DOWN, is_drill=is_drill)
    found = alert(messages(mixed(said=(said(first(one)),), incidents=(one,), **changes)), "2020-01-28-1-b1")

    assert text(found, "cap:status") == expected
    assert (text(found, "cap:note") is None) is (expected == "Actual")


def test_a_message_expires_soon_after_its_promise_and_an_end_after_a_day() -> None:
    begin = alert(morning(), "2020-01-28-1-b1")
    promised = first(DOWN).next_update_at
    assert promised is not None
    assert text(begin, "cap:sent") == "2020-01-28T08:42:00+01:00"
    assert text(begin, "cap:info/cap:expires") == "2020-01-28T09:15:00+01:00"
    assert text(alert(morning(), "2020-01-28-0-b2"), "cap:info/cap:expires") == "2020-01-29T08:37:00+01:00"


def test_the_area_is_the_provinces_that_are_hit() -> None:
    part = alert(morning(), "2020-01-28-2-b1").findall("cap:info", NAMESPACE)[0]
    whole = alert(morning(), "2020-01-28-1-b1").findall("cap:info", NAMESPACE)[0]

    assert all_texts(part, "cap:area/cap:areaDesc") == ["Liège"]
    assert all_texts(part, "cap:area/cap:geocode/cap:valueName") == ["ISO 3166-2"]
    assert all_texts(part, "cap:area/cap:geocode/cap:value") == ["BE-WLG"]
    assert all_texts(whole, "cap:area/cap:geocode/cap:value") == list(belgium().regions)


def test_several_professions_are_told_apart() -> None:
    one = alert(morning(), "2020-01-28-2-b1")
    audiences = list(first(SLOW).texts)

    assert len(audiences) > 1
    said_to = str(all_texts(one, "cap:info/cap:audience")[3])
    assert said_to == ", ".join(belgium().audiences[audience].plural["en"] for audience in audiences)
    assert all_texts(one, "cap:info/cap:web")[3] == "https://status.example.org/en/index.html"


def test_a_message_is_written_again_when_what_it_was_written_from_is_not_the_same() -> None:
    exporter = build()
    before = exporter.export(mixed(), templates=templates(), addresses=ADDRESSES)
    after = exporter.export(mixed(pack=official(belgium())), templates=templates(), addresses=ADDRESSES)

    assert after == messages(mixed(pack=official(belgium())))
    assert after["cap/2020-01-28-1-b1.xml"] != before["cap/2020-01-28-1-b1.xml"]


def test_silent_edits_are_no_messages() -> None:
    files = messages(mixed(said=(said(replace(first(DOWN), is_silent=True)),)))
    assert list(files) == ["cap/index.xml"]


def test_hostile_text_stays_text() -> None:
    bulletin = first(DOWN)
    hostile = dict.fromkeys(LANGUAGES, "</headline><script>\u202e\x0b&")
    texts = {"pharmacist": replace(bulletin.texts["pharmacist"], headline=hostile)}
    files = messages(mixed(said=(said(replace(bulletin, texts=texts)),)))

    assert Validator(files["cap/2020-01-28-1-b1.xml"]).schema()[0]
    assert text(alert(files, "2020-01-28-1-b1"), "cap:info/cap:headline") == "</headline><script>&"


def test_the_index_names_every_message_and_until_when_it_may_be_trusted() -> None:
    feed: Any = feedparser.parse(morning()["cap/index.xml"])

    assert feed.bozo == 0
    assert [entry.link.rsplit("/", 1)[1] for entry in feed.entries] == [
        "2020-01-28-2-b1.xml",
        "2020-01-28-1-b1.xml",
        "2020-01-28-0-b2.xml",
        "2020-01-28-0-b1.xml",
    ]
    assert feed.feed.t_validuntil == "2020-01-28T07:47:00Z"
    assert "Unofficial demonstration" in feed.feed.title
    assert [tag.term for tag in feed.entries[0].tags] == ["Test", "Alert"]


class Failing:
    """An exporter that does what plug-ins do."""

    def export(self, facts: Facts, **given: object) -> Mapping[str, bytes]:
        del facts, given
        raise RuntimeError("as plug-ins do")


class Greedy:
    """An exporter that would like to write the site's own files."""

    def export(self, facts: Facts, **given: object) -> Mapping[str, bytes]:
        del facts, given
        return {"status.json": b"mine", "greedy.txt": b"mine"}


def test_a_failing_exporter_keeps_none_of_the_other_files(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = exported(mixed())
    monkeypatch.setattr(exports, "configured_exporters", lambda: {"bad": Failing(), "cap": build()})

    assert render_exports(mixed(), templates=templates(), addresses=ADDRESSES) == before
    assert "The exporter 'bad' failed" in caplog.text


def test_an_exporter_cannot_replace_the_site_s_own_files(monkeypatch: pytest.MonkeyPatch) -> None:
    before = exported(mixed())
    monkeypatch.setattr(exports, "configured_exporters", lambda: {"greedy": Greedy()})
    after = exported(mixed())

    assert after["status.json"] == before["status.json"]
    assert after["greedy.txt"] == b"mine"


def test_the_built_in_exporter_is_found_like_any_other() -> None:
    found: Sequence[str] = list(exports.configured_exporters())
    assert "cap" in found


def test_one_that_cannot_be_loaded_stops_the_start_and_not_the_pages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = entry_points
    broken = EntryPoint("broken", "no_such_module:build", "tocsin.exporters")
    monkeypatch.setattr(
        plugins, "entry_points", lambda *, group: [broken] if group == "tocsin.exporters" else list(real(group=group))
    )
    found = configuration_findings(Configuration(data_folder=tmp_path))

    assert [finding.code for finding in errors_in(found)] == ["plugin.unloadable"]
