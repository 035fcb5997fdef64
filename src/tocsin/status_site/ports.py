"""What the public site is made of, and where it goes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tocsin.bulletins.rules.templates import Templates
from tocsin.plugins.targets.settings import TargetSettings
from tocsin.status_site.rules.facts import Facts

type Files = dict[str, bytes]
"""A site, or a part of it: relative path → content."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where readers go for what is not a static page: `site_url` is the site's own, `base_url` the application's."""

    site_url: str
    base_url: str


@dataclass(frozen=True, slots=True)
class Publication:
    """A whole version of the site on its way to the targets.

    A file whose name ends in `.gz` or `.br` and whose plain name is there too is that file's compressed form.
    """

    version: int
    files: Mapping[str, bytes]
    at: datetime


class Target(Protocol):
    """Takes a whole site and shows it; each file at once, and all of them together where the place can do that.

    Called by one thread at a time, at least once a minute. Must give up by itself rather than hang.
    """

    def publish(self, files: Mapping[str, bytes], *, version: int) -> int:
        """Publish the files (relative path → content); return how many of them were new or had changed.

        Raises `DeliveryError` when the site cannot be handed over; readers then still see the version before.
        """
        ...

    def read(self, name: str) -> bytes:
        """Return a file as the place shows it now; raises `DeliveryError` when it cannot be had."""
        ...


type TargetFactory = Callable[[TargetSettings], Target]
"""What an entry point of the group `tocsin.targets` names; raises `ConfigurationError` for what it cannot use."""


class Exporter(Protocol):
    """Says what the pages say in a format of its own, as further files of the site.

    Called with every publication, within the second in which an event must be seen: keep what does not change. What it
    raises loses its own files of that publication and nobody else's.
    """

    def export(self, facts: Facts, *, templates: Templates, addresses: Addresses) -> Mapping[str, bytes]:
        """Return the files (relative path → content); a path that Tocsin itself writes is left to Tocsin."""
        ...


type ExporterFactory = Callable[[], Exporter]
"""What an entry point of the group `tocsin.exporters` names; an exporter reads settings of its own by itself."""
