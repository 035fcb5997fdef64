"""What every target must do. A plug-in's own tests may subclass `TargetContract`.

Built-in targets are held to it against real servers: Debian's sshd, and moto's S3 server.
"""

import shutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from ssh_server import SshServer, ssh_server
from tocsin.kernel.errors import ConfigurationError, DeliveryError
from tocsin.plugins.targets.folder.target import build as folder_target
from tocsin.plugins.targets.rsync.target import build as rsync_target
from tocsin.plugins.targets.s3.target import build as s3_target
from tocsin.plugins.targets.settings import TargetSettings
from tocsin.plugins.targets.sftp.target import build as sftp_target
from tocsin.status_site.ports import Target

PAGE = "<p>Électronique : rien à signaler.</p>".encode() * 50


def version_of(number: int, **more: bytes) -> dict[str, bytes]:
    """A small site: a way in, a page, an asset that never changes, and the stamp."""
    return {
        "index.html": PAGE + b"<!-- %d -->" % number,
        "fr/doctor/index.html": PAGE,
        "assets/site.css": b"body{}",
        "version.json": b'{"version":%d}' % number,
        **{name.replace("__", "."): content for name, content in more.items()},
    }


class TargetContract:
    """A target under test: `target` works; `cut` cannot be reached."""

    def test_what_was_published_can_be_read_back(self, target: Target) -> None:
        files = version_of(1)
        assert target.publish(files, version=1) == len(files)
        assert {name: target.read(name) for name in files} == files

    def test_only_what_changed_is_counted(self, target: Target) -> None:
        target.publish(version_of(1), version=1)
        assert target.publish(version_of(2), version=2) == 2
        assert target.read("version.json") == b'{"version":2}'
        assert target.read("fr/doctor/index.html") == PAGE

    def test_what_is_gone_is_no_longer_shown(self, target: Target) -> None:
        target.publish(version_of(1, gone__html=PAGE), version=1)
        target.publish(version_of(2), version=2)
        with pytest.raises(DeliveryError):
            target.read("gone.html")

    def test_the_same_version_may_come_twice(self, target: Target) -> None:
        target.publish(version_of(1), version=1)
        target.publish(version_of(1, more__html=b"more"), version=1)
        assert target.read("more.html") == b"more"

    def test_many_versions_later_the_newest_is_shown(self, target: Target) -> None:
        for number in range(1, 7):
            target.publish(version_of(number), version=number)
        assert target.read("version.json") == b'{"version":6}'

    def test_what_cannot_be_reached_says_so_and_may_be_tried_again(self, cut: Target) -> None:
        for attempt in (lambda: cut.publish(version_of(1), version=1), lambda: cut.read("version.json")):
            with pytest.raises(DeliveryError) as caught:
                attempt()
            assert not caught.value.permanent


def settings(kind: str, work: Path, **options: Any) -> TargetSettings:
    return TargetSettings("test", kind, work, options=options)


class TestFolder(TargetContract):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return folder_target(settings("folder", tmp_path, folder=str(tmp_path / "site")))

    @pytest.fixture
    def cut(self, tmp_path: Path) -> Target:
        (tmp_path / "file").write_text("in the way")
        return folder_target(settings("folder", tmp_path, folder=str(tmp_path / "file" / "site")))


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    if not shutil.which("ssh-keygen") or not (shutil.which("sshd") or Path("/usr/sbin/sshd").exists()):
        pytest.skip("no sshd: apt-get install openssh-server (tools/setup.sh test does)")
    with ssh_server(tmp_path_factory.mktemp("ssh")) as server:
        yield server


def through(server: SshServer, folder: Path, kind: str, *, port: int | None = None) -> TargetSettings:
    return settings(
        kind,
        folder / "work",
        host="127.0.0.1",
        port=port or server.port,
        user=server.user,
        key_file=str(server.key_file),
        known_hosts=str(server.known_hosts),
        folder=str(folder / "www" / "site"),
    )


class TestSftp(TargetContract):
    @pytest.fixture
    def target(self, ssh: SshServer, tmp_path: Path) -> Target:
        return sftp_target(through(ssh, tmp_path, "sftp"))

    @pytest.fixture
    def cut(self, ssh: SshServer, tmp_path: Path) -> Target:
        return sftp_target(through(ssh, tmp_path, "sftp", port=1))


class TestRsync(TargetContract):
    @pytest.fixture
    def target(self, ssh: SshServer, tmp_path: Path) -> Target:
        if not shutil.which("rsync"):
            pytest.skip("no rsync: apt-get install rsync (tools/setup.sh test does)")
        return rsync_target(through(ssh, tmp_path, "rsync"))

    @pytest.fixture
    def cut(self, ssh: SshServer, tmp_path: Path) -> Target:
        return rsync_target(through(ssh, tmp_path, "rsync", port=1))


@pytest.mark.parametrize("build", [sftp_target, rsync_target], ids=["sftp", "rsync"])
def test_a_host_with_another_key_is_not_spoken_to(build: Any, ssh: SshServer, tmp_path: Path) -> None:
    elsewhere = through(ssh, tmp_path, "sftp")
    (tmp_path / "known").write_text(f"[127.0.0.1]:{ssh.port} {(ssh.key_file.with_suffix('.pub')).read_text()}")
    options = {**elsewhere.options, "known_hosts": str(tmp_path / "known")}
    target = build(TargetSettings("test", "sftp", tmp_path / "work", options=options))
    with pytest.raises(DeliveryError):
        target.publish(version_of(1), version=1)
    assert not (tmp_path / "www").exists()


@pytest.fixture(scope="module")
def storage() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


class TestS3(TargetContract):
    @pytest.fixture
    def options(self, storage: str) -> dict[str, Any]:
        import boto3

        bucket = f"pages-{uuid4().hex[:12]}"
        client: Any = boto3.client(
            "s3", endpoint_url=storage, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        client.create_bucket(Bucket=bucket)
        return {"endpoint": storage, "bucket": bucket, "prefix": "site/", "access_key": "a", "secret_key": "b"}

    @pytest.fixture
    def target(self, options: dict[str, Any], tmp_path: Path) -> Target:
        return s3_target(settings("s3", tmp_path, **options))

    @pytest.fixture
    def cut(self, options: dict[str, Any], tmp_path: Path) -> Target:
        return s3_target(settings("s3", tmp_path, **{**options, "endpoint": "http://127.0.0.1:1"}))

    def test_a_new_process_uploads_only_what_differs(self, options: dict[str, Any], tmp_path: Path) -> None:
        s3_target(settings("s3", tmp_path, **options)).publish(version_of(1), version=1)
        assert s3_target(settings("s3", tmp_path, **options)).publish(version_of(2), version=2) == 2

    def test_an_object_says_what_it_is_and_how_long_to_keep_it(self, target: Any) -> None:
        target.publish(version_of(1), version=1)
        told = target._client.head_object(Bucket=target._bucket, Key="site/index.html")
        assert told["ContentType"] == "text/html; charset=utf-8"
        assert told["CacheControl"].startswith("public, max-age=15")


def test_the_built_in_targets_register_as_any_other_would() -> None:
    offered = {entry.name: entry.load() for entry in entry_points(group="tocsin.targets")}
    assert offered == {"folder": folder_target, "rsync": rsync_target, "s3": s3_target, "sftp": sftp_target}


def test_secrets_come_from_the_environment_or_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STORAGE_SECRET", "hush")
    (tmp_path / "secret").write_text("quiet\n")
    given = settings("s3", tmp_path, a={"env": "STORAGE_SECRET"}, b={"file": str(tmp_path / "secret")}, c={"x": "y"})
    assert (given.text("a"), given.text("b")) == ("hush", "quiet")
    assert "hush" not in repr(given)
    for option in ("c", "missing"):
        with pytest.raises(ConfigurationError):
            given.text(option)
