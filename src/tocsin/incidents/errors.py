"""What can be wrong with an act on an incident.

TocsinError
├── InputError     UnknownIncidentError
└── ConflictError  IncidentPhaseError
"""

from tocsin.kernel.errors import ConflictError, InputError


class UnknownIncidentError(InputError):
    """There is no incident of that id."""

    http_status = 404

    def __init__(self, incident_id: str) -> None:
        """Build the error for the id that was asked for."""
        super().__init__("incident.unknown", f"There is no incident {incident_id!r}.")


class IncidentPhaseError(ConflictError):
    """The incident does not stand where the act would make sense."""

    def __init__(self, incident_id: str, *, phase: str, act: str) -> None:
        """Build the error for an act that the incident's phase does not allow."""
        super().__init__(
            "incident.phase",
            f"Incident {incident_id} is {phase}: it cannot be {act}.",
            hint="Reload the page to see where it stands.",
            phase=phase,
        )
