"""What can be wrong with somebody who wants to act.

InputError
├── UnauthenticatedError   we do not know who this is (HTTP 401)
├── ForbiddenError         we know, and this one may not do that (HTTP 403)
├── FactorError            a second factor that proves nothing, or cannot be added
└── ApprovalLinkError      a link from a page that is not ours, or too old (HTTP 410)
ConfigurationError
└── SealBrokenError        the secret key is not the one that sealed what is in the database
"""

from tocsin.kernel.errors import ConfigurationError, InputError


class UnauthenticatedError(InputError):
    """No key, an unknown one, or one that was revoked."""

    http_status = 401


class ForbiddenError(InputError):
    """The key is good, but was not given the scope that this needs."""

    http_status = 403


class FactorError(InputError):
    """A code or passkey that proves nothing, or a factor that cannot be added; `code` says which."""

    http_status = 403


class ApprovalLinkError(InputError):
    """A link from a page that is not one of ours, or that was sent too long ago."""

    http_status = 410


class SealBrokenError(ConfigurationError):
    """What was sealed under one secret key cannot be opened under another."""

    def __init__(self) -> None:
        """Build the error."""
        super().__init__(
            "factor.seal_broken",
            "The secret key is not the one under which this operator's authenticator app was enrolled.",
            hint="Bring back the old secret key, or run: tocsin operator reset-factors NAME",
        )
