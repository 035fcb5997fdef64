"""A port that is taken, or a folder that is in use, is refused at once, in one line, before anything is made."""

import socket
from pathlib import Path

import pytest

from tocsin.kernel.errors import ConfigurationError
from tocsin.runtime.demo import stage
from tocsin.runtime.locks import only_one
from tocsin.runtime.serving import refuse_taken_port


def test_a_free_port_is_taken_as_it_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    refuse_taken_port("127.0.0.1", port)
    refuse_taken_port("127.0.0.1", port)  # it was let go again


def test_a_taken_port_is_named_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError) as refusal:
            refuse_taken_port("127.0.0.1", port)
    assert refusal.value.code == "port.unusable"
    assert f"127.0.0.1:{port}" in str(refusal.value)
    assert "--port" in str(refusal.value)


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        refuse_taken_port("192.0.2.1", 8000)  # kept for documentation: no machine has it
    assert refusal.value.code == "port.unusable"


def test_a_folder_in_which_a_demonstration_plays_is_not_emptied(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    stage.clear(folder)
    (folder / "kept").touch()
    with only_one(folder / "serve.lock", what="Tocsin"), pytest.raises(ConfigurationError) as refusal:
        stage.clear(folder)
    assert refusal.value.code == "data_folder.in_use"
    assert (folder / "kept").exists()
    stage.clear(folder)  # it is over: now it may be emptied
    assert not (folder / "kept").exists()
