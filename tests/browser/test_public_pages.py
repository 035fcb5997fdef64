"""What care professionals see at 8:35 on the shipped morning, in a real browser, on a phone and on a desk."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

READERS = [("fr", "doctor"), ("nl", "pharmacist"), ("de", "dentist"), ("en", "hospital")]
UNOFFICIAL = {
    "fr": "Démonstration non officielle",
    "nl": "Niet-officiële demonstratie",
    "de": "Inoffizielle Demonstration",
    "en": "Unofficial demonstration",
}
NOT_CONFIRMED = {
    "fr": "Pas encore confirmé",
    "nl": "Nog niet bevestigd",
    "de": "Noch nicht bestätigt",
    "en": "Not confirmed yet",
}


@pytest.mark.parametrize(("language", "audience"), READERS)
@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_a_page_says_what_to_do_and_is_accessible(
    *, visit: Callable[..., Page], violations: Callable[[Page], list[str]], language: str, audience: str, size: str
) -> None:
    page = visit(f"site/{language}/{audience}/", size=size)
    said = page.inner_text("body")
    assert UNOFFICIAL[language] in said
    assert NOT_CONFIRMED[language].lower() in said.lower()
    assert page.get_attribute("html", "lang") == language
    assert page.locator("meta[name=robots][content*=noindex]").count() == 1
    assert violations(page) == []
    page.context.close()


@pytest.mark.parametrize(("language", "audience"), READERS)
def test_state_headline_and_first_instruction_are_seen_without_scrolling(
    visit: Callable[..., Page], language: str, audience: str
) -> None:
    page = visit(f"site/{language}/{audience}/", size="phone")
    for part in ("main h2", "main dd p"):
        box = page.locator(part).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 844, f"{part} lies below the fold of a phone"
    page.context.close()


@pytest.mark.parametrize(("language", "audience"), [("fr", "doctor"), ("nl", "pharmacist")])
@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_photographs_of_the_public_page(
    *, visit: Callable[..., Page], photograph: Callable[..., Path], language: str, audience: str, size: str
) -> None:
    page = visit(f"site/{language}/{audience}/", size=size)
    picture = photograph(page, f"public-{audience}-{size}-{language}")
    assert picture.stat().st_size > 10_000
    page.context.close()


def test_dark_mode_is_as_readable(visit: Callable[..., Page], violations: Callable[[Page], list[str]]) -> None:
    page = visit("site/fr/doctor/", size="phone", color_scheme="dark")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background != "rgb(255, 255, 255)"
    assert violations(page) == []
    page.context.close()


def test_it_works_from_a_folder_without_a_server_or_javascript(browser: Browser, morning_site: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((morning_site / "nl" / "pharmacist" / "index.html").as_uri())
    assert "Nog niet bevestigd" in page.inner_text("main")
    page.locator("main a").first.click()
    assert page.url.startswith("file:")
    assert page.locator("main").count() == 1
    context.close()


def test_a_page_asks_nobody_else_for_anything(visit: Callable[..., Page], base: str) -> None:
    asked: list[str] = []
    page = visit("site/de/dentist/", size="phone", asked=asked)
    assert [address for address in asked if not address.startswith(base)] == []
    page.context.close()


def test_the_first_page_is_light(morning_site: Path) -> None:
    page = gzip.compress((morning_site / "fr" / "doctor" / "index.html").read_bytes())
    assets = sum(
        len(gzip.compress(path.read_bytes())) for path in (morning_site / "assets").iterdir() if path.suffix != ".gz"
    )
    assert len(page) + assets <= 30 * 1024
