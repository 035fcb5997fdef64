"""A browser, and a Tocsin in the middle of the shipped morning (9:05 in Brussels) for it to look at."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True, slots=True)
class Running:
    """A running Tocsin, and how to get in."""

    base: str
    folder: Path
    operator: str
    password: str
    panel: str


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
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "TOCSIN_DATA_FOLDER": str(folder),
        "TOCSIN_BASE_URL": f"http://127.0.0.1:{port}",
        "TOCSIN_SITE_URL": f"http://127.0.0.1:{port}/site",
        "TOCSIN_SECRET_KEY": "only-for-the-browser-tests",
    }
    played = subprocess.run(
        [
            sys.executable,
            str(ROOT / "tests/browser/morning.py"),
            str(folder),
            "2020-01-27T06:45:00Z",
            "2020-01-27T07:35:00Z",
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert played.returncode == 0, played.stderr[-3000:]
    entry = json.loads(played.stdout.splitlines()[-1])
    server = subprocess.Popen(
        [sys.executable, "-m", "tocsin.runtime.process", "web", "127.0.0.1", str(port)],
        env=environment,
        stdin=subprocess.PIPE,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/healthz")
        yield Running(base=f"http://127.0.0.1:{port}", folder=folder, **entry)
    finally:
        server.terminate()
        server.wait(10)
        if server.stdin is not None:
            server.stdin.close()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - our own loopback address
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer")
