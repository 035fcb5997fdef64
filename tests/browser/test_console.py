"""What the duty officer and a panel member see and do, in a real browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_the_console_answers_why_and_whom_without_scrolling(
    logged_in: Callable[..., Page], photograph: Callable[..., Path], violations: Callable[[Page], list[str]]
) -> None:
    page = logged_in("console/", size="desktop")
    said = page.inner_text("body")
    assert "Fine-grained access" in said
    assert "CHG-20126" in said
    assert "Unofficial demonstration" in said
    for heading in ("Suspects, the likeliest first", "What we told whom"):
        box = page.get_by_role("heading", name=heading).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 900, f"{heading} lies below the fold"
    assert violations(page) == []
    photograph(page, "console-desktop-en")
    page.context.close()


def test_the_console_is_usable_on_a_phone(
    logged_in: Callable[..., Page], photograph: Callable[..., Path], violations: Callable[[Page], list[str]]
) -> None:
    page = logged_in("console/", size="phone")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert violations(page) == []
    photograph(page, "console-phone-en")
    page.context.close()


_WORDS_BESIDE = """([word]) => [...document.querySelectorAll(".grid td .cell")].every((cell) => {
  const [shape, said] = [cell.querySelector(".shape"), cell.querySelector(".word")];
  shape.textContent = "■";
  said.textContent = word;
  cell.parentElement.className = "s-down";
  const inside = cell.parentElement.getBoundingClientRect().right + 0.5;
  const lines = [...said.getClientRects()];
  return lines.every((line) => line.left >= shape.getBoundingClientRect().right && line.right <= inside)
    && said.scrollWidth <= said.clientWidth + 1;
})"""


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_words_of_a_cell_stand_beside_its_shape(logged_in: Callable[..., Page], size: str) -> None:
    page = logged_in("console/", size=size)
    assert page.locator(".grid td .cell").count() > 10
    for word in ("Does not work", "Ne fonctionne pas", "Funktioniert nicht"):
        assert page.evaluate(_WORDS_BESIDE, [word]), word
    page.context.close()


def test_an_incident_shows_reasons_charts_and_timeline(
    logged_in: Callable[..., Page], photograph: Callable[..., Path], violations: Callable[[Page], list[str]]
) -> None:
    page = logged_in("console/incidents/2020-01-27-1/", size="desktop")
    assert page.locator("svg").count() >= 1
    assert violations(page) == []
    photograph(page, "incident-desktop-en")
    page.context.close()


def test_the_keyboard_reaches_the_main_part_first(logged_in: Callable[..., Page]) -> None:
    page = logged_in("console/", size="desktop")
    page.keyboard.press("Tab")
    focused = page.evaluate("[document.activeElement.tagName, document.activeElement.getAttribute('href')]")
    assert focused[0] == "A"
    assert str(focused[1]).startswith("#"), "the first stop is the link that skips to the main part"
    page.context.close()


def test_one_click_holds_everything_and_another_releases_it(logged_in: Callable[..., Page]) -> None:
    page = logged_in("console/", size="desktop")
    page.locator("#act-hold").click()
    expect(page.locator("#act-release")).to_be_visible()
    page.reload()
    expect(page.locator("#act-release")).to_be_visible()
    page.locator("#act-release").click()
    expect(page.locator("#act-hold")).to_be_visible()
    page.context.close()


def test_a_panel_member_reports_with_one_tap(
    visit: Callable[..., Page], violations: Callable[[Page], list[str]], morning: Any
) -> None:
    page = visit(f"panel/{morning.panel}/", size="phone")
    assert violations(page) == []
    page.locator("main form button.tap").first.click()
    expect(page.locator("[data-noted]").first).to_contain_text("goed ontvangen")
    assert violations(page) == []
    page.context.close()


def test_nothing_is_blocked_by_the_content_security_policy(logged_in: Callable[..., Page]) -> None:
    said: list[str] = []
    page = logged_in("console/", size="desktop", said=said)
    page.wait_for_load_state("networkidle")
    assert [line for line in said if "Content Security Policy" in line or "Refused" in line] == []
    page.context.close()
