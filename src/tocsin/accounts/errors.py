"""What can be wrong with somebody who wants to act.

InputError
├── UnauthenticatedError   we do not know who this is (HTTP 401)
└── ForbiddenError         we know, and this one may not do that (HTTP 403)
"""

from tocsin.kernel.errors import InputError


class UnauthenticatedError(InputError):
    """No key, an unknown one, or one that was revoked."""

    http_status = 401


class ForbiddenError(InputError):
    """The key is good, but was not given the scope that this needs."""

    http_status = 403
