"""When a delivery that failed is tried again, and when it is given up."""

from datetime import timedelta
from hashlib import sha256

FIRST_WAIT = timedelta(seconds=20)
"""A mail server that is restarted, or that greylists briefly, is back within this order of time."""

LONGEST_WAIT = timedelta(minutes=10)
"""Below the promise of the next update: a message is never asleep longer than the text it carries is good for."""

GIVE_UP_AFTER = timedelta(hours=24)
"""A server that is away for a working day loses nothing; newer bulletins of the same outage replace the text anyway."""

MAX_DOUBLINGS = 10

FAILURES = 3
"""Messages in a row that were refused for good, after which an address is written to no more."""

JITTER = 0.25
"""Each wait is stretched or shortened by up to this share, so that what failed together does not return together."""

LEASE = timedelta(minutes=2)
"""How long a worker may hold a message: well above a channel's own time limits, so only a dead worker overruns it."""


def wait_before_retry(attempts: int, *, key: str) -> timedelta:
    """Return how long to wait after the given number of failed attempts (at least 1).

    The wait doubles each time up to a ceiling. Its jitter follows from `key` and the attempt: spread between
    messages, yet the same each time it is computed.
    """
    doublings = min(attempts - 1, MAX_DOUBLINGS)
    wait = min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
    draw: float = int.from_bytes(sha256(f"{key}/{attempts}".encode()).digest()[:4]) / 2**32
    return wait * (1 - JITTER + 2 * JITTER * draw)


def is_given_up(age: timedelta, attempts: int, *, permanent: bool) -> bool:
    """Say whether a failed delivery is not tried again; what was tried once only is tried again, however old."""
    return permanent or (age >= GIVE_UP_AFTER and attempts > 1)


def suppression_of(failures: int, *, code: str) -> str:
    """Return why an address is written to no more, or nothing while it is.

    `failures` counts messages in a row that were refused for good; a code that ends in `.gone` says that the address
    has ended, once and for all.
    """
    return code if code.endswith(".gone") or failures >= FAILURES else ""
