"""A published site on the file server that Tocsin brings along, for browsers and other people's tools to look at."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bulletin_cases import templates
from tocsin.plugins.targets.folder.target import FolderTarget
from tocsin.status_site.compression import Press
from tocsin.status_site.ports import Addresses
from tocsin.status_site.rules.facts import Facts
from tocsin.status_site.services import Site


@dataclass(slots=True)
class Published:
    """A site that is being served; `show` publishes facts, whereupon readers get them."""

    base: str
    target: FolderTarget
    press: Press = field(default_factory=Press)
    version: int = 0

    @property
    def folder(self) -> Path:
        """Where the pages lie."""
        return self.target.folder

    def show(self, facts: Facts) -> None:
        """Publish what the facts say."""
        site = Site(
            pack=facts.pack,
            procedures=facts.procedures,
            templates=templates(),
            addresses=Addresses(site_url=f"{self.base}/site", base_url=self.base),
            targets=(),
        )
        self.version += 1
        before = self._version()
        self.target.publish(self.press.packed(site.render(facts)), version=self.version)
        if self.version > 1:
            _wait_until(lambda: self._version() != before)

    def _version(self) -> bytes:
        if self.version <= 1:
            return b""
        with urllib.request.urlopen(f"{self.base}/site/status.json", timeout=2) as answer:  # noqa: S310  our own loopback address
            content: bytes = answer.read()
            return content


@contextmanager
def served(folder: Path) -> Iterator[Published]:
    """Serve a site, empty at first, from a data folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "tocsin.runtime.process", "pages", "127.0.0.1", str(port)],
            env=os.environ | {"TOCSIN_DATA_FOLDER": str(folder)},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_until(lambda: _answers(base))
            yield Published(base, FolderTarget(folder / "site"))
        finally:
            server.terminate()
            server.wait(10)
            if server.stdin is not None:
                server.stdin.close()


def _answers(base: str) -> bool:
    try:
        with urllib.request.urlopen(base, timeout=1):  # noqa: S310  our own loopback address
            return True
    except urllib.error.HTTPError:
        return True
    except (urllib.error.URLError, ConnectionError):
        return False


def _wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("what was waited for did not come")
