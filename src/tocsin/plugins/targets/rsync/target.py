"""Publishes the site with rsync over ssh, to a host that gives a shell.

The version is written to a folder of this target's own first; rsync brings it up beside the one that is shown there,
sends only what differs, hard-links the rest, and keeps the ages from which servers make their ETags. Then one rename
of a link switches. All of it is another process's work: the engine does not feel it.
"""

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tocsin.kernel.errors import DeliveryError
from tocsin.plugins.targets.folder.target import FolderTarget
from tocsin.plugins.targets.settings import TargetSettings

KEPT_VERSIONS = 3
CONNECTS_WITHIN_S = 10
ENDS_WITHIN_S = 50.0

SWITCH = """\
set -e
cd {parent}
ln -sfn {versions}/{place} {link}.next
mv -T {link}.next {link}
ls -1d {versions}/[0-9]* | head -n -{kept} | xargs -r rm -rf --
"""


class RsyncTarget:
    """A folder on another host, reached with rsync over ssh. `ssh` is the command that reaches it, `host` whom."""

    def __init__(self, ssh: Sequence[str], *, host: str, folder: str, staging: Path) -> None:
        self._ssh = ssh
        self._host = host
        self._folder = folder.rstrip("/")
        self._staging = FolderTarget(staging)

    def publish(self, files: Mapping[str, bytes], *, version: int) -> int:
        """Bring a new version up beside the one that is shown, and switch; return how many files changed."""
        changed = self._staging.publish(files, version=version)
        place = self._staging.folder.resolve()
        parent, _, link = self._folder.rpartition("/")
        versions = f"{link}.versions"
        self._run(self._remote(f"mkdir -p {shlex.quote(f'{parent}/{versions}')}"))
        self._run(
            [
                "rsync",
                "--recursive",
                "--links",
                "--times",
                "--chmod=D755,F644",
                f"--link-dest={self._folder}/",
                f"--rsh={shlex.join(self._ssh)}",
                f"{place}/",
                f"{self._host}:{parent}/{versions}/{place.name}/",
            ]
        )
        names = {"parent": parent or "/", "versions": versions, "place": place.name, "link": link}
        quoted = {name: shlex.quote(value) for name, value in names.items()}
        self._run(self._remote(SWITCH.format(**quoted, kept=KEPT_VERSIONS)))
        return changed

    def read(self, name: str) -> bytes:
        """Return a file as the host shows it now."""
        return self._run(self._remote(f"cat -- {shlex.quote(f'{self._folder}/{name}')}"))

    def _remote(self, script: str) -> list[str]:
        return [*self._ssh, self._host, script]

    def _run(self, command: Sequence[str]) -> bytes:
        try:
            return subprocess.run(  # noqa: S603  our own command, its parts quoted
                command, check=True, capture_output=True, timeout=ENDS_WITHIN_S, stdin=subprocess.DEVNULL
            ).stdout
        except subprocess.CalledProcessError as error:
            words = error.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise self._refusal(words or f"{command[0]} ended with {error.returncode}") from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise self._refusal(str(error)) from error

    def _refusal(self, words: str) -> DeliveryError:
        return DeliveryError(
            "target.unreachable",
            f"The host does not take it: {words}.",
            permanent=False,
            where=f"{self._host}:{self._folder}",
            hint="It is tried again. Look at the address, the key and the host's own key.",
        )


def build(settings: TargetSettings) -> RsyncTarget:
    """Return the target for `folder` at `host`, as `user` with the key in `key_file`."""
    folder = settings.text("folder")
    if not folder.startswith("/"):
        raise settings.refusal("folder", "Give the whole path, from the root.")
    ssh = [
        "ssh",
        f"-p{settings.number('port', 22)}",
        f"-i{settings.text('key_file')}",
        "-oBatchMode=yes",
        "-oIdentitiesOnly=yes",
        "-oStrictHostKeyChecking=yes",
        f"-oUserKnownHostsFile={settings.text('known_hosts')}",
        f"-oConnectTimeout={CONNECTS_WITHIN_S}",
        "-oServerAliveInterval=5",
    ]
    host = f"{settings.text('user')}@{settings.text('host')}"
    return RsyncTarget(ssh, host=host, folder=folder, staging=settings.work_folder / "site")
