"""Ending in order: SIGTERM and Ctrl-C ask a loop to stop after what it is doing."""

import signal
from collections.abc import Callable
from types import FrameType


def stop_on_signals(stop: Callable[[], object]) -> None:
    """Let SIGTERM and Ctrl-C call `stop`, so that the process ends without a traceback."""

    def ended(_number: int, _frame: FrameType | None) -> None:
        stop()

    signal.signal(signal.SIGTERM, ended)
    signal.signal(signal.SIGINT, ended)
