"""What Tocsin writes is closed to the world: the files themselves are looked at, made by real processes."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tocsin.plugins.stores.duckdb.store import DuckDBStore
from tocsin.runtime.configuration import Configuration, load_configuration

WORLD = stat.S_IRWXO
GROUP_WRITES = stat.S_IWGRP


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A shell that gives everything to everybody, as some do; put back afterwards."""
    before = os.umask(0)
    yield
    os.umask(before)


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def migrate(folder: Path) -> None:
    environment = {**os.environ, "TOCSIN_DATA_FOLDER": str(folder)}
    environment.pop("TOCSIN_SECRET_KEY", None)
    subprocess.run([sys.executable, "-m", "tocsin.cli.main", "migrate"], env=environment, check=True)


@pytest.mark.usefixtures("open_umask")
def test_what_migrate_makes_is_closed_to_the_world(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    migrate(folder)
    assert rights(folder) == 0o750
    assert rights(folder / "tocsin.sqlite3") == 0o640
    assert rights(folder / "secret-key") == 0o600
    written = [path for path in folder.rglob("*") if not path.is_symlink()]
    assert [path for path in written if rights(path) & (WORLD | GROUP_WRITES)] == []


@pytest.mark.usefixtures("open_umask")
def test_telemetry_is_closed_to_the_world_too(tmp_path: Path) -> None:
    load_configuration()
    path = tmp_path / "telemetry.duckdb"
    DuckDBStore(path)
    assert rights(path) == 0o640


def test_a_folder_that_is_there_keeps_the_rights_that_it_was_given(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    Configuration(data_folder=tmp_path).make_data_folder()
    assert rights(tmp_path) == 0o700
