"""Compiles the translations (`*.po` → `*.mo`), for `make setup` and for the wheel.

Run as a script it compiles in place; as hatch's build hook it does the same before the wheel is packed.
"""

import sys
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def compile_messages(root: Path) -> list[Path]:
    """Compile every catalogue under `root` that is newer than its compiled file; return those written."""
    written = []
    for source in sorted(root.rglob("*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as file:
            catalogue = read_po(file, abort_invalid=True)
        with target.open("wb") as file:
            write_mo(file, catalogue)
        written.append(target)
    return written


class MessagesHook(BuildHookInterface[Any]):
    """Hatch's hook: puts compiled translations into the wheel."""

    PLUGIN_NAME = "messages"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and tell hatch to pack files that git ignores."""
        del version
        root = Path(self.root)
        compile_messages(root / "src")
        build_data["artifacts"].append("src/**/*.mo")


if __name__ == "__main__":
    for path in compile_messages(Path(sys.argv[1] if len(sys.argv) > 1 else "src")):
        print(f"compiled {path}")
