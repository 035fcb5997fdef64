"""The house rules that a machine can hold: lengths, empty packages, no left-overs, nothing of anybody's machine."""

import ast
import re
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST_FUNCTION = 60
LONGEST_FILE = 500


def tracked(*suffixes: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [ROOT / name for name in listed if Path(name).suffix in suffixes and (ROOT / name).is_file()]


def sources() -> list[Path]:
    return [path for path in tracked(".py") if path.is_relative_to(ROOT / "src") and "migrations" not in path.parts]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1


def test_functions_are_short() -> None:
    lengths = dict(pair for path in sources() for pair in functions(path))
    too_long = {name: lines for name, lines in lengths.items() if lines >= LONGEST_FUNCTION}
    assert too_long == {}
    assert statistics.median(lengths.values()) < 10
    assert statistics.quantiles(lengths.values(), n=10)[8] < 30


def test_files_are_short() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_packages_are_empty() -> None:
    assert [str(path) for path in sources() if path.name == "__init__.py" and path.read_text().strip()] == []


def test_every_module_says_what_and_why() -> None:
    modules = [path for path in sources() if path.name != "__init__.py"]
    assert [str(path) for path in modules if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_no_drawer_is_called_common() -> None:
    names = {"utils", "helpers", "manager", "common", "misc"}
    assert [str(path) for path in sources() if {path.stem, *path.parts} & names] == []


def test_every_suppression_carries_a_code_and_a_reason() -> None:
    bare = re.compile(r"# type: ignore(?!\[[\w, -]+\]\s*\S)|# noqa(?!: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)*\s+\S)")
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in tracked(".py")
        if path != Path(__file__) and "migrations" not in path.parts
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if bare.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "forbidden",
    [
        r"(?<![\w.])/(work|root|tmp/bash_jobs)/",
        r"files\.pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org|pypi\.org/simple",
    ],
    ids=["paths of a machine", "registry hosts"],
)
def test_nothing_names_a_machine(forbidden: str) -> None:
    kinds = (".py", ".md", ".toml", ".txt", ".lock", ".sh", ".html", ".js", ".css", ".po", ".json", ".yml", ".yaml")
    found = [
        str(path.relative_to(ROOT))
        for path in [*tracked(*kinds), ROOT / "Makefile", ROOT / ".ci" / "run"]
        if path != Path(__file__) and path.stat().st_size < 2_000_000 and re.search(forbidden, path.read_text())
    ]
    assert found == []
