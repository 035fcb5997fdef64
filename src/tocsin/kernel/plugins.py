"""Finding plug-ins: an installed distribution offers them as entry points, built-in ones in just the same way."""

from importlib.metadata import entry_points
from typing import Any

from tocsin.kernel.errors import ConfigurationError


def load_plugins(group: str) -> dict[str, Any]:
    """Return what is registered in an entry-point group, by name, in order of name.

    Raises `ConfigurationError` naming the plug-in and its distribution when one cannot be imported.
    """
    return {entry.name: _loaded(entry) for entry in sorted(entry_points(group=group), key=lambda entry: entry.name)}


def _loaded(entry: Any) -> Any:
    try:
        return entry.load()
    except (ImportError, AttributeError) as error:
        owner = entry.dist.name if entry.dist is not None else "an unknown distribution"
        raise ConfigurationError(
            "plugin.unloadable",
            f"The plug-in {entry.name!r} of {owner} cannot be loaded: {error}.",
            where=entry.group,
            hint="Mend or uninstall it.",
        ) from error
