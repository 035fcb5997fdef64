"""Reads the intake file: what senders call services and packages, and what the pack calls them.

[services]
"sts.example.org" = "sts"        # host name or service.name → service of the pack
[packages]
"Practice Suite 12" = "gp-a"     # tocsin.package as sent → package of the pack
"""

import tomllib
from pathlib import Path

from tocsin.kernel.errors import ConfigurationError
from tocsin.plugins.sources.otlp.meaning import Names

_TABLES = ("services", "packages")


def read_names(path: Path) -> Names:
    """Return the names of the file; raises `ConfigurationError` saying what to mend."""
    try:
        stored = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ConfigurationError("intake_file.unreadable", f"It cannot be read ({error}).", where=str(path)) from error
    unknown = [table for table in stored if table not in _TABLES]
    if unknown:
        raise ConfigurationError(
            "intake_file.unknown",
            f"There is no table [{unknown[0]}].",
            where=str(path),
            hint="Tables: " + ", ".join(_TABLES),
        )
    for table in _TABLES:
        for name, meant in stored.get(table, {}).items():
            if not isinstance(meant, str):
                raise ConfigurationError("intake_file.kind", f"{name!r} must name an id.", where=f"{path}: [{table}]")
    return Names(services=stored.get("services", {}), packages=stored.get("packages", {}))
