"""What goes wrong with a content pack.

ConfigurationError
└── PackError   the pack cannot be used; carries every finding
"""

from collections.abc import Sequence

from tocsin.catalog.rules.findings import Finding
from tocsin.kernel.errors import ConfigurationError


class PackError(ConfigurationError):
    """A content pack cannot be used; `findings` says all that must be mended."""

    def __init__(self, folder: str, findings: Sequence[Finding]) -> None:
        """Build the error from what was found; the first finding is told, the rest counted."""
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        super().__init__(
            "pack.invalid",
            f"The content pack cannot be used: {findings[0]}{more}",
            where=folder,
            hint="`tocsin check` lists everything that must be mended.",
        )
        self.findings = tuple(findings)
