"""One Tocsin a data folder."""

import os
from pathlib import Path

import pytest

from tocsin.kernel.errors import ConfigurationError
from tocsin.runtime.locks import held_by, only_one


def test_a_second_holder_is_refused_and_told_who_holds(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "engine.lock"
    with (
        only_one(path, what="An engine"),
        pytest.raises(ConfigurationError) as caught,
        only_one(path, what="An engine"),
    ):
        pytest.fail("both hold it")
    assert caught.value.code == "data_folder.in_use"
    assert f"process {os.getpid()}" in caught.value.message
    assert caught.value.where == str(path.parent)


def test_the_lock_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "engine.lock"
    for _ in range(2):
        with only_one(path, what="An engine"):
            assert path.read_text() == f"{os.getpid()}\n"


def test_who_holds_it_can_be_asked(tmp_path: Path) -> None:
    path = tmp_path / "pages.lock"
    assert held_by(path) is None
    with only_one(path, what="A file server"):
        assert held_by(path) == os.getpid()
    assert held_by(path) is None


def test_patience_ends(tmp_path: Path) -> None:
    path = tmp_path / "engine.lock"
    with (
        only_one(path, what="An engine"),
        pytest.raises(ConfigurationError),
        only_one(path, what="An engine", patience_s=0.15),
    ):
        pytest.fail("both hold it")
