"""A finding: something in a content pack that must, or had better, be mended."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

type Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend: in which file, at which key, what is wrong and what to do about it.

    An `error` makes the pack unusable; a `warning` does not. `code` is stable and dotted.
    """

    severity: Severity
    code: str
    file: str
    key: str
    message: str
    hint: str

    def __str__(self) -> str:
        """One line, ready to be printed."""
        place = f"{self.file}: {self.key}" if self.key else self.file
        return f"{place}: {self.message} {self.hint} [{self.code}]"


def errors_in(findings: Iterable[Finding]) -> list[Finding]:
    """Return those findings that make a pack unusable."""
    return [finding for finding in findings if finding.severity == "error"]
