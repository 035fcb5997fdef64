"""The process's one clock, as the API sees it."""

from datetime import datetime

from django.conf import settings

from tocsin.kernel.clock import SystemClock


def now() -> datetime:
    """Return the present moment of the clock that the runtime chose (the system's when it chose none)."""
    moment: datetime = getattr(settings, "CLOCK", SystemClock()).now()
    return moment
