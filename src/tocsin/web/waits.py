"""Telling somebody who tried too often how long to wait."""

import math
from datetime import timedelta
from typing import Final

from django.http import HttpResponse

TOO_MANY_REQUESTS: Final = 429


def minutes_of(wait: timedelta) -> int:
    """Return a wait in whole minutes, as it is told."""
    return math.ceil(wait / timedelta(minutes=1))


def told_to_wait(response: HttpResponse, wait: timedelta | None) -> HttpResponse:
    """Return the response with the header that tells a machine how long to wait; unchanged without a wait."""
    if wait is not None:
        response["Retry-After"] = str(math.ceil(wait.total_seconds()))
    return response
