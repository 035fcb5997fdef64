"""A real OpenSSH server of our own, for tests: on a free port, with keys of its own, for whoever runs the tests."""

import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from listening import await_listening, free_port


@dataclass(frozen=True, slots=True)
class SshServer:
    """Where it listens, and what a client needs."""

    port: int
    user: str
    key_file: Path
    known_hosts: Path


CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/key.pub
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
"""


@contextmanager
def ssh_server(folder: Path) -> Iterator[SshServer]:
    """Run one while the block runs."""
    program = shutil.which("sshd") or "/usr/sbin/sshd"
    for name in ("host", "key"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(folder / name)]
        subprocess.run(command, check=True)
    port = free_port()
    (folder / "config").write_text(CONFIG.format(port=port, folder=folder))
    public = " ".join((folder / "host.pub").read_text().split()[:2])
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}\n")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    process = subprocess.Popen([program, "-D", "-e", "-f", str(folder / "config")], stderr=subprocess.DEVNULL)
    try:
        await_listening(port, process, name="sshd")
        yield SshServer(port, getpass.getuser(), folder / "key", folder / "known_hosts")
    finally:
        process.terminate()
        process.wait(10)
