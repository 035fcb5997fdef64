"""The Belgian pack as parsed files that a test may spoil or rename."""

import copy
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tocsin.catalog.queries import CATALOGUE_FILES, load_pack, read_files
from tocsin.catalog.rules.model import Pack
from tocsin.continuity.queries import load_procedures
from tocsin.continuity.rules.model import Procedure

BELGIUM = Path(__file__).resolve().parents[1] / "packs" / "belgium"

type Files = dict[str, Any]

# Which keys of which files hold ids of which kind; a file's own top-level keys are ids of the kind it is named after.
OWN = {f"{kind}.toml": kind for kind in ("audiences", "partners", "services", "functions", "packages", "regions")}
REFERENCES = {
    "needs": "services",
    "soft": "services",
    "uses": "services",
    "audiences": "audiences",
    "audience": "audiences",
    "packages": "packages",
    "partner": "partners",
    "subcontractor_of": "partners",
    "function": "functions",
}


@cache
def pack() -> Pack:
    return load_pack(BELGIUM)


@cache
def procedures() -> dict[str, Procedure]:
    return load_procedures(BELGIUM, pack())


@cache
def _parsed() -> Files:
    names = tuple(f"procedures/{path.name}" for path in sorted((BELGIUM / "procedures").glob("*.toml")))
    files, findings = read_files(BELGIUM, (*CATALOGUE_FILES, "legal.toml", *names))
    assert findings == []
    return files


def parsed() -> Files:
    """A fresh copy of the Belgian pack's parsed files."""
    return copy.deepcopy(_parsed())


def renamed(files: Files, rename: Callable[[str, str], str]) -> Files:
    """The same files with every id replaced by `rename(kind, id)`, and nothing else changed."""
    return {name: _renamed_file(name, content, rename) for name, content in files.items()}


def _renamed_file(name: str, content: Files, rename: Callable[[str, str], str]) -> Files:
    kind = OWN.get(name) or ("procedures" if name.startswith("procedures/") else None)
    if kind is None:
        return content
    return {rename(kind, key): _renamed_table(table, rename) for key, table in content.items()}


def _renamed_table(table: Mapping[str, Any], rename: Callable[[str, str], str]) -> Files:
    changed = dict(table)
    for key in set(table) & set(REFERENCES):
        kind = REFERENCES[key]
        value = table[key]
        changed[key] = rename(kind, value) if isinstance(value, str) else [rename(kind, each) for each in value]
    return changed
