"""The pages as a reader gets them: files, links, languages, and what must never be shown."""

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from html.parser import HTMLParser
from pathlib import PurePosixPath
from typing import Any

import feedparser
import pytest

from bulletin_cases import (
    NOW,
    PACK_FOLDER,
    belgium,
    closed,
    due,
    facts,
    first,
    incident,
    procedure,
    said,
    templates,
    verdicts,
    words,
)
from tocsin.catalog.rules.model import Authority
from tocsin.continuity.queries import load_procedures
from tocsin.continuity.rules.model import Procedure
from tocsin.detection.rules.model import State
from tocsin.diagnosis.rules.model import Suspect
from tocsin.kernel.language import LANGUAGES
from tocsin.kernel.reasons import Reason
from tocsin.status_site.exports import render_exports
from tocsin.status_site.ports import Addresses
from tocsin.status_site.rendering import render_pages, render_standing
from tocsin.status_site.rules.facts import Facts

ADDRESSES = Addresses(site_url="https://status.example.org/", base_url="https://tocsin.example.org")
DEMONSTRATION = {
    "fr": "Démonstration non officielle",
    "nl": "Niet-officiële demonstratie",
    "de": "Inoffizielle Demonstration",
    "en": "Unofficial demonstration",
}
CHECKED = {
    "fr": "Vérifié à 8\u00a0h\u00a042 · valable jusqu’à 8\u00a0h\u00a047",
    "nl": "Nagekeken om 8.42\u00a0uur · geldig tot 8.47\u00a0uur",
    "de": "Geprüft um 8.42\u00a0Uhr · gültig bis 8.47\u00a0Uhr",
    "en": "Checked 8:42 · valid until 8:47",
}
STANDING = re.compile(r"/procedures|/history/|/readiness|/accessibility")
"""Pages that say nothing of what works at this moment."""
STATE_WORDS = {
    "fr": ("Ne fonctionne pas", "Perturbations", "À confirmer"),
    "nl": ("Werkt niet", "Verstoord", "Nog niet duidelijk"),
    "de": ("Funktioniert nicht", "Eingeschränkt", "Noch unklar"),
    "en": ("Does not work", "Disrupted", "Not clear yet"),
}


@cache
def procedures() -> dict[str, Procedure]:
    return load_procedures(PACK_FOLDER, belgium())


def everything(given: Facts) -> dict[str, str]:
    rendered = {
        **render_standing(given, templates=templates()),
        **render_pages(given, templates=templates(), addresses=ADDRESSES),
        **render_exports(given, templates=templates(), addresses=ADDRESSES),
    }
    return {name: content.decode() for name, content in rendered.items()}


def mixed(**changes: Any) -> Facts:
    """A morning with something down, something slow, something in question and something over, on the real pack."""
    down = incident(functions=("prescribe", "dispense"))
    slow = incident(id="2020-01-28-2", functions=("exchange_messages",), state=State.DEGRADED, regions=("BE-WLG",))
    before = incident(id="2020-01-28-0", functions=("tarify",))
    early = first(before, procedures=procedures(), now=NOW - timedelta(hours=1))
    over = closed(before, at=NOW - timedelta(minutes=5))
    (end,) = due(over, happened="closed", published=(early,), procedures=procedures(), now=NOW - timedelta(minutes=5))
    told = (early, end, first(down, procedures=procedures()), first(slow, procedures=procedures()))
    given: dict[str, Any] = {
        "incidents": (over, down, slow),
        "said": tuple(said(one) for one in told),
        "procedures": procedures(),
        "verdicts": verdicts({"identify_patient": State.DOWN}),
    }
    return facts(**{**given, **changes})


@cache
def mixed_site() -> Mapping[str, str]:
    return everything(mixed())


class _Page(HTMLParser):
    """What a page's tags say."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def pages(site: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in site.items() if name.endswith(".html")}


def test_every_language_has_every_page() -> None:
    site = mixed_site()
    places = ["index.html"]
    for audience in belgium().audiences:
        places += [f"{audience}/index.html", f"{audience}/procedures.html"]
    places += [f"procedures/{name}.html" for name in procedures()]
    places += ["maintenance.html", "readiness.html", "accessibility.html", "history/index.html"]
    expected = {f"{language}/{place}" for language in LANGUAGES for place in places}

    assets = {f"assets/{name}" for name in ("site.css", "refresh.js", "icon.svg")}
    exported = render_exports(mixed(), templates=templates(), addresses=ADDRESSES)
    assert set(site) - set(exported) == {*expected, *assets, "index.html", "robots.txt"}


def test_every_link_inside_the_site_leads_somewhere_even_from_a_disk() -> None:
    site = mixed_site()
    for name, text in pages(site).items():
        page = _Page(text)
        links = [a["href"] for a in page.all("a")] + [a["href"] for a in page.all("link")]
        links += [a["src"] for a in page.all("script")]
        for link in links:
            assert link is not None
            if link.startswith(("https://", "#")):
                continue
            assert not link.startswith("/"), f"{name}: {link} needs a server's root"
            assert _resolved(name, link) in site, f"{name}: {link}"


def _resolved(name: str, link: str) -> str:
    parts: list[str] = list(PurePosixPath(name).parent.parts)
    for part in link.split("/"):
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def test_pages_work_without_scripts_and_without_anything_inline() -> None:
    for name, text in pages(mixed_site()).items():
        page = _Page(text)
        assert page.all("style") == [], name
        assert all(attrs.get("src") for attrs in page.all("script")), name
        assert all("style" not in attrs and not any(key.startswith("on") for key in attrs) for _, attrs in page.tags)


def test_every_page_has_its_language_landmarks_one_heading_and_a_way_past_the_top() -> None:
    for name, text in pages(mixed_site()).items():
        page = _Page(text)
        language = name.split("/")[0] if "/" in name else "en"
        assert page.all("html") == [{"lang": language}], name
        assert len(page.all("main")) == 1, name
        assert len(page.all("h1")) == 1, name
        if "/" in name:
            assert len(page.all("nav")) == len(page.all("header")) == len(page.all("footer")) == 1, name
            assert page.all("a")[0]["href"] == "#main", name
        ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
        assert len(ids) == len(set(ids)), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_states_are_shape_and_word_and_colour(language: str) -> None:
    page = mixed_site()[f"{language}/doctor/index.html"]
    down, disrupted, unclear = STATE_WORDS[language]
    for state, shape, word in (("down", "■", down), ("degraded", "▲", disrupted), ("unknown", "?", unclear)):
        tag = f'<span class="state {state}"><span class="shape" aria-hidden="true">{shape}</span> {word}</span>'
        assert tag in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_left_untranslated(language: str) -> None:
    if language == "en":
        return
    english = set(_texts(mixed_site()["en/doctor/index.html"]))
    other = set(_texts(mixed_site()[f"{language}/doctor/index.html"]))

    named = {each.name for each in belgium().packages.values()}
    named |= {each.name["en"] for each in belgium().regions.values()}
    assert english & other <= {"FR", "NL", "DE", "EN", "■", "▲", "●", "?", ":", "Feed (Atom)", "E-mail/SMS", *named}


def _texts(page: str) -> list[str]:
    return [text for text in (part.strip() for part in re.split(r"<[^>]+>", page)) if text]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_says_when_it_was_checked_and_until_when_it_is_valid(language: str) -> None:
    site = mixed_site()
    for name, text in pages(site).items():
        if name.startswith(f"{language}/") and not STANDING.search(name):
            assert CHECKED[language] in text, name
    assert CHECKED[language] in site["index.html"]
    assert CHECKED[language] in site[f"{language}/feed.xml"]


class TestNever:
    """Every line of "What must never be shown"."""

    def test_a_yes_without_a_validator(self) -> None:
        for language in LANGUAGES:
            texts = {one.legal.text[language] for one in procedures().values() if one.legal.validator is None}
            for name, page in mixed_site().items():
                if name.startswith(f"{language}/"):
                    assert not [text for text in texts if text in page], name

    def test_a_do_not_that_blocks_plan_b(self) -> None:
        stay = procedure("stay", function="open_session", avoid=words("Do not log out"), is_avoid_proven=True)
        for shown in everything(mixed(procedures={**procedures(), "stay": stay})).values():
            assert "Do not log out" not in shown

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_a_green_that_nobody_checked(self, language: str) -> None:
        quiet = everything(facts(procedures=procedures()))
        for name in (f"{language}/index.html", f"{language}/doctor/index.html"):
            greens = re.findall(r'class="state ok">.*?</span> (.*?)</span>', quiet[name])
            assert greens
            assert all(re.search(r"\(.*8[.:\u00a0]", green) for green in greens), greens
        stale = everything(facts(procedures=procedures(), checked_at=NOW - timedelta(minutes=6)))
        never = everything(facts(procedures=procedures(), checked_at=None))
        for site in (stale, never):
            assert "state ok" not in site[f"{language}/index.html"]
            assert "state ok" not in site[f"{language}/doctor/index.html"]
            assert STATE_WORDS[language][2] in site[f"{language}/doctor/index.html"]

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_an_authority_that_is_not_there(self, language: str) -> None:
        site = mixed_site()
        for name, text in site.items():
            if name.startswith(f"{language}/") and name.endswith((".html", ".xml")):
                assert DEMONSTRATION[language] in text, name
            if name.endswith(".html"):
                assert '<meta name="robots" content="noindex">' in text, name
        assert DEMONSTRATION[language] in site["index.html"]
        assert json.loads(site["status.json"])["is_demonstration"] is True
        assert "Disallow: /" in site["robots.txt"]

    def test_a_demonstration_where_an_authority_answers(self) -> None:
        pack = replace(belgium(), authority=Authority(name=words("Authority"), help_desk=words("Desk")))
        site = everything(mixed(pack=pack))
        for name, text in site.items():
            if not name.startswith("schema/"):
                assert not [word for word in DEMONSTRATION.values() if word in text], name
            assert "noindex" not in text
        assert "Authority fr." in site["fr/feed.xml"]
        assert "Allow: /" in site["robots.txt"]

    def test_somebodys_raw_words(self) -> None:
        raw = Reason("notice.down", {"text": "Back by 10:30, says Jan Peeters", "until": "2020-01-28T09:30:00Z"})
        blamed = incident(
            functions=("prescribe", "dispense"),
            reasons=(raw,),
            suspects=(Suspect("net_proximus", 0.9, (raw,), change="CHG-4711", partner="proximus"),),
            change="CHG-4711",
        )
        told = first(blamed, procedures=procedures())
        site = everything(mixed(incidents=(blamed,), said=(said(told),)))
        for name, text in site.items():
            for word in ("Peeters", "10:30", "10.30", "proximus", "Proximus", "CHG-4711"):
                assert word not in text, name

    def test_what_looks_like_markup_as_markup(self) -> None:
        evil = procedure(instruction=words("<script>alert(1)</script>"), title=words("<b>x</b>"))
        one = incident()
        given = facts(
            incidents=(one,), said=(said(first(one, procedures={"paper": evil})),), procedures={"paper": evil}
        )
        for name, text in everything(given).items():
            if name.endswith((".html", ".xml")):
                assert "<script>alert" not in text, name
                assert "<b>x" not in text, name


def test_the_worst_for_this_reader_stands_first() -> None:
    page = mixed_site()["en/doctor/index.html"]
    order = [
        page.index(words)
        for words in ("cannot be made", "arrive or leave late", '<h2><span class="state unknown', "No problem seen")
    ]

    assert order == sorted(order)


def test_what_works_folds_into_one_line() -> None:
    page = mixed_site()["en/pharmacist/index.html"]

    assert page.count("No problem seen in the other") == 1
    assert re.search(r"No problem seen in the other \d functions \(checked 8:42\)", page)


def test_a_quiet_page_says_so_with_the_time() -> None:
    page = everything(facts(procedures=procedures()))["fr/pharmacist/index.html"]

    assert re.search(r"Aucun problème constaté pour les \d fonctions \(vérifié à 8\u00a0h\u00a042\)", page)


def test_a_page_that_nobody_checks_any_more_admits_it() -> None:
    stale = everything(facts(procedures=procedures(), checked_at=NOW - timedelta(minutes=9)))

    assert "Last checked at 8:33. That is too long ago" in stale["en/doctor/index.html"]
    assert "Nobody has looked lately" in stale["en/doctor/index.html"]
    assert "Last checked at 8:33" in stale["en/doctor/feed.xml"]
    never = everything(facts(procedures=procedures(), checked_at=None))
    assert "Noch nicht geprüft" in never["de/doctor/index.html"]
    assert "Noch nicht geprüft" in never["de/feed.xml"]


def test_a_replay_says_that_nothing_of_it_happens_now() -> None:
    site = everything(mixed(is_replay=True))

    for name, text in pages(site).items():
        assert re.search(r"re-enacted|[Rr]econstitu|[Nn]agespeelde|[Nn]achgestellte", text), name
        top, _, foot = text.partition("<main")
        if name != "index.html":
            assert re.search(r"re-enacted|reconstituée|nagespeelde|nachgestellter", top), name
            assert re.search(r"happening now|en ce moment|gebeurt nu|geschieht jetzt", foot), name
    assert "Scripted reconstruction" in site["en/feed.xml"]
    assert json.loads(site["status.json"])["is_replay"] is True
    assert "data-valid-until" not in site["en/doctor/index.html"], "a reader's clock knows nothing of replayed time"
    assert 'data-refresh-s="5"' in site["en/doctor/index.html"]
    assert 'data-refresh-s="60"' in mixed_site()["en/doctor/index.html"]


def test_what_is_said_above_the_fold_of_whose_word_it_is_stays_short() -> None:
    site = everything(mixed(is_replay=True))
    for language in LANGUAGES:
        text = site[f"{language}/doctor/index.html"]
        whose = re.search(r'<p class="whose">(.*?)</p>', text)
        assert whose is not None
        assert len(re.sub(r"<[^>]+>", "", whose[1])) <= 60
        assert re.search(r"authority|autorité|overheid|Behörde", text.partition("<footer>")[2])


def test_a_long_list_of_further_procedures_is_folded_and_none_is_lost() -> None:
    names = ("a", "b", "c", "d", "e")
    four = {name: procedure(name) for name in names}
    text = first(procedures=four).texts["pharmacist"]
    long = replace(first(), texts={"pharmacist": replace(text, now=text.now[:1], procedures=names)})
    given = facts(incidents=(incident(),), said=(said(long),), procedures=four)
    page = everything(given)["en/pharmacist/index.html"]
    folded = page[page.index('<details class="more">') :]

    assert "4 more procedures" in folded
    assert folded[: folded.index("</details>")].count("<li>") == 4
    short = replace(long, texts={"pharmacist": replace(text, now=text.now[:1], procedures=names[:4])})
    page = everything(replace(given, said=(said(short),)))["en/pharmacist/index.html"]
    assert '<details class="more">' not in page
    assert page.count("/procedures/") >= 4


def test_feeds_are_atom_in_every_language() -> None:
    site = mixed_site()
    for name, text in site.items():
        if not name.endswith("feed.xml"):
            continue
        feed: Any = feedparser.parse(text.encode())
        assert feed.bozo == 0, name
        assert feed.version == "atom10", name
        assert feed.feed.language == name.split("/")[0]
        assert [entry.published for entry in feed.entries] == sorted(
            (entry.published for entry in feed.entries), reverse=True
        )
        assert len({entry.id for entry in feed.entries}) == len(feed.entries)


def test_a_feed_holds_what_its_readers_were_told() -> None:
    feed: Any = feedparser.parse(mixed_site()["nl/pharmacist/feed.xml"].encode())

    assert feed.feed.title.startswith(belgium().audiences["pharmacist"].plural["nl"])
    assert len(feed.entries) == 4
    ours = next(entry for entry in feed.entries if entry.id.endswith("/2020-01-28-1-b1"))
    assert ours.title == "Elektronische voorschriften kunnen niet worden opgehaald (sinds 8.40\u00a0uur)"
    assert "Volgende bericht:</strong> 9.10\u00a0uur" in ours.summary


def test_a_feed_without_entries_has_a_date_that_comes_from_the_facts() -> None:
    feed: Any = feedparser.parse(everything(facts())["en/feed.xml"].encode())

    assert feed.entries == []
    assert feed.feed.updated == "2020-01-28T07:42:00Z"


def test_rendering_twice_gives_the_same_bytes() -> None:
    assert everything(mixed()) == dict(mixed_site())


def test_a_first_page_fits_into_thirty_kilobytes() -> None:
    site = mixed_site()
    frame = sum(len(gzip.compress(site[f"assets/{name}"].encode())) for name in ("site.css", "refresh.js"))
    heaviest = max(len(gzip.compress(text.encode())) for text in pages(site).values())

    assert frame + heaviest < 30_000


def test_a_procedure_page_can_be_printed_and_used() -> None:
    page = mixed_site()["nl/procedures/dispense-on-paper-proof.html"]
    paper = procedures()["dispense-on-paper-proof"]

    assert page.count("<li>") >= len(paper.steps)
    assert "Nog te valideren door INAMI/RIZIV voor echt gebruik." in page
    assert "Nagekeken op" in page
    assert "Zeg aan de patiënt" in page


class TestColours:
    """Contrast of the colours on the sheet, light and dark."""

    @staticmethod
    def palettes(site: Mapping[str, str]) -> list[dict[str, str]]:
        found = re.findall(r":root \{([^}]*)\}", site["assets/site.css"])
        return [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block)) for block in found if "--paper" in block]

    @pytest.mark.parametrize("place", [0, 1, 2])
    def test_everything_can_be_read(self, place: int) -> None:
        palette = self.palettes(mixed_site())[place]
        for name in ("ink", "quiet", "ok", "degraded", "down", "planned", "unknown"):
            assert _contrast(palette[name], palette["paper"]) >= 4.5, name

    def test_the_light_states_are_the_ones_agreed(self) -> None:
        palette = self.palettes(mixed_site())[0]

        assert [palette[name] for name in ("ok", "degraded", "down", "planned", "unknown")] == [
            "#1b7a3d",
            "#8a5a00",
            "#b3261e",
            "#1f5fa8",
            "#5b5f66",
        ]


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
