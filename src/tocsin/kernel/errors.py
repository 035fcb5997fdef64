"""The root of every error Tocsin raises on purpose.

    TocsinError
    ├── ConfigurationError   start-up refuses: a setting, a folder, a content pack
    ├── InputError           something sent to us cannot be used (HTTP 4xx)
    ├── ConflictError        the request contradicts what is already so (HTTP 409)
    └── DeliveryError        a message or file could not be handed over (permanent or not)

Each carries a stable `code` (dotted, never reused), says where the fault is and what to do about it.
Domains derive their own errors from these four.
"""

from typing import Any


class TocsinError(Exception):
    """An error with a stable code, the place it concerns and a hint that says how to mend it.

    `http_status` is what an API answers with when the error reaches it (RFC 9457 problem details).
    """

    http_status = 500

    def __init__(self, code: str, message: str, *, where: str = "", hint: str = "", **facts: Any) -> None:
        """Build the error; `facts` are extra members that a problem document may show."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self.hint = hint
        self.facts = facts

    def __str__(self) -> str:
        """One line: where, what, what to do, and the code to look up."""
        place = f"{self.where}: " if self.where else ""
        advice = f" {self.hint}" if self.hint else ""
        return f"{place}{self.message}{advice} [{self.code}]"


class ConfigurationError(TocsinError):
    """Tocsin cannot start, or cannot go on, with what it was configured with."""


class InputError(TocsinError):
    """What was sent cannot be used; nothing that was good is lost by it."""

    http_status = 400


class ConflictError(TocsinError):
    """The request contradicts the present state."""

    http_status = 409


class DeliveryError(TocsinError):
    """A message could not be delivered; `permanent` says that trying again is useless."""

    http_status = 502

    def __init__(self, code: str, message: str, *, permanent: bool, where: str = "", hint: str = "") -> None:
        """Build the error; a permanent one is never retried."""
        super().__init__(code, message, where=where, hint=hint)
        self.permanent = permanent
