"""When a tap on a telephone was: by our clock, whatever the telephone's says, and however late it could be sent.

A telephone stamps the tap, and stamps the sending, by the same clock of its own. The difference between the two is true
even where that clock is years off; our own clock says when the sending was.
"""

from datetime import datetime, timedelta
from typing import Final

OFFLINE_FOR: Final = timedelta(hours=24)
"""A tap that could not be sent for longer is refused: it helps nobody any more, and may come of a lost clock."""


def tapped_by_our_clock(*, tapped_at: datetime, sent_at: datetime, now: datetime, speed: float = 1.0) -> datetime:
    """Return when it was tapped by our clock, which says `now` as it is sent and runs at `speed`.

    A telephone whose clock was put back between the two taps into the future; intake refuses that.
    """
    return now - (sent_at - tapped_at) * speed
