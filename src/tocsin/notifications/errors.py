"""What can be wrong with a subscription or with what is asked of the outbox.

InputError
└── SubscriptionError   the request cannot be used, or the link is not (or no longer) good
ConflictError
└── BudgetError         nothing waits for the allowance that is given
"""

from tocsin.kernel.errors import ConflictError, InputError


class SubscriptionError(InputError):
    """A request to subscribe, or a link, that cannot be used; `code` says which."""


class BudgetError(ConflictError):
    """Somebody allows more for an outage or month that asked for nothing."""

    def __init__(self, period: str) -> None:
        """Build the error."""
        super().__init__(
            "budget.not-asked", "Nothing waits for this.", where=period, hint="`tocsin outbox show` lists what waits."
        )
