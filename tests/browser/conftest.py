"""A browser, and a Tocsin in the middle of the shipped morning (9:05 in Brussels) for it to look at."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from served_console import ROOT, SIZES, Running, environment, running

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Half an hour of the morning, from ten minutes before the trouble, on a clock that then stands still."""
    folder = tmp_path_factory.mktemp("morning")
    base, told = environment(folder)
    played = subprocess.run(
        [
            sys.executable,
            str(ROOT / "tests/browser/morning.py"),
            str(folder),
            "2020-01-27T06:45:00Z",
            "2020-01-27T07:35:00Z",
        ],
        env=told,
        capture_output=True,
        text=True,
        check=False,
    )
    assert played.returncode == 0, played.stderr[-3000:]
    entry = json.loads(played.stdout.splitlines()[-1])
    with running(base, told):
        yield Running(base=base, folder=folder, **entry)


RESULTS = ROOT / "test-results" / "screenshots"
PICTURES = ROOT / "docs" / "screenshots"
UPDATE = "TOCSIN_UPDATE_SCREENSHOTS"
"""Set it (`make screenshots`) to renew the pictures in `docs/`; they are always taken into `test-results/`."""


@pytest.fixture
def base(morning: Running) -> str:
    return morning.base


@pytest.fixture
def morning_site(morning: Running) -> Path:
    return morning.folder / "site"


@pytest.fixture
def visit(browser: Browser, morning: Running) -> Callable[..., Page]:
    def go(
        path: str,
        *,
        size: str,
        color_scheme: Literal["light", "dark"] = "light",
        asked: list[str] | None = None,
    ) -> Page:
        context = browser.new_context(viewport=SIZES[size], color_scheme=color_scheme, locale="en")
        page = context.new_page()
        if asked is not None:
            page.on("request", lambda request: asked.append(request.url))
        answer = page.goto(f"{morning.base}/{path}")
        assert answer is not None
        assert answer.status == 200
        return page

    return go


@pytest.fixture(scope="session")
def session_state(browser: Browser, morning: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Log in once, as an operator would; the cookies serve every test."""
    state = tmp_path_factory.mktemp("session") / "state.json"
    context = browser.new_context(locale="en")
    page = context.new_page()
    page.goto(f"{morning.base}/login/")
    page.fill("input[name=username]", morning.operator)
    page.fill("input[name=password]", morning.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/")
    context.storage_state(path=state)
    context.close()
    return state


@pytest.fixture
def logged_in(browser: Browser, morning: Running, session_state: Path) -> Callable[..., Page]:
    def go(path: str, *, size: str, said: list[str] | None = None) -> Page:
        context = browser.new_context(viewport=SIZES[size], storage_state=session_state, locale="en")
        page = context.new_page()
        if said is not None:
            page.on("console", lambda message: said.append(message.text))
        answer = page.goto(f"{morning.base}/{path}")
        assert answer is not None
        assert answer.status == 200
        return page

    return go


@pytest.fixture
def violations() -> Callable[[Page], list[str]]:
    def found(page: Page) -> list[str]:
        response = Axe().run(page).response
        return [f"{each['id']}: {node['html'][:200]}" for each in response["violations"] for node in each["nodes"]]

    return found


@pytest.fixture
def photograph() -> Callable[[Page, str], Path]:
    def take(page: Page, name: str) -> Path:
        RESULTS.mkdir(parents=True, exist_ok=True)
        picture = RESULTS / f"{name}.png"
        page.screenshot(path=picture)
        if os.environ.get(UPDATE):
            PICTURES.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(picture, PICTURES / picture.name)
        assert (PICTURES / picture.name).is_file(), f"docs/screenshots lacks {picture.name}: make screenshots"
        return picture

    return take
