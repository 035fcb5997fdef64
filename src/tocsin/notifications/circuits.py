"""Leaving alone, for a while, a receiving server that fails or hangs: it loses nothing and holds up nobody else.

A server is a host that a subscriber named (of a webhook, a browser's push service). After some failures in a row, or
while a call to it hangs, what is meant for it waits in the outbox; then one message tries whether it is back.
"""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

FAILURES: Final = 3
FIRST_PAUSE_S: Final = 5.0
LONGEST_PAUSE_S: Final = 300.0
HANGS_AFTER_S: Final = 1.0

_HOST = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/@\s\"]*@)?([^/:?#\s\"]+)", re.IGNORECASE)


def host_of(address: str) -> str:
    """Return the host that an address names; nothing for an e-mail address or a number."""
    found = _HOST.search(address)
    return found[1].lower() if found else ""


@dataclass(slots=True)
class _Host:
    failures: int = 0
    closed_until_s: float = 0.0
    under_way: int = 0
    oldest_s: float = 0.0


class Circuits:
    """Knows how the hosts of one channel are doing; used by all its lanes at the same time."""

    def __init__(self, *, at_once: int, clock_s: Callable[[], float] = time.monotonic) -> None:
        """Allow `at_once` calls to one host at the same time: fewer than there are lanes."""
        self._at_once = max(1, at_once)
        self._clock_s = clock_s
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    def enter(self, host: str) -> float:
        """Return 0 when a call may begin, which `leave` must follow; otherwise for how many seconds to wait."""
        if not host:
            return 0.0
        now_s = self._clock_s()
        with self._lock:
            state = self._hosts.setdefault(host, _Host())
            wait_s = self._wait_s(state, now_s)
            if wait_s == 0.0:
                state.oldest_s = now_s if state.under_way == 0 else state.oldest_s
                state.under_way += 1
            return wait_s

    def leave(self, host: str, *, failed: bool) -> None:
        """Note how a call ended."""
        if not host:
            return
        now_s = self._clock_s()
        with self._lock:
            state = self._hosts[host]
            state.under_way -= 1
            state.oldest_s = now_s
            if not failed:
                state.failures, state.closed_until_s = 0, 0.0
                return
            state.failures += 1
            if state.failures >= FAILURES:
                pause_s = FIRST_PAUSE_S * 2.0 ** min(state.failures - FAILURES, 10)
                state.closed_until_s = now_s + min(pause_s, LONGEST_PAUSE_S)

    def _wait_s(self, state: _Host, now_s: float) -> float:
        if now_s < state.closed_until_s:
            return state.closed_until_s - now_s
        if state.under_way and state.failures >= FAILURES:
            return FIRST_PAUSE_S  # one tries whether it is back
        if state.under_way and now_s - state.oldest_s > HANGS_AFTER_S:
            return HANGS_AFTER_S
        return HANGS_AFTER_S if state.under_way >= self._at_once and state.failures else 0.0
