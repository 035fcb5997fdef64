"""Keeps a library that opens its own connections from being sent inside.

Apprise calls out through requests and urllib3, which resolve names themselves. While a thread is guarded, the one
place where urllib3 opens a connection checks the addresses first and goes to a checked one; other threads, and other
users of urllib3 in this process, are left as they are.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from urllib3.util import connection

from tocsin.kernel.addresses import PLAIN_PORTS, PORTS, LookUp, Origin, OutwardPolicy, reachable
from tocsin.kernel.errors import InputError

_open: Final = connection.create_connection
_guard: Final = threading.local()


@contextmanager
def guarded(policy: OutwardPolicy, *, look_up: LookUp | None = None) -> Iterator[list[InputError]]:
    """Guard what this thread opens until the end of the block; yields the list of what was refused meanwhile."""
    refused: list[InputError] = []
    _guard.rules = (policy, look_up, refused)
    try:
        yield refused
    finally:
        _guard.rules = None


def _create_connection(address: tuple[str, int], *arguments: Any, **options: Any) -> socket.socket:
    rules = getattr(_guard, "rules", None)
    if rules is None:
        return _open(address, *arguments, **options)
    policy, look_up, refused = rules
    host, port = address[0].strip("[]").rstrip("."), address[1]
    try:
        _check_port(port, policy=policy)
        checked = reachable(Origin("https", host, port), policy=policy, look_up=look_up)
    except InputError as error:
        refused.append(error)
        raise OSError(error.message) from error
    last: OSError = OSError("the name has no address")
    for each in checked:
        try:
            return _open((each, port), *arguments, **options)
        except OSError as error:
            last = error
    raise last


def _check_port(port: int, *, policy: OutwardPolicy) -> None:
    ports = PORTS | PLAIN_PORTS if policy.may_use_http else PORTS
    if port not in ports and not policy.may_reach_private:
        raise InputError("outward.port", f"Port {port} is not one that we call.")


connection.create_connection = _create_connection
