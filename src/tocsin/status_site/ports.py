"""What the public site is made of, and where it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

type Files = dict[str, bytes]
"""A site, or a part of it: relative path → content."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where readers go for what is not a static page: `site_url` is the site's own, `base_url` the application's."""

    site_url: str
    base_url: str


class Target(Protocol):
    """Takes a whole site and shows it all at once: readers see the old version or the new one, never a mixture."""

    def publish(self, files: Mapping[str, bytes], *, version: int) -> int:
        """Publish the files (relative path → content); return how many of them were new or had changed.

        Raises `DeliveryError` when the site cannot be handed over; readers then still see the version before.
        """
        ...
