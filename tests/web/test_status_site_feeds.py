"""Feeds as other people's readers take them: well-formed, complete, marked, and telling until when to trust them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import feedparser
import pytest

from bulletin_cases import NOW, belgium, facts, first, said
from exported_site import DOWN, exported, mixed, official
from tocsin.kernel.language import LANGUAGES
from tocsin.status_site.rules.facts import Facts

MARKS = {
    "fr": ("Démonstration non officielle", "Exercice"),
    "nl": ("Niet-officiële demonstratie", "Oefening"),
    "de": ("Inoffizielle Demonstration", "Übung"),
    "en": ("Unofficial demonstration", "Exercise"),
}
VALID = {
    "fr": "Vérifié à 8\u00a0h\u00a042 · valable jusqu’à 8\u00a0h\u00a047",
    "nl": "Nagekeken om 8.42\u00a0uur · geldig tot 8.47\u00a0uur",
    "de": "Geprüft um 8.42\u00a0Uhr · gültig bis 8.47\u00a0Uhr",
    "en": "Checked 8:42 · valid until 8:47",
}
FORMATS = ("feed.xml", "rss.xml")
PAIRS = [(function.id, audience) for function in belgium().functions.values() for audience in function.audiences]


@cache
def site() -> Mapping[str, bytes]:
    return exported(mixed())


def parsed(name: str, files: Mapping[str, bytes] | None = None) -> Any:
    return feedparser.parse((site() if files is None else files)[name])


def feed_names() -> list[str]:
    return sorted(name for name in site() if name.endswith(("/feed.xml", "/rss.xml")))


def test_there_is_a_feed_for_everybody_each_profession_and_each_of_its_functions_and_no_other() -> None:
    places = ["", *(f"{audience}/" for audience in belgium().audiences)]
    places += [f"{audience}/{function}/" for function, audience in PAIRS]
    expected = {f"{language}/{place}{name}" for language in LANGUAGES for place in places for name in FORMATS}

    assert set(feed_names()) == expected
    assert {name for name in site() if name.endswith("/feed.json")} == {
        f"{language}/{audience}/feed.json" for language in LANGUAGES for audience in belgium().audiences
    }


def test_feedparser_finds_nothing_wrong_with_any_of_them() -> None:
    for name in feed_names():
        feed = parsed(name)
        assert feed.bozo == 0, (name, feed.get("bozo_exception"))
        assert feed.version == ("atom10" if name.endswith("feed.xml") else "rss20"), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_feed_says_to_people_and_to_machines_until_when_it_may_be_trusted(language: str) -> None:
    for name in (each for each in feed_names() if each.startswith(f"{language}/")):
        feed = parsed(name).feed
        assert VALID[language] in feed.subtitle, name
        assert feed.t_checkedat == "2020-01-28T07:42:00Z", name
        assert feed.t_validuntil == "2020-01-28T07:47:00Z", name
        assert MARKS[language][0] in feed.title, name


@pytest.mark.parametrize("form", FORMATS)
def test_a_function_s_feed_tells_of_that_function_only_under_the_ids_of_the_profession_s_feed(form: str) -> None:
    whole = [entry.id for entry in parsed(f"en/pharmacist/{form}").entries]
    narrow = [entry.id for entry in parsed(f"en/pharmacist/dispense/{form}").entries]

    assert narrow == ["https://status.example.org/en/pharmacist/2020-01-28-1-b1"]
    assert narrow[0] in whole
    assert len(whole) == 4
    assert parsed(f"en/pharmacist/dispense/{form}").feed.t_state == "down"
    assert parsed(f"en/pharmacist/open_session/{form}").feed.t_state == "ok"


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_entry_carries_what_it_must_say_of_itself(language: str, form: str) -> None:
    drill = replace(DOWN, is_drill=True)
    files = exported(mixed(incidents=(drill,), said=(said(first(drill)),)))
    (entry,) = parsed(f"{language}/pharmacist/dispense/{form}", files).entries

    for mark in MARKS[language]:
        assert mark in entry.summary
    assert "drill" in [tag.term for tag in entry.tags]


def test_an_official_feed_is_not_marked_and_names_its_authority() -> None:
    files = exported(mixed(pack=official(belgium())))
    feed = parsed("nl/pharmacist/feed.xml", files)

    assert feed.feed.author == "The authority nl."
    assert MARKS["nl"][0] not in files["nl/pharmacist/feed.xml"].decode()


def test_a_replay_says_that_it_is_one_in_title_and_entries() -> None:
    feed = parsed("en/pharmacist/rss.xml", exported(mixed(is_replay=True)))

    assert "Scripted reconstruction" in feed.feed.title
    assert all("Scripted reconstruction" in entry.summary for entry in feed.entries)


def test_the_end_is_an_entry_of_its_own_and_the_newest_comes_first() -> None:
    entries = parsed("en/pharmacist/tarify/feed.xml").entries

    assert [entry.id.rsplit("/", 1)[1] for entry in entries] == ["2020-01-28-0-b2", "2020-01-28-0-b1"]
    assert "end" in [tag.term for tag in entries[0].tags]


class TestCorrections:
    """A correction that people are told of is news; a silent one mends what was said under the same id."""

    def told(self, **changes: Any) -> Facts:
        wrong = first(DOWN)
        texts = {
            audience: replace(text, subject={language: f"Mended {language}" for language in LANGUAGES})
            for audience, text in wrong.texts.items()
        }
        at = NOW + timedelta(minutes=3)
        mended = replace(
            wrong, id="2020-01-28-1-b2", number=2, kind="correction", corrects=wrong.id, texts=texts, drafted_at=at
        )
        return mixed(incidents=(DOWN,), said=(said(wrong), said(replace(mended, **changes))), now=at, checked_at=at)

    def test_a_correction_is_an_entry(self) -> None:
        entries = parsed("en/pharmacist/feed.xml", exported(self.told())).entries
        assert [entry.title for entry in entries] == [
            "Mended en",
            "Electronic prescriptions cannot be retrieved (since 8:40)",
        ]

    @pytest.mark.parametrize("corrects", ["2020-01-28-1-b1", None])
    def test_a_silent_correction_takes_the_place_of_what_it_mends(self, corrects: str | None) -> None:
        files = exported(self.told(is_silent=True, corrects=corrects))
        (entry,) = parsed("en/pharmacist/feed.xml", files).entries

        assert entry.title == "Mended en"
        assert entry.id.endswith("/2020-01-28-1-b1")
        assert entry.published == "2020-01-28T07:42:00Z"
        assert entry.updated == "2020-01-28T07:45:00Z"

    def test_a_silent_first_word_is_an_entry_for_there_is_nothing_to_mend(self) -> None:
        silent = replace(first(DOWN), is_silent=True)
        entries = parsed("en/pharmacist/feed.xml", exported(mixed(said=(said(silent),)))).entries
        assert [entry.id.rsplit("/", 1)[1] for entry in entries] == [silent.id]


HOSTILE = "</title>]]><script>alert(1)</script>\u202e\x0b & \"quotes\" 'single' <b>"


@pytest.mark.parametrize("form", FORMATS)
def test_hostile_text_stays_text(form: str) -> None:
    bulletin = first(DOWN)
    text = bulletin.texts["pharmacist"]
    hostile = dict.fromkeys(LANGUAGES, HOSTILE)
    texts = {"pharmacist": replace(text, headline=hostile, subject=hostile)}
    files = exported(mixed(said=(said(replace(bulletin, texts=texts)),)))
    feed = parsed(f"en/pharmacist/{form}", files)

    assert feed.bozo == 0
    (entry,) = feed.entries
    content = files[f"en/pharmacist/{form}"].decode()
    assert "<script" not in content
    assert "&lt;script" in content
    assert "\u202e" not in content
    assert "\x0b" not in content
    assert "&amp;lt;b&amp;gt;" in content  # escaped once as text in HTML and once more as HTML in XML
    assert entry.id.endswith("/2020-01-28-1-b1")


def test_many_entries_are_cut_to_the_newest() -> None:
    bulletin = first(DOWN)
    many = [replace(bulletin, id=f"2020-01-28-1-b{number}", number=number) for number in range(1, 31)]
    files = exported(mixed(said=tuple(said(one) for one in many)))

    for name in ("en/feed.xml", "en/pharmacist/feed.xml", "en/pharmacist/dispense/rss.xml"):
        entries = parsed(name, files).entries
        assert len(entries) == 20
        assert entries[0].id.endswith("-b30")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_json_feed_says_the_same_as_the_atom_feed(language: str) -> None:
    document = json.loads(site()[f"{language}/pharmacist/feed.json"])
    feed = parsed(f"{language}/pharmacist/feed.xml")

    assert document["version"] == "https://jsonfeed.org/version/1.1"
    assert document["feed_url"] == f"https://status.example.org/{language}/pharmacist/feed.json"
    assert document["description"] == feed.feed.subtitle
    assert document["_tocsin"] == {
        "checked_at": "2020-01-28T07:42:00Z",
        "valid_until": "2020-01-28T07:47:00Z",
        "state": "down",
        "is_demonstration": True,
        "is_replay": False,
    }
    assert [item["id"] for item in document["items"]] == [entry.id for entry in feed.entries]
    assert [item["title"] for item in document["items"]] == [entry.title for entry in feed.entries]
    assert all(MARKS[language][0] in item["content_html"] for item in document["items"])


def test_a_feed_that_nobody_checked_says_so() -> None:
    files = exported(facts(checked_at=None))
    feed = parsed("en/pharmacist/feed.xml", files)

    assert feed.bozo == 0
    assert "Not checked yet" in feed.feed.subtitle
    assert "t_checkedat" not in feed.feed
    assert feed.feed.t_state == "unknown"
    assert json.loads(files["en/pharmacist/feed.json"])["_tocsin"]["checked_at"] is None


def test_a_feed_that_is_too_old_says_so() -> None:
    feed = parsed("en/pharmacist/rss.xml", exported(mixed(now=NOW + timedelta(minutes=6))))

    assert "That is too long ago" in feed.feed.subtitle
    assert feed.feed.t_state == "unknown"


def test_the_same_facts_give_the_same_bytes() -> None:
    assert exported(mixed()) == site()
