"""What need not be on the disk at once, because it is made anew from what is.

A publication is on the disk before anybody hears of it. Who is to be told, and which worker holds which message, follow
from it: a machine that loses power before these reached the disk writes them out again, under the same keys. So nobody
waits for the disk between publication and sending. What was sent is noted with the disk's word again, and a commit
takes everything before it along: what is in doubt after a loss of power is a twentieth of a second.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def made_anew_if_lost() -> Iterator[None]:
    """Commit what the block does without waiting for the disk.

    Only where the database can do that, and nothing else is in the transaction; else it is committed as always.
    """
    with _hurried(), transaction.atomic():
        yield


@contextmanager
def _hurried() -> Iterator[None]:
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    _wait_for_disk("NORMAL")
    try:
        yield
    finally:
        _wait_for_disk("FULL")


def _wait_for_disk(level: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA synchronous = {level}")  # takes no parameters
