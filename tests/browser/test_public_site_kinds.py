"""Every kind of public page, in every language and theme, from a folder: accessible, printable, and honest when old."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from bulletin_cases import NOW, templates
from rich_facts import rich
from tocsin.status_site.exports import render_exports
from tocsin.status_site.ports import Addresses
from tocsin.status_site.rendering import render_pages, render_standing

pytestmark = pytest.mark.browser

KINDS = (
    "index.html",
    "doctor/index.html",
    "hospital/index.html",
    "doctor/procedures.html",
    "procedures/dispense-on-paper-proof.html",
    "incidents/2020-01-28-1.html",
    "incidents/2020-01-28-0.html",
    "history/index.html",
    "history/2020-01.html",
    "maintenance.html",
    "readiness.html",
    "accessibility.html",
)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LATER = NOW + timedelta(minutes=6)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole site of a rich morning, as a target would hold it."""
    root = tmp_path_factory.mktemp("kinds")
    addresses = Addresses(site_url="https://status.example.org/", base_url="https://tocsin.example.org")
    files = {
        **render_standing(rich(), templates=templates()),
        **render_pages(rich(), templates=templates(), addresses=addresses),
        **render_exports(rich(), templates=templates(), addresses=addresses),
    }
    for name, content in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return root


@pytest.fixture
def opened(browser: Browser, folder: Path) -> Callable[..., Page]:
    def go(
        path: str,
        *,
        theme: Literal["light", "dark"] = "light",
        at: datetime = NOW,
        width: int = 390,
        scripts: bool = True,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 844}, color_scheme=theme, java_script_enabled=scripts
        )
        context.set_default_timeout(5_000)
        page = context.new_page()
        page.clock.install(time=at)
        page.goto((folder / path).as_uri())
        return page

    return go


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_page_is_accessible_in_every_theme(
    opened: Callable[..., Page], violations: Callable[[Page], list[str]], kind: str, language: str
) -> None:
    for theme in THEMES:
        page = opened(f"{language}/{kind}", theme=theme)
        page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
        assert violations(page) == [], theme
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "it scrolls sideways"
        page.context.close()


@pytest.mark.parametrize("kind", KINDS)
def test_the_keyboard_meets_the_way_past_the_top_first_and_then_everything_in_the_order_of_the_page(
    opened: Callable[..., Page], kind: str
) -> None:
    page = opened(f"en/{kind}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    assert page.locator("[tabindex]").evaluate_all("all => all.filter(each => each.tabIndex > 0).length") == 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    if page.locator("main a, main summary").count():
        assert page.evaluate("document.activeElement.closest('main, footer') !== null")
    page.context.close()


@pytest.mark.parametrize("theme", THEMES)
def test_what_can_be_tapped_is_as_large_as_a_fingertip(opened: Callable[..., Page], theme: str) -> None:
    page = opened("fr/doctor/index.html", theme=theme)
    small = page.locator(".asks a, .languages a, summary, .actions a, .planned-line a").evaluate_all(
        "all => all.filter(each => each.checkVisibility())"
        ".filter(each => each.getBoundingClientRect().height < 44).map(each => each.textContent)"
    )
    assert small == []
    page.context.close()


def test_an_open_page_turns_to_not_known_once_its_time_has_passed(opened: Callable[..., Page]) -> None:
    page = opened("en/doctor/index.html")
    expect(page.locator("#stale")).to_be_hidden()
    assert page.locator("main h2 .state.down").count() == 1
    page.clock.run_for(6 * 60 * 1000)
    expect(page.locator("#stale")).to_be_visible()
    assert page.locator("main .state.down, main .state.ok, main .state.degraded").count() == 0
    assert "No problem seen" not in page.inner_text("main")
    assert "Write a paper prescription" in page.inner_text("main"), "what to do stays"
    page.context.close()


def test_a_page_opened_too_late_says_so_at_once_also_from_a_folder(opened: Callable[..., Page]) -> None:
    page = opened("nl/doctor/index.html", at=LATER)
    expect(page.locator("#stale")).to_be_visible()
    assert page.locator("main .state.ok").count() == 0
    page.context.close()


def test_ones_software_and_province_are_remembered_and_hide_nothing(opened: Callable[..., Page]) -> None:
    page = opened("en/doctor/index.html")
    page.locator(".mine > summary").click()
    page.select_option("select[name=package]", "gp-b")
    folded = page.locator("details.spared")
    expect(folded).to_have_count(1)
    assert "Messages in the eHealthBox" in folded.locator("summary").inner_text(), (
        "what is folded still says what it is"
    )
    expect(page.locator("article.trouble.down")).to_be_visible()
    assert "package=gp-b" in str(page.locator("a.subscribe").first.get_attribute("href"))
    page.reload()
    expect(page.locator("details.spared")).to_have_count(1)
    page.locator(".mine > summary").click()
    page.select_option("select[name=package]", "gp-a")
    expect(page.locator("details.spared")).to_have_count(0)
    page.select_option("select[name=region]", "BE-VAN")
    expect(page.locator("details.spared")).to_have_count(1)
    page.clock.run_for(6 * 60 * 1000)
    expect(page.locator("details.spared")).to_have_count(0)
    page.context.close()


def test_without_scripts_the_list_says_what_holds_where(opened: Callable[..., Page]) -> None:
    page = opened("en/doctor/index.html", scripts=False)
    expect(page.locator("form.filter")).to_be_hidden()
    page.locator(".mine > summary").click()
    places = {each.locator("strong").inner_text(): each.inner_text() for each in page.locator(".places li").all()}
    assert "eHealthBox" in places["GP-A"]
    assert "eHealthBox" not in places["GP-B"]
    assert "cannot be made" in places["GP-B"]
    assert "eHealthBox" in places["Liège"]
    page.context.close()


def test_on_paper_stand_the_steps_and_no_buttons(opened: Callable[..., Page]) -> None:
    page = opened("en/doctor/index.html")
    page.emulate_media(media="print")
    assert not page.locator(".asks").first.is_visible()
    assert not page.locator("nav").is_visible()
    assert page.locator("article.trouble.down dl").is_visible()
    page.goto(page.url.replace("en/doctor/index.html", "en/procedures/dispense-on-paper-proof.html"))
    page.emulate_media(media="print")
    assert page.locator("main ol li").first.is_visible()
    page.context.close()


@pytest.mark.parametrize("media", ["contrast", "forced"])
def test_high_contrast_keeps_every_border_and_word(
    browser: Browser, folder: Path, violations: Callable[[Page], list[str]], media: str
) -> None:
    context = (
        browser.new_context(contrast="more") if media == "contrast" else browser.new_context(forced_colors="active")
    )
    page = context.new_page()
    page.clock.install(time=NOW)
    page.goto((folder / "de/doctor/index.html").as_uri())
    assert violations(page) == []
    assert page.locator("article.trouble.down").evaluate("each => getComputedStyle(each).borderLeftStyle") == "solid"
    context.close()
