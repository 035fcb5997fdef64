"""What can be wrong with an announced maintenance.

InputError
└── MaintenanceError          it cannot be announced or changed like this (HTTP 422)
    └── UnknownMaintenanceError   there is none of that id (HTTP 404)
ConflictError
└── MaintenanceStateError     it is over or was cancelled: nothing changes any more (HTTP 409)
"""

from tocsin.kernel.errors import ConflictError, InputError


class MaintenanceError(InputError):
    """A maintenance cannot be announced, or changed, with what was given."""

    http_status = 422


class UnknownMaintenanceError(MaintenanceError):
    """There is no maintenance of that id."""

    http_status = 404

    def __init__(self, maintenance: str) -> None:
        """Build the error."""
        super().__init__(
            "maintenance.unknown",
            f"There is no maintenance {maintenance!r}.",
            hint="`tocsin maintenance list` shows them.",
        )


class MaintenanceStateError(ConflictError):
    """The maintenance has ended, or was cancelled."""

    def __init__(self, maintenance: str, state: str) -> None:
        """Build the error."""
        super().__init__(
            "maintenance.closed",
            f"Maintenance {maintenance} is {state}: nothing about it changes any more.",
            hint="Announce a new one.",
        )
