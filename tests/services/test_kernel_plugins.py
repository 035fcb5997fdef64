from importlib.metadata import EntryPoint

import pytest

from tocsin.kernel import plugins
from tocsin.kernel.errors import ConfigurationError
from tocsin.kernel.plugins import load_plugins


def offer(monkeypatch: pytest.MonkeyPatch, *entries: EntryPoint) -> None:
    monkeypatch.setattr(plugins, "entry_points", lambda *, group: [entry for entry in entries if entry.group == group])


def test_plugins_come_by_name_and_of_one_group_only(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(
        monkeypatch,
        EntryPoint("zebra", "json:loads", "tocsin.test"),
        EntryPoint("ant", "json:dumps", "tocsin.test"),
        EntryPoint("other", "json:load", "tocsin.else"),
    )
    loaded = load_plugins("tocsin.test")
    assert list(loaded) == ["ant", "zebra"]
    assert loaded["zebra"]("[1]") == [1]


@pytest.mark.parametrize("target", ["no_such_module:build", "json:no_such_name"])
def test_one_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    offer(monkeypatch, EntryPoint("broken", target, "tocsin.test"))
    with pytest.raises(ConfigurationError) as caught:
        load_plugins("tocsin.test")
    assert caught.value.code == "plugin.unloadable"
    assert "'broken' of an unknown distribution" in str(caught.value)


def test_nothing_registered_is_nothing() -> None:
    assert load_plugins("tocsin.no-such-group") == {}
