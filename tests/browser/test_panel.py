"""A panel member's page in a real browser: put on a phone, without a network, with a clock that is wrong."""

import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, expect

from served_console import ROOT, SIZES, environment, running

pytestmark = pytest.mark.browser

RESULTS = ROOT / "test-results" / "screenshots"

PATIENCE_MS = 30_000
"""The page gives a sending ten seconds, and its worker may be at one already."""

WRONG_CLOCK = """(() => {
  const real = Date.now.bind(Date);
  Date.now = () => real() - 3 * 86400000 + Number(localStorage.getItem("later") || 0);
})()"""
"""A telephone that is three days behind, and whose time the test lets pass."""


KEPT = "() => caches.match(location.href).then((found) => found !== undefined)"
"""The worker has put the page aside for when there is no network."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A Tocsin with two members, the second of whom is asked something."""

    base: str
    folder: Path
    one: str
    other: str
    question: str

    def reports(self) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(self.folder / "tocsin.sqlite3")) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute("SELECT * FROM observations_reportrow ORDER BY at")]

    def awaited(self, count: int) -> list[dict[str, Any]]:
        deadline = time.monotonic() + 20
        while len(found := self.reports()) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        return found


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    folder = tmp_path_factory.mktemp("panel")
    base, told = environment(folder)
    made = subprocess.run(
        [sys.executable, str(ROOT / "tests/browser/panel_world.py"), str(folder)],
        env=told,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr[-3000:]
    with running(base, told):
        yield Panel(base, folder, **json.loads(made.stdout.splitlines()[-1]))


@pytest.fixture
def emptied(panel: Panel) -> Panel:
    """No report yet."""
    with closing(sqlite3.connect(panel.folder / "tocsin.sqlite3")) as database:
        database.execute("DELETE FROM observations_reportrow")
        database.commit()
    return panel


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=SIZES["phone"], locale="en")
    yield context
    context.close()


def opened(phone: BrowserContext, panel: Panel, token: str) -> Page:
    page = phone.new_page()
    page.goto(f"{panel.base}/panel/{token}/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function(KEPT)
    return page


def tap(page: Page, name: str, answer: str) -> None:
    page.locator(f'button[name=answer][value="{name}:{answer}"]').click()


def noted(page: Page, name: str) -> Any:
    return page.locator(f'[data-noted="{name}"]')


def test_one_tap_is_received_without_a_new_page(phone: BrowserContext, emptied: Panel) -> None:
    page = opened(phone, emptied, emptied.one)
    tap(page, "dispense", "no")
    expect(noted(page, "dispense")).to_contain_text("and received", timeout=PATIENCE_MS)
    expect(page.locator("#told")).to_contain_text("You said that it does not work.")
    (row,) = emptied.reports()
    assert (row["function"], bool(row["works"])) == ("dispense", False)
    assert row["practice"].startswith("p0")
    assert row["sender"] == "", "a loopback address is nobody's line"


def test_what_was_tapped_without_a_network_arrives_with_its_true_time(phone: BrowserContext, emptied: Panel) -> None:
    phone.add_init_script(WRONG_CLOCK)
    page = opened(phone, emptied, emptied.one)
    phone.set_offline(True)
    tapped = datetime.now(UTC)
    tap(page, "dispense", "no")
    expect(noted(page, "dispense")).to_contain_text("as soon as there is a network", timeout=PATIENCE_MS)
    expect(page.locator("#network")).to_contain_text("your device keeps it")
    # The page itself opens without a network, from the home screen, and still knows what waits.
    page.reload()
    expect(noted(page, "dispense")).to_contain_text("as soon as there is a network", timeout=PATIENCE_MS)
    assert emptied.reports() == []
    page.evaluate("localStorage.setItem('later', String(40 * 60 * 1000))")
    phone.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(noted(page, "dispense")).to_contain_text("and received", timeout=PATIENCE_MS)
    expect(page.locator("#network")).to_be_empty()
    row = next(one for one in emptied.awaited(1) if one["function"] == "dispense")
    at, received = (datetime.fromisoformat(row[name]).replace(tzinfo=UTC) for name in ("at", "received_at"))
    # Forty minutes passed on the telephone between the tap and the sending, whatever its clock says it is.
    assert abs(at - (tapped - timedelta(minutes=40))) < timedelta(seconds=30)
    assert timedelta(minutes=39) < received - at < timedelta(minutes=41)


def test_what_is_delivered_twice_counts_once(phone: BrowserContext, emptied: Panel) -> None:
    page = opened(phone, emptied, emptied.one)
    lost: list[int] = []
    is_found = threading.Event()

    def lose_the_answer(route: Route) -> None:
        # The route stays to the end: one taken away while it answers is an error of its own.
        if is_found.is_set():
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort()

    phone.route("**/send/", lose_the_answer)
    tap(page, "dispense", "no")
    expect(noted(page, "dispense")).to_contain_text("as soon as there is a network", timeout=PATIENCE_MS)
    # The page sent it, and perhaps its worker again: it arrived each time, and only the answers were lost.
    assert set(lost) == {200}
    assert len(emptied.reports()) == 1
    is_found.set()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(noted(page, "dispense")).to_contain_text("and received", timeout=PATIENCE_MS)
    assert len(emptied.reports()) == 1
    phone.unroute_all(behavior="ignoreErrors")


def test_the_page_can_be_put_on_a_home_screen(phone: BrowserContext, panel: Panel) -> None:
    page = opened(phone, panel, panel.one)
    said = phone.new_cdp_session(page)
    manifest = said.send("Page.getAppManifest")
    assert manifest["errors"] == []
    content = json.loads(manifest["data"])
    assert content["start_url"] == f"/panel/{panel.one}/"
    problems = {each["errorId"] for each in said.send("Page.getInstallabilityErrors")["installabilityErrors"]}
    assert problems <= {"in-incognito"}, "a test's browser keeps nothing; nothing else may be in the way"


def _note(said: list[str], message: ConsoleMessage) -> None:
    said.append(message.text)


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_the_page_is_readable_on_a_phone(
    browser: Browser, panel: Panel, color_scheme: Literal["light", "dark"], violations: Callable[[Page], list[str]]
) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    for language in ("en", "fr", "nl", "de"):
        context = browser.new_context(viewport=SIZES["phone"], color_scheme=color_scheme, locale=language)
        context.add_cookies([{"name": "django_language", "value": language, "url": panel.base}])
        page = context.new_page()
        said: list[str] = []
        page.on("console", partial(_note, said))
        for name, path in {
            "page": f"panel/{panel.other}/",
            "question": f"panel/asked/{panel.question}/?say=yes",
            "leave": f"panel/{panel.other}/leave/",
        }.items():
            page.goto(f"{panel.base}/{path}")
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            assert violations(page) == []
            page.screenshot(path=RESULTS / f"panel-{name}-{language}-{color_scheme}.png", full_page=True)
        page.goto(f"{panel.base}/panel/{panel.other}/")
        page.locator("details.mine summary").click()
        assert violations(page) == []
        page.screenshot(path=RESULTS / f"panel-wishes-{language}-{color_scheme}.png", full_page=True)
        assert [line for line in said if "Content Security Policy" in line or "Refused" in line] == []
        context.close()


def test_both_answers_are_the_same_size(phone: BrowserContext, panel: Panel) -> None:
    page = opened(phone, panel, panel.one)
    boxes = [each.bounding_box() for each in page.locator("button.tap").all()]
    sizes = {(round(box["width"]), round(box["height"])) for box in boxes if box is not None}
    assert len({width for width, _ in sizes}) == 1
    assert all(height >= 44 for _, height in sizes)


def test_it_works_without_javascript(browser: Browser, emptied: Panel) -> None:
    context = browser.new_context(viewport=SIZES["phone"], java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{emptied.base}/panel/{emptied.one}/")
    tap(page, "dispense", "yes")
    page.wait_for_url("**/sent/**")
    assert [bool(row["works"]) for row in emptied.reports()] == [True]
    context.close()


def test_a_link_in_a_letter_never_votes_and_one_tap_does(phone: BrowserContext, emptied: Panel) -> None:
    page = phone.new_page()
    page.goto(f"{emptied.base}/panel/asked/{emptied.question}/?say=no")
    assert emptied.reports() == []
    page.locator("button[value=no]").click()
    expect(page.locator("main")).to_contain_text("that it does not work for you")
    assert [bool(row["works"]) for row in emptied.reports()] == [False]
