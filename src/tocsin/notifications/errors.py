"""What can be wrong with a subscription.

InputError
└── SubscriptionError   the request cannot be used, or the link is not (or no longer) good
"""

from tocsin.kernel.errors import InputError


class SubscriptionError(InputError):
    """A request to subscribe, or a link, that cannot be used; `code` says which."""
