"""What can be wrong with an act on an activation.

TocsinError
├── InputError     UnknownActivationError
└── ConflictError  ActivationStateError
"""

from tocsin.kernel.errors import ConflictError, InputError


class UnknownActivationError(InputError):
    """There is no activation of that id."""

    http_status = 404

    def __init__(self, activation_id: int) -> None:
        """Build the error for the id that was asked for."""
        super().__init__("activation.unknown", f"There is no activation {activation_id}.")


class ActivationStateError(ConflictError):
    """The activation does not stand where the act would make sense."""

    def __init__(self, activation_id: int, *, state: str, act: str) -> None:
        """Build the error for an act that the activation's state does not allow."""
        super().__init__(
            "activation.state",
            f"Activation {activation_id} is {state}: it cannot be {act}.",
            hint="Reload the page to see where it stands.",
            state=state,
        )
