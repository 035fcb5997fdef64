"""The pages beside "now": links and anchors between all of them, what each says, and hostile text on them."""

import gzip
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from html.parser import HTMLParser
from pathlib import PurePosixPath

import pytest

from bulletin_cases import NOW, activation, closed, facts, first, incident, said, templates
from rich_facts import EFFECT, maintenance, procedures, rich
from tocsin.bulletins.rules.retraction import retraction
from tocsin.detection.rules.model import State
from tocsin.kernel.language import LANGUAGES
from tocsin.status_site.exports import render_exports
from tocsin.status_site.ports import Addresses
from tocsin.status_site.rendering import Standing, render_pages, render_standing
from tocsin.status_site.rules.facts import Chapter, Facts, OwnState, Readiness

ADDRESSES = Addresses(site_url="https://status.example.org/", base_url="https://tocsin.example.org")
OVERRIDE = "\u202e"


def site(given: Facts) -> dict[str, str]:
    rendered = {
        **render_exports(given, templates=templates(), addresses=ADDRESSES),
        **render_standing(given, templates=templates()),
        **render_pages(given, templates=templates(), addresses=ADDRESSES),
    }
    return {name: content.decode() for name, content in rendered.items() if not name.endswith((".png", ".gz"))}


@cache
def rich_site() -> Mapping[str, str]:
    return site(rich())


class Linked(HTMLParser):
    """Where a page leads, and what on it can be led to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        given = dict(attrs)
        self.links += [value for name in ("href", "src") if (value := given.get(name))]
        self.ids += [value for name in ("id",) if (value := given.get(name))]


def test_every_link_and_anchor_leads_somewhere() -> None:
    pages = {name: Linked(text) for name, text in rich_site().items() if name.endswith(".html")}
    assert len(pages) > 200
    followed = 0
    for name, page in pages.items():
        for link in page.links:
            if re.match(r"https?://|mailto:|tel:", link):
                continue
            path, _, anchor = link.partition("#")
            target = _resolved(name, path) if path else name
            assert target in rich_site(), f"{name}: {link}"
            assert not anchor or anchor in pages[target].ids, f"{name}: {link}"
            followed += 1
    assert followed > 3000


def test_no_page_names_an_element_twice() -> None:
    for name, text in rich_site().items():
        if name.endswith(".html"):
            ids = Linked(text).ids
            assert len(ids) == len(set(ids)), name


def test_everything_can_be_reached_from_the_first_page() -> None:
    pages = {name: Linked(text) for name, text in rich_site().items() if name.endswith(".html")}
    waiting, seen = ["index.html"], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in pages:
            continue
        seen.add(name)
        waiting += [_resolved(name, link.partition("#")[0]) for link in pages[name].links if "://" not in link]
    assert seen == set(pages)


def _resolved(name: str, path: str) -> str:
    parts: list[str] = list(PurePosixPath(name).parent.parts)
    for part in path.split("/"):
        if part == "..":
            parts.pop()
        elif part:
            parts.append(part)
    return "/".join(parts)


def test_every_first_page_fits_into_thirty_kilobytes_even_on_such_a_morning() -> None:
    frame = sum(len(gzip.compress(rich_site()[f"assets/{name}"].encode())) for name in ("site.css", "refresh.js"))
    heaviest = max(len(gzip.compress(text.encode())) for name, text in rich_site().items() if name.endswith(".html"))

    assert frame + heaviest < 30_000


class TestNow:
    """The page of a profession."""

    def test_it_leads_to_where_one_asks_to_be_told_and_where_one_tells(self) -> None:
        page = rich_site()["fr/doctor/index.html"]
        query = "language=fr&amp;audience=doctor"
        assert f"https://tocsin.example.org/subscribe/?{query}#remind" in page
        assert f"https://tocsin.example.org/problem/?{query}&amp;function=prescribe" in page
        assert f"https://tocsin.example.org/problem/?{query}&amp;function=exchange_messages" in page
        quiet = site(facts(procedures=procedures()))["fr/doctor/index.html"]
        assert f'https://tocsin.example.org/problem/?{query}"' in quiet
        assert "02\u00a0788\u00a051\u00a055" in quiet.partition("<footer>")[2], (
            "the help desk, also when nothing is wrong"
        )

    def test_work_that_goes_on_is_neither_green_nor_hides_anything(self) -> None:
        page = rich_site()["en/doctor/index.html"]
        working = page.partition('<details class="working">')[2].partition("</details>")[0]
        assert "Billing" not in working
        assert page.index("Does not work") < page.index("It is going on now.")
        failing = replace(rich(), maintenance=(maintenance(id="m", state="running", functions=("prescribe",)),))
        page = site(failing)["en/doctor/index.html"]
        assert page.index("Electronic prescriptions cannot be made") < page.index("It is going on now.")

    def test_a_quiet_page_under_maintenance_does_not_claim_that_all_is_well(self) -> None:
        page = site(facts(maintenance=(maintenance(state="running"),)))["en/doctor/index.html"]
        assert "No problem seen in the other" in page
        assert "No problem seen in all" not in page

    def test_what_is_planned_is_a_line_at_its_foot_for_those_concerned_only(self) -> None:
        assert 'href="../maintenance.html#m-2020-01-29-2"' in rich_site()["nl/doctor/index.html"]
        assert "m-2020-01-29-2" not in rich_site()["nl/pharmacist/index.html"]
        assert "m-2020-01-29-3" not in rich_site()["nl/doctor/index.html"], "what was called off is not planned"

    def test_it_says_how_tocsin_itself_is(self) -> None:
        assert "Tocsin itself: last looked 8:42 · page written 8:42" in rich_site()["en/doctor/index.html"]
        bare = site(facts(own=OwnState(None, NOW, None)))["en/doctor/index.html"]
        assert "Tocsin itself: page written 8:42</p>" in bare

    def test_legal_words_stand_under_their_own_heading(self) -> None:
        page = rich_site()["en/doctor/index.html"]
        blocks = page.split("<article")
        slow = next(block for block in blocks if "2020-01-28-2" in block.partition(">")[0])
        assert "<dt>Legal</dt>" in slow
        assert "<dt>Reimbursement</dt>" not in slow
        assert "<dt>Reimbursement</dt>" in page
        assert "<dt>Software</dt><dd>GP-A</dd>" in slow, "a doctor is not told of pharmacies' software"
        other = rich_site()["en/laboratory/index.html"]
        assert "<dt>Software</dt>" not in other or "GP-A, Pharmacy-A" in other


class TestIncident:
    """An incident's own page."""

    def test_it_is_permanent_and_in_every_language(self) -> None:
        for language in LANGUAGES:
            assert f"{language}/incidents/2020-01-28-1.html" in render_pages(
                rich(), templates=templates(), addresses=ADDRESSES
            )
            assert f"{language}/incidents/2020-01-28-0.html" in render_standing(rich(), templates=templates())

    def test_it_tells_from_the_first_user_to_the_last_duty(self) -> None:
        page = rich_site()["en/incidents/2020-01-28-0.html"]
        order = [
            page.index(words)
            for words in (
                "The first users are hit (estimated afterwards)",
                "Tocsin notices",
                "First message",
                "End of the outage announced",
                "What was in force",
                "Legal ground not confirmed on that day",
                "What remains to be done",
            )
        ]
        assert order == sorted(order)

    def test_a_correction_shows_what_was_changed(self) -> None:
        page = rich_site()["en/incidents/2020-01-28-1.html"]
        assert "Correction" in page
        assert "Changed on the pages; nobody was written to." in page
        assert "<ins>(!)</ins>" in page

    def test_its_title_is_no_milder_than_its_state(self) -> None:
        down = first()
        slow = {who: replace(text, headline=dict.fromkeys(LANGUAGES, "Slow.")) for who, text in down.texts.items()}
        mild = replace(down, id="mild", state=State.DEGRADED, texts=slow)
        for one, order in ((incident(), (mild, down)), (closed(incident(), at=NOW), (down, mild))):
            chapter = Chapter(one, tuple(said(each) for each in order), ())
            page = site(facts(chapters=(chapter,), procedures=procedures()))["en/incidents/2020-01-28-1.html"]
            assert "<h1>Slow." not in page

    def test_nobody_is_named_nor_blamed(self) -> None:
        chapter = Chapter(
            replace(closed(incident(), at=NOW), owner="jan.peeters", change="CHG-4711"),
            (said(first()),),
            (activation("dispense-on-paper-proof", "ended", by="jan.peeters", until=NOW.replace(hour=9)),),
        )
        page = site(facts(chapters=(chapter,), procedures=procedures()))["en/incidents/2020-01-28-1.html"]
        assert "peeters" not in page
        assert "CHG-4711" not in page

    def test_what_nobody_was_told_of_has_no_page(self) -> None:
        untold = site(facts(chapters=(Chapter(closed(incident(), at=NOW), (), ()),)))
        assert not [name for name in untold if "incidents/2020" in name and name.endswith(".html")]


class TestHistory:
    """The history, and its months."""

    def test_there_is_no_percentage_and_no_mean(self) -> None:
        for name, text in rich_site().items():
            if "/history/" in name:
                assert "%" not in re.sub(r"<[^>]+>", "", text), name

    def test_both_clocks_stand_side_by_side(self) -> None:
        page = rich_site()["en/history/index.html"]
        assert "<dt>Felt by users</dt><dd>1 hour and 47 minutes</dd>" in page
        assert "<dt>Said by us</dt><dd>55 minutes</dd>" in page
        assert "Kept since 28 January 2020" in page
        assert '<a href="2020-01.html">' in page

    def test_without_figures_it_says_so(self) -> None:
        assert "No outage is known." in site(facts())["en/history/index.html"]


def test_readiness_says_what_nobody_knows() -> None:
    page = rich_site()["en/readiness.html"]
    gp_b = page.partition("<h2>GP-B</h2>")[2].partition("</section>")[0]
    assert [gp_b.index(word) for word in ("Failed", "Declared", "Unknown")] == sorted(
        gp_b.index(word) for word in ("Failed", "Declared", "Unknown")
    )
    assert "since 2 January 2020" in gp_b
    nothing = site(facts())["en/readiness.html"].partition("<section")[2]
    assert "Proven" not in nothing
    assert "Unknown" in nothing


def test_an_overdue_procedure_admits_it() -> None:
    assert "should have been checked again" not in rich_site()["en/procedures/dispense-on-paper-proof.html"]
    known = procedures()
    old = replace(known["dispense-on-paper-proof"], review_on=NOW.date().replace(year=2019))
    page = site(facts(procedures={**known, old.id: old}))["en/procedures/dispense-on-paper-proof.html"]
    assert "This should have been checked again by 28 January 2019." in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_accessibility_statement_names_no_authority_that_is_not_there(language: str) -> None:
    page = rich_site()[f"{language}/accessibility.html"]
    assert len(Linked(page).links) > 5
    assert page.count("<h2>") == 5
    assert not re.search(r"www\.\w*ombudsm|mediateurfederal", page)


def test_what_an_operator_typed_cannot_disguise_what_stands_around_it() -> None:
    evil = f"{OVERRIDE}<script>alert(1)</script>\u200b\x07 {OVERRIDE}now"
    work = maintenance(state="running", effect=dict.fromkeys(LANGUAGES, evil))
    one = first()
    texts = {name: replace(text, headline=dict.fromkeys(LANGUAGES, evil)) for name, text in one.texts.items()}
    bad = replace(one, texts=texts)
    given = facts(
        maintenance=(work,),
        incidents=(incident(),),
        said=(said(bad),),
        chapters=(Chapter(incident(), (said(bad),), ()),),
    )
    for name, text in site(given).items():
        if name.endswith(".html"):
            assert OVERRIDE not in text, name
            assert "\u200b" not in text, name
            assert "\x07" not in text, name
            assert "<script>alert" not in text, name


def test_what_stays_true_is_rendered_anew_only_when_it_changed() -> None:
    standing = Standing()
    before = standing.render(rich(), templates=templates())

    def renewed(given: Facts) -> set[str]:
        after = standing.render(given, templates=templates())
        assert after == render_standing(given, templates=templates()), "what is kept is what would be made"
        fresh = {
            name.split("/")[1] for name, content in after.items() if before.get(name) is not content and "/" in name
        }
        standing.render(rich(), templates=templates())
        return fresh

    assert renewed(replace(rich(), now=NOW.replace(minute=50), checked_at=None, maintenance=())) == set()
    ended = [chapter for chapter in rich().chapters if not chapter.incident.is_open]
    another = replace(ended[0], incident=replace(ended[0].incident, id="2020-01-02-0"))
    before = standing.render(rich(), templates=templates())
    assert renewed(replace(rich(), readiness=())) == {"readiness.html"}
    before = standing.render(rich(), templates=templates())
    assert renewed(replace(rich(), chapters=[*rich().chapters, another])) == {"history", "incidents"}
    before = standing.render(rich(), templates=templates())
    assert "procedures" in renewed(replace(rich(), now=NOW + timedelta(days=1)))


def test_what_was_a_false_alarm_does_not_work_again() -> None:
    over, start = closed(incident(), at=NOW), first()
    back = retraction(
        over, [start], procedures=procedures(), templates=templates(), pack=facts().pack, now=NOW + timedelta(minutes=1)
    )
    page = site(facts(incidents=(over,), said=(said(start), said(back)), procedures=procedures()))
    assert "False alarm" in page["en/pharmacist/index.html"]
    assert "It works again" not in page["en/pharmacist/index.html"]


def test_a_drill_is_marked() -> None:
    drill = incident(is_drill=True, state=State.DOWN)
    told = said(replace(first(drill), is_drill=True))
    page = site(facts(incidents=(drill,), said=(told,), chapters=(Chapter(drill, (told,), ()),)))
    assert "EXERCISE" in page["en/pharmacist/index.html"]
    assert "<strong>Exercise</strong>" in page["en/incidents/2020-01-28-1.html"]


def test_the_effect_is_told_in_the_readers_language() -> None:
    for language in LANGUAGES:
        assert EFFECT[language].replace("’", "’") in rich_site()[f"{language}/maintenance.html"]


def test_readiness_of_what_the_pack_lost_is_left_out() -> None:
    page = site(facts(readiness=(Readiness("gone", "prescribe", "proven", None),)))["en/readiness.html"]
    assert "gone" not in page
