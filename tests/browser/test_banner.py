"""The banner in somebody else's page: another origin, a strict policy, a clock that moves on, a site that is gone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page, expect

from bulletin_cases import facts
from exported_site import mixed
from published_site import Published, served
from tocsin.status_site.rules.facts import Facts

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    with served(tmp_path_factory.mktemp("banner")) as site:
        yield site


def now(given: Facts) -> Facts:
    moment = datetime.now(UTC)
    return replace(given, now=moment, checked_at=moment)


PAGE = """<!doctype html><html lang="{language}"><title>Somebody's software</title><main><p>Work</p>
<div id="place"></div><script src="{site}/assets/banner.js" data-audience="pharmacist" {more}></script></main></html>"""


@contextmanager
def vendor(site: str, *, language: str = "nl", more: str = "") -> Iterator[str]:
    """A vendor's page on an origin of its own, with a policy that allows just the banner."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header(
                "Content-Security-Policy", f"default-src 'none'; script-src {origin}; connect-src {origin}"
            )
            self.end_headers()
            self.wfile.write(PAGE.format(site=site, language=language, more=more).encode())

        def log_message(self, *arguments: object) -> None:
            del arguments

    origin = site.removesuffix("/site")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def page(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    context = browser.new_context(locale="nl")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page, complaints
    context.close()


def test_it_tells_the_reader_in_the_page_s_language(page: tuple[Page, list[str]], published: Published) -> None:
    published.show(now(mixed()))
    with vendor(f"{published.base}/site") as url:
        page[0].goto(url)
        banner = page[0].locator(".tocsin-banner")
        expect(banner).to_be_visible()
        expect(banner).to_have_attribute("data-state", "down")
        expect(banner).to_have_attribute("lang", "nl")
        expect(banner.get_by_role("status")).to_have_text("■ Elektronische voorschriften kunnen niet worden opgehaald.")
        expect(banner).to_contain_text("Niet-officiële demonstratie")
        expect(banner).to_contain_text("geldig tot")
        expect(banner.get_by_role("link")).to_have_attribute("href", f"{published.base}/site/nl/pharmacist/index.html")
        assert page[0].context.cookies() == []
        assert page[1] == []


def test_it_stays_out_of_sight_while_nothing_is_wrong_unless_asked(
    page: tuple[Page, list[str]], published: Published
) -> None:
    published.show(now(facts()))
    with vendor(f"{published.base}/site", more='data-language="fr"') as url:
        with page[0].expect_response("**/fr/pharmacist/banner.json"):
            page[0].goto(url)
        expect(page[0].locator(".tocsin-banner")).to_be_hidden()
    with vendor(f"{published.base}/site", more='data-language="fr" data-always data-target="#place"') as url:
        page[0].goto(url)
        banner = page[0].locator("#place .tocsin-banner")
        expect(banner).to_be_visible()
        expect(banner.get_by_role("status")).to_have_text("● Aucun problème constaté")
    assert page[1] == []


def test_it_goes_to_unknown_when_nothing_new_comes(page: tuple[Page, list[str]], published: Published) -> None:
    published.show(now(facts()))
    page[0].clock.install()
    with vendor(f"{published.base}/site", language="en") as url:
        with page[0].expect_response("**/en/pharmacist/banner.json"):
            page[0].goto(url)
        banner = page[0].locator(".tocsin-banner")
        expect(banner).to_be_hidden()
        page[0].clock.run_for(timedelta(minutes=4) // timedelta(milliseconds=1))
        expect(banner).to_be_hidden()
        page[0].clock.run_for(timedelta(minutes=2) // timedelta(milliseconds=1))
        expect(banner).to_be_visible()
        expect(banner).to_have_attribute("data-state", "unknown")
        expect(banner.get_by_role("status")).to_have_text("? We cannot say at the moment what works.")


def test_it_is_silent_where_there_is_nothing_to_fetch(page: tuple[Page, list[str]], published: Published) -> None:
    published.show(now(mixed()))
    with vendor(f"{published.base}/site", more='data-language="xx"') as url:
        with page[0].expect_event("requestfailed"):
            page[0].goto(url)
        expect(page[0].locator(".tocsin-banner")).to_be_hidden()
        expect(page[0].locator("main p")).to_have_text("Work")
    # The browser notes what it could not get; the script adds nothing.
    assert [each for each in page[1] if "banner.json" not in each and "Failed to load resource" not in each] == []


def test_a_badge_shows_in_an_image(page: tuple[Page, list[str]], published: Published) -> None:
    published.show(now(mixed()))
    for scheme in ("light", "dark"):
        page[0].emulate_media(color_scheme=scheme)
        answer = page[0].goto(f"{published.base}/site/nl/pharmacist/badge.svg")
        assert answer is not None
        assert answer.headers["content-type"].startswith("image/svg+xml")
        assert answer.headers["access-control-allow-origin"] == "*"
