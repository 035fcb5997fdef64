"""What the operator configured for one target: a `[[targets]]` table, its secrets fetched from where they lie."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tocsin.kernel.errors import ConfigurationError

TARGETS = "tocsin.targets"
"""The entry-point group of targets: callables that take `TargetSettings` and return a target."""


@dataclass(frozen=True, slots=True)
class TargetSettings:
    """One target's settings. `work_folder` is a folder of its own for what it must keep on this machine."""

    name: str
    kind: str
    work_folder: Path
    url: str = ""
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def text(self, option: str, default: str | None = None) -> str:
        """Return an option that is a text, or a secret given as `{ env = "NAME" }` or `{ file = "/path" }`.

        Raises `ConfigurationError` when it is missing and has no default, or cannot be fetched.
        """
        value = self.options.get(option, default)
        if isinstance(value, Mapping):
            value = self._fetched(option, value)
        if not isinstance(value, str) or (not value and default is None):
            raise self.refusal(option, "A text was expected.")
        return value

    def number(self, option: str, default: int) -> int:
        """Return an option that is a whole number, not below one."""
        value = self.options.get(option, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self.refusal(option, "A whole number above zero was expected.")
        return value

    def require_kind(self, kinds: Collection[str]) -> None:
        """Raise `ConfigurationError` when there is no such kind."""
        if self.kind not in kinds:
            raise self.refusal("kind", f"There is no kind {self.kind!r}; there are {', '.join(sorted(kinds))}.")

    def refusal(self, option: str, message: str) -> ConfigurationError:
        """Return the error that says what is wrong with an option."""
        return ConfigurationError(
            "target.setting", message, where=f"targets.{self.name}.{option}", hint="docs/reference/settings.md tells."
        )

    def _fetched(self, option: str, source: Mapping[str, Any]) -> str | None:
        if set(source) == {"env"}:
            return os.environ.get(str(source["env"]))
        if set(source) == {"file"}:
            try:
                return Path(str(source["file"])).expanduser().read_text().strip()
            except OSError as error:
                raise self.refusal(option, f"The file cannot be read ({error.strerror}).") from error
        raise self.refusal(option, 'A secret is a text, { env = "NAME" } or { file = "/path" }.')


def target_settings(tables: Sequence[Mapping[str, Any]], data_folder: Path) -> list[TargetSettings]:
    """Return the settings of each configured target, in the configuration's order."""
    return [
        TargetSettings(
            name=table["name"],
            kind=table["kind"],
            work_folder=data_folder / "targets" / table["name"],
            url=table.get("url", ""),
            options={key: value for key, value in table.items() if key not in {"name", "kind", "url"}},
        )
        for table in tables
    ]
