"""Starts what a browser needs: the console behind the server that holds the port, over one data folder."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import ViewportSize

ROOT = Path(__file__).resolve().parents[1]
SIZES: dict[str, ViewportSize] = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1440, "height": 900}}


@dataclass(frozen=True, slots=True)
class Running:
    """A running Tocsin, and how to get in."""

    base: str
    folder: Path
    operator: str
    password: str
    panel: str


def environment(folder: Path) -> tuple[str, dict[str, str]]:
    """Return the address that a Tocsin over the folder will have, and what its processes are told."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    return base, os.environ | {
        "TOCSIN_DATA_FOLDER": str(folder),
        "TOCSIN_BASE_URL": base,
        "TOCSIN_SITE_URL": f"{base}/site",
        "TOCSIN_SECRET_KEY": "only-for-the-browser-tests",
    }


@contextmanager
def running(base: str, told: Mapping[str, str]) -> Iterator[None]:
    """Serve until left."""
    host, port = base.removeprefix("http://").split(":")
    servers = [
        subprocess.Popen([sys.executable, "-m", "tocsin.runtime.process", *what], env=told, stdin=subprocess.PIPE)
        for what in (["web"], ["pages", host, port])
    ]
    try:
        _wait_for(f"{base}/healthz")
        yield
    finally:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait(10)
            if server.stdin is not None:
                server.stdin.close()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - our own loopback address
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer")
