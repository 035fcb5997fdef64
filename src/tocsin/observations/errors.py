"""What can be wrong with what is sent to us.

InputError
└── NothingUsableError   everything in the batch had to be refused (HTTP 422)
ConflictError
└── KeyReusedError       an idempotency key came back with another content (HTTP 409)
"""

from collections.abc import Mapping

from tocsin.kernel.errors import ConflictError, InputError


class NothingUsableError(InputError):
    """Not one item of the batch could be kept; `facts` say how many were refused, by code."""

    http_status = 422

    def __init__(self, words: str, *, refused: Mapping[str, int]) -> None:
        """Build the error from the words that name what is wrong."""
        code = next(iter(refused), "empty")
        super().__init__(
            f"intake.{code}",
            f"Nothing in this batch can be used: {words}.",
            hint="Mend what is named and send it again.",
            refused=dict(refused),
        )


class KeyReusedError(ConflictError):
    """The same idempotency key, another content."""

    def __init__(self, key: str) -> None:
        """Build the error for the key as its sender knows it."""
        super().__init__(
            "intake.key_reused",
            f"The idempotency key {key!r} was used before for another content.",
            hint="Make a new key for each batch; repeat a key only to repeat the very same batch.",
        )
