"""Where the public site goes."""

from collections.abc import Mapping
from typing import Protocol


class Target(Protocol):
    """Takes a whole site and shows it all at once: readers see the old version or the new one, never a mixture."""

    def publish(self, files: Mapping[str, bytes], *, version: int) -> int:
        """Publish the files (relative path → content); return how many of them were new or had changed.

        Raises `DeliveryError` when the site cannot be handed over; readers then still see the version before.
        """
        ...
