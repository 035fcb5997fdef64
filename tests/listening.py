"""What tests need to start a server of their own: a port that is free, and the moment at which it listens."""

import socket
import subprocess
import time


def free_port() -> int:
    """A port of this machine on which nobody listens at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def await_listening(port: int, process: subprocess.Popen[bytes], *, name: str) -> None:
    """Wait until the server listens; fails when it ended instead, or after ten seconds."""
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, f"{name} ended at once"
            assert time.monotonic() < deadline, f"{name} does not listen"
            time.sleep(0.02)
        else:
            return
