"""What the documentation says is true: links lead somewhere, commands exist, settings and codes are all listed."""

import dataclasses
import importlib
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tocsin.cli.main import COMMANDS, help_text
from tocsin.runtime.configuration import Configuration

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "packs").rglob("*.md"), *ROOT.glob("bench/**/*.md")]
)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"", page.read_text()):
        link = target[0] or target[1]
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        place = (page.parent / name).resolve() if name else page
        if not place.exists() or (anchor and place.suffix == ".md" and anchor not in anchors(place)):
            broken.append(link)
    assert broken == []


def test_every_command_named_anywhere_exists() -> None:
    named = {
        (page.name, command)
        for page in PAGES
        for command in re.findall(r"(?:`|bin/)tocsin ([a-z]+)\b", page.read_text())
    }
    assert {(page, command) for page, command in named if command not in COMMANDS} == set()


def test_every_make_target_named_anywhere_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = {
        target for page in PAGES for target in re.findall(r"(?:`|^)make ([a-z-]+)\b", page.read_text(), re.MULTILINE)
    }
    assert named - targets == set()


def test_every_setting_is_listed() -> None:
    listed = set(re.findall(r"^\| `([a-z_]+)`", (ROOT / "docs/reference/settings.md").read_text(), flags=re.MULTILINE))
    assert listed == {field.name for field in dataclasses.fields(Configuration)}


def test_the_table_of_commands_is_the_folder_of_commands() -> None:
    modules = {path.stem for path in (ROOT / "src/tocsin/cli").glob("*.py")} - {"__init__", "main"}
    assert {name for name in modules if hasattr(importlib.import_module(f"tocsin.cli.{name}"), "app")} == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented_with_its_options(command: str) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "tocsin.cli.main", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "200", "PATH": "", "NO_COLOR": "1"},
    ).stdout
    page = (ROOT / "docs/reference/commands.md").read_text()
    section = re.search(rf"^## tocsin {command}$(.*?)(?=^## |\Z)", page, flags=re.MULTILINE | re.DOTALL)
    assert section is not None, f"docs/reference/commands.md has no section 'tocsin {command}'"
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", shown)) - {
        "--help",
        "--install-completion",
        "--show-completion",
    }
    assert {option for option in options if option not in section.group(1)} == set()


def test_help_answers_fast_and_imports_little() -> None:
    heavy = {"django", "numpy", "typer", "tocsin.kernel"}
    code = f"import sys; from tocsin.cli.main import run; run(['--help']); print(sorted({heavy} & set(sys.modules)))"
    began = time.perf_counter()
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert time.perf_counter() - began < 0.4
    assert shown.splitlines()[-1] == "[]"
    assert help_text() in shown


def test_every_guide_and_reference_is_in_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text()
    pages = [path for kind in ("tutorial", "how-to", "reference") for path in (ROOT / "docs" / kind).glob("*.md")]
    assert {str(page) for page in pages if f"({page.relative_to(ROOT / 'docs')})" not in index} == set()
