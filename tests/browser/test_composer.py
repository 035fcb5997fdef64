"""Writing a message with its score beside it, two people approving it, and a correction that shows what changed."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from served_console import ROOT, SIZES, Running, environment, running

pytestmark = pytest.mark.browser


@dataclass(frozen=True, slots=True)
class Waiting:
    """A Tocsin of its own in which a draft waits for two people."""

    base: str
    incident: str
    draft: str
    out: str
    first: tuple[str, str]
    second: tuple[str, str]


@pytest.fixture
def waiting(morning: Running, tmp_path: Path) -> Iterator[Waiting]:
    folder = tmp_path / "data"
    shutil.copytree(morning.folder, folder, ignore=shutil.ignore_patterns("*.sock", "*.lock"))
    base, told = environment(folder)
    made = subprocess.run(
        [sys.executable, str(ROOT / "tests/browser/waiting.py"), str(folder)],
        env=told,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr[-3000:]
    found = json.loads(made.stdout.splitlines()[-1])
    with running(base, told):
        yield Waiting(
            base=base,
            incident=found["incident"],
            draft=found["draft"],
            out=found["out"],
            first=(morning.operator, morning.password),
            second=(found["operator"], found["password"]),
        )


def come_in(browser: Browser, waiting: Waiting, who: tuple[str, str], *, size: str) -> tuple[BrowserContext, Page]:
    context = browser.new_context(viewport=SIZES[size], locale="en")
    page = context.new_page()
    page.goto(f"{waiting.base}/login/")
    page.fill("input[name=username]", who[0])
    page.fill("input[name=password]", who[1])
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/")
    return context, page


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_words_are_written_with_their_score_approved_by_two_and_corrected_with_what_changed(
    browser: Browser, waiting: Waiting, violations: Callable[[Page], list[str]], size: str
) -> None:
    context, page = come_in(browser, waiting, waiting.first, size=size)
    page.goto(f"{waiting.base}/console/bulletins/{waiting.draft}/edit/")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert violations(page) == []

    # The score follows the typing; nothing is kept by it.
    before = page.inner_text(".plain-score")
    page.fill("[id='headline.en']", "")
    expect(page.locator("#checked .blocking")).to_be_visible()
    expect(page.locator(".plain-score")).not_to_have_text(before)
    page.fill("[id='headline.en']", "You cannot log in to eHealth today.")
    expect(page.locator("#checked .blocking")).to_have_count(0)
    expect(page.locator(".preview").first).to_contain_text("You cannot log in to eHealth today.")

    # One person's yes is kept, and it is not out.
    page.get_by_role("button", name="Save and approve, 1 of 2").click()
    expect(page.locator(".messages")).to_contain_text("once somebody else agrees too")
    expect(page.locator(".draft")).to_contain_text(f"{waiting.first[0]} agreed; one more must")
    context.close()

    # Another person's makes it go out.
    context, page = come_in(browser, waiting, waiting.second, size=size)
    page.goto(f"{waiting.base}/console/incidents/{waiting.incident}/")
    page.get_by_role("button", name="Publish in four languages").click()
    expect(page.locator(".draft")).to_have_count(0)
    expect(page.locator(".bulletins").first).to_contain_text(f"{waiting.first[0]}, {waiting.second[0]}")

    # What was wrong is corrected as an entry of its own, and says what changed.
    page.goto(f"{waiting.base}/console/bulletins/{waiting.draft}/edit/")
    page.fill("[id='headline.en']", "You cannot log in to eHealth this morning.")
    page.get_by_role("button", name="Correct the pages only, tell nobody").click()
    expect(page.locator(".messages")).to_contain_text("once somebody else agrees too")
    page.goto(f"{waiting.base}/console/bulletins/{waiting.draft}-c1/edit/")
    expect(page.locator(".was ins").first).to_contain_text("this morning")
    expect(page.locator(".was del").first).to_contain_text("today")
    assert violations(page) == []
    context.close()


@pytest.mark.parametrize("path", ["console/policy/", "console/shadow/"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_policy_and_its_shadow_are_readable_everywhere(
    logged_in: Callable[..., Page], violations: Callable[[Page], list[str]], path: str, size: str
) -> None:
    page = logged_in(path, size=size)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert violations(page) == []
    page.context.close()
