"""What tools for pages say: the Nu HTML checker of every page, Lighthouse of the page that people open."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bulletin_cases import belgium
from exported_site import official
from published_site import Published
from rich_facts import rich
from tocsin.status_site.rules.facts import Facts

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
ENOUGH = 0.95


def morning(**changes: Any) -> Facts:
    """A bad morning, now, with something for every type of page."""
    now = datetime.now(UTC)
    return replace(rich(), now=now, checked_at=now, **changes)


def test_the_html_checker_finds_no_error_on_any_page(tools: Path, published: Published) -> None:
    published.show(morning())
    pages = sorted(str(path) for path in published.folder.resolve().rglob("*.html"))
    kinds = ("incidents/", "history/", "procedures/", "maintenance.html", "readiness.html", "accessibility.html")
    assert all(any(kind in page for page in pages) for kind in kinds)
    jar = tools / "node_modules/vnu-jar/build/dist/vnu.jar"
    answer = subprocess.run(
        ["java", "-Xss2m", "-jar", str(jar), "--format", "json", "--skip-non-html", *pages],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    messages = json.loads(answer.stderr or answer.stdout)["messages"]
    said = sorted({f"{Path(one['url']).name}: {one['message']}" for one in messages if one["type"] != "info"})
    assert said == []


@dataclass(frozen=True, slots=True)
class Report:
    """Lighthouse's scores by category, and the audits that cost points."""

    scores: Mapping[str, float]
    faults: tuple[str, ...]

    def short(self, *without: str) -> dict[str, float]:
        """Return the categories that are not good enough."""
        return {name: score for name, score in self.scores.items() if score < ENOUGH and name not in without}


def lighthouse(tools: Path, url: str, folder: Path) -> Report:
    report = folder / "report.json"
    answer = subprocess.run(
        [
            str(tools / "node_modules/.bin/lighthouse"),
            url,
            "--quiet",
            "--output=json",
            f"--output-path={report}",
            f"--chrome-flags={CHROMIUM_FLAGS} --user-data-dir={folder / 'profile'}",
            "--max-wait-for-load=20000",
            # It is asked for at the host's root, which is the application's and not the site's where one serves both.
            "--skip-audits=robots-txt",
        ],
        env=os.environ | {"CHROME_PATH": CHROMIUM},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    found = json.loads(report.read_text())
    weighty = {ref["id"] for category in found["categories"].values() for ref in category["auditRefs"] if ref["weight"]}
    return Report(
        scores={name: category["score"] for name, category in found["categories"].items()},
        faults=tuple(
            f"{name}: {audit['title']} {audit.get('displayValue', '')}"
            for name, audit in found["audits"].items()
            if name in weighty and audit["score"] is not None and audit["score"] < 1
        ),
    )


@pytest.mark.browser
def test_lighthouse_is_content_with_an_official_page_on_a_bad_morning(
    tools: Path, published: Published, tmp_path: Path
) -> None:
    published.show(morning(pack=official(belgium())))
    report = lighthouse(tools, f"{published.base}/site/nl/pharmacist/index.html", tmp_path)

    assert set(report.scores) == {"performance", "accessibility", "best-practices", "seo"}
    assert report.short() == {}, report.faults


@pytest.mark.browser
def test_lighthouse_is_content_with_a_demonstration_but_for_its_being_kept_from_search(
    tools: Path, published: Published, tmp_path: Path
) -> None:
    published.show(morning())
    report = lighthouse(tools, f"{published.base}/site/en/index.html", tmp_path)

    assert report.short("seo") == {}, report.faults
