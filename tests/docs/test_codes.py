"""Every code that somebody may meet is explained, and no other is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from tocsin.bulletins.rules.model import BulletinKind
from tocsin.changes.rules import DriftKind
from tocsin.continuity.rules.model import ActivationState
from tocsin.observations.rules.model import NoticeState

ROOT = Path(__file__).resolve().parents[2]
CODE = re.compile(r"[a-z_]+\.[a-z_-]+")
MODULES = [ast.parse(path.read_text()) for path in sorted((ROOT / "src/tocsin").rglob("*.py"))]
PACK_FINDING = "pack."
"""Findings on a pack are explained in the guide to content packs, which has its own test."""


def listed(page: str) -> set[str]:
    cells = re.findall(r"^\|([^|]+)\|", (ROOT / "docs/reference" / page).read_text(), flags=re.MULTILINE)
    return {code for cell in cells for code in re.findall(r"`([a-z_]+(?:\.[a-z_-]+)?)`", cell)}


def errors() -> set[str]:
    """The names of `TocsinError` and of all that derives from it."""
    known = {"TocsinError"}
    classes = [node for module in MODULES for node in ast.walk(module) if isinstance(node, ast.ClassDef)]
    while True:
        found = {
            each.name for each in classes if {base.id for base in each.bases if isinstance(base, ast.Name)} & known
        }
        if found <= known:
            return known
        known |= found


def calls(*names: str) -> Iterator[ast.Call]:
    for module in MODULES:
        for node in ast.walk(module):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if name in names:
                    yield node


def texts(nodes: Iterator[ast.Call], *, place: int = 0) -> set[str]:
    found = {
        argument.value
        for node in nodes
        for argument in node.args[place : place + 1]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
    return {text for text in found if CODE.fullmatch(text)}


def raised() -> set[str]:
    named = {
        keyword.value.value
        for node in calls("problem")
        for keyword in node.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
    }
    return (
        texts(calls(*errors(), "__init__"))
        | texts(calls("Finding", "_finding"), place=1)
        | {str(code) for code in named}
    )


def refused() -> set[str]:
    """What intake says of single items: the first word of what its checks return, and what screening counts."""
    source = (ROOT / "src/tocsin/observations/services.py").read_text()
    kinds = set(re.findall(r'return "([a-z_]+)", ', source)) | {"malformed", "unreadable"}
    whole = re.findall(r'return f"unknown_\{what\}"', source)
    assert len(whole) == 1
    loop = re.findall(r'^ +\("([a-z]+)", report\.', source, flags=re.MULTILINE)
    return {f"intake.{kind}" for kind in kinds | {f"unknown_{what}" for what in loop}}


def test_every_error_is_explained() -> None:
    codes = {code for code in raised() if not code.startswith(PACK_FINDING)} | {"pack.absent", "pack.invalid"}
    assert len(codes) > 80
    # One is built from a constant that channels of others use too.
    assert codes | refused() | {"channel.unreachable"} == listed("errors.md")


def test_a_raised_code_is_found_wherever_it_is_raised() -> None:
    assert {"body.too_large", "key.missing", "intake.key_reused", "configuration.debug", "email.refused"} <= raised()
    assert {"intake.too_old", "intake.bad_member", "intake.unknown_region"} <= refused()
    assert {"SubscriptionError", "TooLargeError", "PackError"} <= errors()


def given_reasons() -> set[str]:
    """The codes of all reasons: written out, taken from a table of codes, or made of a kind that a type lists."""
    kinds: dict[str, tuple[str, ...]] = {
        "drift": get_args(DriftKind.__value__),
        "procedure": get_args(ActivationState.__value__),
        "bulletin": get_args(BulletinKind.__value__),
        # A partner's "resolved" speaks for nothing that fails.
        "notice": tuple(state for state in get_args(NoticeState.__value__) if state != "resolved"),
        # The acts of duty officers are the first words of `_Act(...)`.
        "operator": tuple(str(node.args[0].value) for node in calls("_Act") if isinstance(node.args[0], ast.Constant)),
    }
    made = {f"{prefix}.{kind}" for prefix, found in kinds.items() for kind in found}
    return made | texts(calls("Reason")) | constants("detection", "changes") | {"eye.sighted"}


def constants(*domains: str) -> set[str]:
    """Every text in the domains' rules that has the form of a code."""
    paths = [
        path for domain in domains for path in (ROOT / "src/tocsin" / domain).rglob("*.py") if "rules" in str(path)
    ]
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text()))]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts if CODE.fullmatch(text)}


def test_every_reason_is_explained() -> None:
    assert given_reasons() == listed("reasons.md")


def test_every_reason_made_of_a_kind_is_known_here() -> None:
    """A new `Reason(f"…")` must be told to `given_reasons`."""
    prefixes = {
        str(argument.values[0].value).rstrip(".")
        for node in calls("Reason")
        for argument in node.args[:1]
        if isinstance(argument, ast.JoinedStr) and isinstance(argument.values[0], ast.Constant)
    }
    assert prefixes == {"drift", "procedure", "bulletin", "notice", "operator"}
