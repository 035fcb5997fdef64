"""What can be wrong with an act on a bulletin.

TocsinError
├── InputError     UnknownBulletinError
└── ConflictError  BulletinStatusError
"""

from tocsin.kernel.errors import ConflictError, InputError


class UnknownBulletinError(InputError):
    """There is no bulletin of that id."""

    http_status = 404

    def __init__(self, bulletin_id: str) -> None:
        """Build the error for the id that was asked for."""
        super().__init__("bulletin.unknown", f"There is no bulletin {bulletin_id!r}.")


class BulletinStatusError(ConflictError):
    """The bulletin no longer waits for approval."""

    def __init__(self, bulletin_id: str, *, status: str) -> None:
        """Build the error for a bulletin that somebody, or a newer one, dealt with meanwhile."""
        super().__init__(
            "bulletin.status",
            f"Bulletin {bulletin_id} no longer waits for approval: it is {status}.",
            hint="Reload the page to see what was told meanwhile.",
            status=status,
        )
