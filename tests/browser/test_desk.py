"""Passkeys in a real browser (a virtual authenticator by Chromium's own protocol), and codes without JavaScript."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "test-results" / "screenshots"
PHONE: ViewportSize = {"width": 390, "height": 844}


@dataclass(frozen=True, slots=True)
class World:
    """A Tocsin with a draft that waits: where it is, who may act, the link of a page."""

    base: str
    operator: str
    password: str
    link: str


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Passkeys need a name: this one is called localhost."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = f"http://localhost:{port}"
    environment = os.environ | {
        "TOCSIN_DATA_FOLDER": str(tmp_path),
        "TOCSIN_BASE_URL": base,
        "TOCSIN_SITE_URL": f"{base}/site",
        "TOCSIN_SECRET_KEY": "only-for-the-browser-tests",
    }
    made = subprocess.run(
        [sys.executable, str(ROOT / "tests/browser/desk_world.py"), str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr[-3000:]
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "granian",
            "--interface",
            "wsgi",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--log-level",
            "error",
            "tocsin.runtime.wsgi:application",
        ],
        env=environment,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/healthz")
        yield World(base, **json.loads(made.stdout.splitlines()[-1]))
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own loopback address
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer")


def with_authenticator(page: Page) -> str:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    found: str = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
    return found


def log_in(page: Page, world: World) -> None:
    page.goto(f"{world.base}/login/?next=/account/")
    page.fill("input[name=username]", world.operator)
    page.fill("input[name=password]", world.password)
    page.get_by_role("button", name="Log in").click()


def phone(browser: Browser, *, javascript: bool = True) -> BrowserContext:
    return browser.new_context(viewport=PHONE, locale="en", java_script_enabled=javascript)


def look(page: Page, name: str, violations: Callable[[Page], list[str]]) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=RESULTS / f"{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} is too wide"
    assert violations(page) == []


def test_a_passkey_made_at_the_console_lets_in_and_publishes_from_a_telephone(
    browser: Browser, world: World, violations: Callable[[Page], list[str]]
) -> None:
    context = phone(browser)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    with_authenticator(page)
    log_in(page, world)
    look(page, "account-phone-en", violations)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("What do you call this device?").fill("my telephone")
    page.get_by_label("Your password").fill(world.password)
    look(page, "passkey-phone-en", violations)
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", name="Print these")).to_be_visible()
    look(page, "recovery-codes-phone-en", violations)

    page.context.clear_cookies()
    log_in(page, world)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    look(page, "second-step-phone-en", violations)
    page.get_by_role("button", name="Log in · passkey").click()
    page.wait_for_url("**/account/")
    expect(page.get_by_text("my telephone").first).to_be_visible()

    page.goto(f"{world.base}/account/app/")
    page.emulate_media(color_scheme="dark")
    look(page, "app-phone-dark-en", violations)
    page.goto(f"{world.base}/account/")
    page.set_viewport_size({"width": 1280, "height": 900})
    look(page, "account-desktop-dark-en", violations)
    page.set_viewport_size(PHONE)

    page.context.clear_cookies()
    page.goto(f"{world.base}/{world.link}")
    look(page, "approve-phone-dark-en", violations)
    page.emulate_media(color_scheme="light")
    look(page, "approve-phone-en", violations)
    page.get_by_role("button", name="Publish in four languages · passkey").click()
    expect(page.get_by_text("by ann.")).to_be_visible()
    look(page, "approved-phone-en", violations)
    assert [line for line in said if "Content Security" in line or "Refused" in line] == []
    context.close()


def test_a_device_that_does_not_know_its_owner_publishes_nothing(browser: Browser, world: World) -> None:
    context = phone(browser)
    page = context.new_page()
    authenticator = with_authenticator(page)
    log_in(page, world)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Your password").fill(world.password)
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", name="Print these")).to_be_visible()
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    with_nobody = {"authenticatorId": authenticator, "isUserVerified": False}
    page.goto(f"{world.base}/{world.link}")
    session.send("WebAuthn.setUserVerified", with_nobody)
    page.get_by_role("button", name="Publish in four languages · passkey").click()
    expect(page.get_by_text("Your device did not confirm that it is you.")).to_be_visible()
    expect(page.get_by_text("Waits since")).to_be_visible()
    context.close()


def test_a_code_needs_no_javascript_from_enrolment_to_publication(browser: Browser, world: World) -> None:
    context = phone(browser, javascript=False)
    page = context.new_page()
    log_in(page, world)
    page.get_by_role("link", name="Add an authenticator app").click()
    app = pyotp.TOTP(page.locator("code.key").inner_text().replace(" ", ""))
    RESULTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=RESULTS / "app-phone-en.png", full_page=True)
    page.get_by_label("Type the code").fill(app.now())
    page.get_by_label("Your password").fill(world.password)
    page.get_by_role("button", name="Add it").click()
    recovery = page.locator("ol.codes code").first.inner_text()

    page.context.clear_cookies()
    page.goto(f"{world.base}/{world.link}")
    page.get_by_role("link", name="NL").click()
    page.get_by_label("Code van uw authenticator-app").fill(recovery)
    page.get_by_role("button", name="In vier talen publiceren").click()
    expect(page.get_by_text("door ann.")).to_be_visible()
    context.close()
