"""Whoever writes a content pack finds every finding explained, and the example in the guide is a real procedure."""

import re
import tomllib
from pathlib import Path

from parsed_packs import procedures

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/how-to/write-a-content-pack.md").read_text()


def test_every_finding_is_explained() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "src/tocsin").rglob("*.py"))
    given = set(re.findall(r'"(pack\.[a-z_]+)"', sources)) - {"pack.toml"}
    assert set(re.findall(r"^\| `(pack\.[a-z_]+)` \|", GUIDE, flags=re.MULTILINE)) == given


def test_the_example_is_what_the_pack_says() -> None:
    block = re.search(r"```toml\n(.*?)```", GUIDE, flags=re.DOTALL)
    assert block is not None
    (identity, shown), *others = tomllib.loads(block.group(1)).items()
    assert others == []
    procedure = procedures()[identity]
    assert shown["function"] == procedure.function
    assert shown["kind"] == procedure.kind
    assert tuple(shown["states"]) == procedure.states
    assert shown["title"]["fr"] == procedure.title["fr"]
    assert set(shown["audiences"]) <= set(procedure.audiences)


def test_every_optional_key_is_named() -> None:
    optional = {
        "packages",
        "only_when_single_package",
        "needs",
        "forms",
        "exclusions",
        "duties",
        "avoid",
        "is_avoid_proven",
        "time_cost",
        "caveat",
    }
    assert optional <= set(procedures()["bill-later"].__slots__)
    assert {key for key in optional if f"`{key}`" not in GUIDE} == set()
