"""Subscribing as a person does it, in a real browser: on a phone, in four languages, by keyboard, by push."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from http_receiver import Receiver, http_receiver
from push_browser import PushBrowser
from tocsin.notifications.ports import ChannelSettings
from tocsin.notifications.rules.model import Letter, Link, Mark, Message
from tocsin.plugins.channels.webpush.channel import build

pytestmark = pytest.mark.browser

SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 900}}
LANGUAGES = ["fr", "nl", "de", "en"]
SMS_FILE = '[[providers]]\nname="x"\nkind="http"\nurl="https://sms.example.org/"\nbody={ to="{to}", text="{text}" }\n'

STROKE_S = 0.28
"""How long a letter takes on a phone for people who type slowly: about 36 words a minute is usual, this is half."""

TAP_S = 1.5
READ_S = 8.0
"""To see where one is and what is asked: the heading, two labels and the button."""


@dataclass(frozen=True, slots=True)
class Application:
    """A Tocsin that people can subscribe to."""

    base: str
    folder: Path

    def manage_link(self) -> str:
        """Return a signed link of somebody who is subscribed."""
        code = (
            "import django; django.setup(); from datetime import UTC, datetime; "
            "from tocsin.notifications.services import add_subscriber; from tocsin.notifications.queries import link; "
            "from tocsin.notifications.rules.model import Subscription; "
            "row = add_subscriber(address='r@example.org', language='en', wish=Subscription('doctor'), by='test', "
            "now=datetime.now(tz=UTC)); print(link(row, purpose='manage'))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment(self.base, self.folder),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split()[-1]


def environment(base: str, folder: Path) -> dict[str, str]:
    """Return the settings of the application under test."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "tocsin.runtime.settings",
        "TOCSIN_DATA_FOLDER": str(folder),
        "TOCSIN_BASE_URL": base,
        "TOCSIN_SITE_URL": f"{base}/site",
        "TOCSIN_SMS_FILE": str(folder / "sms.toml"),
        "TOCSIN_CHANNELS_MAY_REACH_PRIVATE": "true",
        "TOCSIN_SECRET_KEY": "only-for-the-browser-tests",
    }


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    import socket

    folder = tmp_path_factory.mktemp("subscribe")
    (folder / "sms.toml").write_text(SMS_FILE)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    own = environment(base, folder)
    subprocess.run([sys.executable, "-m", "tocsin.cli.main", "migrate"], env=own, check=True, capture_output=True)
    granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port)]
    server = subprocess.Popen([*granian, "tocsin.runtime.wsgi:application"], env=own)
    try:
        _wait_for(f"{base}/healthz")
        yield Application(base, folder)
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310  our own loopback address
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer")


@pytest.fixture
def context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    opened: list[BrowserContext] = []

    def open_one(size: str = "phone", scheme: Literal["light", "dark"] = "light", **options: Any) -> BrowserContext:
        opened.append(
            browser.new_context(viewport=SIZES[size], color_scheme=scheme, locale="en", **options)  # type: ignore[arg-type]  # a size is two numbers
        )
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_accessible_and_fits(
    *,
    application: Application,
    context: Callable[..., BrowserContext],
    violations: Callable[[Page], list[str]],
    language: str,
    size: str,
    scheme: Literal["light", "dark"],
) -> None:
    page = context(size, scheme).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    for path in (f"?language={language}&audience=doctor", f"asked/?language={language}&channel=webpush"):
        page.goto(f"{application.base}/subscribe/{path}")
        for details in page.locator("details").all():
            details.evaluate("element => element.open = true")
        assert page.get_attribute("html", "lang") == language
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
    page.goto(f"{application.base}/subscribe/?language={language}")
    page.fill("[name=address]", "nobody")
    page.locator("#ask button:not([type=button])").click()
    assert page.locator("[role=alert]").is_visible()
    assert violations(page) == []
    assert [text for text in said if "400" not in text] == []


@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_the_pages_behind_a_link_are_accessible(
    application: Application,
    context: Callable[..., BrowserContext],
    violations: Callable[[Page], list[str]],
    size: str,
) -> None:
    link = application.manage_link()
    page = context(size).new_page()
    page.goto(link)
    page.get_by_text("Erase everything at once").click()
    assert violations(page) == []
    page.get_by_role("link", name="Stop these messages").click()
    page.wait_for_url("**/leave/**")
    assert violations(page) == []
    page.goto(link)
    page.get_by_text("Only when something does not work at all").click()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("status").wait_for()
    assert page.get_by_label("Only when something does not work at all").is_checked()
    with page.expect_download() as download:
        page.get_by_role("link", name="Take it with you (JSON)").click()
    held = json.loads(Path(download.value.path()).read_text())
    assert held["address"] == "r@example.org"
    page.get_by_text("Erase everything at once").click()
    page.get_by_role("button", name="Erase it all").click()
    assert page.get_by_role("heading", name="Erased").is_visible()


@pytest.mark.parametrize("script", [True, False], ids=["with scripts", "without scripts"])
@pytest.mark.parametrize("address", ["dr.vandenbroucke@huisartsen.example", "0470 12 34 56"], ids=["e-mail", "sms"])
def test_a_visitor_subscribes_in_less_than_thirty_seconds(
    *, application: Application, context: Callable[..., BrowserContext], script: bool, address: str
) -> None:
    """Counted as a slow person does it: reading, one field, one button; what the machine takes is measured."""
    page = context("phone", java_script_enabled=script).new_page()
    began = time.monotonic()
    page.goto(f"{application.base}/subscribe/?language=nl&audience=doctor")
    button = page.locator("#ask button:not([type=button])")
    box = button.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 844, "the button lies below the fold of a phone"
    assert page.input_value("[name=audience]") == "doctor"
    page.click("[name=address]")
    page.keyboard.type(address)
    button.click()
    page.wait_for_url("**/asked/**")
    machine_s = time.monotonic() - began
    person_s = READ_S + 2 * TAP_S + len(address) * STROKE_S
    assert machine_s + person_s < 30, f"{machine_s:.1f} s for the machine, {person_s:.1f} s for the person"


def test_by_keyboard_alone_the_order_is_the_order_of_the_page(
    application: Application, context: Callable[..., BrowserContext]
) -> None:
    page = context("desktop", permissions=["notifications"]).new_page()
    page.goto(f"{application.base}/subscribe/?language=en&audience=doctor")
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("(document.activeElement.name || document.activeElement.textContent).trim().slice(0, 20)")
        )
    assert reached[3:8] == ["audience", "Remind me here", "address", "Less, or in another ", "Send me a link to co"]


def test_remind_me_here_shows_what_is_pushed_and_opens_its_page(
    application: Application, context: Callable[..., BrowserContext]
) -> None:
    """All of it real but the push service, which no browser has without the internet: a receiver stands in for it."""
    with http_receiver(Receiver(otherwise=201)) as receiver:
        own = PushBrowser(f"{receiver.url}/push/1")
        visitor = context("phone", permissions=["notifications"])
        visitor.add_init_script(
            f"""PushManager.prototype.subscribe = async function (options) {{
                if (!options.userVisibleOnly || options.applicationServerKey.length !== 65) throw new Error("key");
                return {{ toJSON: () => ({own.address}) }};
            }};"""
        )
        page = visitor.new_page()
        page.goto(f"{application.base}/subscribe/?language=en")
        page.get_by_role("button", name="Remind me here").click()
        assert page.locator("#remind [role=status]").inner_text() == "First choose what you work as."
        page.select_option("[name=audience]", "pharmacist")
        page.get_by_role("button", name="Remind me here").click()
        page.wait_for_url("**/asked/?language=en&channel=webpush")
        plain = pushed(application, own, receiver)
        shown = shown_by_the_worker(visitor, page, plain)
    assert (shown["title"], shown["body"], shown["lang"]) == ("[Exercise] Dispensing fails", "Ask for the proof.", "en")
    assert shown["opened"] == "https://status.example.org/en/pharmacist/"
    assert shown["count"] == 1


def pushed(application: Application, own: PushBrowser, receiver: Receiver) -> str:
    """Send a message by the very channel, with the application's own key, and return what the browser decrypts."""
    settings = ChannelSettings(
        "", "t@example.org", "T", data_folder=application.folder, has_webpush=True, may_reach_private=True
    )
    channel = build(settings)
    assert channel is not None
    letter = Letter(
        language="en",
        subject="Dispensing fails",
        headline="Prescriptions cannot be retrieved.",
        sections=(),
        marks=(Mark("Exercise", "Exercise"),),
        action=Link("See", "https://status.example.org/en/pharmacist/"),
    )
    address = channel.check_address(own.address)
    now = datetime.now(tz=UTC)
    channel.deliver(Message("k", address, now, "t", letter, push="Ask for the proof.", facts={"kind": "first"}))
    channel.close()
    return json.dumps(own.read(receiver.requests[-1]))


def shown_by_the_worker(visitor: BrowserContext, page: Page, plain: str) -> dict[str, Any]:
    """Deliver a push to the registered worker twice, and return the notification and where a click on it leads."""
    (worker,) = visitor.service_workers
    tools = visitor.new_cdp_session(page)
    registrations: list[dict[str, Any]] = []
    tools.on("ServiceWorker.workerRegistrationUpdated", lambda given: registrations.extend(given["registrations"]))
    tools.send("ServiceWorker.enable")
    deadline = time.monotonic() + 10
    while not registrations and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    for _ in range(2):
        tools.send(
            "ServiceWorker.deliverPushMessage",
            {
                "origin": page.url.split("/subscribe")[0],
                "registrationId": registrations[0]["registrationId"],
                "data": plain,
            },
        )
    shown: dict[str, Any] = worker.evaluate(
        """async () => {
            const found = async () => {
                for (let left = 100; left; left--) {
                    const shown = await self.registration.getNotifications();
                    if (shown.length) return shown;
                    await new Promise((resolve) => setTimeout(resolve, 50));
                }
                return [];
            };
            const notifications = await found();
            const [one] = notifications;
            let opened = "";
            Object.defineProperty(self.clients, "openWindow", { value: async (url) => { opened = url; } });
            self.dispatchEvent(new NotificationEvent("notificationclick", { notification: one }));
            return { title: one.title, body: one.body, lang: one.lang, count: notifications.length, opened };
        }"""
    )
    return shown
