"""The console's pages, rendered from rows that the domains' own services wrote."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any, get_args

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from factories import console as make
from tocsin.accounts.models import Operator
from tocsin.bulletins import governing
from tocsin.detection.models import SeriesPoint
from tocsin.incidents import services as incidents
from tocsin.incidents.models import TimelineEntry
from tocsin.incidents.rules.model import Phase
from tocsin.incidents.rules.promises import promise_step
from tocsin.incidents.services import add_entry
from tocsin.kernel.clock import FixedClock
from tocsin.kernel.reasons import Reason
from tocsin.observations.models import IntakeCount
from tocsin.observations.rules.identifiers import Kind
from tocsin.web import present
from tocsin.web import words as vocabulary

pytestmark = pytest.mark.django_db

PAGES = (
    "/console/",
    "/console/board/",
    "/console/keys/",
    "/console/audit/",
    "/console/intake/",
    "/console/functions/open_session/",
    "/console/incidents/2020-01-27-1/",
    "/console/bulletins/2020-01-27-1-b1/",
    "/console/bulletins/2020-01-27-1-b3/",
)


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> None:
    settings.CLOCK = FixedClock(make.NOW)


@pytest.fixture
def ann() -> Operator:
    return make.operator()


@pytest.fixture
def console(client: Client, ann: Operator) -> Client:
    client.force_login(ann)
    return client


@pytest.fixture
def morning() -> None:
    make.morning(present.pack())


def body(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


def words(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body(response)))


class Strict(HTMLParser):
    """Collects what the content security policy forbids, ids that are there twice, and buttons without words."""

    def __init__(self) -> None:
        super().__init__()
        self.forbidden: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in given):
            self.forbidden.append(tag)
        self.forbidden += [name for name in given if name == "style" or name.startswith("on")]
        if given.get("id"):
            self.ids.append(str(given["id"]))


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en"])
@pytest.mark.usefixtures("morning")
def test_every_page_stands_in_every_language_without_inline_style_or_script(console: Client, language: str) -> None:
    console.cookies["django_language"] = language
    for path in PAGES:
        html = body(console.get(path))
        strict = Strict()
        strict.feed(html)
        assert (path, strict.forbidden) == (path, [])
        assert len(strict.ids) == len(set(strict.ids))
        assert path == "/console/board/" or f'<html lang="{language}">' in html


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_shown_without_a_login(client: Client, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response["Location"]) == (302, f"/login/?next={path}")


@pytest.mark.usefixtures("morning")
def test_the_console_says_what_why_and_what_was_told(console: Client) -> None:
    said = words(console.get("/console/"))
    for expected in (
        "You cannot log in to eHealth.",
        "3 more functions are hit.",
        "since 8:30, for 52 minutes",
        "Next update due 9:34 (in 12 minutes)",
        "Secure Token Service turns away 62% of callers, usually 3.0% (Professionals’ software).",
        "Fine-grained access was running a configuration that nobody signed off",
        "Call: eHealth contact centre: 02 788 51 55",
        "First message · to everyone concerned (7 professions) · FR NL DE EN by Tocsin itself",
        "Draft waiting",
        "Publish before 9:25 (in 3 minutes)",
        "1 procedure in force since 8:33",
        "Work without logging in",
        "Proposed · Log in with your eHealth certificate",
        "Our own checks: blind since 9:18",
        "Partners’ notices: not in use",
        "3 inputs refused or redacted today",
        "Automation: locked",
        "Unofficial demonstration",
    ):
        assert expected in said, expected


@pytest.mark.usefixtures("morning")
@pytest.mark.parametrize("path", ["/console/", "/console/incidents/2020-01-27-1/"])
def test_what_waits_for_a_click_stands_open_before_what_is_folded(console: Client, path: str) -> None:
    html = body(console.get(path))
    proposed, folded = html.index("Log in with your eHealth certificate"), html.index('id="in-force-2020-01-27-1"')
    assert proposed < folded < html.index("Work without logging in", folded)
    inside = html[folded : html.index("</details>", folded)]
    assert "One hour longer" in inside
    assert "Put in force" not in inside
    assert "End</button>" in inside
    assert "Put in force</button>" in html[proposed:folded]
    assert "Set aside</button>" in html[proposed:folded]
    assert "<details" not in html[html.index("What to do instead") : proposed]


def test_a_total_outage_is_counted_and_its_list_folded(console: Client) -> None:
    functions = tuple(present.pack().functions)
    make.store_incident(make.incident(functions=functions))
    html = body(console.get("/console/"))
    folded = html.index('id="functions-2020-01-27-1"')
    assert html.index("All 15 functions") > folded
    assert "Checking vaccinations" in html[folded : html.index("</details>", folded)]
    make.store_incident(make.incident(functions=functions[:6]))
    assert "6 of 15 functions" in body(console.get("/console/"))
    make.store_incident(make.incident(functions=functions[:2]))
    assert 'id="functions-' not in body(console.get("/console/"))


@pytest.mark.usefixtures("morning")
def test_the_timeline_folds_what_happened_together_and_keeps_every_row(console: Client) -> None:
    for name in ("Work without logging in", "Prescribe on paper", "Bill later"):
        add_entry(
            "2020-01-27-1",
            kind="activation_active",
            actor="engine",
            at=make.NOW,
            reasons=(Reason("continuity.activated", {"procedure": name}),),
        )
    html = body(console.get("/console/incidents/2020-01-27-1/"))
    timeline = html[html.index('class="timeline"') :]
    assert timeline.count("Procedure put in force × 3") == 1
    folded = timeline[timeline.index("× 3") :]
    assert folded.index("Bill later") < folded.index("Prescribe on paper") < folded.index("</details>")
    assert TimelineEntry.objects.filter(kind="activation_active", at=make.NOW).count() == 3


def test_of_many_messages_the_latest_stand_open(console: Client) -> None:
    make.store_incident(make.incident())
    for number in range(1, 9):
        make.publish(make.bulletin(present.pack(), number=number, at=make.BEGAN + timedelta(minutes=number)))
    html = body(console.get("/console/"))
    folded = html.index('id="earlier-2020-01-27-1"')
    assert "2 earlier messages" in html[folded:]
    assert html.index("2020-01-27-1-b8") < html.index("2020-01-27-1-b3") < folded < html.index("2020-01-27-1-b2")


@pytest.mark.usefixtures("morning")
def test_a_draft_shows_all_four_languages_before_its_button(console: Client) -> None:
    html = body(console.get("/console/"))
    draft = html[html.index('class="draft"') : html.index("Publish in four languages")]
    for words_of_it in ("Work on paper. (fr)", "Work on paper. (nl)", "Work on paper. (de)", "Work on paper. (en)"):
        assert words_of_it in draft


def test_before_the_first_check_nothing_is_green(console: Client) -> None:
    html = body(console.get("/console/"))
    assert "Nothing has been checked yet." in html
    assert 'class="s-ok"' not in html
    assert "No open incident" in html


def test_an_old_check_says_so_and_nothing_is_green(console: Client, settings: Settings) -> None:
    make.store_judgement(make.judgement(present.pack()))
    settings.CLOCK = FixedClock(make.NOW + timedelta(minutes=9))
    html = body(console.get("/console/"))
    assert "Nothing has been checked since 9:22. What you see is old." in html
    assert 'class="s-ok"' not in html


def test_a_missed_promise_stays_visible_when_a_new_one_is_made(console: Client) -> None:
    make.store_judgement(make.judgement(present.pack(), down=["open_session"]))
    late = make.incident(now=make.NOW - timedelta(minutes=20))
    make.store_incident(late)
    make.publish(make.bulletin(present.pack()))
    assert "Update missed: promised for 9:14, 8 minutes late" in words(console.get("/console/"))
    make.store_incident(make.incident(), kind="promise_broken", now=make.NOW)
    said = words(console.get("/console/"))
    assert "Next update due 9:34" in said
    assert "1 promised update missed (9:22)" in said


def test_nothing_is_missed_where_nothing_was_ever_promised(console: Client) -> None:
    late = make.incident(now=make.NOW - timedelta(minutes=20))
    make.store_incident(late)
    make.draft(make.bulletin(present.pack(), at=make.NOW - timedelta(minutes=7)))
    unmade = promise_step(late, None, now=make.NOW)
    assert unmade is not None
    incidents.apply([unmade], actor="engine", now=make.NOW)
    said = words(console.get("/console/")) + words(console.get(f"/console/incidents/{late.id}/"))
    assert "Publish before" in said or "Too late: it should have been out" in said
    for claim in ("Update missed", "promised update", "Promised update missed", "Next update due"):
        assert claim not in said


def test_a_draft_that_waits_too_long_breaks_the_promise(console: Client) -> None:
    make.store_incident(make.incident())
    make.draft(make.bulletin(present.pack(), at=make.NOW - timedelta(minutes=7)))
    assert "Too late: it should have been out by 9:20, 2 minutes ago" in words(console.get("/console/"))


def test_a_draft_that_a_promise_waited_for_says_so_instead_of_a_later_moment(console: Client) -> None:
    make.store_incident(make.incident())
    make.store_incident(make.incident(), kind="promise_broken", now=make.NOW - timedelta(minutes=2))
    make.draft(make.bulletin(present.pack(), at=make.NOW - timedelta(minutes=3)))
    said = words(console.get("/console/"))
    assert "Publish now: the update promised for 9:20 is late by 2 minutes" in said
    assert "Publish before" not in said


@pytest.mark.usefixtures("morning")
def test_held_is_shouted_and_offers_release(console: Client) -> None:
    governing.hold(by="ann", now=make.NOW)
    html = body(console.get("/console/"))
    assert "HELD: nothing goes out by itself" in html
    assert 'action="/console/policy/release/"' in html
    assert 'action="/console/policy/hold/"' not in html


@pytest.mark.usefixtures("morning")
def test_unlocked_automation_offers_to_lock(console: Client) -> None:
    governing.unlock_automation(by="ann", now=make.NOW, demonstration=True)
    html = body(console.get("/console/"))
    assert "Automation: unlocked" in html
    assert 'action="/console/policy/lock/"' in html


@pytest.mark.usefixtures("morning")
def test_the_first_screen_costs_a_fixed_number_of_queries(
    console: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    console.get("/console/")
    with django_assert_num_queries(16):
        console.get("/console/")
    make.store_incident(replace(make.incident(id_="2020-01-27-2", functions=("dispense",))))
    make.publish(make.bulletin(present.pack(), incident_id="2020-01-27-2", function="dispense"))
    with django_assert_num_queries(16):
        console.get("/console/board/")


@pytest.mark.usefixtures("morning")
def test_the_incident_page_costs_a_fixed_number_of_queries(
    console: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    console.get("/console/incidents/2020-01-27-1/")
    with django_assert_num_queries(14):
        console.get("/console/incidents/2020-01-27-1/")


@pytest.mark.usefixtures("morning")
def test_the_incident_page_draws_what_was_measured_with_its_marks(console: Client) -> None:
    html = body(console.get("/console/incidents/2020-01-27-1/"))
    assert html.count("<svg") == 1
    chart = html[html.index("<svg") : html.index("</svg>")]
    assert 'class="band"' in chart
    assert chart.count('class="m-bulletin"') == 2
    assert chart.count('class="m-report"') == 2
    assert chart.count('class="m-change"') == 1
    assert "8:22: Started: log level" in html


def test_many_charts_are_folded_and_what_was_not_measured_is_named(console: Client) -> None:
    functions = tuple(present.pack().functions)
    make.store_incident(make.incident(functions=functions))
    for function in functions[:-2]:
        SeriesPoint.objects.create(
            function=function, at=make.NOW, failing_share=0.5, expected_low=0.01, expected_high=0.06
        )
    html = body(console.get("/console/incidents/2020-01-27-1/"))
    shown, folded = html[html.index('id="charts-title"') :].split('id="more-charts"')
    folded, after = folded.split("Nothing measured in this time for:")
    assert "6 of 15 functions; the others stand below." in shown
    assert (shown.count("<svg"), folded.count("<svg")) == (6, 7)
    assert "7 more functions" in folded
    assert re.findall(r"/console/functions/(\w+)/", after[: after.index("</section>")]) == list(functions[-2:])


@pytest.mark.usefixtures("morning")
def test_few_charts_are_not_counted(console: Client) -> None:
    html = body(console.get("/console/incidents/2020-01-27-1/"))
    assert 'id="more-charts"' not in html
    assert "the others stand below" not in html


@pytest.mark.usefixtures("morning")
def test_the_incident_page_offers_the_acts_that_make_sense(console: Client) -> None:
    html = body(console.get("/console/incidents/2020-01-27-1/"))
    assert "/console/incidents/2020-01-27-1/take/" in html
    assert "/console/incidents/2020-01-27-1/mitigated/" in html
    assert "/console/incidents/2020-01-27-1/confirm/" not in html
    closed = replace(make.incident(), phase=Phase.RESOLVED, closed_at=make.NOW, owner="ann")
    make.store_incident(closed)
    html = body(console.get("/console/incidents/2020-01-27-1/"))
    assert "/console/incidents/2020-01-27-1/take/" not in html
    assert "/console/incidents/2020-01-27-1/close/" not in html
    assert "/console/incidents/2020-01-27-1/note/" in html


@pytest.mark.usefixtures("morning")
def test_what_somebody_wrote_is_shown_as_text_and_never_as_markup(console: Client) -> None:
    console.post("/console/incidents/2020-01-27-1/note/", {"text": "<script>alert(1)</script>"})
    html = body(console.get("/console/incidents/2020-01-27-1/"))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script>alert" not in html


@pytest.mark.usefixtures("morning")
def test_the_reader_gets_a_message_alone_when_htmx_asks(console: Client) -> None:
    whole = body(console.get("/console/bulletins/2020-01-27-1-b1/"))
    part = body(console.get("/console/bulletins/2020-01-27-1-b1/", headers={"HX-Request": "true"}))
    assert "<html" in whole
    assert "<html" not in part
    assert part.count('lang="nl"') == 7


@pytest.mark.usefixtures("morning")
def test_the_reader_says_what_each_part_is_about(console: Client) -> None:
    html = body(console.get("/console/bulletins/2020-01-27-1-b1/"))
    column = html[html.index('<div lang="fr"') : html.index('<div lang="nl"')]
    assert re.findall(r'class="label">([^<]+)<', column) == ["Maintenant", "Remboursement", "Prochain message"]
    assert '<p class="label">Next update</p><p>Next update: 9:30, even if nothing has changed. (en)</p>' in html


@pytest.mark.usefixtures("morning")
def test_what_was_blotted_out_is_said_in_words(console: Client) -> None:
    IntakeCount.objects.create(
        day=make.NOW.date(), source="api", code="refused.bad", count=1, last_at=make.NOW, last_message="unknown: nope"
    )
    said = words(console.get("/console/intake/"))
    assert "A name was blotted out in a report." in said
    assert "unknown: nope" in said


@pytest.mark.usefixtures("morning")
def test_a_function_page_says_why_for_each_audience(console: Client) -> None:
    said = words(console.get("/console/functions/open_session/"))
    assert said.count("Secure Token Service turns away 62% of callers") == 7
    assert "lukt niet" in said


@pytest.mark.parametrize(
    "path", ["/console/functions/none/", "/console/incidents/none/", "/console/bulletins/none/", "/console/none/"]
)
def test_what_is_not_there_is_a_kind_404(console: Client, path: str) -> None:
    response = console.get(path)
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


@pytest.mark.usefixtures("morning")
def test_the_audit_log_is_listed_latest_first_and_can_only_be_read(console: Client) -> None:
    governing.hold(by="ann", now=make.NOW)
    html = body(console.get("/console/audit/"))
    actions = re.findall(r"<code>([a-z_]+\.[a-z_.]+)</code>", html)
    assert actions[0] == "policy.held" or actions[0].endswith("hold")
    assert len(actions) > 5
    assert console.post("/console/audit/").status_code == 405


def test_a_browser_that_asks_for_an_icon_is_shown_where_it_is(client: Client) -> None:
    response = client.get("/favicon.ico")
    assert (response.status_code, response["Location"]) == (302, "/static/web/icon.svg")
    assert '<link rel="icon" href="/static/web/icon.svg" type="image/svg+xml">' in body(client.get("/login/"))


def test_the_clock_and_the_marks_stand_on_every_screen(client: Client, settings: Settings) -> None:
    class Replay:
        speed = 60.0
        is_replay = True

        def now(self) -> object:
            return make.NOW

    settings.CLOCK = Replay()
    html = body(client.get("/login/"))
    assert "Replay: scripted reconstruction" in html
    assert "Unofficial demonstration" in html
    assert 'data-speed="60.0"' in html
    assert ">09:22:10</time>" in html


def test_every_kind_of_thing_that_is_blotted_out_has_words() -> None:
    kinds = {f"redacted.{kind}" for kind in get_args(Kind.__value__)}
    assert len(kinds) > 1
    assert kinds <= set(vocabulary.INTAKE)
